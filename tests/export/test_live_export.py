"""LiteRT and ONNX files play what Python plays, say what they are, and measure what is lost."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from export_toys import small_instrument
from live_toys import LouderLive, NotCausal, live_instrument

from ddsp_tf import dsp
from ddsp_tf.errors import ExportError, OutputError
from ddsp_tf.export import DecoderStep, LiveReport, export_live
from ddsp_tf.export.appended_metadata import read_appended_metadata
from ddsp_tf.export.live_model import make_decoder
from ddsp_tf.export.onnx.onnx_contents import read_onnx
from ddsp_tf.export.probes import probe_frames
from ddsp_tf.export.runtimes import LITERT, ONNX
from ddsp_tf.export.sound_loss import SoundLoss
from ddsp_tf.models import Instrument, MinGruFcDecoder

pytestmark = pytest.mark.xdist_group("live export")

SMALL: dict[str, Any] = {"rnn_channels": 16, "n_harmonics": 8, "n_noise_bands": 5}
RUNTIMES = ("litert", "onnx")


@pytest.fixture(autouse=True, scope="module")
def short_probes() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ddsp_tf.export.live_parity.N_FRAMES", 20)
        yield


@pytest.fixture(scope="module")
def instrument() -> Instrument:
    return live_instrument(**SMALL, hop_length=64)


@pytest.fixture(scope="module")
def exported(
    instrument: Instrument, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Path, LiveReport]]:
    folder = tmp_path_factory.mktemp("live")
    return {
        name: (folder / name, export_live(instrument, folder / name, runtime=name))
        for name in RUNTIMES
    }


def load(path: Path, function: str) -> Any:
    """Runs a file in its runtime, loaded as a host loads it."""
    if path.suffix == ".onnx":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        names = [output.name for output in session.get_outputs()]
        return lambda **inputs: dict(zip(names, session.run(names, inputs), strict=True))
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_path=str(path)).get_signature_runner(function)


@pytest.mark.slow
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_phrase_is_that_of_the_whole_model(
    exported: dict[str, tuple[Path, LiveReport]], instrument: Instrument, runtime: str
) -> None:
    folder, report = exported[runtime]
    step = load(next(folder.glob("decoder.*")), "step")
    f0_hz = np.geomspace(100.0, 3000.0, 60).astype(np.float32)
    loudness_db = np.linspace(-60.0, -5.0, 60).astype(np.float32)
    state, frames = np.zeros(16, np.float32), []
    for hz, level in zip(f0_hz, loudness_db, strict=True):
        outputs = step(
            f0_scaled=dsp.scale_f0_hz([hz]).numpy(),
            loudness_scaled=np.float32([level / 80 + 1]),
            state=state,
        )
        state = np.array(outputs.pop("next_state"))
        frames.append({key: np.array(x) for key, x in outputs.items()})
    features = {"f0_hz": f0_hz[None, :, None], "loudness_db": loudness_db[None, :, None]}
    played = instrument.model(features)["controls"]
    expected = {**played["harmonic"]["controls"], **played["filtered_noise"]["controls"]}
    for key in ("amplitudes", "harmonic_distribution", "noise_magnitudes"):
        found = np.stack([frame[key] for frame in frames])
        np.testing.assert_allclose(found, expected[key][0], atol=1e-5)
    assert np.std([frame["amplitudes"] for frame in frames]) > 1e-3
    assert report.decoder.parity.error < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_minimal_grus_carry_the_state_of_each(runtime: str) -> None:
    instrument = live_instrument(**SMALL, decoder_type=MinGruFcDecoder, hop_length=64)
    decoder = make_decoder(instrument, {"litert": LITERT, "onnx": ONNX}[runtime])
    assert decoder.description["inputs"]["state"]["shape"] == [2 * 16]
    assert set(decoder.parity.errors) == {
        "amplitudes",
        "harmonic_distribution",
        "noise_magnitudes",
    }
    assert decoder.parity.error < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_tracker_hears_pitch(
    exported: dict[str, tuple[Path, LiveReport]], runtime: str
) -> None:
    track = load(next(exported[runtime][0].glob("f0_tracker.*")), "track")
    for hz in (82.4, 440.0, 1245.0):
        phase = 2 * np.pi * hz / 16000 * np.arange(1024)
        tone = 0.01 * (np.sin(phase) + 0.5 * np.sin(2 * phase) + 0.3 * np.sin(3 * phase)) + 0.2
        found = track(audio=tone.astype(np.float32))
        assert abs(1200 * np.log2(found["f0_hz"][0] / hz)) < 20
        assert found["f0_confidence"][0] > 0.7
        assert found["salience"].shape == (360,)
    noise = np.random.default_rng(0).normal(size=1024).astype(np.float32)
    assert track(audio=noise)["f0_confidence"][0] < 0.5
    assert np.isfinite(track(audio=np.zeros(1024, np.float32))["f0_hz"]).all()


@pytest.mark.slow
def test_each_file_says_what_it_is(exported: dict[str, tuple[Path, LiveReport]]) -> None:
    litert, onnx = (exported[name][0] for name in RUNTIMES)
    for folder, suffix in ((litert, "tflite"), (onnx, "onnx")):
        names = {path.name for path in folder.iterdir()}
        expected = {f"decoder.{suffix}", f"f0_tracker.{suffix}", "metadata.json"}
        assert names == expected | {"impulse_response.f32"}
        about = json.loads((folder / "metadata.json").read_text())
        assert (about["title"], about["licence"], about["sample_rate"]) == ("Toy", "CC0", 16000)
        assert about["f0_hz_range"] == pytest.approx([200.0, 1725.0], rel=0.02)
        decoder = about["files"][f"decoder.{suffix}"]
        assert decoder["inputs"]["state"]["shape"] == [16]
        assert decoder["outputs"]["noise_magnitudes"]["shape"] == [5]
        assert all(x["meaning"] for x in decoder["inputs"].values())
        assert max(decoder["parity"]["errors"].values()) < 1e-4
        content = (folder / f"decoder.{suffix}").read_bytes()
        own = read_onnx(content).metadata if suffix == "onnx" else read_appended_metadata(content)
        assert own is not None
        assert (own["model"], own["title"], own["weights"]) == ("decoder", "Toy", "float32")
        assert own["parity"] == decoder["parity"]
    response = np.fromfile(litert / "impulse_response.f32", "<f4")
    assert len(response) == 50
    assert response[0] == 0.0


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("quantize", ["float16", "int8"])
@pytest.mark.slow
def test_what_quantisation_costs_is_measured(runtime: Any, quantize: Any, tmp_path: Path) -> None:
    violin = Instrument.load("violin")
    report = export_live(violin, tmp_path / "out", runtime=runtime, quantize=quantize)
    loss = report.decoder.loss
    assert loss is not None
    assert loss.values["spectral_distance_db"] < -30
    assert 0 < loss.values["log_spectral_difference_db"] < 1.0
    assert "costs" in str(report)
    about = json.loads((tmp_path / "out" / "metadata.json").read_text())
    for file in about["files"].values():
        assert file["weights"] == quantize
        assert file["quantization_loss"]["values"]
    n_weights = violin.model.decoder.count_params()
    size = next((tmp_path / "out").glob("decoder.*")).stat().st_size
    assert size < n_weights * {"float16": 2, "int8": 1}[quantize] + 100_000


@pytest.mark.parametrize(("quantize", "advice"), [("int8", "float16"), ("float16", "without")])
def test_a_quantisation_that_is_heard_is_refused(quantize: str, advice: str) -> None:
    limits = {"spectral_distance_db": -20.0, "log_spectral_difference_db": 1.5}
    heard = SoundLoss(
        {"spectral_distance_db": -31.0, "log_spectral_difference_db": 2.25}, limits, "a melody"
    )
    message = (
        rf"stored as {quantize} the instrument does not sound the same: "
        rf"log_spectral_difference_db is 2\.25 \(at most 1\.5\)\. Nothing was .*{advice}"
    )
    with pytest.raises(ExportError, match=message):
        heard.require(quantize)
    with pytest.raises(ExportError, match="spectral_distance_db is nan"):
        SoundLoss({**heard.values, "spectral_distance_db": np.nan}, limits, "").require(quantize)
    SoundLoss({**heard.values, "log_spectral_difference_db": 1.0}, limits, "").require(quantize)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: small_instrument(n_z=4), "has an encoder, which needs the whole sound"),
        (lambda: small_instrument(crop=10), r"This model has `crop` \(Crop of reverb/signal\)"),
        (lambda: live_instrument(**SMALL, decoder_type=NotCausal), "frames that are still to come"),
    ],
)
def test_what_cannot_be_played_live_is_refused(made: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=message):
        export_live(made(), tmp_path / "out", runtime="onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_file_that_differs_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    described = json.dumps({"format": "ONNX networks of a ddsp_tf instrument"})
    (tmp_path / "out" / "metadata.json").write_text(described)
    (tmp_path / "out" / "decoder.onnx").write_text("before")
    broken = live_instrument(**SMALL, decoder_type=LouderLive)
    with pytest.raises(OutputError, match="exists"):
        export_live(broken, tmp_path / "out", runtime="onnx")
    with pytest.raises(ExportError, match=r"`amplitudes` differs by .*Nothing was written"):
        export_live(broken, tmp_path / "out", runtime="onnx", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "decoder.onnx").read_text() == "before"


@pytest.mark.parametrize(
    ("runtime", "module", "package"),
    [("onnx", "onnxruntime", "onnxruntime"), ("litert", "ai_edge_litert", "ai-edge-litert")],
)
def test_a_package_that_is_missing_is_named(
    runtime: Any, module: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ExportError, match=rf'{package}, which is not installed.*"ddsp-tf\[export'):
        export_live(live_instrument(**SMALL), tmp_path / "out", runtime=runtime)


def test_far_outside_its_range_an_instrument_sounds_as_at_its_end(instrument: Instrument) -> None:
    known = DecoderStep(instrument.model)
    guessing = DecoderStep(instrument.model.with_ranges(None, instrument.model.loudness_range))

    def noise(step: DecoderStep, hz: float) -> np.ndarray:
        outputs = step.step(dsp.scale_f0_hz([hz]), tf.constant([0.7]), step.initial_state())
        return outputs["noise_magnitudes"].numpy()

    for near_hz, far_hz in ((80.0, 40.0), (4000.0, 7000.0)):
        change, guess = (
            np.max(np.abs(noise(x, near_hz) - noise(x, far_hz))) for x in (known, guessing)
        )
        assert change < 0.05 * guess
    np.testing.assert_array_equal(noise(known, 440.0), noise(guessing, 440.0))


def test_probes_leave_the_range_by_an_octave(instrument: Instrument) -> None:
    f0_hz = probe_frames(instrument, batch_size=1, n_frames=200)["f0_hz"]
    lowest_hz, highest_hz = instrument.statistics.f0_hz_range
    assert f0_hz.min() == pytest.approx(lowest_hz / 2, rel=1e-3)
    assert f0_hz.max() == pytest.approx(highest_hz * 2, rel=1e-3)


def test_a_step_needs_nothing_but_the_frame(instrument: Instrument) -> None:
    step = DecoderStep(instrument.model)
    assert step.n_state == 16
    assert step.output_sizes["next_state"] == 16
    silent = step.step(tf.constant([0.5]), tf.constant([0.0]), step.initial_state())
    np.testing.assert_allclose(tf.reduce_sum(silent["harmonic_distribution"]), 1.0, atol=1e-6)
    high = step.step(tf.constant([126.9 / 127]), tf.constant([0.5]), step.initial_state())
    assert not np.any(high["harmonic_distribution"]), "every partial is above Nyquist"
