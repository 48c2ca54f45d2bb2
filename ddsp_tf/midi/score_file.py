"""Standard MIDI files to notes in seconds.

The file itself is parsed by mido: it is kept, pure Python without a compiled part or dependencies
of its own, and gives the messages as they are. pretty_midi, built on it, rounds and reorders what
it reads and brings instruments that aren't needed here; symusic is faster, which a few thousand
notes don't need, and has to be compiled for every new Python.
"""

import os
from collections import defaultdict, deque
from collections.abc import Iterator
from pathlib import Path

import mido
import numpy as np

from ddsp_tf.errors import ScoreFileError
from ddsp_tf.types import Float32Array

SUFFIXES = (".mid", ".midi")
_NOTE_MESSAGES = ("note_on", "note_off")
_DEFAULT_TEMPO = 500_000  # Microseconds a quarter note, until the file says another.


def find_score(audio: str | os.PathLike[str]) -> Path | None:
    """The MIDI file that has the name of an audio file and lies beside it, if there is one."""
    stem = Path(audio).with_suffix("")
    candidates = [
        stem.with_name(stem.name + suffix) for end in SUFFIXES for suffix in (end, end.upper())
    ]
    return next((path for path in candidates if path.is_file()), None)


def read_notes(
    path: str | os.PathLike[str], *, track: int | None = None, channel: int | None = None
) -> Float32Array:
    """Reads the notes of a MIDI file, with its changes of tempo.

    A note ends when its key is released, whatever the pedal does; one that is never released ends
    with the file. Two notes of one key that overlap are ended in the order of their beginning.

    Args:
        path: A Standard MIDI file of format 0 or 1.
        track: Whose notes alone are read, counted from 1 as in most programs; None: all tracks.
        channel: Whose notes alone are read, 1 to 16; None: all channels.

    Returns:
        `[n_notes, 5]`, n_notes > 0: onset and offset in seconds from the file's start, MIDI number,
        velocity (0 to 1), channel (0 to 15); sorted by onset, then by MIDI number.

    Raises:
        ScoreFileError: It is missing, not MIDI, truncated, counts time in another way, or holds no
            notes; or none in that track or channel, and the message says where there are some.
    """
    path = Path(path)
    file = _parse(path)
    notes = list(_pair(_timed_messages(file, track), channel))
    if not notes:
        raise ScoreFileError(_nothing_found(path, file, track, channel))
    return np.array(sorted(notes, key=lambda note: (note[0], note[2])), np.float32)


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


def _timed_messages(
    file: mido.MidiFile, track: int | None = None
) -> Iterator[tuple[float, mido.Message]]:
    """All messages but the notes of other tracks: whatever sets the tempo is kept."""
    tracks = [
        mido.MidiTrack(_without_notes(messages)) if track not in (None, number) else messages
        for number, messages in enumerate(file.tracks, 1)
    ]
    seconds, tempo = 0.0, _DEFAULT_TEMPO
    for message in mido.merge_tracks(tracks):
        seconds += mido.tick2second(message.time, file.ticks_per_beat, tempo)
        if message.type == "set_tempo":
            tempo = message.tempo
        yield seconds, message


def _without_notes(messages: mido.MidiTrack) -> Iterator[mido.Message]:
    """The other messages, each after as long a time as before."""
    passed = 0
    for message in messages:
        passed += message.time
        if message.type not in _NOTE_MESSAGES:
            yield message.copy(time=passed)
            passed = 0


def _nothing_found(path: Path, file: mido.MidiFile, track: int | None, channel: int | None) -> str:
    """Says that there are no notes, or where they are."""
    sounding = [
        (number, message.channel + 1)
        for number, messages in enumerate(file.tracks, 1)
        for message in messages
        if message.type == "note_on" and message.velocity > 0
    ]
    if not sounding:
        return f"`{path}` is MIDI, but holds no notes. Export the score again."
    asked = [
        f"{what} {number}"
        for what, number in (("track", track), ("channel", channel))
        if number is not None
    ]
    there = ", ".join(f"track {one} channel {other}" for one, other in sorted(set(sounding)))
    return (
        f"`{path}` holds no notes in {' '.join(asked) or 'any track'}. There are some in {there}."
    )


def _pair(
    messages: Iterator[tuple[float, mido.Message]], only_channel: int | None = None
) -> Iterator[tuple[float, ...]]:
    """Notes as rows; those of no length are left out."""
    held: dict[tuple[int, int], deque[tuple[float, int]]] = defaultdict(deque)
    end_s = 0.0
    for end_s, message in messages:
        if message.type not in _NOTE_MESSAGES:
            continue
        if only_channel not in (None, message.channel + 1):
            continue
        key = (message.channel, message.note)
        if message.type == "note_on" and message.velocity > 0:
            held[key].append((end_s, message.velocity))
        elif held[key]:
            onset_s, velocity = held[key].popleft()
            if end_s > onset_s:
                yield onset_s, end_s, message.note, velocity / 127.0, message.channel
    for (channel, note), waiting in held.items():
        for onset_s, velocity in waiting:
            if end_s > onset_s:
                yield onset_s, end_s, note, velocity / 127.0, channel
