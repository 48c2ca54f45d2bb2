"""Effects outside TensorFlow as processors."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pedalboard
import pytest
import tensorflow as tf
from contracts import check_config, check_declarations, check_equal, check_refusals

from ddsp_tf import dsp
from ddsp_tf.black_boxes import permission
from ddsp_tf.errors import ArgumentError, BlackBoxError, ExportError
from ddsp_tf.export.black_boxes import refuse_black_boxes
from ddsp_tf.features import FeatureSettings
from ddsp_tf.models import Instrument, Parametric
from ddsp_tf.processors import BlackBox, DryWet, ProcessorGroup

RATE = 8000
GAIN = {"gain": {"low": 0.0, "high": 2.0, "default": 0.5}}
COMPRESSOR = {
    "threshold_db": {"low": -60.0, "high": 0.0, "default": -20.0, "unit": "dB"},
    "ratio": {"low": 1.0, "high": 20.0, "default": 4.0},
    "attack_ms": {"low": 0.1, "high": 100.0, "default": 1.0, "unit": "ms"},
}
boxes: list[BlackBox] = []


def make_box(
    effect: Any = "black_box_toys.gain", parameters: Any = None, **settings: Any
) -> BlackBox:
    settings = {"sample_rate": RATE, "n_workers": 1, "n_pairs": 2, **settings}
    boxes.append(BlackBox(effect, parameters=parameters or GAIN, **settings))
    return boxes[-1]


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    yield
    while boxes:
        boxes.pop().__dict__.get("workers", _NONE).close()


class _NONE:
    close = staticmethod(lambda: None)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0.0, 0.2, shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(2, 400), (2, 400, 3), (1, 1)])
def test_it_declares_what_it_takes_and_keeps_its_config(shape: tuple[int, ...]) -> None:
    box = make_box()
    inputs = {"audio": noise(*shape), "gain": np.full([shape[0], 1], 0.75, np.float32)}
    check_declarations(box, inputs)
    check_refusals(box, inputs)
    np.testing.assert_allclose(box(inputs), 0.75 * inputs["audio"], rtol=1e-6)
    check_config(box, lambda twin: twin(inputs))
    graph = tf.function(box, autograph=False)
    check_equal(graph(inputs), box(inputs), tolerance=0.0, what="the graph")


def test_pedalboards_compressor_is_played_in_stereo() -> None:
    box = make_box("pedalboard.Compressor", COMPRESSOR)
    audio = noise(2, 800, 2)
    thresholds = np.array([[-30.0], [-12.0]], np.float32)
    played = box({"audio": audio, "threshold_db": thresholds})
    for row, threshold in enumerate(thresholds[:, 0]):
        known = pedalboard.Compressor(threshold_db=float(threshold), ratio=4.0, attack_ms=1.0)
        np.testing.assert_allclose(played[row], known(audio[row].T, RATE).T, atol=1e-5)
    np.testing.assert_allclose(
        make_box("pedalboard.Compressor", COMPRESSOR)({"audio": audio[..., 0]})[0],
        pedalboard.Compressor(-20.0, 4.0, 1.0)(audio[:1, :, 0], RATE)[0],
        atol=1e-5,
    )


def test_its_gradient_is_that_of_the_same_effect_in_tensorflow() -> None:
    audio = tf.constant(noise(3, 500))
    gain = tf.constant([[0.3], [0.0], [2.0]])
    slopes = []
    for play in (make_box(n_pairs=1), lambda inputs: inputs["gain"] * inputs["audio"]):
        with tf.GradientTape() as tape:
            tape.watch(gain)
            loss = tf.reduce_sum(tf.square(play({"audio": audio, "gain": gain}) - audio))
        slopes.append(tape.gradient(loss, gain))
    # Linear in its one parameter: no noise, and no error at the ends.
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-3)


def test_a_pre_roll_is_heard_by_the_effect_alone() -> None:
    audio = 0.5 * np.ones([1, 800], np.float32)
    cold, warm = (
        make_box("ddsp_tf.black_boxes.numpy_compressor.compress", COMPRESSOR, pre_roll_s=seconds)(
            {"audio": audio, "attack_ms": np.array([[25.0]])}
        ).numpy()
        for seconds in (0.0, 0.09)
    )
    assert cold.shape == warm.shape == audio.shape
    # Without it the compressor needs some milliseconds to turn the sound down.
    assert cold[0, 0] > 0.4
    np.testing.assert_allclose(warm[0], cold[0, -1], rtol=3e-2)


@pytest.mark.parametrize("value", [2.1, -0.1, np.nan])
def test_a_parameter_out_of_its_range_is_named(value: float) -> None:
    box = make_box()
    inputs = {"audio": noise(1, 50), "gain": np.array([[value]], np.float32)}
    message = f"`black_box`: `gain` should be within 0 to 2. Received {value:.6g}"
    with pytest.raises(ArgumentError, match=message):
        box(inputs)
    graph = tf.function(box, autograph=False)
    with pytest.raises(ArgumentError, match=message), dsp.own_errors():
        graph(inputs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"effect": "compress"}, "`effect` should be a name such as"),
        ({"effect": []}, "`effect` should be a name such as"),
        ({"parameters": {}}, "`parameters` should declare at least one parameter"),
        ({"parameters": {"gain": {"low": 0.0}}}, '`gain` should have "low" and "high"'),
        ({"parameters": {"gain": {"low": 1.0, "high": 0.0}}}, "`gain`: The range should have two"),
        (
            {"parameters": {"gain": {"low": 0.0, "high": 1.0, "default": 3.0}}},
            r"`gain`: `default` should be within 0\.0 to 1\.0\. Got 3\.0",
        ),
        ({"parameters": {"audio": {"low": 0.0, "high": 1.0}}}, "can't have the name `audio`"),
        ({"timeout_s": 0.0}, "`timeout_s` above 0"),
        ({"n_workers": 0}, "`n_workers` from 1 to 64"),
        ({"n_workers": 65}, "`n_workers` from 1 to 64"),
    ],
)
def test_refuses_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        BlackBox(**{"effect": "a.b", "parameters": GAIN, **arguments})


def test_it_says_that_pedalboard_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pedalboard", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for effect in ("pedalboard.Compressor", "/plugins/Some.vst3"):
        with pytest.raises(ArgumentError, match=r'pip install "ddsp-tf\[pedalboard\]"$'):
            BlackBox(effect, parameters=GAIN)
    BlackBox("black_box_toys.gain", parameters=GAIN)


def stored_with(effect: str, folder: Path) -> Path:
    """A model on disk that names an effect."""
    group = ProcessorGroup(dag=[(make_box(), ["audio", "gain"])])
    model = Parametric(processor_group=group, hop_length=16)
    features = FeatureSettings(sample_rate=RATE, hop_length=16, columns=())
    Instrument(model, features).save(folder)
    path = folder / "model.json"
    text = path.read_text()
    assert text.count("black_box_toys.gain") == 1
    path.write_text(text.replace("black_box_toys.gain", effect))
    return folder


def test_a_stored_model_runs_no_code_that_was_not_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "evil_effect.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w').close()\n"
        "def play(audio, sample_rate, values):\n    return audio\n"
    )
    folder = stored_with("evil_effect.play", tmp_path / "model")
    model = _load(folder)
    with pytest.raises(ArgumentError, match=r"`black_box` would run `evil_effect\.play`, which a"):
        model({"dry": noise(1, 160)})
    assert not (tmp_path / "ran").exists()
    assert "evil_effect" not in sys.modules
    monkeypatch.setenv(permission.VARIABLE, "evil_effect.play")
    box = model.processor_group.processors[0]
    np.testing.assert_allclose(model({"dry": noise(1, 160)})["audio"], noise(1, 160))
    assert (tmp_path / "ran").exists()
    assert "evil_effect" not in sys.modules  # in the worker, not here
    box.workers.close()


def _load(folder: Path) -> Any:
    """Loads a folder whose checksums may be old."""
    from ddsp_tf.models.architecture import architecture_from_dict

    content = json.loads((folder / "model.json").read_text())
    return architecture_from_dict(content.get("architecture", content.get("model", content)))


def test_it_marks_what_holds_it_and_exports_refuse_it() -> None:
    box = DryWet(make_box())
    group = ProcessorGroup(dag=[(box, ["audio", "gain", "wet"])])
    model = Parametric(processor_group=group, hop_length=16)
    assert box.black_box
    assert model.black_box
    assert not model.streamable
    with pytest.raises(ExportError, match="`black_box` computes outside TensorFlow"):
        refuse_black_boxes(model)


def test_a_crash_names_the_effect_in_a_graph_too() -> None:
    box = make_box("black_box_toys.crash")
    graph = tf.function(box, autograph=False)
    with (
        pytest.raises(BlackBoxError, match=r"`black_box_toys\.crash` failed.*SIGSEGV.*gain=0\.5"),
        dsp.own_errors(),
    ):
        graph({"audio": noise(1, 50)})


def test_a_twin_from_a_config_has_processes_of_its_own() -> None:
    box = make_box()
    box({"audio": noise(1, 50)})
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(box))
    boxes.append(twin)
    assert twin.get_config() == box.get_config()
    twin({"audio": noise(1, 50)})
    assert set(twin.workers.process_ids).isdisjoint(box.workers.process_ids)
