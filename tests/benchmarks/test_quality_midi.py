"""What a MIDI file tells a synthesiser is the pitch and loudness of the melody."""

import numpy as np
import pytest
from quality_midi import BEND_RANGE, midi_file, performance
from quality_notes import Note, find_notes

from ddsp_tf.features import Features

RATE = 250.0


def decode(midi: bytes) -> list[tuple[float, bytes]]:
    """Reads a standard MIDI file of one track: seconds and messages."""
    assert midi[:14] == b"MThd\0\0\0\6\0\0\0\1" + (500).to_bytes(2, "big")
    assert midi[14:18] == b"MTrk"
    assert int.from_bytes(midi[18:22], "big") == len(midi) - 22
    position, tick, events = 22, 0, []
    while position < len(midi):
        wait = 0
        while midi[position] & 0x80:
            wait = wait << 7 | midi[position] & 0x7F
            position += 1
        tick += wait << 7 | midi[position]
        position += 1
        kind = midi[position]
        length = 3 + midi[position + 2] if kind == 0xFF else 2 if kind >> 4 == 0xC else 3
        events.append((tick / 1000.0, midi[position : position + length]))
        position += length
    return events


def play(events: list[tuple[float, bytes]], n_frames: int) -> tuple[np.ndarray, np.ndarray]:
    """What a synthesiser makes of events: pitch in MIDI notes and level in dB, NaN if none."""
    pitch, level = np.full((2, n_frames), np.nan)
    bend, expression = np.zeros(2), np.full(2, 127)
    held: dict[int, tuple[int, int]] = {}
    done = 0
    for time, message in [*events, (n_frames / RATE, b"\xff")]:
        until = round(time * RATE)
        for channel, (key, velocity) in held.items():
            pitch[done:until] = key + bend[channel]
            level[done:until] = 40 * np.log10(max(expression[channel], 0.1) * velocity / 127**2)
        done = until
        kind, channel = message[0] >> 4, message[0] & 15
        if kind == 0xE:
            bend[channel] = (message[1] + 128 * message[2] - 8192) * BEND_RANGE / 8192
        elif kind == 0xB and message[1] == 11:
            expression[channel] = message[2]
        elif kind == 0x9:
            held[channel] = (message[1], message[2])
        elif kind == 0x8:
            assert held.pop(channel)[0] == message[1]
    return pitch, level


@pytest.fixture
def melody() -> Features:
    """Two seconds with vibrato, steps, a glide, and loudness that moves."""
    t = np.arange(500) / RATE
    keys = np.repeat([57.3, 64.1, 62.0, 81.9], 125) + 0.4 * np.sin(2 * np.pi * 5.5 * t)
    keys[400:] -= np.linspace(0.0, 7.0, 100)
    f0_hz = 440.0 * 2.0 ** ((keys - 69.0) / 12.0)
    return Features(f0_hz, np.ones(500), -25.0 + 8.0 * np.sin(2 * np.pi * 0.9 * t))


def test_pitch_and_loudness_survive(melody: Features) -> None:
    notes = find_notes(melody, frame_rate=RATE)
    assert len(notes) >= 4
    events = performance(melody, notes, frame_rate=RATE, program=40, loudest_db=-10.0)
    decoded = decode(midi_file(events, seconds=2.5))
    assert decoded[-1] == (2.5, b"\xff\x2f\x00")
    pitch, level_db = play(decoded[1:-1], 500)
    keys = 69.0 + 12.0 * np.log2(melody.f0_hz / 440.0)
    assert np.abs(pitch - keys).max() < 0.003
    assert np.abs(level_db - (melody.loudness_db + 10.0)).max() < 0.5


def test_both_channels_are_set_up(melody: Features) -> None:
    notes = [Note(0, 250, 60), Note(250, 500, 62)]
    events = performance(melody, notes, frame_rate=RATE, program=73, loudest_db=-10.0)
    first = [message for tick, message in events if tick == 0]
    for channel in (0, 1):
        assert bytes([0xC0 | channel, 73]) in first
        assert bytes([0xB0 | channel, 6, BEND_RANGE]) in first
    assert {message[0] & 15 for _, message in events if message[0] >> 4 == 9} == {0, 1}


def test_what_is_out_of_reach_is_held_at_the_end() -> None:
    """A bend beyond its range, a loudness beyond the loudest, and one too soft to be written."""
    f0_hz = np.array([440.0, 440.0 * 2.0**3, 440.0, 440.0])
    melody = Features(f0_hz, np.ones(4), np.array([-20.0, 0.0, -20.0, -200.0]))
    events = performance(melody, [Note(0, 4, 69)], frame_rate=RATE, program=40, loudest_db=-10.0)
    decoded = decode(midi_file(events, seconds=0.1))
    assert all(byte < 128 for _, message in decoded[1:-1] for byte in message[1:])
    pitch, level_db = play(decoded[1:-1], 4)
    np.testing.assert_allclose(pitch[:3], [69.0, 93.0, 69.0], atol=0.01)
    assert level_db[1] == 0.0
