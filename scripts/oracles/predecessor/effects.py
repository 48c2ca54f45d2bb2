"""The predecessor's `effects` by `ddsp_tf.processors`."""

from typing import Any

import tensorflow as tf

from ddsp_tf import processors
from ddsp_tf.dsp import exp_sigmoid
from predecessor import core, left_out


class Reverb:
    def __init__(
        self, trainable: bool = False, reverb_length: int = 48000, name: str = "reverb"
    ) -> None:
        if not trainable:
            left_out("a response is a weight, or a recording: `ConvolutionReverb`; never an input")
        self.name = name
        self.reverb = processors.Reverb(impulse_response_length=reverb_length)
        self.trainable = self.reverb.trainable

    def __call__(self, audio: tf.Tensor) -> tf.Tensor:
        return self.reverb({"audio": audio})

    def build(self, shape: Any) -> None:
        self.reverb({"audio": tf.zeros(shape)})

    def get_controls(self, audio: tf.Tensor) -> Any:
        left_out("controls have other names: `impulse_response`, not `ir`")

    @property
    def trainable_variables(self) -> list[Any]:
        return self.reverb.trainable_variables

    @property
    def non_trainable_variables(self) -> list[Any]:
        return self.reverb.non_trainable_variables


class _Room:
    def __init__(self, **kwargs: Any) -> None:
        left_out("a room has inputs with defaults, in seconds and dB, and no weights of its own")


class ExpDecayReverb(_Room):
    pass


class FilteredNoiseReverb(_Room):
    pass


class FIRFilter:
    def __call__(self, audio: tf.Tensor, magnitudes: tf.Tensor) -> tf.Tensor:
        return core.frequency_filter(audio, exp_sigmoid(magnitudes))


class ModDelay:
    """Its delay goes from 15 to 25 ms as the phase goes from 0 to 1."""

    def __call__(self, audio: tf.Tensor, gain: tf.Tensor, phase: tf.Tensor) -> tf.Tensor:
        del gain
        chorus = processors.Chorus(shape="given", sample_rate=16000)
        swing = 2.0 * phase[..., 0] - 1.0
        ms = tf.ones([audio.shape[0], 1])
        inputs = {"audio": audio, "swing": swing, "depth_ms": 5.0 * ms, "delay_ms": 20.0 * ms}
        return chorus(inputs)
