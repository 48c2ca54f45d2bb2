"""The echo."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Echo(Processor):
    """Repeats a sound after a delay, again and again, softer each time.

    Inputs: `audio` `[batch, n_samples]`, `feedback` (-0.95 to 0.95), how loud each repetition is
    beside the one before, and `wet` (0 to 1), how loud the first is, each `[batch, 1]`.

    Args:
        delay_ms: Between repetitions, at least a sample.
        sample_rate: In Hz.
        name: The processor's name.

    Raises:
        ArgumentError: A delay of less than a sample.

    Example:
        >>> echo = Echo(delay_ms=2.0, sample_rate=1000)
        >>> click = tf.one_hot([0], 7)
        >>> echo({"audio": click}).numpy().tolist()
        [[1.0, 0.0, 0.5, 0.0, 0.25, 0.0, 0.125]]

    Reference:
        Zolzer 2011, DAFX, section 2.2.
    """

    def __init__(
        self,
        *,
        delay_ms: float = 300.0,
        sample_rate: int = 44100,
        name: str = "echo",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, name=name, **kwargs)
        self.delay_ms = delay_ms
        if self._delay < 1:
            raise ArgumentError(
                f"`delay_ms` should be at least {1000 / sample_rate:.3g}, one sample. "
                f"Received {delay_ms}."
            )

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, the feedback, and how much of it there is."""
        return {
            "audio": Signal("samples"),
            "feedback": Signal("value", low=-0.95, high=0.95, default=0.5),
            "wet": Signal("value", low=0.0, high=1.0, default=0.5),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Silence."""
        return {"history": tf.zeros([batch_size, self._delay])}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[Any, State]:
        """Treats one block; the state is what is still to be repeated."""
        del n_frames
        audio = tf.convert_to_tensor(controls["audio"])
        repeated, history = dsp.comb_filter(
            audio, controls["feedback"], state["history"], delay=self._delay
        )
        late = tf.concat([state["history"], repeated], axis=1)[:, : tf.shape(audio)[1]]
        return audio + controls["wet"] * late, {"history": history}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "delay_ms": self.delay_ms}

    @property
    def _delay(self) -> int:
        return round(self.delay_ms / 1000.0 * self.sample_rate)
