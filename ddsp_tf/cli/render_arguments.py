"""Songs and instruments among the arguments of `ddsp-tf render`, in whatever order they come."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click


@dataclass(frozen=True)
class Seat:
    """An instrument, and what it plays.

    Attributes:
        instrument: By name or path.
        parts: Which parts of a score; None: not said.
        player: Which of the instruments of a model that plays several; None: not said.
    """

    instrument: str
    parts: str | None
    player: str | None = None

    @property
    def name(self) -> str:
        """The instrument, and which one of its."""
        return self.instrument if self.player is None else f"{self.instrument}:{self.player}"


def sort_arguments(arguments: Sequence[str]) -> tuple[list[str], list[Seat]]:
    """Tells songs from instruments.

    A song is a path that ends in .mid or .midi, a file, a pattern, or a folder with MIDI files and
    without an instrument. Everything else is an instrument, and what follows its last `=` are the
    parts that it plays; after the folder of a model of several instruments, `:` and one of them.

    Raises:
        click.UsageError: There is no song, or no instrument.

    Example:
        >>> songs, seats = sort_arguments(["duet.mid", "violin=1", "cello"])
        >>> songs, seats[0]
        (['duet.mid'], Seat(instrument='violin', parts='1', player=None))
    """
    kinds = [_is_song(argument) for argument in arguments]
    # A folder with neither notes nor an instrument is whichever of both is missing.
    unsure = True not in kinds
    songs = [
        x for x, kind in zip(arguments, kinds, strict=True) if kind or (kind is None and unsure)
    ]
    seats = [_seat(argument) for argument in arguments if argument not in songs]
    if not songs:
        raise click.UsageError(
            "No song was named: a MIDI file (.mid, .midi), a folder of them, or a pattern. For "
            "example: ddsp-tf render song.mid violin -o song.wav"
        )
    if not seats:
        raise click.UsageError(
            f"No instrument was named. For example: ddsp-tf render {songs[0]} violin -o song.wav. "
            f"`ddsp-tf instruments` lists them, and `ddsp-tf inspect {songs[0]}` the parts."
        )
    return songs, seats


def _is_song(argument: str) -> bool | None:
    """Whether an argument is a song; None for a folder that holds nothing that tells."""
    from ddsp_tf.midi.score_file import SUFFIXES

    path = Path(argument)
    if path.suffix.lower() in SUFFIXES or path.is_file():
        return True
    if not path.is_dir():
        return glob.has_magic(argument) and "=" not in argument
    if any((folder / "metadata.json").is_file() for folder in (path, path / "model")):
        return False
    return True if any(x.suffix.lower() in SUFFIXES for x in path.rglob("*")) else None


def _seat(argument: str) -> Seat:
    name, equals, parts = argument.rpartition("=")
    if not equals or Path(argument).exists():
        return _chosen(argument, None)
    if not name or not parts.strip():
        raise click.UsageError(
            f"`{argument}` should be an instrument and its parts, such as violin=1 or "
            "'cello=Violoncello'."
        )
    return _chosen(name, parts)


def _chosen(name: str, parts: str | None) -> Seat:
    folder, colon, player = name.rpartition(":")
    if colon and player and not Path(name).exists() and Path(folder).is_dir():
        return Seat(folder, parts, player)
    return Seat(name, parts)
