"""What a rendering says about notes that aren't played as they are written."""

import numpy as np

from ddsp_tf.errors import ScoreFileError
from ddsp_tf.inference.key_range import KeyRange
from ddsp_tf.midi import VoiceLines
from ddsp_tf.note_names import note_name
from ddsp_tf.types import FloatArray


def melody_warnings(lines: VoiceLines, known: KeyRange | None, *, n_notes: int) -> tuple[str, ...]:
    warnings = []
    n_voices = len(lines.lines)
    n_left_out = n_notes - sum(len(line) for line in lines.lines)
    if n_left_out:
        said = (
            "one note is played at a time: of notes that sound together the top one"
            if n_voices == 1
            else f"there are {n_voices} voices: of notes that begin together the top ones"
        )
        verb = "is" if n_voices == 1 else "are"
        warnings.append(f"{said} {verb} played, and {count(n_left_out)} left out.")
    if lines.n_stolen:
        warnings.append(cut_short(lines.n_stolen, n_voices, "there are"))
    if known is not None:
        n_outside = int(np.sum(~known.holds(lines.notes[:, 2])))
        if n_outside:
            warnings.append(
                f"{count(n_outside)} beyond what the instrument was trained on "
                f"({span(known)}). `--transpose` or `--fit-range` moves them."
            )
    return tuple(warnings)


def playable(notes: FloatArray, keys: KeyRange, name: str) -> tuple[FloatArray, tuple[str, ...]]:
    """Gives the notes that a polyphonic model has keys for, and says what it lacks.

    Raises:
        ScoreFileError: It has none of them.
    """
    has_key = keys.holds(notes[:, 2])
    if has_key.all():
        return notes, ()
    if not has_key.any():
        raise ScoreFileError(
            f"The instrument has the keys {span(keys)}, and {name} none of these. Transpose it."
        )
    left_out = count(int(np.sum(~has_key)))
    return notes[has_key], (f"{left_out} left out, as the instrument has the keys {span(keys)}.",)


def span(keys: KeyRange) -> str:
    """Names a range by its ends."""
    return f"{note_name(keys.lowest_midi)} to {note_name(keys.highest_midi)}"


def cut_short(number: int, n_voices: int, who: str) -> str:
    """Says how many notes were."""
    return f"{count(number)} cut short, as {who} {n_voices} voices."


def count(number: int) -> str:
    """Begins a sentence about so many notes."""
    return f"{number} note was" if number == 1 else f"{number} notes were"
