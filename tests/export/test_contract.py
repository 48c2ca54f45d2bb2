"""A host that was written from docs/contract.md alone gets what the product gets."""

import json
import runpy
from pathlib import Path
from typing import Any

import contract_host as host
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.export import DecoderStep
from ddsp_tf.export.live_export import describe_synthesis, write_impulse_response
from ddsp_tf.export.onnx.onnx_file import convert_to_onnx
from ddsp_tf.models import Instrument, PitchRange

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    return json.loads((ROOT / "docs" / "contract_vectors.json").read_text())


def close(found: Any, expected: Any, tolerance: float) -> None:
    np.testing.assert_allclose(found, np.asarray(expected), rtol=0, atol=tolerance)


def same(found: Any, stored: Any, where: str = "") -> None:
    """Two JSON values that differ by no more than another machine's rounding."""
    if isinstance(stored, dict):
        assert list(found) == list(stored), where
        for key in stored:
            same(found[key], stored[key], f"{where}/{key}")
    elif isinstance(stored, list) and stored and not isinstance(stored[0], int | float):
        assert len(found) == len(stored), where
        for index, (one, other) in enumerate(zip(found, stored, strict=True)):
            same(one, other, f"{where}/{index}")
    elif isinstance(stored, str):
        assert found == stored, where
    else:
        np.testing.assert_allclose(found, stored, rtol=1e-5, atol=3e-6, err_msg=where)


def test_the_vectors_are_what_the_product_gives(vectors: dict[str, Any]) -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "make_contract_vectors.py"))
    same(script["make_vectors"](), vectors)


def test_scaling(vectors: dict[str, Any]) -> None:
    found = vectors["scaling"]
    close(host.scale_f0_hz(np.array(found["f0_hz"])), found["f0_scaled"], 1e-6)
    close(host.scale_loudness_db(found["loudness_db"]), found["loudness_scaled"], 1e-6)
    close(host.exp_sigmoid(vectors["exp_sigmoid"]["x"]), vectors["exp_sigmoid"]["y"], 1e-6)


def test_pitch_outside_the_range_is_read_as_stated() -> None:
    f0_scaled = np.linspace(0.0, 1.0, 128, dtype=np.float32)
    read = PitchRange(55.0, 91.0).soften(tf.constant(f0_scaled))
    close(host.read_pitch(f0_scaled, 55 / 127, 91 / 127), read, 1e-6)


def test_white_noise_is_the_same_bits(vectors: dict[str, Any]) -> None:
    for case in vectors["noise"]:
        positions = case["start"] + np.arange(len(case["rows"][0]))
        for row, expected in enumerate(case["rows"]):
            found = host.white(positions, case["seed"], row)
            np.testing.assert_array_equal(found.astype(np.float32), np.float32(expected))


def test_loudness(vectors: dict[str, Any]) -> None:
    found = vectors["loudness"]
    audio, rms, weighted = np.array(found["audio"]), found["rms"], found["a_weighted"]
    close(host.rms_db(audio, rms["hop_length"], rms["window"]), rms["loudness_db"], 1e-3)
    levels = host.a_weighted_db(
        audio, weighted["hop_length"], weighted["window"], found["sample_rate"]
    )
    close(levels, weighted["loudness_db"], 1e-3)


