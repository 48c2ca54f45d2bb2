"""Spectrograms show the right frequency, time and level."""

import numpy as np
import pytest

from ddsp_tf.plotting import spectrogram, spectrogram_pair
from ddsp_tf.plotting.log_spectrogram import log_spectrogram

RATE = 16000


def sine(hz: float, seconds: float = 1.0, amplitude: float = 1.0) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


@pytest.mark.parametrize("hz", [60.0, 440.0, 3000.0, 7000.0])
def test_a_full_scale_sine_peaks_at_its_frequency_and_near_0_db(hz: float) -> None:
    _, rows_hz, level_db = log_spectrogram(sine(hz), RATE)
    column = level_db[:, level_db.shape[1] // 2]
    assert rows_hz[column.argmax()] == pytest.approx(hz, rel=0.06)
    # High rows are wider than a bin and show the mean power over their width.
    assert -14 < column.max() < 0.5


def test_an_onset_is_drawn_where_it_is() -> None:
    audio = np.concatenate([np.zeros(RATE), sine(440)])
    times_s, _, level_db = log_spectrogram(audio, RATE)
    loud = level_db.max(axis=0) > -20
    assert times_s[loud][0] == pytest.approx(1.0, abs=0.04)


def test_a_click_in_a_long_recording_is_not_lost_between_columns() -> None:
    audio = np.zeros(RATE * 240)
    audio[RATE * 100 : RATE * 100 + 400] = sine(1000, 0.025)
    times_s, rows_hz, level_db = log_spectrogram(audio, RATE, max_columns=300)
    assert level_db.shape[1] <= 300
    row, column = np.unravel_index(level_db.argmax(), level_db.shape)
    assert times_s[column] == pytest.approx(100, abs=0.9)
    assert rows_hz[row] == pytest.approx(1000, rel=0.1)


def test_audio_shorter_than_a_window_is_drawn() -> None:
    times_s, _, level_db = log_spectrogram(sine(1000, 0.001), RATE)
    assert level_db.shape[1] == times_s.size >= 1


def test_the_axes_are_labelled_and_logarithmic() -> None:
    figure = spectrogram(
        sine(440), RATE, f0_hz=np.array([440.0, 0.0, 441.0]), frame_rate=2.0, title="A4"
    )
    axes, bar = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (s)", "frequency (Hz)")
    assert axes.get_yscale() == "log"
    assert axes.get_title(loc="left") == "A4"
    assert bar.get_ylabel() == "level (dB)"
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert {"100", "1k", "5k"} <= set(labels)
    track = axes.get_lines()[0]
    np.testing.assert_array_equal(track.get_xdata(), [0.0, 0.5, 1.0])
    assert np.isnan(track.get_ydata()[1]), "an unvoiced frame must not be drawn at 0 Hz"


def test_a_pair_shares_its_axes_up_to_the_lower_nyquist() -> None:
    figure = spectrogram_pair(sine(440, 2.0), sine(220), (RATE, RATE // 2), titles=("in", "out"))
    first, second = figure.axes[:2]
    assert first.get_ylim() == second.get_ylim()
    assert first.get_ylim()[1] == RATE / 4
    assert first.get_xlim() == second.get_xlim()
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["in", "out"]
