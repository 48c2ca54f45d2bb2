"""Files in, files out: rates, depths, and nothing half-written."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from inference_toys import (
    RATE,
    cents_between,
    following_instrument,
    fundamental_hz,
    melody,
    range_statistics,
    tone,
)

from ddsp_tf.audio.output import write_blocks
from ddsp_tf.errors import ArgumentError, AudioFileError, OutputError
from ddsp_tf.inference import TimbreTransfer


@pytest.fixture(scope="module")
def transfer() -> TimbreTransfer:
    return TimbreTransfer(
        following_instrument(range_statistics()), octave=0, match_loudness=False, chunk_s=0.5
    )


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "song.wav"
    path.parent.mkdir()
    soundfile.write(path, melody([440.0, 330.0]), RATE, subtype="FLOAT")
    return path


def test_a_file_is_played_as_audio_in_memory_is(
    transfer: TimbreTransfer, song: Path, tmp_path: Path
) -> None:
    result = transfer.transfer_file(song, tmp_path / "out.wav", bit_depth=24)
    written, rate = soundfile.read(tmp_path / "out.wav")
    in_memory = transfer(soundfile.read(song, dtype="float32")[0], RATE)
    assert rate == result.sample_rate == RATE
    np.testing.assert_allclose(written, in_memory.audio, atol=2**-22)
    np.testing.assert_allclose(result.audio, written, atol=1e-7)
    assert result.report == in_memory.report
    assert soundfile.info(tmp_path / "out.wav").subtype == "PCM_24"


@pytest.mark.parametrize(("rate", "name", "depth"), [(44100, "o.flac", 16), (8000, "o.wav", 24)])
def test_the_rate_is_chosen_and_pitch_and_length_stay(
    transfer: TimbreTransfer, song: Path, tmp_path: Path, rate: int, name: str, depth: int
) -> None:
    result = transfer.transfer_file(song, tmp_path / name, sample_rate=rate, bit_depth=depth)
    info = soundfile.info(tmp_path / name)
    assert (info.samplerate, info.subtype, info.channels) == (rate, f"PCM_{depth}", 1)
    assert info.frames == round(len(soundfile.read(song)[0]) * rate / RATE)
    part = result.audio[int(0.1 * rate) : int(0.4 * rate)]
    heard_hz = fundamental_hz(part, 440.0 * RATE / rate) * rate / RATE
    assert abs(cents_between(heard_hz, 440.0)) < 15


def test_many_channels_and_another_rate_are_taken(transfer: TimbreTransfer, tmp_path: Path) -> None:
    time_s = np.arange(48000) / 48000
    mono = 0.4 * np.sin(2 * np.pi * 440 * time_s)
    soundfile.write(tmp_path / "wide.flac", np.stack([mono] * 8, axis=1), 48000)
    result = transfer.transfer_file(tmp_path / "wide.flac", tmp_path / "out.wav")
    assert result.audio.shape == (RATE,)
    assert abs(cents_between(fundamental_hz(result.audio[4000:12000], 440), 440)) < 15


def test_resampling_block_by_block_is_resampling_at_once(tmp_path: Path) -> None:
    audio = tone(1000.0, 1.0)
    gain_db = write_blocks(
        tmp_path / "o.wav",
        np.array_split(audio, 13),
        block_rate=RATE,
        sample_rate=44100,
        bit_depth=24,
        n_samples=44100,
        normalize_peak=True,
        overwrite=False,
    )
    import soxr

    expected = soxr.resample(audio, RATE, 44100, quality="HQ")
    written, _ = soundfile.read(tmp_path / "o.wav")
    assert gain_db == 0.0
    np.testing.assert_allclose(written, expected, atol=1e-5)


@pytest.mark.parametrize("normalize", [True, False])
def test_what_would_clip_is_turned_down_as_a_whole_or_clipped(
    tmp_path: Path, normalize: bool
) -> None:
    audio = np.linspace(-2.0, 1.5, 1000, dtype=np.float32)
    gain_db = write_blocks(
        tmp_path / "o.wav",
        [audio[:300], audio[300:]],
        block_rate=RATE,
        sample_rate=RATE,
        bit_depth=24,
        n_samples=1000,
        normalize_peak=normalize,
        overwrite=False,
    )
    written, _ = soundfile.read(tmp_path / "o.wav")
    expected = audio / 2 if normalize else np.clip(audio, -1, 1)
    np.testing.assert_allclose(written, expected, atol=1e-6)
    assert gain_db == pytest.approx(20 * np.log10(0.5) if normalize else 0.0)


def test_an_output_that_exists_stays_unless_it_may_be_replaced(
    transfer: TimbreTransfer, song: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.wav"
    target.write_text("precious")
    with pytest.raises(OutputError, match=r"out.wav` exists. Choose another name"):
        transfer.transfer_file(song, target)
    assert target.read_text() == "precious"
    transfer.transfer_file(song, target, overwrite=True)
    assert soundfile.info(target).frames == RATE


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros(RATE), "silent.wav` holds only silence (digital silence)"),
        (np.full(30, 0.5), "silent.wav` is too short: 30 samples where one frame takes 64"),
        (np.zeros(0), "silent.wav` holds no samples"),
    ],
)
def test_a_bad_input_says_why_and_leaves_nothing_behind(
    transfer: TimbreTransfer, tmp_path: Path, content: np.ndarray, message: str
) -> None:
    source = tmp_path / "silent.wav"
    soundfile.write(source, content, RATE, subtype="FLOAT")
    with pytest.raises(AudioFileError) as caught:
        transfer.transfer_file(source, tmp_path / "out.wav")
    assert message in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["silent.wav"]


def test_a_failure_while_playing_leaves_nothing_behind(
    transfer: TimbreTransfer, song: Path, tmp_path: Path
) -> None:
    def interrupt(share: float) -> None:
        if share > 0.8:
            raise KeyboardInterrupt

    target = tmp_path / "out" / "song.wav"
    with pytest.raises(KeyboardInterrupt):
        transfer.transfer_file(song, target, progress=interrupt)
    assert list(target.parent.iterdir()) == []


def test_what_cannot_be_written_is_said_before_any_work(
    transfer: TimbreTransfer, tmp_path: Path
) -> None:
    missing = tmp_path / "missing.wav"
    with pytest.raises(OutputError, match=r"its name must end in .wav or .flac"):
        transfer.transfer_file(missing, tmp_path / "out.mp3")
    with pytest.raises(ArgumentError, match="`bit_depth` must be 16 or 24; got 32"):
        transfer.transfer_file(missing, tmp_path / "out.wav", bit_depth=32)
    with pytest.raises(ArgumentError, match=r"`sample_rate` must be from 1000 to 384000 Hz; got 5"):
        transfer.transfer_file(missing, tmp_path / "out.wav", sample_rate=5)
    with pytest.raises(AudioFileError, match=r"missing.wav` does not exist"):
        transfer.transfer_file(missing, tmp_path / "out.wav")


def test_what_is_odd_about_a_file_is_said_and_dealt_with(
    transfer: TimbreTransfer, song: Path, tmp_path: Path
) -> None:
    audio, _ = soundfile.read(song, dtype="float32")
    plain = transfer.transfer_file(song, tmp_path / "plain.wav", bit_depth=24)
    odd = tmp_path / "odd.wav"
    soundfile.write(odd, np.stack([audio, -audio], axis=1) + 0.02, RATE, subtype="FLOAT")
    result = transfer.transfer_file(odd, tmp_path / "out.wav", bit_depth=24)
    first, second, *others = result.report.warnings
    assert first.startswith("The input has channels of opposite polarity")
    assert second == "The input had a constant offset (DC) of -34 dBFS, which was removed."
    assert tuple(others) == plain.report.warnings
    in_memory = transfer(audio + np.float32(0.02), RATE)
    for played in (result.audio, in_memory.audio):
        level_db = 20 * np.log10(np.std(played) / np.std(plain.audio))
        assert abs(level_db) < 0.1
