"""Partials and free sinusoids: there and back, levels, and gradients that find a frequency."""

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError


def _partials(n_harmonics: int = 12) -> dict[str, tf.Tensor]:
    rng = np.random.default_rng(1)
    shares = rng.uniform(0.1, 1.0, [2, 5, n_harmonics])
    return {
        "f0_hz": tf.constant(rng.uniform(100.0, 300.0, [2, 5, 1]), tf.float32),
        "amplitudes": tf.constant(rng.uniform(0.1, 0.9, [2, 5, 1]), tf.float32),
        "harmonic_distribution": tf.constant(
            shares / shares.sum(axis=-1, keepdims=True), tf.float32
        ),
    }


def test_partials_come_back_from_free_sinusoids() -> None:
    partials = _partials()
    hz, levels = dsp.harmonic_to_sinusoidal(**partials, sample_rate=16000)
    total, shares = dsp.sinusoidal_to_harmonic(hz, levels, partials["f0_hz"], n_harmonics=12)
    np.testing.assert_allclose(total, partials["amplitudes"], rtol=1e-5)
    np.testing.assert_allclose(shares, partials["harmonic_distribution"], atol=1e-6)


def test_both_ways_of_playing_them_are_one_sound() -> None:
    partials = _partials()
    hz, levels = dsp.harmonic_to_sinusoidal(**partials, sample_rate=16000)
    rates = {"hop_length": 64, "sample_rate": 16000}
    free = dsp.sinusoidal(hz, levels, **rates)
    np.testing.assert_allclose(free, dsp.harmonic(**partials, **rates), atol=2e-5)


def test_what_lies_beyond_nyquist_is_silent() -> None:
    partials = _partials(60)
    hz, levels = dsp.harmonic_to_sinusoidal(**partials, sample_rate=8000)
    assert not np.any(levels.numpy()[hz.numpy() >= 4000])
    assert np.all(levels.numpy()[hz.numpy() < 4000] > 0)


def test_a_sinusoid_counts_by_its_distance() -> None:
    """A tenth of f0 beside the second partial it counts 1/e, and no other partial hears it."""
    hz = tf.constant([[[210.0]]])
    total, shares = dsp.sinusoidal_to_harmonic(
        hz, tf.ones_like(hz), tf.constant([[[100.0]]]), n_harmonics=3
    )
    assert float(tf.squeeze(total)) == pytest.approx(np.exp(-1.0), rel=1e-4)
    np.testing.assert_allclose(shares[0, 0], [0.0, 1.0, 0.0], atol=1e-6)


def test_without_a_fundamental_nothing_sounds_and_gradients_are_finite() -> None:
    hz = tf.constant([[[210.0, 0.0]]])
    f0_hz = tf.Variable([[[0.0]]])
    with tf.GradientTape() as tape:
        total, shares = dsp.sinusoidal_to_harmonic(hz, tf.ones_like(hz), f0_hz, n_harmonics=3)
        loss = tf.reduce_sum(total) + tf.reduce_sum(shares)
    assert float(loss) == 0.0
    assert np.isfinite(tape.gradient(loss, f0_hz).numpy()).all()


def test_bins_are_spaced_by_pitch() -> None:
    chosen = 50.0 * tf.eye(5)
    hz = dsp.frequencies_softmax(chosen, lowest_hz=110.0, highest_hz=1760.0)
    np.testing.assert_allclose(hz, [110.0, 220.0, 440.0, 880.0, 1760.0], rtol=1e-5)


def test_its_gradient_finds_a_frequency() -> None:
    logits = tf.Variable(tf.zeros([64]))
    optimizer = tf.keras.optimizers.Adam(0.1)
    for _ in range(60):
        with tf.GradientTape() as tape:
            cents = 100 * (dsp.hz_to_midi(dsp.frequencies_softmax(logits)) - dsp.hz_to_midi(440.0))
            loss = tf.square(cents)
        optimizer.apply_gradients([(tape.gradient(loss, logits), logits)])
    assert abs(float(cents)) < 20.0


