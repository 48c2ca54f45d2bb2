"""The small inaccuracies of a player, made by chance and the same for the same seed."""

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

_ONSET_S, _LENGTH_S = 0.012, 0.015
_VELOCITY, _CENTS = 0.06, 4.0
_MOST_SIGMAS = 2.0
_MEMORY = 0.7
"""How much of its haste or delay a note takes over from the one before it."""


def humanise(notes: np.ndarray, amount: float, *, seed: int) -> FloatArray:
    """Moves notes as little as a player does: in time, loudness and pitch.

    With an amount of 1 the standard deviations are 12 ms of onset (most of it shared with the note
    before, as players hurry and tarry over several notes), 15 ms of length, 0.06 of velocity and 4
    cents, none beyond twice that. No onset passes its neighbour's, nor the score's begin.

    Args:
        notes: `[n_notes, 5]`: onset and offset in seconds, MIDI number, velocity, channel.
        amount: 0 (nothing) to 1.
        seed: The same one gives the same notes.

    Returns:
        `[n_notes, 5]`, in the same order.

    Raises:
        ArgumentError: The amount is outside its range.

    Example:
        >>> scale = np.array([[0.0, 0.5, 60, 0.5, 0], [0.5, 1.0, 62, 0.5, 0]])
        >>> bool((humanise(scale, 0.0, seed=1) == scale).all())
        True
        >>> moved = humanise(scale, 1.0, seed=1)
        >>> bool(0 < abs(moved - scale).max() < 0.15)
        True
    """
    if not 0.0 <= amount <= 1.0:
        raise ArgumentError(f"`humanise` must be from 0 to 1; got {amount!r}.")
    moved = np.array(notes, np.float64)
    if amount == 0.0 or not len(moved):
        return moved
    chances = np.random.default_rng(seed).standard_normal((len(moved), 4))
    chances = amount * np.clip(chances, -_MOST_SIGMAS, _MOST_SIGMAS)
    haste = chances[:, 0].copy()
    for i in range(1, len(haste)):
        haste[i] = _MEMORY * haste[i - 1] + np.sqrt(1.0 - _MEMORY**2) * haste[i]
    length_s = moved[:, 1] - moved[:, 0]
    order = np.argsort(moved[:, 0], kind="stable")
    later_s = np.diff(moved[order, 0], append=np.inf)
    # Half of the way to either neighbour at most; notes of a chord move by themselves.
    room_s = np.full(len(moved), np.inf)
    room_s[order] = np.where(later_s > 0, later_s, np.inf)
    before_s = np.where(later_s[:-1] > 0, later_s[:-1], np.inf)
    room_s[order[1:]] = np.minimum(room_s[order[1:]], before_s)
    shift_s = np.clip(_ONSET_S * haste, -0.45 * room_s, 0.45 * room_s)
    moved[:, 0] = np.maximum(moved[:, 0] + shift_s, 0.0)
    shorter_s = np.clip(_LENGTH_S * chances[:, 1], -0.2 * length_s, 0.2 * length_s)
    bound_s = np.where(shorter_s > 0, 0.0, shorter_s)
    moved[:, 1] = np.maximum(moved[:, 0] + 0.5 * length_s, moved[:, 1] + shift_s + bound_s)
    moved[:, 3] = np.clip(moved[:, 3] + _VELOCITY * chances[:, 2], 0.01, 1.0)
    moved[:, 2] += _CENTS / 100.0 * chances[:, 3]
    return moved
