"""What native hosts load has the names they ask for, and gives Python's numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from live_toys import LouderLive, live_instrument

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError, ExportError
from ddsp_tf.export import export_native
from ddsp_tf.export.graph_file import read_graphs
from ddsp_tf.export.native.native import run_as_plugin
from ddsp_tf.models import Instrument, MinGruFcDecoder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Instrument, Path]:
    folder = tmp_path_factory.mktemp("native") / "out"
    instrument = live_instrument(rnn_channels=16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ddsp_tf.export.live_parity.N_FRAMES", 20)
        report = export_native(instrument, folder)
    assert max(report.serving.error, report.step.error) < 1e-4
    return instrument, folder


def raw_controls(instrument: Instrument, f0_hz: np.ndarray, loudness_db: np.ndarray) -> list:
    model = instrument.model
    features = {"f0_hz": tf.constant(f0_hz), "loudness_db": tf.constant(loudness_db)}
    controls, _ = model.decode(features, model.decoder.initial_state(len(f0_hz)))
    names = ("amplitudes", "harmonic_distribution", "noise_magnitudes")
    return [controls[name].numpy() for name in names]


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 30, 1)])
def test_the_plugin_finds_its_operations(
    written: tuple[Instrument, Path], shape: tuple[int, ...]
) -> None:
    instrument, folder = written
    f0_hz = np.linspace(100.0, 900.0, np.prod(shape), dtype=np.float32).reshape(shape)
    loudness_db = np.linspace(-60.0, -10.0, np.prod(shape), dtype=np.float32).reshape(shape)
    found = run_as_plugin(folder, f0_hz, loudness_db)
    assert [x.shape for x in found] == [(*shape[:2], size) for size in (1, 60, 65)]
    for one, other in zip(found, raw_controls(instrument, f0_hz, loudness_db), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert min(x.min() for x in found) < 0, "the plug-in scales the numbers itself"


def test_its_operations_are_those_of_tensorflow_2_3_1(written: tuple[Instrument, Path]) -> None:
    """That of juce-ddsp. `scripts/oracles/tensorflow_2_3.py` ran it there, and asked what it knows.

    An attribute that is unknown there keeps the whole folder from loading.
    """
    known = json.loads((Path(__file__).parent / "operations_2_3_1.json").read_text())
    graph = read_graphs(written[1]).graph_def
    nodes = [*graph.node, *(node for x in graph.library.function for node in x.node_def)]
    assert {node.op for node in nodes} >= {"VarHandleOp", "StatefulPartitionedCall"}
    for node in nodes:
        assert node.op in known, node.op
        own = {key for key in node.attr if not key.startswith("_")}
        assert own <= set(known[node.op]), node.op


def test_older_programs_load_it_by_tags(written: tuple[Instrument, Path]) -> None:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.load(session, ["serve"], str(written[1]))
        assert set(meta.signature_def) >= {"serving_default", "step"}
        names = [f"StatefulPartitionedCall:{index}" for index in range(3)]
        frame = {
            f"serving_default_input_{n}:0": np.full([1, 1, 1], x)
            for n, x in ((1, 440.0), (2, -20.0))
        }
        assert np.isfinite(session.run(names, frame)[0]).all()


def test_a_trim_turns_down_what_the_plugin_plays(
    written: tuple[Instrument, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It adds 1 to the raw amplitude, and 6 dB less than in Python should be left."""
    monkeypatch.setattr("ddsp_tf.export.live_parity.N_FRAMES", 20)
    instrument, folder = written
    export_native(instrument, tmp_path / "softer", trim_db=6.0)
    f0_hz = np.linspace(100.0, 900.0, 20, dtype=np.float32)[None, :, None]
    loudness_db = np.linspace(-60.0, 0.0, 20, dtype=np.float32)[None, :, None]
    raw = run_as_plugin(folder, f0_hz, loudness_db)
    softer = run_as_plugin(tmp_path / "softer", f0_hz, loudness_db)
    for index, added, bias in ((0, 1.0, 0.0), (2, 0.0, -5.0)):
        there = dsp.exp_sigmoid(softer[index] + added + bias)
        wanted = 10 ** (-6 / 20) * dsp.exp_sigmoid(raw[index] + bias)
        np.testing.assert_allclose(there, wanted, rtol=1e-3, atol=1e-7)
    np.testing.assert_array_equal(raw[1], softer[1])
    assert json.loads((tmp_path / "softer" / "metadata.json").read_text())["trim_db"] == 6.0
    with pytest.raises(ArgumentError, match=r"`trim_db` should be from 0 to 60 dB\. Received -1"):
        export_native(instrument, tmp_path / "other", trim_db=-1.0)


