"""What is known about an instrument, and about what it has played, as musicians say it."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ddsp_tf.note_names import note_name

if TYPE_CHECKING:
    from ddsp_tf.inference import TransferReport

_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight")
_WORTH_SAYING = 0.02


def say_notes(statistics: Mapping[str, Any]) -> str:
    """Names the lowest and the highest note that an instrument knows.

    Args:
        statistics: Those of its training notes, as its metadata have them.

    Example:
        >>> say_notes({"f0_midi_quantiles": [40.0, 55.1, 70.0, 84.2, 90.0]})
        'G3 to C6'
    """
    # The outermost percents are slips of the tracker as often as notes.
    quantiles = statistics["f0_midi_quantiles"]
    return f"{note_name(quantiles[1])} to {note_name(quantiles[-2])}"


def say_fidelity(metrics: Mapping[str, Any]) -> str | None:
    """Says how closely an instrument follows what it plays.

    Args:
        metrics: Of an evaluation on recordings that it was not trained on. Half of the frames
            are within "median_cents"; "loudness_db" is a mean distance.

    Returns:
        A sentence; None where neither is known.

    Example:
        >>> say_fidelity({"loudness_db": 1.03})
        'Of passages that it never heard, it keeps the loudness to about 1 dB.'
    """
    cents, level_db = (_finite(metrics.get(key)) for key in ("median_cents", "loudness_db"))
    kept = []
    if cents is not None:
        # Rounded up, it holds for more than half of the time.
        within = max(1, math.ceil(cents))
        kept.append(f"the pitch within {within} cent{'s' if within > 1 else ''} most of the time")
    if level_db is not None:
        about = "about" if level_db >= 0.5 else "less than"
        kept.append(f"the loudness to {about} {max(1, round(level_db))} dB")
    return f"Of passages that it never heard, it keeps {', and '.join(kept)}." if kept else None


def say_changes(report: "TransferReport") -> list[str]:
    """Says what was changed about a melody, a line each; what was not changed isn't mentioned.

    Args:
        report: Of a transfer that chose the octave and matched the loudness by itself.
    """
    lines = [_octaves(report.octaves)] if report.octaves else []
    if louder := round(report.loudness_change_db):
        lines.append(f"{abs(louder)} dB {'louder' if louder > 0 else 'softer'} on average")
    if report.gated_frames:
        lines.append("Silent between the notes")
    lines += _unknown_notes(report)
    if turned := round(-report.gain_db):
        lines.append(f"Turned down by {turned} dB as a whole, so that nothing distorts")
    if report.limited_db:
        lines.append("Its loudest moments turned down, so that nothing distorts")
    return lines


def _octaves(octaves: int) -> str:
    direction = "higher" if octaves > 0 else "lower"
    count = abs(octaves)
    return f"An octave {direction}" if count == 1 else f"{_NUMBERS[count]} octaves {direction}"


def _unknown_notes(report: "TransferReport") -> list[str]:
    if report.trained_range_midi is None:
        return []
    lowest, highest = report.trained_range_midi
    sides = (
        (report.share_below, f"below {note_name(lowest)}, the lowest"),
        (report.share_above, f"above {note_name(highest)}, the highest"),
    )
    return [
        f"{100 * share:.0f} % of the notes are {side} that it has learned: they are guesses"
        for share, side in sides
        if share > _WORTH_SAYING
    ]


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
