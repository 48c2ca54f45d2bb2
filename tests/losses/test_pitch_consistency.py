"""What the losses of pitch prefer, with labels and without."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.pitch_consistency import PitchConsistency

N_PITCHES = 216
LOWEST_HZ = 440.0 * 2.0 ** (-45 / 12)


def said(place: float, *, f0_hz: float = 220.0) -> dict[str, tf.Tensor]:
    """A network's outputs: a pitch around a bin, and the partials of `f0_hz`."""
    apart = np.arange(N_PITCHES) - place
    logits = np.concatenate([-0.5 * apart**2, [-30.0]])
    numbers = np.arange(1.0, 9.0)
    f_hz = tf.constant(np.tile(f0_hz * numbers, [1, 8, 1]), tf.float32)
    amplitudes = tf.constant(np.tile(0.1 / numbers, [1, 8, 1]), tf.float32)
    audio = dsp.sinusoidal(f_hz, amplitudes, hop_length=512, sample_rate=16000)
    return {
        "pitch_logits": tf.constant(np.tile(logits, [1, 8, 1]), tf.float32),
        "frequencies_hz": f_hz,
        "amplitudes": amplitudes,
        "audio": audio,
    }


def place_of(f0_hz: float) -> float:
    return float(36 * np.log2(f0_hz / LOWEST_HZ))


def test_with_labels_the_right_pitch_costs_least() -> None:
    outputs = said(place_of(220.0))
    batch = {
        "f0_hz": tf.fill([1, 8, 1], 220.0),
        "harmonic_amplitudes": outputs["amplitudes"],
    }
    loss = PitchConsistency()
    right = loss(batch, outputs)
    assert set(right) == {"pitch", "sinusoids", "distance"}
    assert float(right["distance"]) == pytest.approx(0.0, abs=1e-3)
    for bins in (-12.0, -2.0, 2.0, 36.0):
        wrong = loss(batch, said(place_of(220.0) + bins))
        assert float(wrong["pitch"]) > float(right["pitch"]) + 1.0
    silent = {**batch, "f0_hz": tf.zeros([1, 8, 1])}
    assert float(loss(silent, outputs)["pitch"]) > 20.0


def test_without_labels_the_sinusoids_decide_and_only_the_pitch_moves() -> None:
    outputs = said(place_of(220.0))
    batch = {"audio": outputs["audio"]}
    right = PitchConsistency()(batch, outputs)
    assert set(right) == {"spectrum", "mismatch"}
    assert float(right["spectrum"]) == pytest.approx(0.0, abs=1e-5)
    for ratio in (0.5, 2.0, 1.5):
        wrong = PitchConsistency()(batch, said(place_of(220.0 * ratio)))
        assert float(wrong["mismatch"]) > float(right["mismatch"])
    logits, f_hz = (tf.Variable(outputs[key]) for key in ("pitch_logits", "frequencies_hz"))
    with tf.GradientTape() as tape:
        terms = PitchConsistency()(
            batch, {**outputs, "pitch_logits": logits, "frequencies_hz": f_hz}
        )
    to_pitch, to_sinusoids = tape.gradient(terms["mismatch"], [logits, f_hz])
    assert np.abs(to_pitch).max() > 0.0
    assert to_sinusoids is None


def test_silence_has_no_mismatch() -> None:
    outputs = said(100.0)
    outputs["amplitudes"] = tf.zeros_like(outputs["amplitudes"])
    outputs["audio"] = tf.zeros_like(outputs["audio"])
    terms = PitchConsistency()({"audio": outputs["audio"]}, outputs)
    assert float(terms["mismatch"]) == 0.0


def test_its_config_makes_it_again_and_bad_weights_are_refused() -> None:
    loss = PitchConsistency(mismatch_weight=0.5)
    stored = json.loads(json.dumps(keras.saving.serialize_keras_object(loss)))
    assert keras.saving.deserialize_keras_object(stored).get_config() == loss.get_config()
    with pytest.raises(ArgumentError, match="not be negative"):
        PitchConsistency(spectrum_weight=-1.0)