def test_sigmoids_share_a_range() -> None:
    logits = np.random.default_rng(3).normal(0.0, 2.0, [4, 3])
    expected = 50.0 + 950.0 * np.prod(1.0 / (1.0 + np.exp(-logits)), axis=-1)
    hz = dsp.frequencies_sigmoid(logits, lowest_hz=50.0, highest_hz=1000.0)
    np.testing.assert_allclose(hz, expected, rtol=1e-12)


def test_each_frequency_stays_in_its_critical_band() -> None:
    n_bands = 24
    centres = dsp.frequencies_critical_bands(tf.zeros([n_bands])).numpy()
    np.testing.assert_allclose(centres[[0, -1]], [40.0, 7000.0], rtol=1e-4)
    bark = dsp.hz_to_bark(centres).numpy()
    np.testing.assert_allclose(np.diff(bark), np.diff(bark).mean(), rtol=1e-3)
    edges = [dsp.frequencies_critical_bands(tf.fill([n_bands], x)).numpy() for x in (-50.0, 50.0)]
    np.testing.assert_allclose(edges[1] - edges[0], 0.108 * centres + 24.7, rtol=1e-3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dsp.frequencies_sigmoid(tf.zeros([3]), lowest_hz=9000.0), "`lowest_hz`"),
        (lambda: dsp.frequencies_critical_bands(tf.zeros([1])), "two bands"),
        (lambda: dsp.frequencies_critical_bands(tf.zeros([3]), lowest_hz=0.0), "`lowest_hz`"),
        (lambda: dsp.frequencies_softmax(tf.zeros([3, 1])), "two bins"),
        (lambda: dsp.frequencies_softmax(tf.zeros([4]), lowest_hz=0.0), "`lowest_hz`"),
        (
            lambda: dsp.sinusoidal_to_harmonic(
                tf.ones([1, 2, 3]), tf.ones([1, 2, 4]), tf.ones([1, 2, 1])
            ),
            "`amplitudes`",
        ),
    ],
)
def test_wrong_arguments_are_named(call: object, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        call()


def test_single_sinusoids_add_up_to_their_sum() -> None:
    partials = _partials()
    hz, levels = dsp.harmonic_to_sinusoidal(**partials, sample_rate=16000)
    rates = {"hop_length": 64, "sample_rate": 16000}
    single = dsp.sinusoids(hz, levels, **rates)
    assert single.shape == [2, 320, 12]
    np.testing.assert_allclose(
        tf.reduce_sum(single, axis=-1), dsp.sinusoidal(hz, levels, **rates), atol=1e-5
    )
    alone = dsp.sinusoidal(hz[..., 3:4], levels[..., 3:4], **rates)
    np.testing.assert_allclose(single[..., 3], alone, atol=1e-6)


def test_units_are_even_in_pitch_and_come_back() -> None:
    midi = np.array([20.0, 55.0, 90.0, 97.0], np.float32)
    np.testing.assert_allclose(dsp.midi_to_unit(midi), [0.0, 0.5, 1.0, 1.1], atol=1e-6)
    np.testing.assert_allclose(dsp.unit_to_midi(dsp.midi_to_unit(midi)), midi, atol=1e-5)
    hz = np.array([100.0, 200.0, 400.0], np.float32)
    limits = {"lowest_hz": 100.0, "highest_hz": 400.0}
    np.testing.assert_allclose(dsp.hz_to_unit(hz, **limits), [0.0, 0.5, 1.0], atol=1e-6)
    np.testing.assert_allclose(
        dsp.unit_to_hz(dsp.hz_to_unit(hz, **limits), **limits), hz, rtol=1e-5
    )
    with pytest.raises(ArgumentError, match="above the lowest"):
        dsp.midi_to_unit(midi, lowest=60.0, highest=50.0)
