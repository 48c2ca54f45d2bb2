"""Keys that are being pressed, as what the voices of a model are told, frame by frame."""

import numpy as np

from ddsp_tf.midi.live_events import LiveEvent
from ddsp_tf.types import FloatArray

_PEDAL_DOWN = 64.0
_NEVER = -1


class LiveVoices:
    """Shares keys out among voices as they come, as `midi.allocate_voices` does whole scores.

    A key takes the voice that holds it or rang with it last, else one that has not played yet, else
    the one that was released longest ago, else the one that was struck first. The pedal keeps what
    is released under it. A key that is pressed and released at once is held for a frame. Bends are
    left alone: the keys of such an instrument have their pitches.

    Args:
        n_voices: Keys that sound at once.
        lowest_key: Those below are moved up by octaves.
        highest_key: Those above are moved down.

    Example:
        >>> from ddsp_tf.midi.live_events import parse_event
        >>> keys = LiveVoices(2)
        >>> keys.hear(parse_event("on 69 127"))
        >>> told = keys.advance(3)
        >>> told["midi"][0, 0].item(), told["velocity"][:, 0].tolist(), told["gate"][0].tolist()
        (69.0, [1.0, 0.0, 0.0], [1.0, 0.0])
    """

    def __init__(self, n_voices: int, *, lowest_key: float = 0.0, highest_key: float = 127.0):
        self._range = (lowest_key, highest_key)
        self._key = np.full(n_voices, _NEVER)
        self._strike = np.zeros(n_voices)
        self._is_down = np.zeros(n_voices, bool)
        self._is_held = np.zeros(n_voices, bool)
        # When a voice was struck or released last: a count, since frames can't tell apart what
        # happens within one.
        self._struck_at = np.full(n_voices, _NEVER)
        self._released_at = np.full(n_voices, _NEVER)
        self._count = 0
        self._is_pedalled = False
        self.n_stolen = 0

    def hear(self, event: LiveEvent) -> None:
        """Takes note of what a player does from here on."""
        self._count += 1
        if event.kind == "on" and event.values[1] > 0:
            self._press(self._moved(event.values[0]), event.values[1] / 127.0)
        elif event.kind in ("on", "off"):
            self._is_down &= self._key != self._moved(event.values[0])
        elif event.kind == "pedal":
            self._is_pedalled = event.values[0] >= _PEDAL_DOWN
        elif event.kind == "quiet":
            self._is_pedalled = False
            self._is_down[:] = False
        self._let_go()

    def advance(self, n_frames: int) -> dict[str, FloatArray]:
        """Gives the next frames: `midi`, `velocity` and `gate`, each `[n_frames, n_voices]`."""
        shape = (n_frames, len(self._key))
        velocity = np.zeros(shape)
        gate = np.array(np.broadcast_to(self._is_held, shape), float)
        if n_frames:
            velocity[0] = self._strike
            gate[0, self._strike > 0] = 1.0
            self._strike[:] = 0.0
        lowest = np.where(self._key == _NEVER, self._range[0], self._key)
        return {
            "midi": np.array(np.broadcast_to(lowest, shape), float),
            "velocity": velocity,
            "gate": gate,
        }

    def _moved(self, key: float) -> int:
        lowest, highest = self._range
        while key < lowest:
            key += 12
        while key > highest:
            key -= 12
        return int(key)

    def _press(self, key: int, velocity: float) -> None:
        own = np.flatnonzero(self._key == key)
        if len(own):
            voice = own[np.argmax(self._struck_at[own])]
        elif not self._is_held.all():
            free = np.flatnonzero(~self._is_held)
            voice = free[np.argmin(self._released_at[free])]
        else:
            voice = np.argmin(self._struck_at)
            self.n_stolen += 1
        self._key[voice], self._strike[voice] = key, velocity
        self._is_down[voice] = self._is_held[voice] = True
        self._struck_at[voice] = self._count

    def _let_go(self) -> None:
        """Releases what neither a finger nor the pedal holds."""
        leaves = self._is_held & ~self._is_down & (not self._is_pedalled)
        self._released_at[leaves] = self._count
        self._is_held &= ~leaves
