"""Which players of a score an instrument takes the place of."""

import re
from collections.abc import Sequence

from ddsp_tf.errors import ScoreFileError
from ddsp_tf.files import printable
from ddsp_tf.midi.score import Part, Score
from ddsp_tf.types import PathLike

_NUMBERS = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")
_PERCUSSION = 10
_PLACE = re.compile(r"(?P<what>track|channel)\s*(?P<number>\d+)", re.IGNORECASE)


def choose_parts(
    score: Score, choices: Sequence[str | None], *, path: PathLike = "score"
) -> list[tuple[Part, ...]]:
    """Finds what each instrument plays.

    A choice is a part's number, several ("1,3", "2-4"), a track or a channel ("track 2", "channel
    5"), or the name of a track, or a piece of it. Of those without a choice, several take the parts
    that nobody chose one by one, in order; a single one takes all that are left. Percussion
    (channel 10) is taken by choice alone, unless there is nothing else.

    Args:
        score: What is played.
        choices: One for each instrument; None where nothing was chosen.
        path: The score's file, for messages.

    Returns:
        The parts of each instrument, at least one.

    Raises:
        ScoreFileError: A choice leads to nothing, or there are more or fewer parts than instruments
            that have no choice; the message lists the parts.

    Example:
        >>> from ddsp_tf.midi import read_score, write_notes
        >>> write_notes("air.mid", np.array([[0.0, 1.0, 69, 0.5, 0]]), name="Melody")
        >>> [part.name for part in choose_parts(read_score("air.mid"), ["melody"])[0]]
        ['Melody']
    """
    name = printable(path)
    chosen = {i: _choose(score, choice, name) for i, choice in enumerate(choices) if choice}
    taken = {part.number for parts in chosen.values() for part in parts}
    pitched = [part for part in score.parts if part.channel != _PERCUSSION] or score.parts
    left = [part for part in pitched if part.number not in taken]
    without = [i for i, choice in enumerate(choices) if not choice]
    if len(without) == 1:
        if not left:
            raise ScoreFileError(
                f"Every part of `{name}` was given to an instrument, and one has none. "
                f"{_list(score)}"
            )
        chosen[without[0]] = tuple(left)
    elif without and len(without) != len(left):
        counts = f"{len(left)} part{'s' if len(left) != 1 else ''}"
        raise ScoreFileError(
            f"`{name}` has {counts} for {len(without)} instruments. Say who plays which, such as "
            f"violin=1 cello=2. {_list(score)}"
        )
    elif without:
        chosen.update({i: (part,) for i, part in zip(without, left, strict=True)})
    return [chosen[i] for i in range(len(choices))]


def _choose(score: Score, choice: str, name: str) -> tuple[Part, ...]:
    wanted = choice.strip()
    if _NUMBERS.fullmatch(wanted):
        numbers = _numbers(wanted)
        found = [part for part in score.parts if part.number in numbers]
        missing = numbers - {part.number for part in score.parts}
        if missing:
            found = []
    elif place := _PLACE.fullmatch(wanted):
        what, number = place["what"].lower(), int(place["number"])
        found = [part for part in score.parts if getattr(part, what) == number]
    else:
        found = [part for part in score.parts if part.name.lower() == wanted.lower()] or [
            part for part in score.parts if wanted.lower() in part.name.lower()
        ]
    if not found:
        raise ScoreFileError(f"`{name}` has no part `{wanted}`. {_list(score)}")
    return tuple(found)


def _numbers(text: str) -> set[int]:
    numbers: set[int] = set()
    for piece in text.split(","):
        first, _, last = piece.partition("-")
        numbers |= set(range(int(first), min(int(last or first), int(first) + 1000) + 1))
    return numbers


def _list(score: Score) -> str:
    shown = [part.describe() for part in score.parts[:20]]
    more = len(score.parts) - len(shown)
    return "Its parts are:\n  " + "\n  ".join(shown + [f"and {more} more"] * bool(more))
