"""What a production gives a sound, compared whatever is played."""

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import StyleDistance

RATE = 16000
DISTANCE = StyleDistance(sample_rate=RATE)


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise in bursts, from loud to soft."""
    random = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    swell = 0.1 * np.exp(-3.0 * (t % 0.5))
    return (swell * random.standard_normal(len(t)))[np.newaxis].astype(np.float32)


def test_the_same_style_is_near_whatever_is_played() -> None:
    """Other noise of another length, and pauses: less than a decibel."""
    assert float(DISTANCE(noise(3.0), noise(3.0))) == 0.0
    assert float(DISTANCE(noise(4.0), noise(3.0, seed=1))) < 1.5
    with_pauses = np.concatenate([noise(3.0), np.zeros([1, RATE], np.float32)], axis=1)
    assert float(StyleDistance(sample_rate=RATE, frames_s=[0.05])(with_pauses, noise(3.0))) < 1.0


def test_a_gain_counts_in_each_of_its_parts() -> None:
    assert float(DISTANCE(noise(3.0), 10 ** (6 / 20) * noise(3.0))) == pytest.approx(18.0, abs=0.1)


def test_tone_and_evenness_are_told_apart() -> None:
    """A filter changes bands, a compressor the spread of levels."""
    sound = noise(3.0)
    bright = scipy.signal.lfilter([1.0, -0.9], [1.0], sound).astype(np.float32)
    even = np.sign(sound) * np.abs(sound) ** 0.5
    even *= np.std(sound) / np.std(even)
    assert float(DISTANCE(sound, bright)) > 4.0
    assert float(DISTANCE(sound, even.astype(np.float32))) > 1.5
    levels = StyleDistance(sample_rate=RATE)
    assert float(levels(sound, even)) > 1.5


def test_its_gradient_leads_to_the_level() -> None:
    gain = tf.Variable(0.3)
    sound = tf.constant(noise(1.0))
    with tf.GradientTape() as tape:
        distance = DISTANCE(sound, gain * sound)
    assert float(tape.gradient(distance, gain)) < -10.0


def test_it_is_made_again_from_its_config() -> None:
    again = StyleDistance.from_config(StyleDistance(lowest_hz=80.0, frames_s=[0.1]).get_config())
    assert again.get_config() == StyleDistance(lowest_hz=80.0, frames_s=[0.1]).get_config()


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"`n_levels` at least 2\. Received"):
        StyleDistance(n_levels=1)
    with pytest.raises(ArgumentError, match="`frames_s` should be above 0"):
        StyleDistance(frames_s=[])
