"""From audio to audio: what was asked for is what is heard."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from inference_toys import (
    RATE,
    cents_between,
    following_instrument,
    fundamental_hz,
    level_db,
    melody,
    range_statistics,
    tone,
)

from ddsp_tf.errors import ArgumentError, AudioFileError, ModelError
from ddsp_tf.inference import TimbreTransfer
from ddsp_tf.models import Instrument

NEUTRAL = {"octave": 0, "match_loudness": False}
NOTES_HZ = (262.0, 330.0, 392.0)


@pytest.fixture(scope="module")
def song() -> np.ndarray:
    return melody(NOTES_HZ, 0.5, pause_s=0.3)


def note(audio: np.ndarray, index: int) -> np.ndarray:
    """The middle of a note of the song, clear of its ends."""
    start = round((0.8 * index + 0.1) * RATE)
    return audio[start : start + round(0.3 * RATE)]


@pytest.mark.parametrize(("octave", "semitones"), [(0, 0.0), (1, 0.0), (-1, 3.0), (0, -2.5)])
def test_the_output_has_the_pitch_that_was_asked_for(
    following: Instrument, song: np.ndarray, octave: int, semitones: float
) -> None:
    transfer = TimbreTransfer(following, octave=octave, semitones=semitones, match_loudness=False)
    audio = transfer(song, RATE).audio
    for index, hz in enumerate(NOTES_HZ):
        expected_hz = hz * 2 ** (octave + semitones / 12)
        found_hz = fundamental_hz(note(audio, index), expected_hz)
        assert abs(cents_between(found_hz, expected_hz)) < 15


def test_a_low_melody_is_played_in_the_instruments_range(following: Instrument) -> None:
    result = TimbreTransfer(following)(melody([98.0, 110.0]), RATE)
    assert result.report.octaves == 2
    found_hz = fundamental_hz(result.audio[1600:6400], 392.0)
    assert abs(cents_between(found_hz, 392.0)) < 15


def test_six_db_of_loudness_are_six_db_of_sound(following: Instrument, song: np.ndarray) -> None:
    plain = TimbreTransfer(following, **NEUTRAL)(song, RATE)
    louder = TimbreTransfer(following, **NEUTRAL, loudness_db=6.0)(song, RATE)
    notes = plain.notes
    difference = (louder.controls.loudness_db - plain.controls.loudness_db)[notes]
    np.testing.assert_allclose(difference, 6.0, atol=1e-4)
    for index in range(3):
        heard = level_db(note(louder.audio, index)) - level_db(note(plain.audio, index))
        assert heard == pytest.approx(6.0, abs=0.01)


def test_matched_loudness_reaches_the_sound(song: np.ndarray) -> None:
    """Two instruments that differ in nothing but how loud they were played."""
    levels = []
    for shift_db in (0.0, 15.0):
        statistics = range_statistics(softest_db=-50 + shift_db, loudest_db=-40 + shift_db)
        audio = TimbreTransfer(following_instrument(statistics), octave=0)(song, RATE).audio
        levels.append(level_db(note(audio, 1)))
    assert levels[1] - levels[0] == pytest.approx(15.0, abs=0.05)


def test_what_is_silent_or_noise_in_the_input_is_silent_in_the_output(
    following: Instrument,
) -> None:
    noise = np.random.default_rng(0).normal(size=RATE).astype(np.float32)
    pause, hiss = np.zeros(RATE, np.float32), 10 ** (-45 / 20) * noise
    audio = np.concatenate([tone(440, 0.7), pause, tone(440, 0.7), hiss])
    output = TimbreTransfer(following, match_loudness=True)(audio, RATE).audio
    assert np.abs(output[int(0.9 * RATE) : int(1.5 * RATE)]).max() == 0.0
    assert np.abs(output[int(2.7 * RATE) : int(3.3 * RATE)]).max() == 0.0
    assert level_db(output[int(0.2 * RATE) : int(0.5 * RATE)]) > -40


def test_the_output_is_as_long_as_the_input_and_in_time_with_it(following: Instrument) -> None:
    audio = np.concatenate([np.zeros(RATE, np.float32), tone(440, 0.6), np.zeros(4321, np.float32)])
    output = TimbreTransfer(following, **NEUTRAL)(audio, RATE).audio
    assert output.shape == audio.shape
    power = np.convolve(output**2, np.full(80, 1 / 80), mode="same")
    onset = np.argmax(power > 0.25 * power.max())
    assert onset / RATE == pytest.approx(1.0, abs=0.03)


def test_the_length_of_the_blocks_does_not_matter(recurrent: Instrument, song: np.ndarray) -> None:
    whole, pieces = (
        TimbreTransfer(recurrent, chunk_s=chunk_s)(song, RATE).audio for chunk_s in (10.0, 0.37)
    )
    assert np.abs(whole - pieces).max() < 1e-4 * np.abs(whole).max()


def test_another_input_rate_plays_the_same(following: Instrument) -> None:
    time_s = np.arange(44100) / 44100
    audio = (0.3 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)
    result = TimbreTransfer(following, **NEUTRAL)(audio, 44100)
    assert result.sample_rate == RATE
    assert result.audio.shape == (RATE,)
    assert abs(cents_between(fundamental_hz(result.audio[4000:12000], 440), 440)) < 15


def test_an_output_that_would_clip_is_turned_down_and_says_so(
    following: Instrument, song: np.ndarray
) -> None:
    loud = TimbreTransfer(following, **NEUTRAL, loudness_db=30.0)(song, RATE)
    assert np.abs(loud.audio).max() == pytest.approx(1.0, abs=1e-5)
    assert loud.report.gain_db < -3
    assert f"level: {loud.report.gain_db:+.1f} dB, so that nothing clips" in loud.report.lines()
    as_is = TimbreTransfer(following, **NEUTRAL, loudness_db=30.0, normalize_peak=False)(song, RATE)
    assert np.abs(as_is.audio).max() > 1.4
    assert as_is.report.gain_db == 0.0


def test_progress_rises_to_one(following: Instrument, song: np.ndarray) -> None:
    shares: list[float] = []
    TimbreTransfer(following, chunk_s=0.5)(song, RATE, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert len(shares) > 4


def test_an_instrument_without_statistics_plays_and_says_what_it_could_not_do(
    song: np.ndarray,
) -> None:
    result = TimbreTransfer(following_instrument(None))(song, RATE)
    assert result.report.octaves == 0
    assert not result.report.loudness_matched
    assert "no statistics of its training notes" in result.report.warnings[0]
    assert level_db(note(result.audio, 0)) > -40


def test_an_input_without_notes_is_warned_of(following: Instrument) -> None:
    noise = 0.1 * np.random.default_rng(0).normal(size=RATE).astype(np.float32)
    result = TimbreTransfer(following)(noise, RATE)
    assert any("Hardly any note" in warning for warning in result.report.warnings)
    assert np.abs(result.audio).max() < 1e-3


@pytest.mark.parametrize(("hz", "limit"), [(2500.0, "above 2,005 Hz"), (30.87, "below 32 Hz")])
def test_an_input_beyond_the_trackers_limits_is_told_so(
    following: Instrument, hz: float, limit: str
) -> None:
    """Such as a whistle, or a contrabass' lowest B: no note threshold brings them back."""
    time_s = np.arange(2 * RATE) / RATE
    sound = 0.1 * sum(
        np.sin(2 * np.pi * k * hz * time_s) / k for k in range(1, 20) if k * hz < RATE / 2
    )
    warnings = TimbreTransfer(following)(sound.astype(np.float32), RATE).report.warnings
    assert any(f"has a pitch {limit}. Only 32 to 2,005 Hz" in warning for warning in warnings)
    assert not any("note threshold" in warning for warning in warnings)


