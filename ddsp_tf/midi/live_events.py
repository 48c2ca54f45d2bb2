"""Lines of text that say what is played live: keys, bends and the pedal."""

import re
from dataclasses import dataclass

from ddsp_tf.errors import ScoreFileError

FORMAT = (
    "[TIME] on KEY VELOCITY, [TIME] off KEY, [TIME] bend SEMITONES, [TIME] pedal VALUE, [TIME] "
    "quiet, or [TIME] end"
)
_LONGEST_S = 24 * 3600.0
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)")
_VALUES = {
    "on": (("KEY", 0, 127), ("VELOCITY", 0, 127)),
    "off": (("KEY", 0, 127),),
    "bend": (("SEMITONES", -48, 48),),
    "pedal": (("VALUE", 0, 127),),
    "quiet": (),
    "end": (),
}


@dataclass(frozen=True)
class LiveEvent:
    """Something that a player does.

    Attributes:
        kind: "on", "off", "bend", "pedal", "quiet" (all keys and the pedal are let go) or "end".
        values: Key and velocity (0 to 127), the key, semitones, or how far the pedal is down (0 to
            127).
        time_s: Seconds since the begin; None: now.
    """

    kind: str
    values: tuple[float, ...] = ()
    time_s: float | None = None


def parse_event(line: str) -> LiveEvent | None:
    """Reads a line; None if it is empty or a comment, which begins with `#`.

    Raises:
        ScoreFileError: It is no event, or a number is outside its range.

    Example:
        >>> parse_event("0.500 on 60 100")
        LiveEvent(kind='on', values=(60.0, 100.0), time_s=0.5)
        >>> parse_event("off 60  # at once")
        LiveEvent(kind='off', values=(60.0,), time_s=None)
    """
    words = line.split("#", 1)[0].split()
    if not words:
        return None
    time_s = None
    if _NUMBER.fullmatch(words[0]):
        time_s = float(words[0])
        words = words[1:]
        if not 0.0 <= time_s <= _LONGEST_S:
            raise ScoreFileError(f"`{line.strip()}` has a time outside 0 to 86400 seconds.")
    kind = words[0].lower() if words else ""
    wanted = _VALUES.get(kind)
    if wanted is None or len(words) != 1 + len(wanted):
        raise ScoreFileError(f"`{line.strip()[:80]}` is no event. A line is {FORMAT}.")
    values = []
    for (name, low, high), word in zip(wanted, words[1:], strict=True):
        if not _NUMBER.fullmatch(word) or not low <= float(word) <= high:
            raise ScoreFileError(
                f"In `{line.strip()[:80]}`, {name} should be a number from {low} to {high}; got "
                f"{word[:20]}."
            )
        if name in ("KEY", "VELOCITY") and not float(word).is_integer():
            raise ScoreFileError(f"In `{line.strip()[:80]}`, {name} should be a whole number.")
        values.append(float(word))
    return LiveEvent(kind, tuple(values), time_s)
