"""The room."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, Processor, State
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Reverb(Processor):
    """Convolves audio with an impulse response that is learned with the rest of the model.

    Input: `audio` `[batch, n_samples]`; several channels sound in the same room, each for itself.
    The tail beyond the end is dropped. Controls: `audio`, and `impulse_response`
    `[impulse_response_length]` whose first tap is zero: that is where the dry sound belongs.

    Args:
        impulse_response_length: Taps, >= 2; at 16 kHz, 48000 are three seconds.
        add_dry: Whether the dry sound is added to the reverberated one.
        initial_scale: Standard deviation of the untrained response.
        decay_s: Time over which the response falls by 60 dB, > 0: what is learned is multiplied
            by that decay, since Adam moves all taps as far, and thousands of late ones would
            hiss. None: no decay.
        sample_rate: In Hz; a decay needs it.
        name: The processor's name.

    Raises:
        ArgumentError: Fewer than two taps, or a decay over no time or at no rate.

    Example:
        >>> Reverb(impulse_response_length=800)({"audio": tf.ones([1, 1600])}).shape
        TensorShape([1, 1600])

    Reference:
        Engel et al. 2020, section 3.5.
    """

    is_room = True

    def __init__(
        self,
        *,
        impulse_response_length: int = 48000,
        add_dry: bool = True,
        initial_scale: float = 1e-6,
        decay_s: float | None = None,
        sample_rate: int | None = None,
        name: str = "reverb",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, name=name, **kwargs)
        if impulse_response_length < 2:
            raise ArgumentError(
                "`impulse_response_length` should be at least 2 taps. "
                f"Received {impulse_response_length}."
            )
        if decay_s is not None and (decay_s <= 0 or sample_rate is None):
            raise ArgumentError(
                "`decay_s` should be above 0 and come with `sample_rate`. "
                f"Received {decay_s} s at {sample_rate} Hz."
            )
        self.impulse_response_length = impulse_response_length
        self.add_dry = add_dry
        self.initial_scale = initial_scale
        self.decay_s = decay_s
        self.impulse_response = self.add_weight(
            name="impulse_response",
            shape=[impulse_response_length],
            initializer=keras.initializers.RandomNormal(stddev=initial_scale),
        )

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """One channel at a time."""
        return {"audio": Signal("samples")}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The audio, and the taps that all examples share."""
        taps = Signal("value", self.impulse_response_length)
        return {"audio": Signal("samples"), "impulse_response": taps}

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Passes the audio on and silences the response's first tap."""
        taps = tf.convert_to_tensor(self.impulse_response) * self._decay()
        return {"audio": inputs["audio"], "impulse_response": tf.pad(taps[1:], [[1, 0]])}

    def _decay(self) -> Any:
        """What every tap is multiplied by."""
        if self.decay_s is None:
            return np.float32(1.0)
        falls = np.arange(self.impulse_response_length) / (self.decay_s * self.sample_rate)
        return (10.0 ** (-3.0 * falls)).astype(np.float32)

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """No tail."""
        return {"tail": tf.zeros([batch_size, self.impulse_response_length - 1])}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is the tail of what was played."""
        del n_frames
        audio, response = controls["audio"], controls["impulse_response"]
        n_samples = audio.shape[1] or tf.shape(audio)[1]
        wet = dsp.fft_convolve(audio, response)
        wet += tf.pad(state["tail"], [[0, 0], [0, n_samples]])
        played = wet[:, :n_samples]
        return played + audio if self.add_dry else played, {"tail": wet[:, n_samples:]}

    def for_live(self, hop_length: int) -> Processor:
        """Gives a `PartitionedReverb`, with the response as it is now."""
        from ddsp_tf.processors.effects.partitioned_reverb import PartitionedReverb

        return PartitionedReverb(self, hop_length=hop_length)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "impulse_response_length": self.impulse_response_length,
            "add_dry": self.add_dry,
            "initial_scale": self.initial_scale,
            "decay_s": self.decay_s,
        }
