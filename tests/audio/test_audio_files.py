"""Reading and writing audio: every format, rate and kind of damage."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from recorded_sounds import tone

from ddsp_tf.audio import (
    audio_info,
    check_usable,
    find_audio_files,
    iterate_audio,
    read_audio,
    write_audio,
)
from ddsp_tf.errors import AudioFileError, DatasetError, OutputError

FORMATS = ("wav", "flac", "mp3", "ogg", "aiff")


def write_at(path: Path, rate: int, *, seconds: float = 1.0, n_channels: int = 1) -> Path:
    audio = tone(seconds, sample_rate=rate, f0_hz=440.0)
    soundfile.write(path, np.tile(audio[:, np.newaxis], n_channels), rate)
    return path


def strongest_hz(audio: np.ndarray, sample_rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), 8 * len(audio)))
    return float(np.argmax(spectrum) * sample_rate / (8 * len(audio)))


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_keeps_pitch_and_level(suffix, tmp_path):
    path = write_at(tmp_path / f"tone.{suffix}", 44100)
    audio, rate = read_audio(path, sample_rate=16000)
    assert rate == 16000
    assert audio.dtype == np.float32
    assert strongest_hz(audio[4000:12000], rate) == pytest.approx(440, abs=0.3)
    assert np.max(np.abs(audio[4000:12000])) == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 48000, 96000])
def test_resampling_shifts_nothing_in_time(rate, tmp_path):
    click = np.zeros(rate, np.float32)
    click[rate // 2] = 0.9
    soundfile.write(tmp_path / "click.wav", click, rate, subtype="FLOAT")
    audio, _ = read_audio(tmp_path / "click.wav", sample_rate=16000)
    assert len(audio) == pytest.approx(16000, abs=1)
    assert np.argmax(np.abs(audio)) == pytest.approx(8000, abs=1)


def test_resampling_removes_what_the_lower_rate_cannot_hold(tmp_path):
    high = np.sin(2 * np.pi * 11000 * np.arange(48000) / 48000)
    soundfile.write(tmp_path / "high.wav", 0.5 * high, 48000)
    audio, _ = read_audio(tmp_path / "high.wav", sample_rate=16000)
    assert np.max(np.abs(audio[1000:-1000])) < 1e-4


def test_channels_are_averaged(tmp_path):
    left = tone(0.5)
    stereo = np.stack([left, np.zeros_like(left)], axis=1)
    soundfile.write(tmp_path / "stereo.wav", stereo, 16000, subtype="FLOAT")
    audio, rate = read_audio(tmp_path / "stereo.wav")
    assert rate == 16000
    np.testing.assert_allclose(audio, left / 2, atol=1e-6)


def test_eight_channels_at_96_khz(tmp_path):
    path = write_at(tmp_path / "many.wav", 96000, n_channels=8)
    info = audio_info(path)
    assert (info.n_channels, info.sample_rate, info.seconds) == (8, 96000, 1.0)
    audio, _ = read_audio(path, sample_rate=16000)
    assert strongest_hz(audio, 16000) == pytest.approx(440, abs=0.5)


@pytest.mark.parametrize("rate", [16000, 44100])
def test_blocks_add_up_to_the_whole(rate, tmp_path):
    path = write_at(tmp_path / "tone.flac", rate, seconds=3.3)
    whole, _ = read_audio(path, sample_rate=16000)
    blocks = list(iterate_audio(path, sample_rate=16000, block_s=0.5))
    assert {len(block) for block in blocks[:-1]} == {8000}
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_blocks_hold_little_of_a_long_file(tmp_path):
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 44100, 1) as file:
        five_seconds = tone(5.0, sample_rate=44100)
        for _ in range(120):
            file.write(five_seconds)
    lengths = [len(block) for block in iterate_audio(path, sample_rate=16000, block_s=10)]
    assert max(lengths) == 160000
    assert sum(lengths) == pytest.approx(600 * 16000, abs=2)


@pytest.mark.parametrize("suffix", FORMATS)
def test_truncated_files_say_so(suffix, tmp_path, capfd):
    path = write_at(tmp_path / f"tone.{suffix}", 44100, seconds=5)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(AudioFileError, match=r"truncated or damaged.*Copy or export it again"):
        read_audio(path)


def test_a_real_flac_cut_in_the_middle(recordings, tmp_path):
    content = (recordings / "phrases" / "cello_phrase.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(AudioFileError, match="truncated"):
        read_audio(tmp_path / "cut.flac")


def test_a_streamed_wav_with_unknown_length_is_no_error(tmp_path):
    path = write_at(tmp_path / "streamed.wav", 16000)
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    audio, _ = read_audio(path)
    assert len(audio) == 16000


def test_text_under_an_audio_name(tmp_path):
    (tmp_path / "song.wav").write_text("la la la " * 100)
    with pytest.raises(AudioFileError, match=r"song\.wav` is not audio.*Use wav, flac"):
        read_audio(tmp_path / "song.wav")


def test_missing_empty_and_folder(tmp_path):
    with pytest.raises(AudioFileError, match=r"gone\.wav` does not exist"):
        read_audio(tmp_path / "gone.wav")
    (tmp_path / "empty.wav").touch()
    with pytest.raises(AudioFileError, match="empty file"):
        read_audio(tmp_path / "empty.wav")
    with pytest.raises(AudioFileError, match="is a folder"):
        read_audio(tmp_path)


def test_no_samples(tmp_path):
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 16000)
    with pytest.raises(AudioFileError, match="length is zero"):
        read_audio(tmp_path / "none.wav")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(bad, tmp_path):
    audio = tone(1.0)
    audio[8000] = bad
    soundfile.write(tmp_path / "bad.wav", audio, 16000, subtype="FLOAT")
    with pytest.raises(AudioFileError, match=r"NaN or infinite.*0\.500 s"):
        read_audio(tmp_path / "bad.wav")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    path = write_at(tmp_path / "secret.wav", 16000)
    path.chmod(0)
    with pytest.raises(AudioFileError, match="No permission"):
        read_audio(path)


def test_silence_and_shorter_than_a_frame_are_unusable():
    with pytest.raises(AudioFileError, match=r"`a\.wav` is too short: 1 samples.*takes 64"):
        check_usable(np.ones(1, np.float32), n_samples=64, name="a.wav")
    with pytest.raises(AudioFileError, match=r"only silence \(digital silence"):
        check_usable(np.zeros(16000, np.float32), n_samples=64, name="a.wav")
    with pytest.raises(AudioFileError, match="a peak of -80 dBFS"):
        check_usable(np.full(16000, 1e-4, np.float32), n_samples=64, name="a.wav")
    check_usable(tone(1.0, amplitude=0.01), n_samples=64, name="a.wav")


def test_found_files_are_audio_and_not_hidden(real_folder):
    names = [path.relative_to(real_folder).as_posix() for path in find_audio_files(real_folder)]
    assert names == ["broken.wav", *sorted(names[1:])]
    assert len(names) == 5
    assert not any(".trash" in name or "hidden" in name for name in names)


def test_folders_without_audio(tmp_path):
    with pytest.raises(DatasetError, match="does not exist"):
        find_audio_files(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="is empty"):
        find_audio_files(tmp_path)
    (tmp_path / "readme.txt").touch()
    with pytest.raises(DatasetError, match="no audio file among its 1 entries"):
        find_audio_files(tmp_path)


@pytest.mark.parametrize(("suffix", "bit_depth"), [("wav", 16), ("wav", 24), ("flac", 24)])
def test_written_audio_reads_back(suffix, bit_depth, tmp_path):
    audio = tone(0.5)
    assert write_audio(tmp_path / f"out.{suffix}", audio, 16000, bit_depth=bit_depth) == 0.0
    again, rate = read_audio(tmp_path / f"out.{suffix}")
    assert rate == 16000
    np.testing.assert_allclose(again, audio, atol=2.0 ** -(bit_depth - 1))


def test_beyond_full_scale_the_caller_chooses(tmp_path):
    audio = tone(0.5, amplitude=2.0)
    gain_db = write_audio(tmp_path / "scaled.wav", audio, 16000)
    assert gain_db == pytest.approx(-6.02, abs=0.01)
    scaled, _ = read_audio(tmp_path / "scaled.wav")
    np.testing.assert_allclose(scaled, audio / 2, atol=1e-5)
    assert write_audio(tmp_path / "clipped.wav", audio, 16000, clip=True) == 0.0
    clipped, _ = read_audio(tmp_path / "clipped.wav")
    np.testing.assert_allclose(clipped, np.clip(audio, -1, 1), atol=1e-5)


def test_writing_refuses_rather_than_spoils(tmp_path):
    path = tmp_path / "out.wav"
    write_audio(path, tone(0.1), 16000)
    before = path.read_bytes()
    with pytest.raises(OutputError, match="exists"):
        write_audio(path, tone(0.2), 16000)
    with pytest.raises(AudioFileError, match="finite samples"):
        write_audio(path, np.array([np.nan]), 16000, overwrite=True)
    with pytest.raises(OutputError, match=r"must end in \.wav or \.flac"):
        write_audio(tmp_path / "out.mp3", tone(0.1), 16000)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
