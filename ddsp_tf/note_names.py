"""Names of notes."""

_NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


def note_name(midi: float) -> str:
    """Names the nearest note of the equal-tempered scale at A4 = 440 Hz.

    Args:
        midi: MIDI pitch; 69 is A4.

    Returns:
        Such as `"A4"` or `"F♯3"`.

    Example:
        >>> note_name(60)
        'C4'
    """
    nearest = round(midi)
    return f"{_NAMES[nearest % 12]}{nearest // 12 - 1}"
