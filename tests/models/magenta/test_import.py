"""Checkpoints of magenta/ddsp: they play as there, and wrong ones are named.

`scripts/oracles/magenta_checkpoints.py` wrote the golden files with ddsp 3.7.0 itself.
"""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from click.testing import CliRunner

from ddsp_tf.cli.main import cli
from ddsp_tf.config import read_magenta_gin
from ddsp_tf.errors import ConfigError, ModelError
from ddsp_tf.features import FeatureSettings, extract_loudness_db
from ddsp_tf.inference import TimbreTransfer
from ddsp_tf.models import Instrument
from ddsp_tf.models.magenta.checkpoint import MagentaCheckpoint
from ddsp_tf.models.magenta.imported_instrument import imported_instrument

GOLDEN = Path(os.environ.get("DDSP_TF_MAGENTA_CHECKPOINTS", Path(__file__).parent / "golden"))
KINDS = ["solo", "tiny", "vst"]


def _imported(folder: Path) -> Instrument:
    found = MagentaCheckpoint(folder)
    return imported_instrument(read_magenta_gin(found.gin_file), found)


def _run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(cli, [str(x) for x in arguments])
    return result.exit_code, result.output


def _expected(kind: str) -> dict[str, np.ndarray]:
    with np.load(GOLDEN / kind / "expected.npz") as file:
        return dict(file)


def _features(expected: dict[str, np.ndarray]) -> dict[str, tf.Tensor]:
    return {key: tf.constant(expected[key][..., np.newaxis]) for key in ("f0_hz", "loudness_db")}


