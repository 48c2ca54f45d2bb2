"""The check of sound that comes from outside."""

import numpy as np
import numpy.typing as npt

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import Float32Array


def mono_samples(audio: npt.ArrayLike) -> Float32Array:
    """Gives sound as float32, once it is known to be usable.

    Args:
        audio: Mono, `[n_samples]`, full scale -1 to 1; may be empty.

    Raises:
        ArgumentError: `audio` isn't one-dimensional, or holds NaN or infinity.

    Example:
        >>> mono_samples([0.5, -0.5])
        array([ 0.5, -0.5], dtype=float32)
    """
    samples = np.asarray(audio, np.float32)
    if samples.ndim != 1:
        raise ArgumentError(f"`audio` must be mono, [n_samples]; got shape {samples.shape}.")
    if not np.isfinite(samples).all():
        raise ArgumentError(
            "`audio` holds NaN or infinite samples. Replace them by zeros or cut them out."
        )
    return samples