def test_step_carries_its_state(written: tuple[Instrument, Path]) -> None:
    instrument, folder = written
    loaded = tf.saved_model.load(str(folder))
    step = loaded.signatures["step"]
    f0_hz = np.linspace(200.0, 600.0, 25, dtype=np.float32)
    features = {"f0_hz": f0_hz[None, :, None], "loudness_db": np.full([1, 25, 1], -20.0, "f")}
    expected = instrument.model(features)["controls"]["harmonic"]["controls"]["amplitudes"]
    state, found = tf.zeros([16]), []
    for hz in f0_hz:
        outputs = step(
            f0_scaled=dsp.scale_f0_hz([hz]), loudness_scaled=tf.constant([0.75]), state=state
        )
        state = outputs["next_state"]
        found.append(outputs["amplitudes"].numpy())
    np.testing.assert_allclose(np.stack(found), expected[0], atol=1e-5)


def test_minimal_grus_are_played_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ddsp_tf.export.live_parity.N_FRAMES", 20)
    instrument = live_instrument(rnn_channels=16, decoder_type=MinGruFcDecoder)
    report = export_native(instrument, tmp_path / "out")
    assert max(report.serving.error, report.step.error) < 1e-4
    state = json.loads((tmp_path / "out" / "metadata.json").read_text())["signatures"]["step"]
    assert state["inputs"]["state"]["shape"] == [2 * 16]


def test_it_says_what_it_is(written: tuple[Instrument, Path]) -> None:
    _, folder = written
    config = json.loads((folder / "config.json").read_text())
    assert set(config) == {"n_harmonics", "initial_bias", "attack", "decay", "sustain", "release"}
    assert (config["n_harmonics"], config["initial_bias"]) == (60, -5.0)
    metadata = json.loads((folder / "metadata.json").read_text())
    assert set(metadata["signatures"]) == {"serving_default", "step"}
    raw, step = metadata["signatures"]["serving_default"], metadata["signatures"]["step"]
    assert raw["outputs"]["amplitudes"]["meaning"].startswith("before scaling")
    assert step["outputs"]["amplitudes"]["meaning"].startswith("linear amplitude")
    assert step["operations"]["inputs"]["state"] == "step_state:0"
    assert step["operations"]["outputs"]["noise_magnitudes"] == "StatefulPartitionedCall_1:3"
    assert metadata["synthesis"]["noise"] == {"n_bands": 65, "window_length": 128, "seed": 0}
    assert metadata["synthesis"]["reverb"]["n_taps"] == 50
    assert (folder / "impulse_response.f32").stat().st_size == 4 * 50
    assert (metadata["title"], metadata["licence"]) == ("Toy", "CC0")


def test_what_native_hosts_cannot_play_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"play 60 harmonics and 65 noise bands\..*100 and 65"):
        export_native(live_instrument(n_harmonics=100, rnn_channels=16), tmp_path / "out")
    with pytest.raises(ExportError, match=r"`harmonic` takes them as they are \(`scale` is False"):
        export_native(live_instrument(scale=False, rnn_channels=16), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_differs_is_not_written(tmp_path: Path) -> None:
    broken = live_instrument(rnn_channels=16, decoder_type=LouderLive)
    with pytest.raises(ExportError, match=r"`amplitudes` differs by .*Nothing was written"):
        export_native(broken, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
