"""What chorus, flanger and vibrato have in common."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.swing import Swing
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal

_ORDER = 3


class ModulatedDelay(Processor):
    """Delays a sound by a time that swings, and mixes both: y = (1 - wet) x + wet delayed.

    Inputs: `audio` `[batch, n_samples]`, `rate_hz` (0.01 to 20) and `depth_ms` of the swing, around
    `delay_ms`, and `wet` (0 to 1), each `[batch, 1]`. The delay is delay_ms + depth_ms lfo_t, kept
    from a sample on to the longest.

    Args:
        longest_ms: The longest delay.
        shape: Of the swing, "sine", "triangle", or "given": the input `swing` `[batch, n_samples]`,
            from -1 to 1, takes the place of `rate_hz`.
        phase: Where it begins, in turns.
        sample_rate: In Hz.
        name: The processor's name.

    Raises:
        ArgumentError: A `longest_ms` of less than 4 samples, or an unknown shape.
    """

    delay_ms, depth_ms, rate_hz, wet = 5.0, 1.0, 1.0, 0.5
    """Defaults."""

    def __init__(
        self,
        *,
        longest_ms: float = 50.0,
        shape: Literal["sine", "triangle", "given"] = "sine",
        phase: float = 0.0,
        sample_rate: int = 44100,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, name=name, **kwargs)
        self.swing = Swing(shape, phase, sample_rate)
        self.keeps_time = self.swing.keeps_time
        self.longest_ms = longest_ms
        self._longest = longest_samples(longest_ms, sample_rate)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, the swing, and how much of it there is."""
        longest = self.longest_ms
        return {
            "audio": Signal("samples"),
            **self.swing.signals(self.rate_hz),
            "depth_ms": Signal(
                "value",
                unit="ms",
                low=0.0,
                high=longest / 2,
                default=min(self.depth_ms, longest / 2),
            ),
            "delay_ms": Signal(
                "value", unit="ms", low=0.0, high=longest, default=min(self.delay_ms, longest)
            ),
            "wet": Signal("value", low=0.0, high=1.0, default=self.wet),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Silence before, and where the swing begins."""
        return {
            "history": tf.zeros([batch_size, self._longest + (_ORDER + 1) // 2]),
            **self.swing.initial_state(batch_size),
        }

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[Any, State]:
        """Treats one block; the state is the sound before it and the phase of the swing."""
        del n_frames
        audio = tf.convert_to_tensor(controls["audio"])
        swing, following = self.swing(controls, tf.shape(audio)[1], state)
        delay_ms = controls["delay_ms"] + controls["depth_ms"] * swing
        late, history = dsp.fractional_delay(
            audio,
            delay_ms * self.sample_rate / 1000.0,
            state["history"],
            longest=self._longest,
            order=_ORDER,
        )
        wet = controls["wet"]
        return (1.0 - wet) * audio + wet * late, {"history": history, **following}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "longest_ms": self.longest_ms,
            "shape": self.swing.shape,
            "phase": self.swing.phase,
        }


def longest_samples(longest_ms: float, sample_rate: int) -> int:
    """Gives the length of a delay line.

    Raises:
        ArgumentError: It is less than four samples.
    """
    n_samples = math.ceil(longest_ms / 1000.0 * sample_rate)
    if n_samples < 4:
        raise ArgumentError(
            f"`longest_ms` should be at least {4000 / sample_rate:.3g}, four samples. "
            f"Received {longest_ms}."
        )
    return n_samples
