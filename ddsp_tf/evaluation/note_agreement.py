"""How well notes that were found agree with those of a score."""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from ddsp_tf.errors import ArgumentError
from ddsp_tf.evaluation.onset_agreement import OnsetAgreement
from ddsp_tf.types import FloatArray

_N_FIELDS = 3
_HIGHEST = 128


def note_agreement(
    reference: FloatArray,
    found: FloatArray,
    *,
    onset_s: float = 0.05,
    semitones: float = 0.5,
    offset_share: float | None = None,
    offset_s: float = 0.05,
) -> OnsetAgreement:
    """Compares notes: each may agree with one at most.

    Args:
        reference: `[n, 3 or more]`, n > 0: onset and offset in seconds, and MIDI number, as columns
            of notes have them.
        found: The same, `[m, ...]`.
        onset_s: The largest distance of onsets.
        semitones: The largest distance of pitches.
        offset_share: Offsets count too: they may be apart by this share of the reference's length,
            or by `offset_s` if that is more. None: they don't.
        offset_s: See there.

    Returns:
        Precision, recall and F1.

    Raises:
        ArgumentError: There is no reference, or notes lack a field.

    Example:
        >>> score = np.array([[0.0, 0.5, 60.0], [0.5, 1.0, 62.0]])
        >>> note_agreement(score, score + [[0.02, 0.3, 0.1], [0.0, 0.0, 1.0]]).recall
        0.5

    Reference:
        The transcription measures of MIREX, as mir_eval (Raffel et al. 2014) defines them: a
        largest matching; offsets within 20% or 50 ms.
    """
    reference, found = _notes(reference, "reference"), _notes(found, "found")
    if not len(reference):
        raise ArgumentError("`reference` must hold a note at least.")
    agrees = np.abs(reference[:, np.newaxis, 0] - found[:, 0]) <= onset_s + 1e-9
    agrees &= np.abs(reference[:, np.newaxis, 2] - found[:, 2]) <= semitones + 1e-9
    if offset_share is not None:
        most = np.maximum(offset_share * (reference[:, 1] - reference[:, 0]), offset_s)
        agrees &= np.abs(reference[:, np.newaxis, 1] - found[:, 1]) <= most[:, np.newaxis] + 1e-9
    n_matched = 0
    if len(found):
        n_matched = int(np.sum(maximum_bipartite_matching(csr_array(agrees)) >= 0))
    return _agreement(n_matched, len(reference), len(found))


def frame_agreement(
    reference: FloatArray, found: FloatArray, *, frame_rate: float = 100.0
) -> OnsetAgreement:
    """Compares which keys sound at each moment.

    Args:
        reference: Notes as for `note_agreement`.
        found: The same.
        frame_rate: Moments a second.

    Returns:
        Precision, recall and F1 over all keys of all frames.

    Raises:
        ArgumentError: There is no reference, or notes lack a field.

    Example:
        >>> score = np.array([[0.0, 1.0, 60.0]])
        >>> frame_agreement(score, np.array([[0.0, 0.5, 60.0]])).recall
        0.5
    """
    reference, found = _notes(reference, "reference"), _notes(found, "found")
    if not len(reference):
        raise ArgumentError("`reference` must hold a note at least.")
    end_s = max(float(notes[:, 1].max()) for notes in (reference, found) if len(notes))
    n_frames = int(np.ceil(end_s * frame_rate))
    rolls = []
    for notes in (reference, found):
        roll = np.zeros([n_frames, _HIGHEST], bool)
        for onset, offset, midi in notes[:, :_N_FIELDS]:
            first, last = (int(np.round(time * frame_rate)) for time in (onset, offset))
            roll[max(first, 0) : last, int(np.clip(np.round(midi), 0, _HIGHEST - 1))] = True
        rolls.append(roll)
    both = int(np.sum(rolls[0] & rolls[1]))
    return _agreement(both, int(rolls[0].sum()), int(rolls[1].sum()))


def _agreement(n_matched: int, n_reference: int, n_found: int) -> OnsetAgreement:
    precision = n_matched / n_found if n_found else 0.0
    recall = n_matched / n_reference if n_reference else 0.0
    total = precision + recall
    return OnsetAgreement(precision, recall, 2.0 * precision * recall / total if total else 0.0)


def _notes(notes: FloatArray, name: str) -> FloatArray:
    notes = np.asarray(notes, np.float64)
    if notes.ndim != 2 or notes.shape[1] < _N_FIELDS:
        raise ArgumentError(
            f"`{name}` should be [n_notes, 3 or more]: onset_s, offset_s, midi. Received "
            f"{notes.shape}."
        )
    return notes
