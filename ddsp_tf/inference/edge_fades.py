"""A sound's first and last milliseconds, where a cut wave would click."""

from collections.abc import Iterable, Iterator

import numpy as np

from ddsp_tf.inference.pitch import FloatArray

_FADE_IN_S = 0.003
_FADE_OUT_S = 0.01


def fade_edges(
    blocks: Iterable[FloatArray], *, n_samples: int, sample_rate: int
) -> Iterator[FloatArray]:
    """Cuts a sound to length and fades its ends, so that neither end is a step.

    It rises in the first 3 ms and falls in the last 10 ms, both as half a Hann window, from and to
    exactly 0. A sound shorter than that is faded over its halves. The start is short enough for
    an attack at the first sample.

    Args:
        blocks: Mono audio, one block after the other.
        n_samples: Length of the sound; what the blocks give beyond it is cut.
        sample_rate: In Hz.

    Yields:
        The blocks, `n_samples` in all if they hold as many.

    Example:
        >>> faded = next(fade_edges([np.ones(1000)], n_samples=1000, sample_rate=16000))
        >>> faded[0].item(), faded[500].item(), faded[-1].item()
        (0.0, 1.0, 0.0)
    """
    n_in = min(round(_FADE_IN_S * sample_rate), n_samples // 2)
    n_out = min(round(_FADE_OUT_S * sample_rate), n_samples // 2)
    position = 0
    for block in blocks:
        kept = block[: n_samples - position]
        samples = position + np.arange(len(kept))
        position += len(kept)
        if samples.size and (samples[0] < n_in or samples[-1] >= n_samples - n_out):
            rise = samples / max(1, n_in)
            fall = (n_samples - 1 - samples) / max(1, n_out)
            nearness = np.clip(np.minimum(rise, fall), 0.0, 1.0)
            kept = (kept * (0.5 - 0.5 * np.cos(np.pi * nearness))).astype(kept.dtype)
        yield kept
