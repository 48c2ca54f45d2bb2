"""Long sounds in bounded memory: what is done for every frame is done for some frames at a time."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from ddsp_tf.dsp.compilation import custom_gradient, unrecorded
from ddsp_tf.dsp.shapes import size

_LONG_SAMPLES = 2**19
"""A row up to here is done at once, whatever the batch: clips to train on are far shorter."""

_NUMBERS_AT_ONCE = 2**25
_NUMBERS_IN_A_CHUNK = 2**24


def chunk_frames(
    tensor: tf.Tensor, n_frames: int | tf.Tensor, *, hop_length: int, numbers_per_frame: int
) -> int | None:
    """Gives the frames to take at a time, or None where all may be taken at once.

    Args:
        tensor: Whose first axis is the batch.
        n_frames: Frames in all. An unknown length, in a graph for any, is done at once.
        hop_length: Samples a frame stands for.
        numbers_per_frame: Size of the largest thing that is made for one frame of one row.
    """
    if not isinstance(n_frames, int) or n_frames * hop_length <= _LONG_SAMPLES:
        return None
    per_frame = numbers_per_frame * (tensor.shape[0] or 1)
    if n_frames * per_frame <= _NUMBERS_AT_ONCE:
        return None
    return max(1, _NUMBERS_IN_A_CHUNK // per_frame)


def in_chunks(
    function: Callable[..., tf.Tensor],
    tensors: Sequence[tf.Tensor],
    *,
    extra_frames: Sequence[int],
    chunk: int | None,
    summed: bool = False,
) -> tf.Tensor:
    """Calls a function that works frame by frame, for some frames at a time.

    Backwards each chunk is computed again, so that a gradient is bounded too.

    Args:
        function: Of slices `[batch, n + extra, ...]` of the tensors, for any n; gives
            `[batch, n, ...]`, or with `summed` something of one shape. Tensors that it gets other
            than by its arguments have no gradient.
        tensors: `[batch, n_frames + extra, ...]` each, of floating types.
        extra_frames: Of each tensor, the frames that a slice has beyond those it is for.
        chunk: Frames at a time, from `chunk_frames`. None: all.
        summed: Whether the chunks' results are added instead of joined.

    Returns:
        `[batch, n_frames, ...]`, or the sum.
    """
    if chunk is None:
        return function(*tensors)
    n_frames = tensors[0].shape[1] - extra_frames[0]
    n_chunks, rest = divmod(n_frames, chunk)

    def slices(tensors: Sequence[tf.Tensor], first: int | tf.Tensor, count: int) -> list[tf.Tensor]:
        return [
            _frames(x, first, count + extra) for x, extra in zip(tensors, extra_frames, strict=True)
        ]

    def over_all(piece: Callable[..., list[tf.Tensor]]) -> tuple[list[Any], list[Any]]:
        """What `piece` gives for each full chunk, stacked, and for the frames that are left."""
        full = _stacked(n_chunks, lambda index: piece(index * chunk, chunk)) if n_chunks else []
        return full, piece(n_chunks * chunk, rest) if rest else []

    @custom_gradient
    def run(*tensors: tf.Tensor) -> tuple[tf.Tensor, Callable[..., Any]]:
        def forward(*tensors: tf.Tensor) -> tf.Tensor:
            full, left = over_all(
                lambda first, count: [function(*slices(tensors, first, count))],
            )
            if summed:
                return tf.add_n([*(tf.reduce_sum(x, axis=0) for x in full), *left])
            return tf.concat([*(_joined(x) for x in full), *left], axis=1)

        def gradient(upstream: tf.Tensor) -> list[tf.Tensor]:
            def piece(first: int | tf.Tensor, count: int) -> list[tf.Tensor]:
                here = slices(tensors, first, count)
                with tf.GradientTape() as tape:
                    tape.watch(here)
                    result = function(*here)
                return tape.gradient(
                    result,
                    here,
                    output_gradients=upstream if summed else _frames(upstream, first, count),
                    unconnected_gradients=tf.UnconnectedGradients.ZERO,
                )

            full, left = over_all(piece)
            return [
                _added(
                    full[i] if full else None, left[i] if left else None, chunk, extra, like=tensor
                )
                for i, (tensor, extra) in enumerate(zip(tensors, extra_frames, strict=True))
            ]

        return unrecorded(forward)(*tensors), gradient

    return run(*tensors)


def _frames(tensor: tf.Tensor, first: int | tf.Tensor, count: int) -> tf.Tensor:
    inner = list(tensor.shape[2:])
    begin = [0, first, *([0] * len(inner))]
    result = tf.slice(tensor, begin, [size(tensor, 0), count, *inner])
    result.set_shape([tensor.shape[0], count, *inner])
    return result


def _stacked(count: int, step: Callable[[tf.Tensor], list[tf.Tensor]]) -> list[tf.Tensor]:
    """Calls a step for 0, 1, ... and stacks what it gives, the first call outside the loop."""
    first = step(tf.constant(0))
    kept = [
        tf.TensorArray(x.dtype, count, element_shape=x.shape, clear_after_read=False).write(0, x)
        for x in first
    ]

    def body(index: tf.Tensor, *kept: Any) -> tuple[Any, ...]:
        return index + 1, *(k.write(index, x) for k, x in zip(kept, step(index), strict=True))

    _, *kept = tf.while_loop(
        lambda index, *_: index < count,
        body,
        (tf.constant(1), *kept),
        parallel_iterations=1,
        maximum_iterations=count - 1,
    )
    stacks = [k.stack() for k in kept]
    for stack, x in zip(stacks, first, strict=True):
        stack.set_shape([count, *x.shape])
    return stacks


def _joined(chunks: tf.Tensor) -> tf.Tensor:
    """From `[n_chunks, batch, n, ...]` to `[batch, n_chunks * n, ...]`."""
    inner = list(chunks.shape[3:])
    order = [1, 0, *range(2, len(inner) + 3)]
    n_frames = chunks.shape[0] * chunks.shape[2]
    return tf.reshape(tf.transpose(chunks, order), [size(chunks, 1), n_frames, *inner])


def _added(
    full: tf.Tensor | None,
    left: tf.Tensor | None,
    chunk: int,
    extra: int,
    *,
    like: tf.Tensor,
) -> tf.Tensor:
    """Adds chunks' gradients where their slices were cut: each reaches `extra` frames further."""
    n_frames, inner = like.shape[1], len(like.shape) - 2

    def placed(part: tf.Tensor, first: int) -> tf.Tensor:
        part = part[:, : n_frames - first]
        after = n_frames - first - part.shape[1]
        return tf.pad(part, [[0, 0], [first, after], *([[0, 0]] * inner)])

    parts = []
    if full is not None:
        for first in range(0, chunk + extra, chunk):
            piece = full[:, :, first : first + chunk]
            lacking = chunk - piece.shape[2]
            piece = tf.pad(piece, [[0, 0], [0, 0], [0, lacking], *([[0, 0]] * inner)])
            parts.append(placed(_joined(piece), first))
    if left is not None:
        parts.append(placed(left, n_frames - left.shape[1]))
    return tf.add_n(parts)
