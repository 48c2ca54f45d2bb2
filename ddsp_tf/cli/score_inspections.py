"""What `ddsp-tf inspect` finds in a MIDI file."""

from pathlib import Path
from typing import Any

from ddsp_tf.cli.terminal import duration


def inspect_score(path: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """Lists the parts of a score.

    Returns:
        What there is to know for a person, by name, and the same as JSON values.

    Raises:
        ScoreFileError: It is no score.
    """
    from ddsp_tf.midi import read_score

    score = read_score(path)
    end_s = float(score.notes[:, 1].max())
    facts = {"length": duration(end_s), "notes": str(len(score.notes))}
    for part in score.parts:
        facts[f"part {part.number}"] = part.describe().split(": ", 1)[1]
    for name, curves in (("pitch bend", score.bends), ("sustain pedal", score.pedals)):
        if curves:
            channels = ", ".join(str(channel + 1) for channel in sorted(curves))
            facts[name] = f"in channel {channels}"
    parts = [
        {
            "number": part.number,
            "track": part.track,
            "channel": part.channel,
            "name": part.name,
            "n_notes": len(part.notes),
            "lowest_midi": float(part.notes[:, 2].min()),
            "highest_midi": float(part.notes[:, 2].max()),
            "most_at_once": part.most_at_once,
        }
        for part in score.parts
    ]
    return facts, {"seconds": end_s, "parts": parts}
