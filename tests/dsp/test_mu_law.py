"""The mu-law against its formula in NumPy and the values that are published."""

import numpy as np
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf import dsp


def test_golden_values():
    numbers = tf.constant([0.0, 100.0, 32767.0, -32768.0]) / 32768.0
    assert dsp.mu_law_codes(numbers).numpy().tolist() == [128, 141, 255, 0]


def test_it_is_the_formula_and_goes_back():
    audio = np.linspace(-1.0, 0.99, 999)
    codes = 128 + 128 * np.sign(audio) * np.log(1 + 255 * np.abs(audio)) / np.log(256)
    found = dsp.mu_law(tf.constant(audio))
    np.testing.assert_allclose(found, np.clip(codes, 0, 255), atol=1e-10)
    inside = codes < 255
    np.testing.assert_allclose(dsp.mu_law_inverse(found)[inside], audio[inside], atol=1e-12)
    every = tf.range(256)
    assert np.array_equal(dsp.mu_law_codes(dsp.mu_law_inverse(every)), every)


def test_all_modes_agree_and_the_gradient_is_the_formulas():
    audio = np.random.default_rng(0).uniform(-0.9, 0.9, [2, 50]).astype(np.float32)
    check_modes_agree(dsp.mu_law, {"audio": audio}, {"audio": audio[:1, :7]}, tolerance=1e-4)
    x = tf.constant(audio, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        codes = dsp.mu_law(x)
    slope = 128 / np.log(256) * 255 / (1 + 255 * np.abs(x))
    np.testing.assert_allclose(tape.gradient(codes, x), slope, rtol=1e-9)
