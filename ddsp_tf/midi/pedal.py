"""The sustain pedal, which lets notes sound on after their keys were released."""

from collections.abc import Mapping

import numpy as np

from ddsp_tf.types import FloatArray

_DOWN = 0.5
"""From here on a pedal holds the notes (64 of 127, as the standard has it)."""


def sustained(notes: np.ndarray, pedals: Mapping[int, FloatArray]) -> FloatArray:
    """Lengthens the notes whose keys were released while their channel's pedal was down.

    Such a note ends when the pedal rises, or where its key is struck again in its channel. A pedal
    that never rises holds them until all is over.

    Args:
        notes: `[n_notes, 5]`: onset and offset in seconds, MIDI number, velocity, channel.
        pedals: `[n, 2]` by channel: seconds, and how far it is down from 0 to 1.

    Returns:
        `[n_notes, 5]`, in the same order.

    Example:
        >>> chord = np.array([[0.0, 0.5, 60, 1, 0], [1.0, 1.5, 64, 1, 0], [3.0, 4.0, 60, 1, 0]])
        >>> sustained(chord, {0: np.array([[0.2, 1.0], [2.0, 0.0]])})[:, 1].tolist()
        [2.0, 2.0, 4.0]
    """
    held = np.array(notes, np.float64)
    for channel, curve in pedals.items():
        own = np.flatnonzero(held[:, 4] == channel)
        if not len(own):
            continue
        is_down = curve[:, 1] >= _DOWN
        last_s = max(float(held[:, 1].max()), float(curve[-1, 0]))
        index = np.searchsorted(curve[:, 0], held[own, 1] + 1e-9, side="right") - 1
        # The first change after each place at which the pedal is up.
        times = np.append(curve[:, 0], last_s)
        rises = np.minimum.accumulate(np.where(np.append(~is_down, True), times, np.inf)[::-1])
        until = rises[::-1][np.clip(index, 0, None)]
        holds = (index >= 0) & np.append(is_down, False)[index]
        held[own, 1] = np.where(holds, np.maximum(until, held[own, 1]), held[own, 1])
    return _cut_at_next_strike(held, np.asarray(notes, np.float64)[:, 1])


def _cut_at_next_strike(held: FloatArray, released_s: FloatArray) -> FloatArray:
    """Ends what the pedal holds where its key is struck again."""
    order = np.lexsort((held[:, 0], held[:, 2], held[:, 4]))
    same = np.all(held[order[1:]][:, [2, 4]] == held[order[:-1]][:, [2, 4]], axis=1)
    following_s = np.append(np.where(same, held[order[1:], 0], np.inf), np.inf)[: len(order)]
    ends = np.minimum(held[order, 1], np.maximum(following_s, released_s[order]))
    held[order, 1] = ends
    return held
