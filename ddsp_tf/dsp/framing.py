"""The one owner of frame arithmetic: frame i stands at sample i * hop_length."""

import tensorflow as tf

from ddsp_tf.errors import ArgumentError


def n_frames(n_samples: int, hop_length: int) -> int:
    """Counts the frames that cover `n_samples`: the smallest integer >= n_samples / hop_length.

    Works on Python integers and on integer tensors.

    Example:
        >>> n_frames(64000, 64), n_frames(64001, 64)
        (1000, 1001)
    """
    return -(-n_samples // hop_length)


def require_hop(hop_length: int) -> None:
    """Checks a hop length.

    Raises:
        ArgumentError: It isn't a positive integer.
    """
    if isinstance(hop_length, bool) or not isinstance(hop_length, int) or hop_length < 1:
        raise ArgumentError(
            "`hop_length` should be a positive integer, the samples per frame. "
            f"Received {hop_length!r}."
        )


def hop_length_for(sample_rate: int, frame_rate: int) -> int:
    """Gives the samples between frames, which must be a whole number.

    Raises:
        ArgumentError: `frame_rate` does not divide `sample_rate`.

    Example:
        >>> hop_length_for(16000, 250)
        64
    """
    if frame_rate < 1 or sample_rate % frame_rate:
        raise ArgumentError(
            "`frame_rate` should divide `sample_rate`, so that frames never drift against samples. "
            f"Received sample_rate={sample_rate}, frame_rate={frame_rate}. "
            f"Take a divisor, for example {_nearest_divisor(sample_rate, frame_rate)}."
        )
    return sample_rate // frame_rate


def pad_to_frames(audio: tf.Tensor, hop_length: int) -> tf.Tensor:
    """Appends zeros so that a whole number of hops covers the audio.

    Args:
        audio: `[batch, n_samples]`.
        hop_length: Samples per frame.

    Returns:
        `[batch, n_frames * hop_length]`.
    """
    require_hop(hop_length)
    n_samples = tf.shape(audio)[1]
    padding = n_frames(n_samples, hop_length) * hop_length - n_samples
    return tf.pad(audio, [[0, 0], [0, padding]])


def frame(audio: tf.Tensor, frame_length: int, hop_length: int) -> tf.Tensor:
    """Cuts audio into overlapping frames, each centred on its sample i * hop_length.

    Sample i * hop_length is at index `frame_length // 2` of frame i. Beyond both ends there are
    zeros. Built from slices, so that its gradient is a sum of shifted copies and not a scatter.

    Args:
        audio: `[batch, n_samples]`.
        frame_length: Samples in a frame, > 0.
        hop_length: Samples between frames, > 0.

    Returns:
        `[batch, ceil(n_samples / hop_length), frame_length]`.

    Raises:
        ArgumentError: A length is not a positive integer.
    """
    require_hop(hop_length)
    if not isinstance(frame_length, int) or frame_length < 1:
        raise ArgumentError(
            f"`frame_length` should be a positive integer. Received {frame_length!r}."
        )
    n_samples = _static_or_dynamic_length(audio)
    count = n_frames(n_samples, hop_length)
    hops_per_frame = n_frames(frame_length, hop_length)
    left = frame_length // 2
    right = (count + hops_per_frame - 1) * hop_length - left - n_samples
    if isinstance(right, int) and right < 0:
        audio, right = audio[:, :right], 0
    elif not isinstance(right, int):
        audio = audio[:, : n_samples + tf.minimum(right, 0)]
        right = tf.maximum(right, 0)
    padded = tf.pad(audio, [[0, 0], [left, right]])
    blocks = tf.reshape(padded, [tf.shape(audio)[0], -1, hop_length])
    frames = tf.concat([blocks[:, i : i + count] for i in range(hops_per_frame)], axis=-1)
    return frames[..., :frame_length]


def frame_adjoint(frames: tf.Tensor, hop_length: int, n_samples: int | tf.Tensor) -> tf.Tensor:
    """Takes gradients of `frame`'s output back to its input: adds the frames where they were cut.

    Args:
        frames: `[batch, ceil(n_samples / hop_length), frame_length]`.
        hop_length: Samples between frames, > 0.
        n_samples: Of the audio that was cut.

    Returns:
        `[batch, n_samples]`.
    """
    frame_length = frames.shape[-1]
    left = frame_length // 2
    whole = n_frames(frame_length, hop_length) * hop_length
    summed = overlap_add(tf.pad(frames, [[0, 0], [0, 0], [0, whole - frame_length]]), hop_length)
    # Hops longer than half a frame leave samples at the end that no frame holds.
    lacking = tf.maximum(left + n_samples - tf.shape(summed)[1], 0)
    summed = tf.pad(summed, [[0, 0], [0, lacking]])
    return tf.ensure_shape(
        summed[:, left : left + n_samples],
        [frames.shape[0], n_samples if isinstance(n_samples, int) else None],
    )


def overlap_add(segments: tf.Tensor, hop_length: int) -> tf.Tensor:
    """Sums segments whose starts are `hop_length` samples apart.

    Args:
        segments: `[batch, n_segments, segment_length]`; the length is a static multiple of the hop.
        hop_length: Samples between segment starts.

    Returns:
        `[batch, (n_segments - 1) * hop_length + segment_length]`.

    Raises:
        ArgumentError: `segment_length` is not a multiple of `hop_length`.
    """
    length = segments.shape[-1]
    if length is None or length % hop_length:
        raise ArgumentError(
            "The segments' length should be a multiple of `hop_length`. "
            f"Received a length of {length} and hop_length={hop_length}."
        )
    n_parts = length // hop_length
    batch, count = tf.shape(segments)[0], _static_or_dynamic_length(segments)
    parts = tf.split(segments, n_parts, axis=-1)
    total = tf.add_n(
        [tf.pad(part, [[0, 0], [i, n_parts - 1 - i], [0, 0]]) for i, part in enumerate(parts)]
    )
    return tf.reshape(total, [batch, (count + n_parts - 1) * hop_length])


def hold_last_frame(frames: tf.Tensor, n_extra: int) -> tf.Tensor:
    """Repeats the last frame of `[batch, n_frames, ...]` another `n_extra` times."""
    return tf.concat([frames] + [frames[:, -1:]] * n_extra, axis=1)


def _static_or_dynamic_length(tensor: tf.Tensor) -> int | tf.Tensor:
    length = tensor.shape[1]
    return tf.shape(tensor)[1] if length is None else length


def _nearest_divisor(sample_rate: int, frame_rate: int) -> int:
    divisors = [d for d in range(1, sample_rate + 1) if sample_rate % d == 0]
    return min(divisors, key=lambda d: abs(d - frame_rate))
