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
Resampling = Literal["linear", "window", "nearest", "cubic"]


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
    frames: tf.Tensor, *, hop_length: int, method: Resampling = "linear"
) -> tf.Tensor:
    """Interpolates controls at the frame rate to the sample rate; the last frame is held.

    Args:
        frames: `[batch, n_frames, n_channels]`.
        hop_length: Samples per frame.
        method: "linear" or "window", see `crossfade`; "nearest", the frame that is nearest, the
            following one in the middle between two; or "cubic", a smooth curve through all frames,
            which may go beyond its neighbours (`resample_frames`).

    Returns:
        `[batch, n_frames * hop_length, n_channels]`, equal to `frames` at every sample
        i * hop_length.

    Raises:
        ArgumentError: The frames have other axes, or there are none, or the method is unknown.
    """
    (frames,) = checked(frames=(frames, "batch n_frames n_channels"))
    if method == "nearest" or method == "cubic":
        require_hop(hop_length)
        n_samples = tf.shape(frames)[1] * hop_length
        return resample_frames(frames, n_samples, ratio=1.0 / hop_length, method=method)
    weight = crossfade(hop_length, method, dtype=frames.dtype.as_numpy_dtype)[:, tf.newaxis]
    following = hold_last_frame(frames, 1)[:, 1:]
    samples = frames[:, :, tf.newaxis] + (following - frames)[:, :, tf.newaxis] * weight
    shape = tf.shape(frames)
    return tf.reshape(samples, [shape[0], shape[1] * hop_length, frames.shape[-1]])


def resample_frames(
    frames: tf.Tensor,
    n_frames: int | tf.Tensor,
    *,
    ratio: float,
    method: Literal["linear", "nearest", "cubic"] = "linear",
) -> tf.Tensor:
    """Interpolates from one frame rate to another; both first frames coincide.

    Args:
        frames: `[batch, n_frames_in, n_channels]`.
        n_frames: Frames wanted. Beyond the last frame its value is held.
        ratio: Input frames per output frame (input rate / output rate).
        method: "linear"; "nearest", the following frame in the middle between two; or "cubic", by
            the kernel of Keys with a = -1/2, exact for parabolas, where the first and last frames
            go on beyond the ends.

    Returns:
        `[batch, n_frames, n_channels]`.

    Raises:
        ArgumentError: The frames have other axes, or there are none, or the method is unknown.

    Reference:
        Keys 1981, "Cubic convolution interpolation for digital image processing", equation 15.
    """
    (frames,) = checked(frames=(frames, "batch n_frames n_channels"))
    position = tf.cast(tf.range(n_frames), frames.dtype) * ratio
    last = tf.cast(tf.shape(frames)[1] - 1, frames.dtype)
    position = tf.minimum(position, last)

    def at(places: tf.Tensor) -> tf.Tensor:
        inside = tf.clip_by_value(places, 0.0, last)
        return tf.gather(frames, tf.cast(inside, tf.int32), axis=1)

    if method == "nearest":
        return at(tf.floor(position + 0.5))
    lower = tf.floor(position)
    weight = (position - lower)[:, tf.newaxis]
    before, after = at(lower), at(lower + 1.0)
    if method == "linear":
        return before + (after - before) * weight
    if method != "cubic":
        raise ArgumentError(
            f'`method` should be "linear", "nearest" or "cubic". Received {method!r}.'
        )
    slope, next_slope = 0.5 * (after - at(lower - 1.0)), 0.5 * (at(lower + 2.0) - before)
    rise = after - before
    bend, twist = 3.0 * rise - 2.0 * slope - next_slope, slope + next_slope - 2.0 * rise
    return before + weight * (slope + weight * (bend + weight * twist))
