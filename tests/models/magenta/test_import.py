"""Checkpoints that ddsp 3.7.0 wrote, as instruments: what they play, and what is refused.

`scripts/oracles/magenta_checkpoints.py` wrote them, and what that library plays.
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from ddsp_tf import Instrument
from ddsp_tf.cli.main import cli
from ddsp_tf.config import read_magenta_gin
from ddsp_tf.models.magenta.checkpoint import MagentaCheckpoint
from ddsp_tf.models.magenta.imported_instrument import imported_instrument

_GOLDEN = Path(__file__).parents[1] / "golden" / "magenta"
KINDS = ("solo", "tiny", "vst")


def _imported(kind: str) -> Instrument:
    checkpoint = MagentaCheckpoint(_GOLDEN / kind)
    return imported_instrument(read_magenta_gin(checkpoint.gin_file), checkpoint)


def _expected(kind: str) -> Any:
    return np.load(_GOLDEN / kind / "expected.npz")


def _features(expected: Any) -> dict[str, tf.Tensor]:
    return {key: tf.constant(expected[key][..., np.newaxis]) for key in ("f0_hz", "loudness_db")}


def _processor(model: Any, name: str) -> Any:
    (found,) = (x for x in model.processor_group.processors if x.name == name)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_controls_and_partials_are_those_of_the_predecessor(kind: str) -> None:
    model, expected = _imported(kind).model, _expected(kind)
    features = _features(expected)
    controls, _ = model.decode(features, model.initial_state(1)["decoder"])
    for ours, theirs in (("amplitudes", "amps"), ("noise_magnitudes", "noise_magnitudes")):
        np.testing.assert_allclose(controls[ours], expected[theirs], atol=1e-3)
    harmonic = _processor(model, "harmonic")
    dry = harmonic({**controls, "f0_hz": features["f0_hz"]})
    n_samples = min(dry.shape[1], expected["dry"].shape[1])
    assert np.max(np.abs(expected["dry"])) > 0.05
    np.testing.assert_allclose(dry[:, :n_samples], expected["dry"][:, :n_samples], atol=1e-3)


@pytest.mark.parametrize("kind", ["solo", "tiny"])
def test_the_room_is_theirs(kind: str) -> None:
    expected = _expected(kind)
    wet = _processor(_imported(kind).model, "reverb")({"audio": tf.constant(expected["dry"])})
    assert np.max(np.abs(expected["wet"] - expected["dry"])) > 0.05
    np.testing.assert_allclose(wet, expected["wet"], atol=1e-3)


def test_the_room_of_noise_has_their_level() -> None:
    """Theirs is drawn anew in each call, so the mean of its power over 40 draws is compared."""
    expected = _expected("vst")["room_power"]
    taps = _processor(_imported("vst").model, "reverb").impulse_response.numpy()
    ours_db, theirs_db = (10 * np.log10(np.sum(x)) for x in (np.square(taps), expected))
    assert ours_db == pytest.approx(theirs_db, abs=0.8)


def test_rates_and_features_are_those_of_the_gin_file() -> None:
    solo, vst = (_imported(kind) for kind in ("solo", "vst"))
    assert (solo.features.frame_rate, solo.features.loudness) == (250, "magenta")
    assert (vst.features.frame_rate, vst.features.loudness) == (50, "rms")
    assert vst.features.loudness_fft_length == 1024
    assert _processor(vst.model, "harmonic").amplitude_method == "linear"


def test_the_command_writes_an_instrument_that_plays_the_same(tmp_path: Path) -> None:
    command = ["import", str(_GOLDEN / "tiny"), "-o", str(tmp_path / "flute"), "--quiet"]
    assert CliRunner().invoke(cli, command).exit_code == 0
    loaded = Instrument.load(tmp_path / "flute")
    features = _features(_expected("tiny"))
    np.testing.assert_array_equal(
        loaded.model(features)["audio"], _imported("tiny").model(features)["audio"]
    )
    assert "seeded" in loaded.metadata["changes"][0]


def _edited(old: str, new: str) -> Any:
    def edit(folder: Path) -> None:
        file = folder / "operative_config-0.gin"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    return edit


def _cut(folder: Path) -> None:
    file = folder / "ckpt-0.data-00000-of-00001"
    file.write_bytes(file.read_bytes()[:100])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "operative_config-0.gin").unlink(), "operative_config"),
        (lambda folder: (folder / "ckpt-0.index").unlink(), "holds no checkpoint"),
        (_cut, "can't be read"),
        (_edited("effects.Reverb()", "effects.SpringTank()"), "SpringTank"),
        (_edited("decoders.RnnFcDecoder()", "decoders.DilatedConvDecoder()"), "DilatedConvDecoder"),
        (_edited("layers_per_stack = 0", "layers_per_stack = 1"), "has no variable"),
        (_edited("rnn_channels = 10", "rnn_channels = 11"), "should be of the shape"),
        (_edited("'ld_scaled', 'f0_scaled'", "'ld_scaled', 'z'"), "'z'"),
        (_edited("rnn_type = 'gru'", "rnn_type = 'lstm'"), "'lstm'"),
        (_edited("sample_rate = 16000", "sample_rate = %nothing"), "nothing"),
        (_edited("ch = 12", "ch = ["), "operative_config"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_written(
    tmp_path: Path, spoil: Any, words: str
) -> None:
    shutil.copytree(_GOLDEN / "tiny", tmp_path / "run")
    spoil(tmp_path / "run")
    result = CliRunner().invoke(cli, ["import", str(tmp_path / "run"), "-o", str(tmp_path / "out")])
    assert result.exit_code in (1, 2)
    assert words in result.stderr
    assert "should not happen" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
