"""Channels that cancel, and offsets that hide silence."""

import numpy as np
import pytest
import soundfile
from recorded_sounds import tone

from ddsp_tf.audio import iterate_audio, read_audio, read_sound
from ddsp_tf.audio.constant_offset import remove_offset
from ddsp_tf.audio.downmix import average


def test_opposite_channels_give_the_better_one(tmp_path):
    y = tone(2.0)
    noise = 0.001 * np.random.default_rng(0).standard_normal([len(y), 2])
    channels = np.stack([0.8 * y, -y], 1) + noise
    soundfile.write(tmp_path / "a.wav", channels, 16000, subtype="FLOAT")
    sound = read_sound(tmp_path / "a.wav", sample_rate=16000)
    np.testing.assert_allclose(sound.audio, channels[:, 1], atol=1e-6)
    (remark,) = sound.remarks
    assert "opposite polarity" in remark
    assert "only channel 2 of 2 was used" in remark
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav")[0], sound.audio)
    blocks = list(iterate_audio(tmp_path / "a.wav", block_s=0.3))
    np.testing.assert_array_equal(np.concatenate(blocks), sound.audio)


def test_offsets_of_opposite_channels_do_not_hide_that_they_cancel(tmp_path):
    y = tone(1.0)
    soundfile.write(tmp_path / "a.wav", np.stack([y + 0.1, 0.1 - y], 1), 16000, subtype="FLOAT")
    sound = read_sound(tmp_path / "a.wav")
    assert np.std(sound.audio) == pytest.approx(np.std(y), rel=1e-3)


@pytest.mark.parametrize("gains", [(1, 1), (1, 0), (1, -0.3), (1, 0.5, 0, 0, 0, 0, 0, 0)])
def test_other_channels_are_averaged_as_ever(gains, tmp_path):
    y = tone(1.0)
    channels = y[:, None] * np.array(gains, np.float32)
    soundfile.write(tmp_path / "a.wav", channels, 16000, subtype="FLOAT")
    sound = read_sound(tmp_path / "a.wav")
    np.testing.assert_array_equal(sound.audio, channels.mean(axis=1, dtype=np.float32))
    assert sound.remarks == ()


@pytest.mark.parametrize("n_channels", [1, 2, 3, 5, 7, 8, 11])
def test_the_average_is_numpys_bit_for_bit(n_channels):
    block = np.random.default_rng(0).standard_normal([999, n_channels]).astype(np.float32)
    np.testing.assert_array_equal(average(block), block.mean(axis=1, dtype=np.float32))


@pytest.mark.parametrize("offset", [0.02, -0.3])
def test_an_offset_is_removed_and_nothing_else(offset, tmp_path):
    y = np.concatenate([tone(3.0), np.zeros(32000, np.float32), tone(2.0, f0_hz=65.4)])
    cleaned, found = remove_offset(y + np.float32(offset), 16000)
    assert found == pytest.approx(offset, rel=0.01)
    np.testing.assert_allclose(cleaned, y, atol=1e-4)
    # It is one value that was subtracted: no filter touched the sound.
    assert np.ptp((y + np.float32(offset)) - cleaned) < 1e-7


def test_takes_with_different_offsets_lose_each_its_own():
    silence, note = np.zeros(64000, np.float32), tone(4.0)
    joined = np.concatenate([silence + 0.05, note + 0.05, silence - 0.02, note - 0.02])
    cleaned, _ = remove_offset(joined.astype(np.float32), 16000)
    for start in (1, 9):
        assert np.abs(cleaned[start * 16000 : (start + 2) * 16000]).max() < 1e-4
    assert np.mean(cleaned[5 * 16000 : 6 * 16000]) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("f0_hz", [27.5, 32.7, 65.4, 100.3, 440.0])
@pytest.mark.parametrize("seconds", [0.2, 0.7, 4.0])
def test_low_and_short_notes_have_no_offset(f0_hz, seconds):
    y = tone(seconds, f0_hz=f0_hz)
    assert remove_offset(y, 16000)[0] is y


def test_real_recordings_are_left_alone(recordings):
    for path in sorted((recordings / "phrases").glob("*.flac")):
        audio, rate = read_audio(path)
        assert remove_offset(audio, rate)[0] is audio, path.name


def test_the_offset_is_told(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(2.0) + 0.02, 16000, subtype="FLOAT")
    sound = read_sound(tmp_path / "a.wav")
    assert sound.remarks == ("had a constant offset (DC) of -34 dBFS, which was removed.",)
    # Whoever asks for the file's samples gets them.
    assert np.mean(read_audio(tmp_path / "a.wav")[0]) == pytest.approx(0.02, abs=1e-4)
