"""Pitch and voicing as vocoders are told of them: a track, and how sure the tracker is."""

from collections.abc import Mapping

import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import Signal


def check_voiced_from(voiced_from: float) -> None:
    """Checks the confidence from which on there is a voice.

    Raises:
        ArgumentError: It is not from 0 to 1.
    """
    if not 0.0 <= voiced_from <= 1.0:
        raise ArgumentError(f"`voiced_from` should be from 0 to 1. Received {voiced_from}.")


def pitch_signals(sample_rate: int) -> dict[str, Signal]:
    """Declares the pitch and the tracker's confidence."""
    return {
        "f0_hz": Signal("frames", unit="Hz", low=0.0, high=0.5 * sample_rate),
        "f0_confidence": Signal("frames", low=0.0, high=1.0),
    }


def voiced(inputs: Mapping[str, tf.Tensor], voiced_from: float) -> tf.Tensor:
    """Gives 1 where there is a voice, and 0 elsewhere.

    Args:
        inputs: `f0_hz` and `f0_confidence`, `[batch, n_frames, 1]`.
        voiced_from: The least confidence of a voice, whose pitch is above 0 besides.

    Returns:
        `[batch, n_frames, 1]`.

    Example:
        >>> track = {"f0_hz": tf.constant([200.0, 0.0, 200.0]),
        ...          "f0_confidence": tf.constant([0.9, 0.9, 0.1])}
        >>> voiced(track, 0.4).numpy().tolist()
        [1.0, 0.0, 0.0]
    """
    sure = inputs["f0_confidence"] >= voiced_from
    return tf.cast(sure & (inputs["f0_hz"] > 0.0), tf.float32)
