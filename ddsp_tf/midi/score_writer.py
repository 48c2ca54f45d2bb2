"""Notes to Standard MIDI files."""

import os
from pathlib import Path

import mido
import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.files import atomic_file

_TICKS_PER_BEAT = 480
_TEMPO = 500_000
_TICKS_PER_S = _TICKS_PER_BEAT * 1_000_000 / _TEMPO


def write_notes(
    path: str | os.PathLike[str], notes: np.ndarray, *, name: str = "", overwrite: bool = False
) -> None:
    """Writes notes as a Standard MIDI file of one track, whole or not at all.

    The tempo is 120 quarter notes a minute, each of 480 ticks, so that times are kept to 0.5 ms.

    Args:
        path: The file.
        notes: `[n_notes, 5]`: onset and offset in seconds, MIDI number, velocity (0 to 1), channel.
        name: Of the track.
        overwrite: Whether an existing file may be replaced.

    Raises:
        ArgumentError: There are no notes, or their times or keys are impossible.
        OutputError: The file exists, or can't be written.

    Example:
        >>> write_notes("scale.mid", np.array([[0.0, 0.5, 60, 0.8, 0], [0.5, 1.0, 62, 0.8, 0]]))
        >>> from ddsp_tf.midi import read_notes
        >>> read_notes("scale.mid")[:, :3].tolist()
        [[0.0, 0.5, 60.0], [0.5, 1.0, 62.0]]
    """
    rows = np.asarray(notes, np.float64)
    if rows.ndim != 2 or rows.shape[1:] != (5,) or not len(rows) or not np.isfinite(rows).all():
        raise ArgumentError(f"`notes` must be finite, [n_notes, 5]; got shape {rows.shape}.")
    if (rows[:, 0] < 0).any() or (rows[:, 1] < rows[:, 0]).any():
        raise ArgumentError("`notes` must begin at 0 or later, and not end before that.")
    keys, channels = np.round(rows[:, 2]).astype(int), rows[:, 4].astype(int)
    if (keys < 0).any() or (keys > 127).any() or (channels < 0).any() or (channels > 15).any():
        raise ArgumentError("`notes` must have keys from 0 to 127, and channels from 0 to 15.")
    velocities = np.clip(np.round(127 * rows[:, 3]), 1, 127).astype(int)
    onsets = np.round(rows[:, 0] * _TICKS_PER_S).astype(int)
    offsets = np.maximum(np.round(rows[:, 1] * _TICKS_PER_S).astype(int), onsets + 1)
    # At one time a key is released before it is struck again.
    events = sorted(
        [
            (int(tick), is_on, int(channel), int(key), int(velocity))
            for is_on, ticks in ((True, onsets), (False, offsets))
            for tick, channel, key, velocity in zip(ticks, channels, keys, velocities, strict=True)
        ]
    )
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=_TEMPO)])
    if name:
        track.append(
            mido.MetaMessage("track_name", name=name.encode("latin-1", "replace").decode("latin-1"))
        )
    before = 0
    for tick, is_on, channel, key, velocity in events:
        kind, loud = ("note_on", velocity) if is_on else ("note_off", 0)
        track.append(
            mido.Message(kind, channel=channel, note=key, velocity=loud, time=tick - before)
        )
        before = tick
    file = mido.MidiFile(type=0, ticks_per_beat=_TICKS_PER_BEAT)
    file.tracks.append(track)
    with atomic_file(Path(path), overwrite=overwrite) as temporary:
        file.save(temporary)
