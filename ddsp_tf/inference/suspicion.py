"""Signs that an input isn't what a melody instrument can play."""

import numpy as np

from ddsp_tf.data.pitch_limits import measure_beyond_limits
from ddsp_tf.data.polyphony import measure_pitch_doubt
from ddsp_tf.features import Features, FeatureSettings, Statistics
from ddsp_tf.inference.edits import EditedFeatures
from ddsp_tf.types import FloatArray

_SOUNDING_DB = -60.0
_CLEAR_CONFIDENCE = 0.5
_LEAST_CLEAR_SHARE = 0.5
_LEAST_NOTE_SHARE = 0.02
# Single voices and instruments in rooms stay below 0.2; four-part chorales reach 0.5.
_MOST_POLYPHONIC_SHARE = 0.3
_MUCH_BEYOND = 0.1
_LISTENED_S = 120


def find_warnings(
    audio: FloatArray,
    features: Features,
    edited: EditedFeatures,
    statistics: Statistics | None,
    settings: FeatureSettings,
) -> tuple[str, ...]:
    """Says what is doubtful about an input, or about what is known of the instrument.

    Args:
        audio: The input at the instrument's rate, `[n_samples]`.
        features: What was found in it.
        edited: What the instrument plays of it.
        statistics: Those of the instrument's training notes, if it has any.
        settings: How the features were made.

    Returns:
        One warning each; none is the rule.
    """
    warnings = []
    if statistics is None:
        warnings.append(
            "The instrument holds no statistics of its training notes, so neither the octave "
            "was chosen nor loudness matched. Save it with statistics of its dataset."
        )
    sounding = edited.lifted_db > _SOUNDING_DB
    clear = features.f0_confidence >= _CLEAR_CONFIDENCE
    clear_share = _mean(clear[sounding])
    beyond = _beyond_limits(audio, sounding, ~clear, settings)
    if beyond is not None:
        warnings.append(beyond)
    elif edited.notes.mean() < _LEAST_NOTE_SHARE:
        warnings.append(
            "Hardly any note was found in the input, so the output is nearly silent. Sing or play "
            "a melody, one note at a time, or lower the note threshold."
        )
    elif clear_share < _LEAST_CLEAR_SHARE:
        warnings.append(
            f"Only {100 * clear_share:.0f} % of what sounds has a clear pitch. Speech, drums, "
            "chords and echo don't transfer well: use one voice, one note at a time."
        )
    share = _polyphonic_share(audio, features, edited.notes & clear, settings)
    if share > _MOST_POLYPHONIC_SHARE:
        warnings.append(
            f"In {100 * share:.0f} % of the notes one pitch doesn't explain what is heard: chords, "
            "accompaniment or a long echo. Only one note at a time is played."
        )
    return tuple(warnings)


def _beyond_limits(
    audio: FloatArray, sounding: np.ndarray, unsure: np.ndarray, settings: FeatureSettings
) -> str | None:
    n_frames = min(len(sounding), round(_LISTENED_S * settings.frame_rate))
    beyond = measure_beyond_limits(
        audio[: n_frames * settings.hop_length],
        sounding[:n_frames],
        unsure[:n_frames],
        sample_rate=settings.sample_rate,
        hop_length=settings.hop_length,
    )
    above, below = beyond.above_share, beyond.below_share
    if max(above, below) <= _MUCH_BEYOND:
        return None
    if above >= below:
        share, limit, remedy = above, "above 2,005 Hz", "lower: pitch the recording down"
    else:
        share, limit, remedy = below, "below 32 Hz", "higher: pitch the recording up"
    return (
        f"{100 * share:.0f} % of what sounds has a pitch {limit}. Only 32 to 2,005 Hz are heard, "
        f"so these notes are left silent. Give it {remedy} by an octave or two."
    )


def _polyphonic_share(
    audio: FloatArray, features: Features, clear_notes: np.ndarray, settings: FeatureSettings
) -> float:
    """Two minutes are enough to tell, and bound the time it takes."""
    n_frames = min(features.n_frames, round(_LISTENED_S * settings.frame_rate))
    doubt = measure_pitch_doubt(
        audio[: n_frames * settings.hop_length],
        features[:n_frames],
        clear_notes[:n_frames],
        sample_rate=settings.sample_rate,
        hop_length=settings.hop_length,
    )
    return doubt.polyphonic_share


def _mean(mask: np.ndarray) -> float:
    return float(mask.mean()) if mask.size else 0.0
