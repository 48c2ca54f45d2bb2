"""Sounds compared by a network: level and silence have no part, pitch has."""

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import hear_by_crepe
from ddsp_tf.losses import EmbeddingLoss


def tone(f0_hz: float, seconds: float = 0.25) -> tf.Tensor:
    time = np.arange(round(seconds * 16000)) / 16000.0
    sound = sum(np.sin(2 * np.pi * k * f0_hz * time) / k for k in (1, 2, 3))
    return tf.constant(0.1 * sound[np.newaxis], tf.float32)


def test_crepe_hears_that_a_pitch_is_farther_off_and_not_how_loud_it_is() -> None:
    loss = EmbeddingLoss(hear_by_crepe(layer="classifier"), hop_length=512)
    target = tone(220.0)
    assert float(loss(target, target)) == 0.0
    assert float(loss(target, 0.3 * target)) < 1e-3
    near, far = float(loss(target, tone(223.0))), float(loss(target, tone(330.0)))
    assert 0.0 < near < 0.5 * far


def test_its_gradient_leads_to_the_target() -> None:
    loss = EmbeddingLoss(hear_by_crepe(), hop_length=512)
    audio = tf.Variable(tone(233.0, 0.1))
    target = tone(220.0, 0.1)
    before = float(loss(target, audio))
    for _ in range(2):
        with tf.GradientTape() as tape:
            value = loss(target, audio)
        gradient = tape.gradient(value, audio)
        audio.assign_sub(0.01 * gradient / tf.norm(gradient))
    assert float(loss(target, audio)) < before


def test_silence_of_the_target_does_not_count() -> None:
    loss = EmbeddingLoss(lambda frames: frames, frame_length=100, hop_length=100)
    target = tf.concat([tone(220.0, 0.1), tf.zeros([1, 1600])], axis=1)
    noise = tf.random.stateless_normal([1, 3200], [1, 2])
    heard = tf.concat([target[:, :1650], noise[:, 1650:]], axis=1)
    assert float(loss(target, heard)) < 1e-5
    assert float(loss(tf.zeros([1, 800]), noise[:, :800])) == 0.0


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ArgumentError, match="`frame_length` and `hop_length`"):
        EmbeddingLoss(lambda frames: frames, frame_length=0)
    with pytest.raises(ArgumentError, match=r"conv1-BN.*Received 'x'"):
        hear_by_crepe(layer="x")
