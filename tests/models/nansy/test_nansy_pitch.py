"""NANSY++'s pitch: bins that move, pitches that explain, silence that stays."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_config

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings, get_tracker
from ddsp_tf.features.nansy.heard_spectrum import hear, read_bins
from ddsp_tf.features.nansy.pitch_encoder import pitches_hz
from ddsp_tf.models import Instrument
from ddsp_tf.models.nansy.nansy_pitch import N_BANDS, NansyPitch

RATE = 16000


def _tone(f_hz, seconds=1.0, n_partials=10):
    """A sum of partials that fall by 6 dB an octave."""
    turns = np.outer(np.arange(1, n_partials + 1), f_hz * np.arange(round(seconds * RATE)) / RATE)
    levels = 0.2 / np.arange(1, n_partials + 1)[:, np.newaxis]
    return np.sum(levels * np.sin(2 * np.pi * turns), axis=0)[np.newaxis].astype(np.float32)


@pytest.fixture(scope="module")
def model():
    return NansyPitch(n_channels=2, n_units=4, n_harmonics=20)


@pytest.mark.xdist_group("nansy")
def test_a_spectrum_moved_by_bins_is_that_of_the_sound_so_much_higher(model):
    # The classic mistake is the sign, or half an octave too many: 12 bins are half an octave up.
    shifts = (0, 12, -12, 5)
    sounds = np.concatenate([_tone(220.0 * 2.0 ** (shift / 24)) for shift in shifts])
    heard, _ = hear(tf.constant(sounds), hop_length=model.hop_length)
    expected = read_bins(heard)[:, 50].numpy()
    moved = read_bins(tf.repeat(heard[:1], 4, axis=0), tf.constant(shifts))[:, 50].numpy()
    loud = expected > 0.5
    assert np.all(loud.sum(axis=1) > 10)
    np.testing.assert_allclose(moved[loud], expected[loud], atol=0.02)
    outputs = model({"audio": tf.constant(sounds[:, :1600]), "noise_seed": tf.constant(3)})
    bins = 24 * outputs["shift_octaves"].numpy().ravel()
    assert np.all(np.abs(bins) <= 12)
    np.testing.assert_allclose(bins, np.round(bins), atol=1e-5)
    assert len(set(np.round(bins))) > 1


@pytest.mark.xdist_group("nansy")
@pytest.mark.parametrize("index", [20, 35, 50])
def test_the_right_pitch_explains_a_sound_best(model, index):
    # What the synthesiser itself says is what it expects to hear.
    f0_hz = tf.fill([1, 100, 1], float(pitches_hz()[index]))
    amplitudes, gains = tf.constant([[[0.3, 0.01]]] * 100), tf.ones([1, 100, 2, N_BANDS])
    amplitudes = tf.reshape(amplitudes, [1, 100, 2])
    said = model.say(f0_hz, amplitudes, gains)
    heard, peak = hear(said, hop_length=model.hop_length)
    errors = model._candidate_errors(read_bins(heard), peak, amplitudes, gains)[0, 40:60].numpy()
    assert set(np.argmin(errors, axis=-1)) == {index}
    assert errors[:, index].max() < 0.07  # The noise isn't where it is expected.
    # Octaves below and above come off worse too.
    apart = np.abs(np.log2(pitches_hz() / pitches_hz()[index]))
    assert errors[:, np.abs(apart - 1.0) < 0.05].min() > 1.3 * errors[:, index].max()


@pytest.mark.xdist_group("nansy")
def test_silence_says_nothing_and_gradients_are_finite(model):
    sounds = np.concatenate([np.zeros([1, 4000]), _tone(200.0, 0.25)]).astype(np.float32)
    with tf.GradientTape() as tape:
        outputs = model({"audio": tf.constant(sounds), "noise_seed": tf.constant(3)})
        names = ("audio", "candidate_errors", "log2_f0", "log2_f0_shifted")
        total = tf.add_n([tf.reduce_sum(outputs[key] ** 2) for key in names])
    assert not np.any(outputs["audio"][0])
    assert not np.any(outputs["periodic_amplitude"][0])
    assert np.any(outputs["audio"][1])
    assert np.all((outputs["f0_hz"] > 49.9) & (outputs["f0_hz"] < 1000.1))
    for gradient in tape.gradient(total, model.trainable_variables):
        assert np.all(np.isfinite(gradient))
        assert np.any(gradient)


@pytest.mark.xdist_group("nansy")
def test_config_and_refusals(model):
    check_config(model, lambda twin: twin({"audio": tf.constant(_tone(200.0, 0.1))})["audio"])
    with pytest.raises(ArgumentError, match="`sample_rate` should be 16000"):
        NansyPitch(sample_rate=44100)


@pytest.mark.xdist_group("nansy")
def test_a_run_is_a_tracker(model, tmp_path):
    """What is trained last is tracked with: the encoder's weights are the first of the model's."""
    Instrument(model, FeatureSettings(hop_length=160, columns=("loudness_db",))).save(
        tmp_path / "m"
    )
    encoder = get_tracker(f"nansy:{tmp_path / 'm'}")._encoder
    for own, trained in zip(encoder.get_weights(), model.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(own, trained)
