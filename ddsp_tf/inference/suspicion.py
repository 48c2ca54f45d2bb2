"""Signs that an input isn't what a melody instrument can play."""

import numpy as np

from ddsp_tf.features import Features, Statistics
from ddsp_tf.inference.edits import EditedFeatures

_SOUNDING_DB = -60.0
_CLEAR_CONFIDENCE = 0.5
_LEAST_CLEAR_SHARE = 0.5
_LEAST_NOTE_SHARE = 0.02


def find_warnings(
    features: Features, edited: EditedFeatures, statistics: Statistics | None
) -> tuple[str, ...]:
    """Says what is doubtful about an input, or about what is known of the instrument.

    Args:
        features: What was found in the input.
        edited: What the instrument plays of it.
        statistics: Those of the instrument's training notes, if it has any.

    Returns:
        One sentence a warning; none is the rule.
    """
    warnings = []
    if statistics is None:
        warnings.append(
            "The instrument holds no statistics of its training notes, so neither the octave "
            "was chosen nor loudness matched. Save it with statistics of its dataset."
        )
    sounding = features.loudness_db > _SOUNDING_DB
    clear_share = _mean(features.f0_confidence[sounding] >= _CLEAR_CONFIDENCE)
    if edited.notes.mean() < _LEAST_NOTE_SHARE:
        warnings.append(
            "Hardly any note was found in the input, so the output is nearly silent. Sing or play "
            "a melody, one note at a time, or lower the note threshold."
        )
    elif clear_share < _LEAST_CLEAR_SHARE:
        warnings.append(
            f"Only {100 * clear_share:.0f} % of what sounds has a clear pitch. Speech, drums, "
            "chords and echo don't transfer well: use one voice, one note at a time."
        )
    return tuple(warnings)


def _mean(mask: np.ndarray) -> float:
    return float(mask.mean()) if mask.size else 0.0
