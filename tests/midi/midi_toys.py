"""MIDI files made in a line."""

from pathlib import Path

import mido


def save(path: Path, *tracks: list, ticks_per_beat: int = 480, kind: int = 1) -> Path:
    file = mido.MidiFile(ticks_per_beat=ticks_per_beat, type=kind)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    file.save(path)
    return path


def on(key: int, time: int = 0, *, velocity: int = 127, channel: int = 0) -> mido.Message:
    return mido.Message("note_on", note=key, velocity=velocity, time=time, channel=channel)


def off(key: int, time: int, *, channel: int = 0) -> mido.Message:
    return mido.Message("note_off", note=key, time=time, channel=channel)


def tempo(beats_a_minute: float, time: int = 0) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(beats_a_minute), time=time)


def control(number: int, value: int, time: int = 0, *, channel: int = 0) -> mido.Message:
    return mido.Message("control_change", control=number, value=value, time=time, channel=channel)


def bend(pitch: int, time: int = 0, *, channel: int = 0) -> mido.Message:
    return mido.Message("pitchwheel", pitch=pitch, time=time, channel=channel)


def named(name: str) -> mido.MetaMessage:
    return mido.MetaMessage("track_name", name=name)
