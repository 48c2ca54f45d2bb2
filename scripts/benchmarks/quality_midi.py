"""Writes notes with pitch bend and expression as a standard MIDI file."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from quality_notes import Note, hz_to_keys

if TYPE_CHECKING:
    from ddsp_tf.features import Features

BEND_RANGE = 24
"""Semitones to either side, which the file asks for. A step of the bend is 0.3 cents."""

TICK_S = 0.001
_TICKS_PER_QUARTER, _MICROSECONDS_PER_QUARTER = 500, 500_000
_BEND_CENTRE = 8192
_EXPRESSION = 11
_LOUDEST = 127
_DB_PER_DECADE = 40.0
"""How synthesisers read velocity and expression: 40 dB for a tenth of the value (General MIDI)."""

Event = tuple[int, bytes]
"""When, in ticks, and what."""


def performance(
    features: "Features",
    notes: Sequence[Note],
    *,
    frame_rate: float,
    program: int,
    loudest_db: float,
) -> list[Event]:
    """Turns notes into MIDI events: the key, and what its pitch and loudness do meanwhile.

    The velocity of a note is its greatest loudness, below `loudest_db`, which is velocity 127;
    expression is what the loudness lacks to it, at every frame. Pitch bend is what the pitch
    differs from the key. Notes take turns on two channels, so that the sound of one that has
    been released isn't bent by the next.

    Args:
        features: Of the melody, `[n_frames]`.
        notes: See `find_notes`.
        frame_rate: Frames a second.
        program: General MIDI program, from 0.
        loudest_db: The loudness that takes velocity and expression 127.

    Returns:
        Events in the order of time.
    """
    keys = hz_to_keys(features.f0_hz)
    events: list[Event] = []
    for channel in (0, 1):
        # Registered parameter 0 is the range of the bend.
        setting = ((101, 0), (100, 0), (6, BEND_RANGE), (38, 0))
        events.append((0, bytes([0xC0 | channel, program])))
        events.extend((0, bytes([0xB0 | channel, *change])) for change in setting)
    for index, note in enumerate(notes):
        frames = slice(note.first, note.end)
        level_db = features.loudness_db[frames].astype(np.float64) - loudest_db
        velocity = int(np.clip(np.ceil(_to_controller(level_db.max())), 1, _LOUDEST))
        missing_db = level_db - _DB_PER_DECADE * np.log10(velocity / _LOUDEST)
        controls = zip(
            range(note.first, note.end),
            np.clip(np.round(_to_controller(missing_db)), 0, _LOUDEST).astype(int),
            _to_bend(keys[frames] - note.key),
            strict=True,
        )
        channel = index % 2
        seen: dict[int, bytes] = {}
        for frame, expression, bend in controls:
            tick = _to_tick(frame, frame_rate)
            for message in (
                bytes([0xB0 | channel, _EXPRESSION, expression]),
                bytes([0xE0 | channel, bend & 0x7F, bend >> 7]),
            ):
                if seen.get(message[0]) != message:
                    events.append((tick, message))
                    seen[message[0]] = message
            if frame == note.first:
                events.append((tick, bytes([0x90 | channel, note.key, velocity])))
        events.append((_to_tick(note.end, frame_rate), bytes([0x80 | channel, note.key, 0])))
    return events


def midi_file(events: Sequence[Event], *, seconds: float) -> bytes:
    """Encodes events as a standard MIDI file of one track, whose ticks are milliseconds.

    Args:
        events: In the order of time.
        seconds: How long the track lasts.
    """
    tempo = b"\xff\x51\x03" + _MICROSECONDS_PER_QUARTER.to_bytes(3, "big")
    end = (round(seconds / TICK_S), b"\xff\x2f\x00")
    track = b"".join(_with_times([(0, tempo), *events, end]))
    header = b"".join(number.to_bytes(2, "big") for number in (0, 1, _TICKS_PER_QUARTER))
    return _chunk(b"MThd", header) + _chunk(b"MTrk", track)


def _with_times(events: Sequence[Event]) -> Iterator[bytes]:
    before = 0
    for tick, message in events:
        wait = max(0, tick - before)
        digits = [wait & 0x7F]
        while wait := wait >> 7:
            digits.append(0x80 | (wait & 0x7F))
        yield bytes(reversed(digits)) + message
        before = max(before, tick)


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "big") + content


def _to_controller(level_db: np.ndarray) -> np.ndarray:
    return _LOUDEST * 10.0 ** (level_db / _DB_PER_DECADE)


def _to_bend(semitones: np.ndarray) -> np.ndarray:
    bend = np.round(_BEND_CENTRE + semitones * _BEND_CENTRE / BEND_RANGE).astype(int)
    return np.clip(bend, 0, 2 * _BEND_CENTRE - 1)


def _to_tick(frame: int, frame_rate: float) -> int:
    return round(frame / frame_rate / TICK_S)
