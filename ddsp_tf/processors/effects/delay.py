"""The delay."""

from collections.abc import Mapping
from typing import Any, Literal

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.modulated_delay import longest_samples
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal

_ORDERS = {"linear": 1, "lagrange": 3}


@keras.saving.register_keras_serializable("ddsp_tf")
class Delay(Processor):
    """Makes a sound late, by a time that may be any fraction of a sample.

    Inputs: `audio` `[batch, n_samples]` and `delay_ms` (a sample to `longest_ms`), `[batch, 1]`,
    which training finds where it begins within half a period of what it hears.

    Args:
        longest_ms: The longest delay.
        interpolation: Between samples: "lagrange" (cubic), "linear", or "all_pass", which leaves
            every frequency its level.
        sample_rate: In Hz.
        name: The processor's name.

    Raises:
        ArgumentError: A `longest_ms` of less than 4 samples, or an unknown interpolation.

    Example:
        >>> late = Delay(sample_rate=1000)
        >>> click = {"audio": tf.one_hot([0], 9), "delay_ms": tf.constant([[3.0]])}
        >>> late(click).numpy().tolist()
        [[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]]

    Reference:
        As for `dsp.fractional_delay` and `dsp.all_pass_delay`.
    """

    def __init__(
        self,
        *,
        longest_ms: float = 50.0,
        interpolation: Literal["lagrange", "linear", "all_pass"] = "lagrange",
        sample_rate: int = 44100,
        name: str = "delay",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, name=name, **kwargs)
        if interpolation not in ("lagrange", "linear", "all_pass"):
            raise ArgumentError(
                '`interpolation` should be "lagrange", "linear" or "all_pass". '
                f"Received {interpolation!r}."
            )
        self.longest_ms = longest_ms
        self.interpolation = interpolation
        self._longest = longest_samples(longest_ms, sample_rate)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, and how late it is."""
        shortest = 1000.0 / self.sample_rate
        default = min(max(shortest, 1.0), self.longest_ms)
        return {
            "audio": Signal("samples"),
            "delay_ms": Signal(
                "value", unit="ms", low=shortest, high=self.longest_ms, default=default
            ),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Silence."""
        if self.interpolation == "all_pass":
            return {
                "history": tf.zeros([batch_size, self._longest + 1]),
                "played": tf.zeros([batch_size, 1]),
            }
        order = _ORDERS[self.interpolation]
        return {"history": tf.zeros([batch_size, self._longest + (order + 1) // 2])}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[Any, State]:
        """Delays one block; the state is the sound before it."""
        del n_frames
        delay = controls["delay_ms"] * self.sample_rate / 1000.0
        if self.interpolation == "all_pass":
            late, (history, played) = dsp.all_pass_delay(
                controls["audio"], delay, (state["history"], state["played"]), longest=self._longest
            )
            return late, {"history": history, "played": played}
        late, history = dsp.fractional_delay(
            controls["audio"],
            delay,
            state["history"],
            longest=self._longest,
            order=_ORDERS[self.interpolation],
        )
        return late, {"history": history}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "longest_ms": self.longest_ms,
            "interpolation": self.interpolation,
        }
