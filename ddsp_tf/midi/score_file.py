"""Standard MIDI files to notes in seconds.

The file itself is parsed by mido: it is kept, pure Python without a compiled part or dependencies
of its own, and gives the messages as they are. pretty_midi, built on it, rounds and reorders what
it reads and brings instruments that aren't needed here; symusic is faster, which a few thousand
notes don't need, and has to be compiled for every new Python.
"""

import os
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import mido
import numpy as np

from ddsp_tf.errors import ScoreFileError
from ddsp_tf.midi.controllers import ChannelControllers
from ddsp_tf.midi.note_table import TABLE_SUFFIX, read_note_table
from ddsp_tf.midi.score import Part, Score
from ddsp_tf.types import Float32Array

SUFFIXES = (".mid", ".midi")
_N_CHANNELS = 16
_PERCUSSION = 9
_DEFAULT_TEMPO = 500_000  # Microseconds a quarter note, until the file says another.


def find_score(audio: str | os.PathLike[str]) -> Path | None:
    """The score that has the name of an audio file and lies beside it, if there is one.

    It is a MIDI file, or else a table of notes (`read_note_table`).
    """
    stem = Path(audio).with_suffix("")
    suffixes = [suffix for end in SUFFIXES for suffix in (end, end.upper())]
    candidates = [stem.with_name(stem.name + suffix) for suffix in (*suffixes, TABLE_SUFFIX)]
    return next((path for path in candidates if path.is_file()), None)


def read_score(
    path: str | os.PathLike[str], *, track: int | None = None, channel: int | None = None
) -> Score:
    """Reads a MIDI file: its parts, and how their channels are bent and pedalled.

    A note ends when its key is released, whatever the pedal does (`sustained` lengthens it); one
    that is never released ends with its track, or with the file if nothing else follows in its
    track. Two notes of one key that overlap are ended in the order of their beginning.

    Args:
        path: A Standard MIDI file of format 0 or 1.
        track: Whose notes alone are read, counted from 1 as in most programs; None: all tracks.
        channel: Whose notes alone are read, 1 to 16; None: all channels.

    Returns:
        The score; it has a note at least, and its parts keep their numbers.

    Raises:
        ScoreFileError: It is missing, not MIDI, truncated, counts time in another way, sets a tempo
            in which no time passes, or holds no notes; or none in that track or channel, and the
            message says where there are some.
    """
    path = Path(path)
    file = _parse(path)
    clock = _Clock(path, file)
    timed = [list(clock.timed(messages)) for messages in file.tracks]
    end_s = max((messages[-1][0] for messages in timed if messages), default=0.0)
    parts: list[Part] = []
    for number, messages in enumerate(timed, 1):
        for played, notes in sorted(_notes_by_channel(messages, end_s).items()):
            rows = np.array(sorted(notes, key=lambda note: (note[0], note[2])), np.float64)
            name = _name_of(messages, played)
            parts.append(Part(len(parts) + 1, number, played + 1, name, rows))
    if not parts:
        raise ScoreFileError(f"`{path}` is MIDI, but holds no notes. Export the score again.")
    controllers = _follow_controllers(timed)
    kept = tuple(
        part for part in parts if track in (None, part.track) and channel in (None, part.channel)
    )
    if not kept:
        raise ScoreFileError(_nothing_found(path, parts, track, channel))
    return Score(
        kept,
        bends={number: x.bends for number, x in controllers.items() if len(x.bends)},
        pedals={number: x.pedal for number, x in controllers.items() if len(x.pedal)},
    )


def read_notes(
    path: str | os.PathLike[str], *, track: int | None = None, channel: int | None = None
) -> Float32Array:
    """Reads the notes of a MIDI file, with its changes of tempo, or of a table.

    Args:
        path: A Standard MIDI file of format 0 or 1, see `read_score`; or, by its name, a
            `.notes.csv`, see `read_note_table`.
        track: Whose notes alone are read, counted from 1 as in most programs; None: all tracks.
        channel: Whose notes alone are read, 1 to 16; None: all channels.

    Returns:
        `[n_notes, 5]`, n_notes > 0: onset and offset in seconds from the file's start, MIDI number,
        velocity (0 to 1), channel (0 to 15); sorted by onset, then by MIDI number.

    Raises:
        ScoreFileError: As `read_score` and `read_note_table`.
    """
    if str(path).endswith(TABLE_SUFFIX):
        return read_note_table(path).astype(np.float32)
    return read_score(path, track=track, channel=channel).notes.astype(np.float32)


