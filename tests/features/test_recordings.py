"""Trackers on real notes of known pitch."""

import numpy as np
import pytest
import soundfile
import soxr
from signals import SAMPLE_RATE, cents

from ddsp_tf.features import get_tracker

NOTES_HZ = {
    "flute-A4": 440.0,
    "oboe-A4": 440.0,
    "trumpet-A4": 440.0,
    "violin-B3": 246.94,
    "vibraphone-C6": 1046.5,
    "soprano-E4": 329.63,
}
# What the two trackers call confidence isn't the same.
VOICED_CONFIDENCE = {"crepe-tiny": 0.6, "pyin": 0.3}


@pytest.mark.parametrize("note", NOTES_HZ)
def test_crepe_is_within_20_cents_of_the_note(recordings, note):
    _check_note(recordings, "crepe-tiny", note)


def test_crepe_follows_the_sweep(recordings):
    _check_sweep(recordings, "crepe-tiny")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Numba's and librosa's own, while compiling.
@pytest.mark.parametrize("note", NOTES_HZ)
def test_pyin_is_within_20_cents_of_the_note(recordings, note):
    _check_note(recordings, "pyin", note)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_pyin_follows_the_sweep(recordings):
    _check_sweep(recordings, "pyin")


def _check_note(recordings, tracker, note):
    f0_hz, confidence = _track(recordings / "reference_notes" / f"{note}.flac", tracker)
    voiced = confidence > VOICED_CONFIDENCE[tracker]
    error = cents(f0_hz, NOTES_HZ[note])[voiced]
    assert len(error) > 0.7 * len(f0_hz)
    assert abs(np.median(error)) < 20
    # The soprano's vibrato swings by 70 cents; the others play straight.
    spread = 100 if note == "soprano-E4" else 20
    assert np.quantile(abs(error - np.median(error)), 0.9) < spread


def _check_sweep(recordings, tracker):
    """The sweep rises evenly in pitch, so its tracked pitch lies on a line."""
    f0_hz, confidence = _track(recordings / "reference_notes" / "crepe_sweep.flac", tracker)
    voiced = np.flatnonzero(confidence > 0.5)
    pitch = cents(f0_hz, 440)[voiced]
    line = np.polyval(np.polyfit(voiced, pitch, 1), voiced)
    assert len(voiced) > 0.8 * len(f0_hz)
    assert pitch.max() - pitch.min() > 3600
    assert np.quantile(abs(pitch - line), 0.99) < 20


def _track(path, tracker):
    audio, sample_rate = soundfile.read(path, dtype="float32")
    audio = soxr.resample(audio, sample_rate, SAMPLE_RATE)
    return get_tracker(tracker).track(audio, SAMPLE_RATE)
