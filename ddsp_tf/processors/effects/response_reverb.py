"""What rooms share whose impulse response is made of their controls."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, Processor, State
from ddsp_tf.types import FloatArray, Signal


class ResponseReverb(Processor):
    """Convolves audio with a response that a subclass makes of its controls, one for each example.

    Blocks give what the whole gives; each makes the response anew, so that controls may be learned.
    Who plays short blocks takes the response itself, in a `ConvolutionReverb`.

    Args:
        length_s: Of the response, above 0.
        add_dry: Whether the dry sound is added.
        sample_rate: In Hz.
        name: The processor's name.

    Raises:
        ArgumentError: A length of less than two samples.
    """

    is_room = True

    def __init__(
        self,
        *,
        length_s: float,
        add_dry: bool,
        sample_rate: int,
        name: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, name=name, **kwargs)
        self.length_s = length_s
        self.add_dry = add_dry
        if self.n_taps < 2:
            raise ArgumentError(
                f"`length_s` should be two samples at least. Received {length_s} s at "
                f"{sample_rate} Hz."
            )

    @property
    def n_taps(self) -> int:
        """Samples of the response."""
        return round(self.length_s * self.sample_rate)

    @property
    def room_signals(self) -> Mapping[str, Signal]:
        """What the response is made of: a value each."""
        raise NotImplementedError

    def response(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Makes the response `[batch, n_taps]` of `room_signals`, `[batch, width]` each."""
        raise NotImplementedError

    def estimate(self, response: FloatArray) -> dict[str, list[float]]:
        """Gives controls with which the room is near to a measured response, by analysis alone.

        Args:
            response: `[n_samples]`, at `sample_rate`; the room takes its length.

        Returns:
            Values of `room_signals`, by name; none where a room knows of no analysis.
        """
        del response
        return {}

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, and what the response is made of."""
        return {"audio": Signal("samples"), **self.room_signals}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Passes them on, of the widths that are declared."""
        values = {
            key: tf.ensure_shape(inputs[key], [None, signal.width])
            for key, signal in self.room_signals.items()
        }
        return {"audio": inputs["audio"], **values}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """No tail."""
        return {"tail": tf.zeros([batch_size, self.n_taps - 1])}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is the tail of what was played."""
        del n_frames
        audio = controls["audio"]
        n_samples = audio.shape[1] or tf.shape(audio)[1]
        wet = dsp.fft_convolve(audio, self.response(controls))
        wet += tf.pad(state["tail"], [[0, 0], [0, n_samples]])
        played = wet[:, :n_samples]
        return played + audio if self.add_dry else played, {"tail": wet[:, n_samples:]}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "length_s": self.length_s, "add_dry": self.add_dry}


def known_times(times: FloatArray) -> FloatArray:
    """Measured times, with those of the neighbours where an octave has none."""
    known = np.isfinite(times) & (times > 0)
    if not known.any():
        return np.ones_like(times)
    at = np.arange(len(times))
    return np.interp(at, at[known], times[known])


def batched(values: Mapping[str, FloatArray]) -> dict[str, tf.Tensor]:
    """Values as controls of a batch of one."""
    return {key: tf.constant(x[np.newaxis], tf.float32) for key, x in values.items()}
