"""Sound that a caller gives as an array."""

import numpy as np
import soxr

from ddsp_tf.errors import ArgumentError, AudioFileError
from ddsp_tf.types import FloatArray


def mono_at_rate(audio: FloatArray, sample_rate: int, *, wanted_rate: int) -> FloatArray:
    """Checks a sound, and resamples it (soxr, high quality).

    Args:
        audio: Mono, `[n_samples]`.
        sample_rate: Its rate in Hz.
        wanted_rate: The rate of the result.

    Returns:
        The sound at `wanted_rate`; itself if it has that, or no sample.

    Raises:
        ArgumentError: It isn't mono, or its rate isn't positive.
        AudioFileError: It has NaN or infinite samples.

    Example:
        >>> mono_at_rate(np.zeros(100), 8000, wanted_rate=16000).shape
        (200,)
    """
    if audio.ndim != 1:
        raise ArgumentError(f"`audio` must be mono, [n_samples]; got shape {audio.shape}.")
    if not sample_rate > 0:
        raise ArgumentError(f"`sample_rate` must be above 0 Hz; got {sample_rate!r}.")
    if not np.isfinite(audio).all():
        raise AudioFileError("The audio has NaN or infinite samples. Repair it first.")
    if audio.size == 0 or sample_rate == wanted_rate:
        return audio
    resampled: FloatArray = soxr.resample(audio, sample_rate, wanted_rate, quality="HQ")
    return resampled
