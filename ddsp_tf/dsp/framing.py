"""The one owner of frame arithmetic: frame i stands at sample i * hop_length."""

from collections.abc import Callable

import tensorflow as tf

from ddsp_tf.dsp.chunks import chunk_frames, in_chunks
from ddsp_tf.dsp.shapes import checked, require_positive_integer, size
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
    (audio,) = checked(audio=(audio, "batch n_samples"))
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
    blocks = hop_blocks(audio, frame_length, hop_length)
    return frames_of_blocks(blocks, frame_length)


def hop_blocks(audio: tf.Tensor, frame_length: int, hop_length: int) -> tf.Tensor:
    """Pads audio as `frame` does and cuts it into hops, of which a frame is some in a row.

    Args:
        audio: `[batch, n_samples]`.
        frame_length: Samples in a frame, > 0.
        hop_length: Samples between frames, > 0.

    Returns:
        `[batch, n_frames + ceil(frame_length / hop_length) - 1, hop_length]`.

    Raises:
        ArgumentError: A length is not a positive integer, or the audio has other axes.
    """
    require_hop(hop_length)
    require_positive_integer("frame_length", frame_length)
    (audio,) = checked(audio=(audio, "batch n_samples"))
    n_samples = size(audio, 1)
    count = n_frames(n_samples, hop_length)
    n_blocks = count + n_frames(frame_length, hop_length) - 1
    left = frame_length // 2
    right = n_blocks * hop_length - left - n_samples
    if isinstance(right, int) and right < 0:
        audio, right = audio[:, :right], 0
    elif not isinstance(right, int):
        audio = audio[:, : n_samples + tf.minimum(right, 0)]
        right = tf.maximum(right, 0)
    padded = tf.pad(audio, [[0, 0], [left, right]])
    return tf.reshape(padded, [size(audio, 0), n_blocks, hop_length])


def frames_of_blocks(blocks: tf.Tensor, frame_length: int) -> tf.Tensor:
    """Joins hops that follow each other to frames, as many as are whole.

    Args:
        blocks: From `hop_blocks`, or some of them in a row.
        frame_length: As there.

    Returns:
        `[batch, n_frames, frame_length]`.
    """
    hops_per_frame = n_frames(frame_length, blocks.shape[-1])
    count = size(blocks, 1) - hops_per_frame + 1
    frames = tf.concat([blocks[:, i : i + count] for i in range(hops_per_frame)], axis=-1)
    return frames[..., :frame_length]


def over_frames(
    function: Callable[[tf.Tensor], tf.Tensor],
    audio: tf.Tensor,
    *,
    frame_length: int,
    hop_length: int,
    at_once: Callable[[tf.Tensor], tf.Tensor] | None = None,
) -> tf.Tensor:
    """Computes something of each frame, in bounded memory however long the audio is.

    Args:
        function: From frames `[batch, n, frame_length]`, of any n, to `[batch, n, ...]`.
        audio: `[batch, n_samples]`.
        frame_length: As in `frame`.
        hop_length: As in `frame`.
        at_once: What to do with audio that isn't long; None: call the function with all frames.

    Returns:
        `[batch, ceil(n_samples / hop_length), ...]`.
    """
    require_hop(hop_length)
    require_positive_integer("frame_length", frame_length)
    (audio,) = checked(audio=(audio, "batch n_samples"))
    count = n_frames(size(audio, 1), hop_length)
    chunk = chunk_frames(audio, count, hop_length=hop_length, numbers_per_frame=frame_length)
    if chunk is None:
        return at_once(audio) if at_once else function(frame(audio, frame_length, hop_length))
    return in_chunks(
        lambda blocks: function(frames_of_blocks(blocks, frame_length)),
        [hop_blocks(audio, frame_length, hop_length)],
        extra_frames=[n_frames(frame_length, hop_length) - 1],
        chunk=chunk,
    )


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
    summed = _overlap_add(tf.pad(frames, [[0, 0], [0, 0], [0, whole - frame_length]]), hop_length)
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
    require_hop(hop_length)
    (segments,) = checked(segments=(segments, "batch n_segments segment_length"))
    length = segments.shape[-1]
    if length is None or length % hop_length:
        raise ArgumentError(
            "The segments' length should be a multiple of `hop_length`. "
            f"Received a length of {length} and hop_length={hop_length}."
        )
    return _overlap_add(segments, hop_length)


def _overlap_add(segments: tf.Tensor, hop_length: int) -> tf.Tensor:
    n_parts = segments.shape[-1] // hop_length
    batch, count = tf.shape(segments)[0], size(segments, 1)
    parts = tf.split(segments, n_parts, axis=-1)
    total = tf.add_n(
        [tf.pad(part, [[0, 0], [i, n_parts - 1 - i], [0, 0]]) for i, part in enumerate(parts)]
    )
    return tf.reshape(total, [batch, (count + n_parts - 1) * hop_length])


def hold_last_frame(frames: tf.Tensor, n_extra: int) -> tf.Tensor:
    """Repeats the last frame of `[batch, n_frames, ...]` another `n_extra` times.

    Raises:
        ArgumentError: There is no frame to repeat.
    """
    frames = tf.convert_to_tensor(frames)
    if frames.shape.rank is not None and (frames.shape.rank < 2 or frames.shape[1] == 0):
        raise ArgumentError(
            "`frames` should be of the shape [batch, n_frames, ...] and hold a frame at least. "
            f"Received {frames.shape}."
        )
    return tf.concat([frames] + [frames[:, -1:]] * n_extra, axis=1)


def _nearest_divisor(sample_rate: int, frame_rate: int) -> int:
    divisors = [d for d in range(1, sample_rate + 1) if sample_rate % d == 0]
    return min(divisors, key=lambda d: abs(d - frame_rate))
