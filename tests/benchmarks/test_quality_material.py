"""A folder of recordings becomes material; what holds no melody is named, and stops nothing."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from ddsp_tf.errors import DatasetError
from ddsp_tf.features import Features, FeatureSettings

SETTINGS = FeatureSettings()


class Recordings:
    """A dataset with half a second in each split."""

    features = SETTINGS

    def recordings(self, split: str) -> Iterator[tuple[str, np.ndarray, Features]]:
        yield f"{split}/take.flac", np.full(8000, 0.5, np.float32), played(8000)


class Transfer:
    """Asks every melody to be played at 220 Hz."""

    sample_rate, settings = SETTINGS.sample_rate, SETTINGS

    def __call__(self, audio: np.ndarray, sample_rate: int) -> SimpleNamespace:
        assert sample_rate == self.sample_rate
        return SimpleNamespace(controls=played(len(audio)))


def played(n_samples: int) -> Features:
    n_frames = SETTINGS.n_frames(n_samples)
    return Features(*(np.full(n_frames, x, np.float32) for x in (220.0, 0.9, -20.0)))


@pytest.fixture
def melodies(tmp_path: Path) -> Path:
    """A folder of which one file can be played."""
    folder = tmp_path / "melodies"
    folder.mkdir()
    soundfile.write(folder / "a_silent.wav", np.full(32000, 4e-5), 16000)
    (folder / "b_damaged.wav").write_text("not audio")
    soundfile.write(folder / "c_song.wav", 0.3 * np.sin(np.arange(16100) * 0.1), 16000)
    return folder


def write(monkeypatch: pytest.MonkeyPatch, *arguments: Any) -> Result:
    from quality_material import write_material

    monkeypatch.setattr("ddsp_tf.data.Dataset.open", lambda path: Recordings())
    monkeypatch.setattr("ddsp_tf.inference.TimbreTransfer", lambda instrument: Transfer())
    words = ["dataset/", "--instrument", "violin", *map(str, arguments)]
    return CliRunner().invoke(write_material, words)


def test_what_is_no_melody_is_skipped_by_name(
    melodies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "material"
    result = write(monkeypatch, "--transfer", melodies, "-o", output)
    assert result.exit_code == 0, result.output
    silent, damaged = result.stderr.splitlines()
    assert silent.startswith(f"Skipped: `{melodies / 'a_silent.wav'}` holds only silence (a peak")
    assert damaged.startswith(f"Skipped: `{melodies / 'b_damaged.wav'}` is not audio")
    written = {path.relative_to(output).as_posix() for path in output.rglob("*.npz")}
    assert written == {
        *("train/train/take.npz", "eval/eval/take.npz", "eval/transfer/c_song.npz"),
    }
    with np.load(output / "eval" / "transfer" / "c_song.npz") as song:
        assert len(song["audio"]) == len(song["f0_hz"]) * SETTINGS.hop_length == 16064
        assert (song["f0_hz"] == 220.0).all()


def test_without_any_melody_nothing_is_written(
    melodies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (melodies / "c_song.wav").unlink()
    result = write(monkeypatch, "--transfer", melodies, "-o", tmp_path / "material")
    assert isinstance(result.exception, DatasetError)
    assert "no melody left to transfer: every file was skipped" in str(result.exception)
    assert result.stderr.count("Skipped: ") == 2
    assert not (tmp_path / "material").exists()