def test_the_figure_shows_input_and_what_was_played(
    following: Instrument, song: np.ndarray
) -> None:
    result = TimbreTransfer(following, octave=1)(song, RATE)
    figure = result.figure("A song")
    pitch, loudness = figure.axes[2:4]
    given, played = (line.get_ydata() for line in pitch.get_lines())
    np.testing.assert_allclose(played[result.notes] / given[result.notes], 2.0, rtol=5e-3)
    np.testing.assert_array_equal(loudness.get_lines()[1].get_ydata(), result.controls.loudness_db)
    assert figure.get_suptitle() == "A song"


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (np.zeros(0), "`the audio` is too short: 0 samples where one frame takes 64"),
        (np.full(20, 0.1), "`the audio` is too short: 20 samples where one frame takes 64"),
        (np.zeros(RATE), "`the audio` holds only silence (digital silence)"),
        (np.full(RATE, np.nan), "The audio has NaN or infinite samples"),
    ],
)
def test_audio_that_cannot_be_played_is_refused(
    following: Instrument, audio: np.ndarray, message: str
) -> None:
    with pytest.raises(AudioFileError) as caught:
        TimbreTransfer(following)(audio, RATE)
    assert message in str(caught.value)


def test_calls_that_make_no_sense_are_refused(following: Instrument) -> None:
    with pytest.raises(ArgumentError, match=r"`audio` must be mono, \[n_samples\]; got shape"):
        TimbreTransfer(following)(np.zeros((2, 100)), RATE)
    with pytest.raises(ArgumentError, match="`sample_rate` must be above 0 Hz; got 0"):
        TimbreTransfer(following)(np.ones(1000), 0)
    with pytest.raises(ArgumentError, match="`chunk_s` must be above 0 seconds; got 0"):
        TimbreTransfer(following, chunk_s=0)
    with pytest.raises(ModelError, match="no instrument `no such thing`"):
        TimbreTransfer("no such thing")


def test_a_quiet_recording_is_played_like_a_loud_one(
    following: Instrument, song: np.ndarray
) -> None:
    """The recording level is not the performance."""
    loud = TimbreTransfer(following)(song, RATE)
    quiet = TimbreTransfer(following)(song * 10 ** (-35 / 20), RATE)
    assert np.mean(loud.notes == quiet.notes) > 0.97
    for index in range(3):
        difference = level_db(note(quiet.audio, index)) - level_db(note(loud.audio, index))
        assert abs(difference) < 1.0


def test_several_voices_at_once_are_warned_of_and_one_is_not(
    following: Instrument, song: np.ndarray, recordings: Path
) -> None:
    chorale, rate = soundfile.read(
        recordings / "piano" / "bach_chorales_assembled_1.flac", frames=44100 * 6, dtype="float32"
    )
    warnings = TimbreTransfer(following)(
        chorale.reshape(len(chorale), -1).mean(1), rate
    ).report.warnings
    assert any("Only one note at a time is played" in warning for warning in warnings)
    assert not TimbreTransfer(following)(song, RATE).report.warnings
