"""One policy for every sound that is written: names, depth, level, and what a full disk says."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ddsp_tf.audio.output import is_own_output, peak_gain, write_audio, write_blocks
from ddsp_tf.errors import AudioFileError, OutputError
from ddsp_tf.types import FloatArray

RATE = 16000
SOUND = np.float32(0.5 * np.sin(np.arange(RATE) * 0.3))

Write = Callable[[Path, FloatArray], float]


def in_blocks(path: Path, audio: FloatArray) -> float:
    return write_blocks(
        path,
        np.array_split(audio, 3),
        block_rate=RATE,
        sample_rate=RATE,
        bit_depth=24,
        n_samples=len(audio),
        normalize_peak=True,
        overwrite=False,
    )


def at_once(path: Path, audio: FloatArray) -> float:
    return write_audio(path, audio, RATE)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_at_once_and_in_blocks_are_the_same_file(tmp_path: Path, suffix: str) -> None:
    loud = np.float32(4.0) * SOUND
    whole, joined = tmp_path / f"whole{suffix}", tmp_path / f"joined{suffix}"
    assert at_once(whole, loud) == pytest.approx(-6.0206, abs=1e-3)
    assert in_blocks(joined, loud) == pytest.approx(-6.0206, abs=1e-3)
    assert whole.read_bytes() == joined.read_bytes()
    played, _ = soundfile.read(whole)
    np.testing.assert_allclose(played, SOUND * peak_gain(2.0) * 4.0, atol=2.0**-23)


def test_channels_are_kept(tmp_path: Path) -> None:
    write_audio(tmp_path / "stereo.flac", np.stack([SOUND, -0.5 * SOUND], 1), RATE)
    played, _ = soundfile.read(tmp_path / "stereo.flac")
    np.testing.assert_allclose(played, np.stack([SOUND, -0.5 * SOUND], 1), atol=2.0**-23)
    with pytest.raises(
        AudioFileError, match=r"or \[n_samples, n_channels\], got shape \(2, 2, 2\)"
    ):
        write_audio(tmp_path / "deep.wav", np.zeros((2, 2, 2)), RATE)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_what_is_written_is_known_again(tmp_path: Path, suffix: str) -> None:
    at_once(tmp_path / f"own{suffix}", SOUND)
    assert is_own_output(tmp_path / f"own{suffix}")
    soundfile.write(tmp_path / f"other{suffix}", SOUND, RATE)
    assert not is_own_output(tmp_path / f"other{suffix}")
    (tmp_path / f"damaged{suffix}").write_text("no sound")
    assert not is_own_output(tmp_path / f"damaged{suffix}")
    assert not is_own_output(tmp_path / f"missing{suffix}")


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
@pytest.mark.parametrize("write", [at_once, in_blocks])
def test_a_full_disk_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write, suffix: str
) -> None:
    """libsndfile says "System error" or less; the disk is asked while the file still fills it."""

    def fail(*arguments: object) -> None:
        raise soundfile.LibsndfileError(2)

    full = shutil._ntuple_diskusage(1 << 30, (1 << 30) - 4096, 4096)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    monkeypatch.setattr(soundfile.SoundFile, "write", fail)
    message = rf"^Cannot write `.*take\{suffix}`: {os.strerror(errno.ENOSPC)}\. Nothing was left"
    with pytest.raises(OutputError, match=message):
        write(tmp_path / f"take{suffix}", SOUND)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_scratch_file_on_a_full_disk_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    always_full = Path("/dev/full")
    monkeypatch.setattr("tempfile.TemporaryFile", lambda dir: always_full.open("w+b", buffering=0))
    with pytest.raises(
        OutputError, match=rf"take\.wav`: {os.strerror(errno.ENOSPC)}\. Nothing was"
    ):
        in_blocks(tmp_path / "take.wav", SOUND)
    assert list(tmp_path.iterdir()) == []
