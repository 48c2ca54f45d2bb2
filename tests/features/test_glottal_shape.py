"""The glottis' shape that is heard in a vowel, against the one that it was sung with."""

import numpy as np
import pytest
from scipy import signal

from ddsp_tf.features import FeatureSettings
from ddsp_tf.features.extractors.glottal_shape import GlottalShape
from ddsp_tf.processors import GlottalSource

RATE, HOP, N_FRAMES = 16000, 64, 80
VOWELS = ((730, 1090, 2440), (530, 1840, 2480), (660, 1720, 2410))


def heard(r_d, f0_hz, formants=VOWELS[0], confidence=1.0):
    """The column of a vowel with a vibrato."""
    pitch = f0_hz * 2 ** (0.03 * np.sin(2 * np.pi * 5.5 * np.arange(N_FRAMES) * HOP / RATE))
    one = np.ones([1, N_FRAMES, 1], np.float32)
    audio = GlottalSource(scale=False, sample_rate=RATE, hop_length=HOP)(
        {"amplitudes": one, "r_d": r_d * one, "f0_hz": np.float32(pitch[None, :, None])}
    ).numpy()[0]
    for hz, width in zip((*formants, 3500, 4500), (60, 90, 120, 150, 200), strict=True):
        radius = np.exp(-np.pi * width / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * hz / RATE), radius**2]
        audio = signal.lfilter([np.sum(poles)], poles, audio)
    tracked = {"f0_hz": pitch, "f0_confidence": np.full(N_FRAMES, confidence)}
    settings = FeatureSettings(RATE, HOP)
    return GlottalShape().extract_beside(audio.astype(np.float32), settings, tracked)["r_d"]


@pytest.mark.parametrize(("f0_hz", "within"), [(110.0, 0.06), (165.0, 0.12)])
def test_shapes_are_heard_below_220_hz(f0_hz, within):
    for formants, r_d in zip(VOWELS, (0.5, 2.0, 1.0), strict=True):
        found = heard(r_d, f0_hz, formants)
        assert found.dtype == np.float32
        assert found.shape == (N_FRAMES,)
        middle = np.median(found[30:-30])
        assert abs(np.log(middle / r_d)) < within, (formants, r_d, middle)


def test_high_and_unsure_voices_are_modal():
    np.testing.assert_array_equal(heard(2.0, 400.0), 1.0)
    np.testing.assert_array_equal(heard(2.0, 110.0, confidence=0.3), 1.0)
    assert 1.02 < np.median(heard(2.0, 260.0)[30:-30]) < 1.5
