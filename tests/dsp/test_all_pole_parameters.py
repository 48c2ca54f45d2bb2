"""Filters of whatever a network gives: stable in every draw, and as they are executed."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import signal

from ddsp_tf import dsp
from ddsp_tf.dsp.all_pole_parameters import all_pole_response
from ddsp_tf.dsp.frame_filters import filter_frames

ORDER = 22
WAYS = ("sections", "reflection", "lsf")


def _logits(way: str, n_draws: int, deviation: float) -> np.ndarray:
    width = ORDER + (way == "lsf")
    return deviation * np.random.default_rng(0).standard_normal([n_draws, width])


@pytest.mark.parametrize("way", WAYS)
def test_zeros_are_no_filter(way):
    filters = dsp.filters_from_logits(np.zeros([ORDER + (way == "lsf")]), way)
    np.testing.assert_allclose(dsp.lpc_from_filters(filters, way), 0.0, atol=1e-9)


@pytest.mark.parametrize("way", ["sections", "lsf"])
def test_every_draw_is_stable_where_it_is_executed(way):
    """In float64, of parameters in float32: order 22, deviation 2, 1,000 of 1,000."""
    filters = dsp.filters_from_logits(_logits(way, 1000, 2.0).astype(np.float32), way).numpy()
    if way == "sections":
        a1, a2 = filters[:, ::2], filters[:, 1::2]
        assert np.all(np.abs(a2) < 1.0)
        assert np.all(np.abs(a1) < 1.0 + a2)
    else:
        reflection = dsp.reflection_from_lpc(dsp.lpc_from_filters(filters, way)).numpy()
        assert np.all(np.abs(reflection) < 1.0)


@pytest.mark.parametrize("way", WAYS)
def test_every_response_is_finite_and_of_the_mean_power_1(way):
    filters = dsp.filters_from_logits(_logits(way, 1000, 2.0), way)[tf.newaxis]
    angles = tf.constant(np.linspace(0, np.pi, 129))[tf.newaxis]
    power = np.abs(all_pole_response(filters, way, angles).numpy()) ** 2
    np.testing.assert_allclose(power.mean(axis=-1), 1.0, rtol=1e-9)


def test_a_lattice_is_its_direct_form():
    reflection = tf.constant([[[0.5, -0.3, 0.2]]], tf.float64)
    angles = np.linspace(0.0, np.pi, 65)
    a = np.concatenate([[1.0], dsp.lpc_from_reflection(reflection)[0, 0]])
    _, expected = signal.freqz([1.0], a, worN=angles)
    found = all_pole_response(reflection, "reflection", tf.constant(angles)[tf.newaxis])[0, 0]
    level = np.sqrt(np.mean(np.abs(expected) ** 2))
    np.testing.assert_allclose(found, expected / level, rtol=1e-9)


def test_direct_form_in_float32_is_why():
    coefficients = dsp.lpc_from_filters(
        dsp.filters_from_logits(_logits("reflection", 200, 2.0), "reflection"), "reflection"
    )
    rounded = tf.cast(tf.cast(coefficients, tf.float32), tf.float64)
    unstable = np.any(np.abs(dsp.reflection_from_lpc(rounded).numpy()) >= 1.0, axis=-1)
    assert unstable.mean() > 0.5


@pytest.mark.parametrize("way", WAYS)
def test_direct_form_is_the_filter_of_its_parameters(way):
    filters = dsp.filters_from_logits(_logits(way, 1, 0.5)[0], way)
    a = np.concatenate([[1.0], dsp.lpc_from_filters(filters, way)])
    _, found = signal.freqz([1.0], a, worN=64)
    if way == "sections":
        pairs = filters.numpy().reshape([-1, 2])
        sections = [[1, 0, 0, 1, a1, a2] for a1, a2 in pairs]
        _, expected = signal.sosfreqz(sections, worN=64)
        np.testing.assert_allclose(found, expected, rtol=1e-9)
    else:
        back = dsp.reflection_from_lpc if way == "reflection" else dsp.lsf_from_lpc
        np.testing.assert_allclose(back(tf.constant(a[1:])), filters, atol=1e-6)


def test_frames_of_one_filter_are_that_filter():
    rng = np.random.default_rng(2)
    audio = rng.standard_normal([1, 640])
    a = np.array([1.0, -1.2, 0.72])
    response = tf.cast(dsp.lpc_response(tf.constant(a[1:]), fft_length=512), tf.complex128)
    frames = tf.tile(response[tf.newaxis, tf.newaxis], [1, 11, 1])
    found, tail = filter_frames(tf.constant(audio), frames, hop_length=64)
    whole = np.concatenate([found.numpy(), tail.numpy()], axis=1)[0]
    expected = signal.lfilter([1.0], a, np.pad(audio[0], [0, len(whole) - 640]))
    np.testing.assert_allclose(whole, expected, atol=1e-10)


def test_formants_of_known_poles():
    hz, widths, rate = np.array([500.0, 1500.0, 2500.0]), np.array([60.0, 90.0, 150.0]), 16000
    poles = np.exp((-np.pi * widths + 2j * np.pi * hz) / rate)
    a = np.real(np.poly(np.concatenate([poles, poles.conj()])))
    np.testing.assert_allclose(dsp.formants_of_lpc(a[1:], sample_rate=rate), hz, rtol=1e-9)

    # Of several filters, one of which has a single pole that is sharp enough.
    poles = np.exp((-np.pi * np.array([900.0, 60.0, 900.0]) + 2j * np.pi * hz) / rate)
    other = np.real(np.poly(np.concatenate([poles, poles.conj()])))
    both = np.stack([a[1:], other[1:]])
    found = dsp.formants_of_lpc(both, sample_rate=rate)
    np.testing.assert_allclose(found, [hz, [1500.0, np.nan, np.nan]], rtol=1e-9)
    for n_formants in (1, 8):
        wanted = np.full([2, n_formants], np.nan)
        wanted[:, : min(3, n_formants)] = found[:, :n_formants]
        some = dsp.formants_of_lpc(both, sample_rate=rate, n_formants=n_formants)
        np.testing.assert_array_equal(some, wanted)


def test_a_filter_without_poles_has_no_formants():
    assert dsp.formants_of_lpc(np.zeros([3, 0]), sample_rate=16000).shape == (3, 0)
    found = dsp.formants_of_lpc(np.zeros([3, 0]), sample_rate=16000, n_formants=2)
    np.testing.assert_array_equal(found, np.full([3, 2], np.nan))
