"""Making a performance as loud and as soft as the instrument was played in training."""

import numpy as np

from ddsp_tf.types import FloatArray

_QUANTILES = np.linspace(0.0, 1.0, 101)
_MOST_EXPANSION = 3.0


def match_loudness(
    loudness_db: FloatArray,
    note_loudness_db: FloatArray,
    instrument_quantiles_db: FloatArray,
    dynamics: float = 1.0,
) -> FloatArray:
    """Maps loudness so that its distribution over notes becomes the instrument's.

    The map takes each quantile of the performance to the same quantile of the training notes,
    so what was louder stays louder. Its slope is at most 3 dB per dB around the median: a tone
    that is as good as steady isn't blown up into a tremolo. Beyond the extremes of the notes it
    goes on with slope 1.

    `dynamics` mixes that map with a plain change of level, by which the median of the notes alone
    becomes the instrument's.

    Args:
        loudness_db: Loudness to map, `[n_frames]`.
        note_loudness_db: Loudness of those frames that belong to notes, `[n]`; when it is empty,
            nothing changes.
        instrument_quantiles_db: Quantiles of the training notes, evenly spaced from 0 to 100 %,
            `[n_quantiles]`.
        dynamics: Whose dynamics are played, from 0 (the performance's: every difference of
            loudness stays as it is) to 1 (the instrument's).

    Returns:
        The mapped loudness in dB, `[n_frames]`; monotone in the input.

    Reference:
        Engel et al. 2020, appendix on timbre transfer; the library maps by quantiles likewise.

    Example:
        >>> quiet = np.linspace(-60, -40, 50)
        >>> match_loudness(quiet, quiet, np.linspace(-30, -10, 101))[[0, -1]].round(3).tolist()
        [-30.0, -10.0]
    """
    if note_loudness_db.size == 0:
        return np.array(loudness_db)
    source = np.quantile(np.asarray(note_loudness_db, np.float64), _QUANTILES)
    given = np.linspace(0.0, 1.0, len(instrument_quantiles_db))
    target = _limit_slope(source, np.interp(_QUANTILES, given, instrument_quantiles_db))
    # Equal quantiles of the source (a plateau) have one image, the mean of theirs.
    knots, index = np.unique(source, return_inverse=True)
    images = np.bincount(index, target) / np.bincount(index)
    mapped = np.interp(loudness_db, knots, images)
    below, above = np.minimum(loudness_db - knots[0], 0), np.maximum(loudness_db - knots[-1], 0)
    shifted = loudness_db + np.median(target) - np.median(source)
    return dynamics * (mapped + below + above) + (1.0 - dynamics) * shifted


def _limit_slope(source: FloatArray, target: FloatArray) -> FloatArray:
    steps = np.minimum(np.diff(target), _MOST_EXPANSION * np.diff(source))
    limited = np.concatenate([[0.0], np.cumsum(steps)])
    middle = len(target) // 2
    return limited - limited[middle] + target[middle]