@pytest.mark.parametrize("index", [0, 1])
def test_sound(vectors: dict[str, Any], index: int) -> None:
    case = vectors["synthesis"][index]
    rate, hop = case["sample_rate"], case["hop_length"]
    f0_hz = np.array(case["f0_hz"])
    raw = {key: np.array(x) for key, x in case["raw"].items()}
    amplitudes = host.exp_sigmoid(raw["amplitudes"])[:, 0]
    distribution = host.normalize(host.exp_sigmoid(raw["harmonic_distribution"]), f0_hz, rate)
    magnitudes = host.exp_sigmoid(raw["noise_magnitudes"] + case["noise"]["initial_bias"])
    close(amplitudes[:, None], case["finished"]["amplitudes"], 2e-5)
    close(distribution, case["finished"]["harmonic_distribution"], 2e-5)
    close(magnitudes, case["finished"]["noise_magnitudes"], 2e-5)
    assert (distribution == 0).any()

    harmonic = host.play_harmonics(
        f0_hz,
        amplitudes,
        distribution,
        rate=rate,
        hop=hop,
        crossfade=case["amplitude_crossfade"],
    )
    close(harmonic, case["harmonic"], 2e-5)
    width = case["noise"]["window_length"]
    noise = host.play_noise(magnitudes, hop=hop, width=width, seed=case["noise"]["seed"])
    close(noise, case["filtered_noise"], 2e-5)
    reverb = case["reverb"]
    audio = host.play_room(harmonic + noise, reverb["impulse_response"], add_dry=reverb["add_dry"])
    close(audio, case["audio"], 2e-5)
    assert np.max(np.abs(audio)) > 0.1


def test_a_phrase_of_the_violin_from_its_onnx_export(tmp_path: Path) -> None:
    """The whole way of a host: exported files, the page's formulas, the sound of Python."""
    onnxruntime = pytest.importorskip("onnxruntime")
    violin = Instrument.load("violin")
    step = DecoderStep(violin.model)
    (tmp_path / "decoder.onnx").write_bytes(convert_to_onnx(step.graph(), name="step"))
    synthesis = describe_synthesis(step.parts)
    write_impulse_response(step.parts, tmp_path / synthesis["reverb"]["impulse_response"])
    n_frames = 100
    f0_hz = np.geomspace(300.0, 700.0, n_frames).astype(np.float32).astype(float)
    loudness_db = np.linspace(-45.0, -15.0, n_frames)
    held = 4  # frames that the last samples need

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(tmp_path / "decoder.onnx"), options, providers=["CPUExecutionProvider"]
    )
    size = {tensor.name: tensor.shape[0] for tensor in session.get_inputs()}["state"]
    names = [output.name for output in session.get_outputs()]
    state, frames = np.zeros(size, np.float32), []
    heard_hz, levels = np.pad(f0_hz, (0, held), "edge"), np.pad(loudness_db, (0, held), "edge")
    for hz, level in zip(heard_hz, levels, strict=True):
        inputs = {
            "f0_scaled": np.float32([host.scale_f0_hz(hz)]),
            "loudness_scaled": np.float32([host.scale_loudness_db(level)]),
            "state": state,
        }
        frame = dict(zip(names, session.run(names, inputs), strict=True))
        state = frame.pop("next_state")
        frames.append(frame)
    controls = {key: np.stack([frame[key] for frame in frames]) for key in frames[0]}
    rate, hop = violin.features.sample_rate, violin.features.hop_length
    distribution = host.normalize(controls["harmonic_distribution"], heard_hz, rate)
    dry = host.play_harmonics(
        heard_hz,
        controls["amplitudes"][:, 0],
        distribution,
        rate=rate,
        hop=hop,
        crossfade=synthesis["amplitude_crossfade"],
    )
    noise = synthesis["noise"]
    dry += host.play_noise(
        controls["noise_magnitudes"], hop=hop, width=noise["window_length"], seed=noise["seed"]
    )
    response = np.fromfile(tmp_path / synthesis["reverb"]["impulse_response"], dtype="<f4")
    assert len(response) == synthesis["reverb"]["n_taps"]
    dry = dry[: n_frames * hop]
    audio = host.play_room(dry, response, add_dry=synthesis["reverb"]["add_dry"])

    features = {
        "f0_hz": np.float32(f0_hz)[None, :, None],
        "loudness_db": np.float32(loudness_db)[None, :, None],
    }
    expected = violin.model(features)["audio"].numpy()[0]
    error = np.max(np.abs(audio - expected)) / np.max(np.abs(expected))
    assert error < 1e-4, error