@pytest.mark.parametrize("kind", KINDS)
def test_raw_controls_are_those_of_the_predecessor(kind: str) -> None:
    expected, model = _expected(kind), _imported(GOLDEN / kind).model
    controls, _ = model.decode(_features(expected), model.initial_state(1)["decoder"])
    for ours, theirs in (
        ("amplitudes", "amps"),
        ("harmonic_distribution", "harmonic_distribution"),
        ("noise_magnitudes", "noise_magnitudes"),
    ):
        assert np.ptp(expected[theirs]) > 0.01
        np.testing.assert_allclose(controls[ours], expected[theirs], atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_sound_without_noise_is_that_of_the_predecessor(kind: str) -> None:
    """Noise is another draw there in each call, so that the rest is compared."""
    expected, model = _expected(kind), _imported(GOLDEN / kind).model
    features = _features(expected)
    controls, _ = model.decode(features, model.initial_state(1)["decoder"])
    harmonic, *_, room = model.processor_group.processors
    dry = harmonic({**controls, "f0_hz": features["f0_hz"]}).numpy()[0]
    loud = np.max(np.abs(expected["dry"]))
    assert loud > 0.01
    leap = int(np.argmax(np.abs(np.diff(expected["f0_hz"][0])))) * model.hop_length
    # The phases drift there, which are summed in float32: later on, levels are compared.
    near = slice(0, min(leap, 3200))
    np.testing.assert_allclose(dry[near], expected["dry"][0, near], atol=1e-3 * loud)
    window = np.hanning(1024)
    here, there = (np.abs(np.fft.rfft(x[-1024:] * window)) for x in (dry, expected["dry"][0]))
    np.testing.assert_allclose(here, there, atol=3e-2 * np.max(there))
    if kind != "vst":
        wet = room({"audio": tf.constant(expected["dry"])})
        loud = np.max(np.abs(expected["wet"]))
        assert np.max(np.abs(wet - expected["dry"])) > 0.01 * loud
        np.testing.assert_allclose(wet, expected["wet"], atol=1e-3 * loud)


def test_power_is_measured_as_the_predecessor_does() -> None:
    expected, settings = _expected("vst"), _imported(GOLDEN / "vst").features
    power_db = extract_loudness_db(expected["audio"][0], settings)
    assert np.ptp(power_db) > 10
    np.testing.assert_allclose(power_db, expected["loudness_db"][0, :-1], atol=1e-3)


def test_the_room_of_filtered_noise_has_the_power_of_the_predecessors() -> None:
    """It is a draw of noise: its power over time is compared, that of forty draws there."""
    expected, room = (
        _expected("vst"),
        _imported(GOLDEN / "vst").model.processor_group.processors[-1],
    )
    taps = np.asarray(room.impulse_response)
    there = expected["room_power"].reshape([10, -1]).mean(axis=-1)
    here = np.square(taps).reshape([10, -1]).mean(axis=-1)
    np.testing.assert_allclose(10 * np.log10(here / there), 0.0, atol=2.5)
    assert abs(10 * np.log10(here.mean() / there.mean())) < 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_a_command_makes_an_instrument_that_plays(kind: str, tmp_path: Path) -> None:
    code, text = _run("import", GOLDEN / kind, "-o", tmp_path / "old")
    assert code == 0, text
    instrument = Instrument.load(tmp_path / "old")
    hop, loudness = (320, "rms") if kind == "vst" else (64, "magenta")
    assert instrument.features == FeatureSettings(
        hop_length=hop,
        loudness=loudness,
        loudness_fft_length=1024 if kind == "vst" else 512,
        f0_tracker=instrument.features.f0_tracker,
    )
    batch = _features(_expected(kind))
    whole = instrument.model(batch)["audio"].numpy()
    assert np.isfinite(whole).all()
    assert np.max(np.abs(whole)) > 0.01
    # Written and read again, it is what the checkpoint is.
    np.testing.assert_array_equal(whole, _imported(GOLDEN / kind).model(batch)["audio"])


def _copy(tmp_path: Path, kind: str = "solo") -> Path:
    return Path(shutil.copytree(GOLDEN / kind, tmp_path / "run"))


def _edit(folder: Path, old: str, new: str) -> None:
    (path,) = folder.glob("*.gin")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("@models.Autoencoder()", "@models.MidiAutoencoder()", "MidiAutoencoder"),
        ("@decoders.RnnFcDecoder()", "@decoders.MidiDecoder()", "MidiDecoder"),
        ("@synths.Harmonic()", "@synths.Wavetable()", "Wavetable"),
        ("layers_per_stack = 3", "layers_per_stack = 4", "no variable"),
        ("RnnFcDecoder.rnn_channels = ", "RnnFcDecoder.rnn_channels = 1", "shape"),
        ("Reverb.reverb_length = ", "Reverb.reverb_length = 1", "shape"),
        ("RnnFcDecoder.rnn_type = 'gru'", "RnnFcDecoder.rnn_type = 'lstm'", "lstm"),
    ],
)
def test_what_cannot_be_imported_is_named_and_nothing_is_written(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    folder = _copy(tmp_path)
    _edit(folder, old, new)
    code, text = _run("import", folder, "-o", tmp_path / "out")
    assert code == 1
    assert message in text
    assert not (tmp_path / "out").exists()
    assert "Traceback" not in text


def test_without_gin_or_checkpoint(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    (gin_file,) = folder.glob("*.gin")
    gin_file.rename(tmp_path / "elsewhere.gin")
    with pytest.raises(ModelError, match="operative_config"):
        _imported(folder)
    code, text = _run(
        "import", folder, "--gin-file", tmp_path / "elsewhere.gin", "-o", tmp_path / "out"
    )
    assert code == 0, text
    for path in folder.glob("ckpt*"):
        path.unlink()
    with pytest.raises(ModelError, match="holds no checkpoint"):
        MagentaCheckpoint(folder)
    with pytest.raises(ModelError, match="no checkpoint"):
        MagentaCheckpoint(folder / "ckpt-7")


def test_a_checkpoint_cut_in_half_is_named(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    (path,) = folder.glob("*.data*")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ModelError, match="can't be read"):
        _imported(folder)


def test_gin_is_read_as_data(tmp_path: Path) -> None:
    path = tmp_path / "operative_config-3.gin"
    path.write_text("import os\nN = 3\nHarmonic.n_samples = %N\nHarmonic.scale_fn = @core.tanh\n")
    assert read_magenta_gin(path) == {"Harmonic": {"n_samples": 3, "scale_fn": "tanh"}}
    path.write_text("Harmonic.n_samples = %MISSING\n")
    with pytest.raises(ConfigError, match="MISSING"):
        read_magenta_gin(path)
    path.write_text("Harmonic.n_samples = os.system('id')\n")
    with pytest.raises(ConfigError):
        read_magenta_gin(path)


@pytest.mark.slow  # It tracks pitch.
def test_it_plays_a_melody(tmp_path: Path) -> None:
    """Without statistics: those of the predecessor are a pickle, which is not opened."""
    seconds = np.arange(8000) / 16000
    melody = tmp_path / "melody.wav"
    soundfile.write(melody, 0.3 * np.sin(2 * np.pi * 300 * seconds), 16000)
    TimbreTransfer(_imported(GOLDEN / "solo")).transfer_file(melody, tmp_path / "out.wav")
    audio, sample_rate = soundfile.read(tmp_path / "out.wav")
    assert (len(audio), sample_rate) == (8000, 16000)
    assert np.max(np.abs(audio)) > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_it_plays_in_blocks_what_it_plays_at_once(kind: str) -> None:
    """Rooms and filters reach across blocks; noise goes on where it was."""
    model, batch = _imported(GOLDEN / kind).model, _features(_expected(kind))
    whole = model(batch)["audio"].numpy()
    n_frames, ahead = batch["f0_hz"].shape[1], model.lookahead_frames
    padded = {
        key: tf.concat([x, tf.repeat(x[:, -1:], ahead, axis=1)], axis=1) for key, x in batch.items()
    }
    state, played, start = model.initial_state(1), [], 0
    for count in (1, 10, 7, n_frames - 18):
        block = {key: x[:, start : start + count + ahead] for key, x in padded.items()}
        outputs, state = model.stream(block, state, count)
        played.append(outputs["audio"].numpy())
        start += count
    assert start == n_frames
    assert np.max(np.abs(whole)) > 1e-3
    np.testing.assert_allclose(np.concatenate(played, axis=1), whole, atol=1e-5)
