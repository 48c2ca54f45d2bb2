"""Graphic equalisers: what is asked for is what SciPy hears."""

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError


def gains_by_scipy(sections: tf.Tensor, hz: np.ndarray, rate: int) -> np.ndarray:
    b, a = np.asarray(sections)[:, :3], np.asarray(sections)[:, 3:]
    sos = np.concatenate([b, np.ones([len(b), 1]), a], axis=1)
    return 20 * np.log10(np.abs(scipy.signal.sosfreqz(sos, worN=hz, fs=rate)[1]))


@pytest.mark.parametrize(("rate", "per_octave"), [(16000, 1), (44100, 1), (48000, 3)])
def test_centres_have_the_gains_asked_for(rate: int, per_octave: int) -> None:
    hz = np.array(dsp.octave_bands_hz(sample_rate=rate, bands_per_octave=per_octave))
    rng = np.random.default_rng(0)
    one = np.eye(len(hz))[len(hz) // 2]
    for gains_db in (*rng.uniform(-12, 12, [20, len(hz)]), 12.0 * one, np.full(len(hz), -12.0)):
        sections = dsp.graphic_equalizer_sections(gains_db, hz, sample_rate=rate)
        np.testing.assert_allclose(gains_by_scipy(sections, hz, rate), gains_db, atol=0.3)
        assert np.max(dsp.biquad_radius(sections)) < 1.0


def test_between_centres_it_is_near_the_line() -> None:
    hz = np.array(dsp.octave_bands_hz(sample_rate=48000))
    gains_db = np.interp(np.arange(len(hz)), [0, 4, 9], [-6.0, 6.0, 0.0])
    sections = dsp.graphic_equalizer_sections(gains_db, hz, sample_rate=48000)
    grid = np.geomspace(hz[0], hz[-1], 300)
    line = np.interp(np.log(grid), np.log(hz), gains_db)
    np.testing.assert_allclose(gains_by_scipy(sections, grid, 48000), line, atol=1.0)


def test_0_db_is_the_identity_and_has_gradients() -> None:
    hz = dsp.octave_bands_hz(sample_rate=16000)
    gains_db = tf.zeros([1, len(hz)], tf.float64)
    sections = dsp.graphic_equalizer_sections(gains_db, hz, sample_rate=16000)
    np.testing.assert_allclose(sections[..., 1:3], sections[..., 3:], atol=1e-12)
    np.testing.assert_allclose(sections[..., 0], 1.0, atol=1e-12)

    def played(gains_db: tf.Tensor) -> tf.Tensor:
        sections = dsp.graphic_equalizer_sections(gains_db, hz[2:5], sample_rate=16000)
        return tf.abs(dsp.biquad_response(sections, [0.05, 0.1, 0.3]))

    given = [tf.constant([[3.0, -8.0, 1.0]], tf.float64)]
    ours, numeric = tf.test.compute_gradient(played, given, delta=1e-5)
    np.testing.assert_allclose(ours[0], numeric[0], atol=1e-8)


def test_bands_lie_as_usual() -> None:
    assert dsp.octave_bands_hz(sample_rate=48000)[0::9] == [31.25, 16000.0]
    thirds = dsp.octave_bands_hz(sample_rate=44100, bands_per_octave=3)
    assert len(thirds) == 28
    np.testing.assert_allclose(np.diff(np.log2(thirds)), 1 / 3)


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="should rise between 0 and 8000 Hz"):
        dsp.graphic_equalizer_sections([1.0, 1.0], [500.0, 400.0], sample_rate=16000)
    with pytest.raises(ArgumentError, match=r"`gains_db` should be \[..., 2\]"):
        dsp.graphic_equalizer_sections([1.0], [500.0, 900.0], sample_rate=16000)
    with pytest.raises(ArgumentError, match="`bands_per_octave` should be at least 1"):
        dsp.octave_bands_hz(sample_rate=16000, bands_per_octave=0)
