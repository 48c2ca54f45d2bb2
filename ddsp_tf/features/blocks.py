"""Measures of recordings of any length, in bounded memory."""

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array

N_BLOCK_FRAMES = 4096


def measure_in_blocks(
    measure: Callable[[Float32Array], tf.Tensor],
    audio: Float32Array,
    settings: FeatureSettings,
    *,
    window: int,
) -> Float32Array:
    """Measures blocks with enough context that the result is that of the whole.

    Args:
        measure: From `[1, n_samples]` to `[1, n_frames, ...]`, frames centred.
        audio: `[n_samples]`.
        settings: Rates.
        window: Samples that a frame hears.

    Returns:
        `[ceil(n_samples / hop_length), ...]`.
    """
    hop_length = settings.hop_length
    n_context = -(-window // hop_length)
    parts = []
    for first in range(0, settings.n_frames(len(audio)), N_BLOCK_FRAMES):
        begin = max(first - n_context, 0)
        end = first + N_BLOCK_FRAMES + n_context
        block = measure(audio[np.newaxis, begin * hop_length : end * hop_length])
        parts.append(block[0, first - begin : first - begin + N_BLOCK_FRAMES].numpy())
    return np.concatenate(parts)


def padded_blocks(
    audio: Float32Array, *, length: int, step: int, before: int
) -> Iterator[Float32Array]:
    """Cuts a recording into blocks of one length, with zeros around it.

    Args:
        audio: `[n_samples]`.
        length: Samples of a block.
        step: Samples from one block to the next, at least 1.
        before: Samples that a block begins before its place.

    Returns:
        `[length]` each, one at least.
    """
    for start in range(0, max(1, len(audio)), step):
        block = np.zeros(length, np.float32)
        first = start - before
        inside = audio[max(first, 0) : first + length]
        offset = max(-first, 0)
        block[offset : offset + len(inside)] = inside
        yield block
