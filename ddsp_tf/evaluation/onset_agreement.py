"""How well onsets that were found agree with those of a reference."""

from dataclasses import dataclass

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray


@dataclass(frozen=True)
class OnsetAgreement:
    """Precision, recall and their harmonic mean, each 0 to 1.

    Attributes:
        precision: The share of what was found that the reference has.
        recall: The share of the reference that was found.
        f1: 2 precision recall / (precision + recall); 0 if nothing agrees.
    """

    precision: float
    recall: float
    f1: float


def onset_agreement(
    reference_s: FloatArray, found_s: FloatArray, *, window_s: float = 0.05
) -> OnsetAgreement:
    """Compares onsets: each may agree with one at most, no farther away than the window.

    Args:
        reference_s: Times in seconds, `[n]`, n > 0, in any order.
        found_s: Times in seconds, `[m]`.
        window_s: The largest distance, >= 0.

    Raises:
        ArgumentError: There is no reference, or the window is negative.

    Example:
        >>> onset_agreement(np.array([0.0, 1.0, 2.0]), np.array([0.01, 0.02, 1.04])).f1.__round__(3)
        0.667

    Reference:
        The onset F-measure of MIREX, as mir_eval (Raffel et al. 2014) computes it: a largest
        matching, which in order of time the first pair within the window gives.
    """
    reference, found = np.sort(np.ravel(reference_s)), np.sort(np.ravel(found_s))
    if not len(reference) or not window_s >= 0.0:
        raise ArgumentError(
            "`reference_s` must hold an onset at least, and `window_s` be 0 or more; got "
            f"{len(reference)} onsets and {window_s!r}."
        )
    n_matched = first = second = 0
    while first < len(reference) and second < len(found):
        apart = found[second] - reference[first]
        if abs(apart) <= window_s:
            n_matched += 1
            first, second = first + 1, second + 1
        elif apart > 0:
            first += 1
        else:
            second += 1
    precision = n_matched / len(found) if len(found) else 0.0
    recall = n_matched / len(reference)
    both = precision + recall
    return OnsetAgreement(precision, recall, 2.0 * precision * recall / both if both else 0.0)
