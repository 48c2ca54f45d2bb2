"""Control envelopes: from one value a frame to one value a sample."""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ddsp_tf.dsp.framing import hold_last_frame, require_hop
from ddsp_tf.dsp.shapes import checked
from ddsp_tf.errors import ArgumentError

Interpolation = Literal["linear", "window"]


def crossfade(
    hop_length: int, method: Interpolation, *, dtype: npt.DTypeLike = np.float32
) -> np.ndarray:
    """Gives the weight of the next frame at each sample between two frames.

    Both methods weigh just the two neighbouring frames, by w and 1 - w, so that a constant stays
    constant and a frame's value is met exactly at its sample.

    Args:
        hop_length: Samples between the frames.
        method: "linear", or "window": the rising half of a periodic Hann window of length
            2 * hop_length, which is what 50% overlap-adding Hann windows amounts to.
        dtype: Of the weights.

    Returns:
        `[hop_length]`, from 0 (at the frame) rising towards 1.

    Raises:
        ArgumentError: Unknown method, or a hop that isn't a positive integer.

    Reference:
        Engel et al. 2020, section 3.2 (envelopes by overlapping windows).
    """
    require_hop(hop_length)
    position = np.arange(hop_length) / hop_length
    if method == "linear":
        return position.astype(dtype)
    if method == "window":
        return (np.sin(0.5 * math.pi * position) ** 2).astype(dtype)
    raise ArgumentError(f'`method` should be "linear" or "window". Received {method!r}.')


def resample_envelope(
    frames: tf.Tensor, *, hop_length: int, method: Interpolation = "linear"
) -> tf.Tensor:
    """Interpolates controls at the frame rate to the sample rate; the last frame is held.

    Args:
        frames: `[batch, n_frames, n_channels]`.
        hop_length: Samples per frame.
        method: "linear" or "window", see `crossfade`.

    Returns:
        `[batch, n_frames * hop_length, n_channels]`, equal to `frames` at every sample
        i * hop_length.

    Raises:
        ArgumentError: The frames have other axes, or there are none.
    """
    (frames,) = checked(frames=(frames, "batch n_frames n_channels"))
    weight = crossfade(hop_length, method, dtype=frames.dtype.as_numpy_dtype)[:, tf.newaxis]
    following = hold_last_frame(frames, 1)[:, 1:]
    samples = frames[:, :, tf.newaxis] + (following - frames)[:, :, tf.newaxis] * weight
    shape = tf.shape(frames)
    return tf.reshape(samples, [shape[0], shape[1] * hop_length, frames.shape[-1]])


def resample_frames(frames: tf.Tensor, n_frames: int | tf.Tensor, *, ratio: float) -> tf.Tensor:
    """Interpolates linearly from one frame rate to another; both first frames coincide.

    Args:
        frames: `[batch, n_frames_in, n_channels]`.
        n_frames: Frames wanted. Beyond the last frame its value is held.
        ratio: Input frames per output frame (input rate / output rate).

    Returns:
        `[batch, n_frames, n_channels]`.

    Raises:
        ArgumentError: The frames have other axes, or there are none.
    """
    (frames,) = checked(frames=(frames, "batch n_frames n_channels"))
    position = tf.cast(tf.range(n_frames), frames.dtype) * ratio
    last = tf.cast(tf.shape(frames)[1] - 1, frames.dtype)
    position = tf.minimum(position, last)
    lower = tf.floor(position)
    weight = (position - lower)[:, tf.newaxis]
    upper = tf.minimum(lower + 1.0, last)
    before = tf.gather(frames, tf.cast(lower, tf.int32), axis=1)
    after = tf.gather(frames, tf.cast(upper, tf.int32), axis=1)
    return before + (after - before) * weight
