"""What happens at a moment shows in the frame of that moment."""

import numpy as np
import pytest
from signals import SAMPLE_RATE, tone

from ddsp_tf.features import LOUDNESS_KINDS, FeatureSettings, extract_features, get_tracker

STEPS = [(220.0, 440.0), (440.0, 220.0), (300.0, 400.0), (880.0, 196.0)]


@pytest.mark.parametrize("loudness", LOUDNESS_KINDS)
def test_an_impulse_is_loudest_where_it_is(loudness):
    audio = np.zeros(16000, np.float32)
    audio[8000] = 1.0
    loudness_db = extract_features(audio, FeatureSettings(loudness=loudness)).loudness_db
    loudest = np.flatnonzero(loudness_db > loudness_db.max() - 1e-3)
    assert abs(loudest.mean() - 125) <= 1


@pytest.mark.parametrize("step", STEPS)
def test_crepe_hears_a_pitch_step_where_it_is(step):
    assert abs(_stepping_frame("crepe-tiny", *step) - 50) <= 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Numba's and librosa's own, while compiling.
@pytest.mark.parametrize("step", STEPS)
def test_pyin_hears_a_pitch_step_where_it_is(step):
    # The longer period fits an octave above it too, until the frame has left it behind.
    tolerance = 3 if step == (220.0, 440.0) else 1
    assert abs(_stepping_frame("pyin", *step) - 50) <= tolerance


def test_a_step_shows_in_the_interpolated_frames_without_pitches_between():
    audio = _step(220.0, 440.0)
    f0_hz = extract_features(audio).f0_hz
    assert abs(int(np.argmax(f0_hz > 311)) - 125) <= 2.5  # 10 ms, a frame of the tracker.
    assert not ((f0_hz > 228) & (f0_hz < 425)).any()


def _stepping_frame(tracker: str, before_hz: float, after_hz: float) -> int:
    f0_hz, _ = get_tracker(tracker).track(_step(before_hz, after_hz), SAMPLE_RATE)
    middle = np.sqrt(before_hz * after_hz)
    return int(np.argmax(f0_hz > middle if after_hz > before_hz else f0_hz < middle))


def _step(before_hz: float, after_hz: float) -> np.ndarray:
    return tone(np.where(np.arange(16000) < 8000, before_hz, after_hz), 16000)