def _parse(path: Path) -> mido.MidiFile:
    if not path.exists():
        raise ScoreFileError(f"`{path}` does not exist.")
    try:
        with path.open("rb") as content:
            is_midi = content.read(4) == b"MThd"
        if not is_midi:
            raise ScoreFileError(
                f"`{path}` is not a MIDI file, whatever its name. Export the score as a Standard "
                "MIDI file."
            )
        file = mido.MidiFile(path)
    except EOFError as error:
        raise ScoreFileError(
            f"`{path}` is truncated: it ends within a track. Copy or export it again."
        ) from error
    except PermissionError as error:
        raise ScoreFileError(f"No permission to read `{path}`.") from error
    except (OSError, ValueError, KeyError, IndexError, mido.KeySignatureError) as error:
        raise ScoreFileError(f"`{path}` is damaged ({error}). Copy or export it again.") from error
    if file.type == 2 or file.ticks_per_beat <= 0:
        raise ScoreFileError(
            f"`{path}` is a kind of MIDI file that can't be laid beside a recording "
            f"(format {file.type}, division {file.ticks_per_beat}). Export it as format 0 or 1 "
            "with ticks per quarter note."
        )
    return file


class _Clock:
    """Ticks to seconds, by the tempi of all tracks."""

    def __init__(self, path: Path, file: mido.MidiFile) -> None:
        changes = {0: _DEFAULT_TEMPO}
        for messages in file.tracks:
            tick = 0
            for message in messages:
                tick += message.time
                if message.type == "set_tempo":
                    changes[tick] = message.tempo
                    if not message.tempo:
                        raise ScoreFileError(
                            f"`{path}` sets a tempo in which no time passes (0 microseconds a "
                            "quarter note). Set a tempo, and export it again."
                        )
        self._ticks = np.array(sorted(changes), np.float64)
        tempi = np.array([changes[int(tick)] for tick in self._ticks], np.float64)
        self._tick_s = tempi * 1e-6 / file.ticks_per_beat
        self._seconds = np.append(0.0, np.cumsum(np.diff(self._ticks) * self._tick_s[:-1]))

    def timed(self, messages: Iterable[mido.Message]) -> Iterator[tuple[float, mido.Message]]:
        """A track's messages with their times in seconds."""
        tick, index, last = 0, 0, len(self._ticks) - 1
        for message in messages:
            tick += message.time
            while index < last and self._ticks[index + 1] <= tick:
                index += 1
            passed = (tick - self._ticks[index]) * self._tick_s[index]
            yield float(self._seconds[index] + passed), message


def _notes_by_channel(
    messages: list[tuple[float, mido.Message]], file_end_s: float
) -> dict[int, list[tuple[float, ...]]]:
    """A track's notes as rows; those of no length are left out."""
    held: dict[tuple[int, int], deque[tuple[float, int]]] = defaultdict(deque)
    notes: dict[int, list[tuple[float, ...]]] = defaultdict(list)

    def end(channel: int, key: int, end_s: float) -> None:
        onset_s, velocity = held[channel, key].popleft()
        if end_s > onset_s:
            notes[channel].append((onset_s, end_s, key, velocity / 127.0, channel))

    for time_s, message in messages:
        if message.type == "note_on" and message.velocity > 0:
            held[message.channel, message.note].append((time_s, message.velocity))
        elif message.type in ("note_on", "note_off") and held[message.channel, message.note]:
            end(message.channel, message.note, time_s)
    for (channel, key), waiting in held.items():
        while waiting:
            track_end_s = messages[-1][0]
            end(channel, key, track_end_s if track_end_s > waiting[0][0] else file_end_s)
    return notes


def _name_of(messages: Iterable[tuple[float, mido.Message]], channel: int) -> str:
    """The name that the track has, else that of the channel's first program."""
    program = ""
    for _, message in messages:
        if message.type == "track_name" and message.name.strip():
            return str(message.name.strip())
        if message.type == "program_change" and message.channel == channel and not program:
            program = f"program {message.program + 1}"
    return "Percussion" if channel == _PERCUSSION else program


def _follow_controllers(
    tracks: Iterable[list[tuple[float, mido.Message]]],
) -> dict[int, ChannelControllers]:
    """The controllers of each channel, whichever tracks they stand in."""
    controllers = {channel: ChannelControllers() for channel in range(_N_CHANNELS)}
    heard = [
        (time_s, message)
        for messages in tracks
        for time_s, message in messages
        if message.type in ("pitchwheel", "control_change")
    ]
    for time_s, message in sorted(heard, key=lambda timed: timed[0]):
        controllers[message.channel].hear(time_s, message)
    return controllers


def _nothing_found(
    path: Path, parts: Iterable[Part], track: int | None, channel: int | None
) -> str:
    """Says where there are notes."""
    asked = [
        f"{what} {number}"
        for what, number in (("track", track), ("channel", channel))
        if number is not None
    ]
    there = ", ".join(f"track {part.track} channel {part.channel}" for part in parts)
    return f"`{path}` holds no notes in {' '.join(asked)}. There are some in {there}."
