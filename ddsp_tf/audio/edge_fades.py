"""A sound's first and last milliseconds, where a cut wave would click."""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from ddsp_tf.types import FloatArray, Progress

_FADE_IN_S = 0.003
_FADE_OUT_S = 0.01


def fade_edges(
    blocks: Iterable[FloatArray],
    *,
    n_samples: int,
    sample_rate: int,
    progress: Progress | None = None,
) -> Iterator[FloatArray]:
    """Cuts a sound to length and fades its ends, so that neither end is a step.

    It rises in the first 3 ms and falls in the last 10 ms, both as half a Hann window, from and to
    exactly 0. A sound shorter than that is faded over its halves. The start is short enough for
    an attack at the first sample.

    Args:
        blocks: Mono audio, one block after the other.
        n_samples: Length of the sound; what the blocks give beyond it is cut.
        sample_rate: In Hz.
        progress: Is called with the share that was taken, 0 to 1.

    Yields:
        The blocks, `n_samples` in all if they hold as many.

    Example:
        >>> faded = next(fade_edges([np.ones(1000)], n_samples=1000, sample_rate=16000))
        >>> faded[0].item(), faded[500].item(), faded[-1].item()
        (0.0, 1.0, 0.0)
    """
    position = 0
    for block in blocks:
        kept = block[: n_samples - position]
        yield fade_block(kept, start=position, n_samples=n_samples, sample_rate=sample_rate)
        position += len(kept)
        if progress is not None:
            progress(min(1.0, position / n_samples))


def fade_block(
    block: FloatArray, *, start: int, n_samples: int | None, sample_rate: int
) -> FloatArray:
    """Fades what a block has of the ends of its sound, as `fade_edges` says.

    Args:
        block: Mono audio, `[n]`.
        start: Place of its first sample in the sound. What lies before 0 becomes silent.
        n_samples: Length of the sound; None while it isn't known, when the end is still far.
        sample_rate: In Hz.

    Returns:
        `[n]`; the block itself if it is away from both ends.

    Example:
        >>> fade_block(np.ones(3), start=-1, n_samples=None, sample_rate=1000).round(2).tolist()
        [0.0, 0.0, 0.25]
    """
    n_in, n_out = round(_FADE_IN_S * sample_rate), round(_FADE_OUT_S * sample_rate)
    to_end = math.inf
    if n_samples is not None:
        n_in, n_out = min(n_in, n_samples // 2), min(n_out, n_samples // 2)
        to_end = n_samples - start
    if not block.size or (start >= n_in and len(block) <= to_end - n_out):
        return block
    samples = np.arange(len(block))
    rise = (start + samples) / max(1, n_in)
    fall = (to_end - 1 - samples) / max(1, n_out)
    nearness = np.clip(np.minimum(rise, fall), 0.0, 1.0)
    return (block * (0.5 - 0.5 * np.cos(np.pi * nearness))).astype(block.dtype)
