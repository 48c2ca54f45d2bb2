"""Filters of WORLD's vocoder: minimum phase, mixing, and few numbers in place of spectra."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError


def _spectra(n_bins=65):
    rng = np.random.default_rng(0)
    cepstrum = np.zeros([2, 3, n_bins])
    cepstrum[..., :8] = rng.normal(0.0, 0.5, [2, 3, 8])
    angles = np.linspace(0.0, np.pi, n_bins)
    return np.exp(cepstrum @ np.cos(np.outer(np.arange(n_bins), angles)))


def test_minimum_phase_of_an_all_pole_is_the_all_pole():
    angles = np.linspace(0.0, np.pi, 513)
    pole = 0.8 * np.exp(0.7j)
    z = np.exp(-1j * angles)
    response = 1.0 / ((1.0 - pole * z) * (1.0 - np.conj(pole) * z))
    found = dsp.minimum_phase(np.log(np.abs(response))).numpy()
    np.testing.assert_allclose(found, response, atol=1e-9)


@pytest.mark.parametrize(("mixing", "power"), [("power", True), ("amplitude", False)])
def test_pulses_and_noise_share_the_envelope(mixing, power):
    envelope = _spectra()
    share = np.full_like(envelope, 0.3)
    pulses, noise = (np.abs(x.numpy()) for x in dsp.world_responses(envelope, share, mixing=mixing))
    total = pulses**2 + noise**2 if power else (pulses + noise) ** 2
    np.testing.assert_allclose(total, envelope, rtol=1e-6)
    with pytest.raises(ArgumentError, match='"power" or "amplitude"'):
        dsp.world_responses(envelope, share, mixing="half")


def test_modes_agree():
    envelope = _spectra(33).astype(np.float32)
    given = {"envelope": envelope, "aperiodicity": np.full_like(envelope, 0.3)}

    def play(envelope, aperiodicity):
        pulses, noise = dsp.world_responses(envelope, aperiodicity)
        return tf.abs(pulses) + tf.math.real(noise)

    check_modes_agree(play, given)


def test_a_smooth_envelope_survives_its_mel_bands():
    bins = np.arange(513)
    envelope = 0.01 * (0.1 + np.exp(-((bins - 60) ** 2) / 2e3 - bins / 200.0))[np.newaxis]
    few = dsp.compress_envelope(envelope, n_bands=80, sample_rate=16000)
    found = dsp.decompress_envelope(few, n_bins=513, sample_rate=16000).numpy()
    apart_db = 10 * np.log10(found / envelope)[:, 8:-8]
    assert np.max(np.abs(apart_db)) < 1.0
    with pytest.raises(ArgumentError, match="so few that each holds one"):
        dsp.compress_envelope(np.ones([1, 33]), n_bands=80, sample_rate=16000)


def test_an_aperiodicity_is_read_at_points_and_joined_by_lines():
    line = np.linspace(0.0, 1.0, 513)[np.newaxis]
    points = dsp.compress_aperiodicity(line, n_points=16)
    np.testing.assert_allclose(points[0], np.linspace(0.0, 1.0, 16), atol=1e-12)
    np.testing.assert_allclose(dsp.decompress_aperiodicity(points, n_bins=513), line, atol=1e-12)


@pytest.mark.parametrize("argument", [0, 1])
def test_gradients_are_those_of_differences(argument):
    inputs = [_spectra(9)[:1, :1], np.full([1, 1, 9], 0.4)]
    weights = np.random.default_rng(1).normal(size=[2, 9])

    def loss(value):
        given = [tf.constant(x) for x in inputs]
        given[argument] = value
        pulses, noise = dsp.world_responses(*given)
        return tf.reduce_sum(tf.math.real(pulses) * weights[0] + tf.math.imag(noise) * weights[1])

    theoretical, numerical = tf.test.compute_gradient(loss, [inputs[argument]], delta=1e-6)
    np.testing.assert_allclose(theoretical[0], numerical[0], atol=1e-6)


@pytest.mark.parametrize("n", [65, 8])
def test_gradients_of_few_numbers_are_finite_in_silence(n):
    silent = tf.fill([1, n], 0.0 if n == 65 else -5.0)
    with tf.GradientTape() as tape:
        tape.watch(silent)
        made = (
            dsp.compress_envelope(silent, n_bands=8, sample_rate=16000)
            if n == 65
            else dsp.decompress_envelope(silent, n_bins=65, sample_rate=16000)
        )
    assert np.all(np.isfinite(tape.gradient(made, silent)))
