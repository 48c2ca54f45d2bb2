"""White noise."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class WhiteNoise(Processor):
    """Plays white noise, uniform from -1 to 1: the same at every call, and for every sound.

    Inputs: `frames` `[batch, n_frames, any]`, which say how long. So sounds that differ in other
    things alone can be compared.

    Args:
        seed: Any integer.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        name: The processor's name.

    Example:
        >>> noise = WhiteNoise(sample_rate=16000, hop_length=64)({"frames": tf.zeros([2, 10, 1])})
        >>> noise.shape, bool(tf.reduce_all(noise[0] == noise[1]))
        (TensorShape([2, 640]), True)
    """

    def __init__(
        self,
        *,
        seed: int = 13,
        sample_rate: int = 44100,
        hop_length: int = 100,
        name: str = "white_noise",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        self.seed = seed

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """How long."""
        return {"frames": Signal("frames", width=None)}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """One channel."""
        return {"signal": Signal("samples")}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """The first sample."""
        return {"sample": tf.zeros([batch_size, 1], tf.int64)}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is its place in the noise."""
        n_samples = n_frames * self.hop_length
        start = state["sample"][0, 0]
        noise = dsp.uniform_noise(1, n_samples, seed=self.seed, start=start)
        batch_size = tf.shape(controls["frames"])[0]
        following = state["sample"] + tf.cast(n_samples, tf.int64)
        return tf.repeat(noise, batch_size, axis=0), {"sample": following}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "seed": self.seed}
