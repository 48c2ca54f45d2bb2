"""Melodies before, and after each instrument has played them: sounds and plots in a folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ddsp_tf.cli.demo_plots import Plot, write_plots
from ddsp_tf.cli.plain_words import say_changes
from ddsp_tf.presets import MELODY

if TYPE_CHECKING:
    from ddsp_tf.features import Features, FeatureSettings
    from ddsp_tf.inference import TimbreTransfer, TransferResult
    from ddsp_tf.models import Instrument
    from ddsp_tf.types import Progress


SOUNDS = "sounds"


@dataclass(frozen=True)
class Performance:
    """What an instrument has made of a melody.

    Attributes:
        instrument: Its name on the page.
        sound: The WAV, from the page.
        plots: Both, as spectrograms, pitch and loudness, for every kind of page.
        changes: What was changed, a line each.
        warnings: What is doubtful.
    """

    instrument: str
    sound: str
    plots: tuple[Plot, ...]
    changes: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Melody:
    """A melody and what has become of it.

    Attributes:
        title: What it is called.
        seconds: Its length.
        sound: The WAV of it, from the page.
        performances: One for each instrument.
    """

    title: str
    seconds: float
    sound: str
    performances: tuple[Performance, ...]


def render_melodies(
    folder: Path,
    instruments: Mapping[str, "Instrument"],
    melodies: Sequence[Path],
    *,
    progress: "Progress",
) -> list[Melody]:
    """Plays every melody with every instrument.

    Args:
        folder: Where `sounds/` and `plots/` go.
        instruments: By their names on the page.
        melodies: Audio files.
        progress: Is called with the share that is done, 0 to 1.

    Raises:
        AudioFileError: A melody is missing, damaged, silent or too short.
        OutputError: The disk is full or can't be written.
    """
    from ddsp_tf.inference import TimbreTransfer

    players = {name: TimbreTransfer(instrument) for name, instrument in instruments.items()}
    return [
        _render(folder, f"{index + 1}", path, players, part_of(progress, index, len(melodies)))
        for index, path in enumerate(melodies)
    ]


def part_of(progress: "Progress", index: int, count: int) -> "Progress":
    """Gives what reports the progress of one of `count` equal parts."""
    return lambda share: progress((index + share) / count)


def _render(
    folder: Path,
    number: str,
    path: Path,
    players: "Mapping[str, TimbreTransfer]",
    progress: "Progress",
) -> Melody:
    from ddsp_tf.audio import read_audio, write_audio

    audio, rate = read_audio(path)
    sound = f"{SOUNDS}/{number}.wav"
    write_audio(folder / sound, audio, rate, bit_depth=16)
    found: dict[FeatureSettings, Features] = {}
    performances = []
    for index, (name, play) in enumerate(players.items()):
        # What one instrument has heard in the melody serves all that hear like it.
        advance = part_of(progress, index, len(players))
        result = play(audio, rate, features=found.get(play.settings), progress=advance)
        found[play.settings] = result.features
        performances.append(_write_performance(folder, f"{number}-{name}", name, result))
    title = "A sung melody" if path == MELODY else path.name
    return Melody(title, len(audio) / rate, sound, tuple(performances))


def _write_performance(folder: Path, stem: str, name: str, result: "TransferResult") -> Performance:
    from ddsp_tf.audio import write_audio

    sound = f"{SOUNDS}/{stem}.wav"
    write_audio(folder / sound, result.audio, result.sample_rate, bit_depth=16)
    report = result.report
    return Performance(
        name,
        sound,
        write_plots(result, folder, stem),
        tuple(say_changes(report)),
        tuple(report.warnings),
    )
