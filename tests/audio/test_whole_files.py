"""Files are read to their end, whatever their header says."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from recorded_sounds import tone

from ddsp_tf.audio import audio_info, iterate_audio, read_audio, read_sound
from ddsp_tf.audio.mpeg_frames import mpeg_parts
from ddsp_tf.errors import AudioFileError

RATE = 44100
JOINED = "is 2 recordings joined end to end"


def swelling(seconds: float) -> np.ndarray:
    """Silence, tones and noise in turn: what variable bit rates vary with."""
    n = round(seconds * RATE)
    rng = np.random.default_rng(0)
    sound = tone(seconds, sample_rate=RATE) * (np.arange(n) // RATE % 3 > 0)
    sound += 0.2 * rng.standard_normal(n) * (np.arange(n) // RATE % 3 > 1)
    return sound.astype(np.float32)


def write(path: Path, audio: np.ndarray, rate: int = RATE) -> bytes:
    if path.suffix == ".opus":
        soundfile.write(path, audio, rate, format="OGG", subtype="OPUS")
    else:
        soundfile.write(path, audio, rate)
    return path.read_bytes()


def without_header(content: bytes, path: Path) -> bytes:
    """An MP3 without the frame that says how many there are."""
    path.write_bytes(content)
    with path.open("rb") as file:
        (part,) = mpeg_parts(file, len(content))
    assert len(part.kbps) > 5  # Variable indeed.
    return content[part.first.start + part.first.n_bytes :]


def test_a_vbr_mp3_without_its_header_is_read_whole(tmp_path):
    path = tmp_path / "take.mp3"
    content = write(path, swelling(33.2))
    path.write_bytes(without_header(content, path))
    with soundfile.SoundFile(path) as file:
        assert abs(file.frames / RATE - 33.2) > 5.0  # The estimate that is not to be trusted.
    info = audio_info(path)
    audio, _ = read_audio(path)
    assert len(audio) == info.n_samples
    assert len(audio) == pytest.approx(33.2 * RATE, abs=3 * 1152)
    assert len(np.concatenate(list(iterate_audio(path)))) == len(audio)
    # The last sound of it is there: the end is as loud as that of the original.
    end_db = 20 * np.log10(np.std(audio[-RATE:]) / np.std(swelling(33.2)[-RATE:]))
    assert abs(end_db) < 0.5


def test_a_header_that_counts_too_few_frames_is_corrected(tmp_path):
    path = tmp_path / "take.mp3"
    content = write(path, swelling(10.0))
    with path.open("rb") as file:
        (part,) = mpeg_parts(file, len(content))
    place = part.first.start + part.first.count_place
    half = struct.pack(">I", part.n_frames // 2)
    path.write_bytes(content[:place] + half + content[place + 4 :])
    assert len(read_audio(path)[0]) == pytest.approx(10 * RATE, abs=2 * 1152)


@pytest.mark.parametrize(
    "suffix", ["wav", "flac", "mp3", "ogg", "opus", "aiff", "au", "caf", "w64"]
)
def test_joined_files_are_read_to_the_sample(suffix, tmp_path):
    rate = 48000 if suffix == "opus" else RATE
    first, second = tone(2.0, sample_rate=rate), tone(1.5, sample_rate=rate, f0_hz=330.0)
    contents = [write(tmp_path / f"{i}.{suffix}", a, rate) for i, a in enumerate((first, second))]
    path = tmp_path / f"both.{suffix}"
    path.write_bytes(b"".join(contents))
    sound = read_sound(path)
    assert len(sound.audio) == audio_info(path).n_samples == round(3.5 * rate)
    parts = [read_audio(tmp_path / f"{i}.{suffix}")[0] for i in range(2)]
    np.testing.assert_array_equal(sound.audio, np.concatenate(parts))
    (remark,) = sound.remarks
    assert JOINED in remark


def test_joined_mp3s_with_tags_and_other_kinds(tmp_path):
    tag = b"ID3\x04\x00\x00\x00\x00\x02\x00" + bytes(256)
    end_tag = b"TAG" + bytes(125)
    stereo = np.stack([tone(1.0, sample_rate=48000)] * 2, 1)
    first = tag + write(tmp_path / "0.mp3", tone(2.0, sample_rate=RATE)) + end_tag
    second = tag + write(tmp_path / "1.mp3", stereo, 48000)
    path = tmp_path / "both.mp3"
    path.write_bytes(first + second)
    sound = read_sound(path)
    assert (sound.sample_rate, sound.info.n_channels) == (RATE, 1)
    assert len(sound.audio) == pytest.approx(3 * RATE, abs=2)
    levels = [np.std(sound.audio[s]) for s in (slice(RATE // 2, RATE), slice(-RATE // 2, -1000))]
    assert levels[0] == pytest.approx(levels[1], rel=0.03)


def test_a_joined_file_whose_second_half_is_cut_says_so(tmp_path, capfd):
    content = write(tmp_path / "a.ogg", tone(2.0, sample_rate=RATE))
    path = tmp_path / "both.ogg"
    path.write_bytes(content + content[: len(content) * 2 // 3])
    with pytest.raises(AudioFileError, match=r"truncated or damaged: only its first [23]\.\d s"):
        read_audio(path)


@pytest.mark.parametrize("declared", [0, 1, 2])
@pytest.mark.parametrize("riff", [0, 36, None])
def test_a_wav_whose_recorder_died_is_read_whole(declared, riff, tmp_path):
    path = tmp_path / "crash.wav"
    audio = tone(3.0, sample_rate=RATE)
    content = bytearray(write(path, audio))
    n_bytes = declared * 2 * RATE
    content[40:44] = struct.pack("<I", n_bytes)
    content[4:8] = struct.pack("<I", n_bytes + 36 if riff is None else riff)
    path.write_bytes(content)
    sound = read_sound(path)
    np.testing.assert_allclose(sound.audio, audio, atol=1e-4)
    assert "longer than its header says" in sound.remarks[0]


def test_chunks_and_padding_behind_the_sound_are_no_sound(tmp_path):
    path = tmp_path / "a.wav"
    content = write(path, tone(1.0, sample_rate=RATE))
    for behind in (b"LIST\x04\x00\x00\x00INFO", b"id3 \x03\x00\x00\x00abc\x00", bytes(50000)):
        path.write_bytes(content + behind)
        sound = read_sound(path)
        assert len(sound.audio) == RATE
        assert sound.remarks == ()


@pytest.mark.parametrize("declared", [0, RATE])
def test_a_streamed_flac_is_read_whole(declared, tmp_path):
    path = tmp_path / "stream.flac"
    audio = tone(3.0, sample_rate=RATE)
    content = bytearray(write(path, audio))
    content[21] &= 0xF0
    content[22:26] = struct.pack(">I", declared)
    path.write_bytes(content)
    assert audio_info(path).n_samples == 3 * RATE
    np.testing.assert_allclose(read_audio(path)[0], audio, atol=1e-4)


def test_a_size_beyond_32_bits_has_wrapped(tmp_path):
    path = tmp_path / "concert.wav"
    header = bytearray(write(path, np.zeros(1)))[:44]
    n_bytes = (1 << 32) + 4 * RATE
    header[40:44] = struct.pack("<I", n_bytes % (1 << 32))
    with path.open("wb") as file:
        file.write(header)
        file.truncate(44 + n_bytes)  # Sparse: it takes no space.
    assert audio_info(path).n_samples == n_bytes // 2
