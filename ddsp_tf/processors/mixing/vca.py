"""The amplifier of a modular synthesiser."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Vca(Processor):
    """Multiplies audio by an envelope that glides between frames.

    Inputs: `audio` `[batch, n_samples]` and `envelope` `[batch, n_frames, 1]`. Plays whole sounds.

    Args:
        sample_rate: In Hz.
        hop_length: Samples per frame.
        name: The processor's name.

    Example:
        >>> envelope = tf.constant([0.0, 1.0], shape=[1, 2, 1])
        >>> amplifier = Vca(sample_rate=8, hop_length=2)
        >>> amplifier({"audio": tf.ones([1, 4]), "envelope": envelope}).numpy().tolist()
        [[0.0, 0.5, 1.0, 1.0]]
    """

    streamable = False

    def __init__(
        self, *, sample_rate: int = 44100, hop_length: int = 100, name: str = "vca", **kwargs: Any
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, and how loud it is to be."""
        return {"audio": Signal("samples"), "envelope": Signal("frames")}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Multiplies."""
        del n_frames
        gain = dsp.resample_envelope(controls["envelope"], hop_length=self.hop_length)
        return controls["audio"] * gain[..., 0], state
