"""The oscillator of a modular synthesiser that plays squares and saws."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.synthesizers.sine_vco import SineVco
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class SquareSawVco(SineVco):
    """Plays a wave between square and saw whose pitch is moved, made of a saturated sine.

    Inputs: those of `SineVco`, and `shape` `[batch, 1]`, 0 (square) to 1 (saw). The band is not
    limited: see `dsp.square_saw_wave`.

    Args:
        sample_rate: In Hz.
        hop_length: Samples per frame.
        name: The processor's name.

    Example:
        >>> ones = tf.ones([1, 441, 1])
        >>> wave = SquareSawVco()({"midi": 69.0 * ones, "modulation": 0.0 * ones})
        >>> spectrum = tf.abs(tf.signal.rfft(wave[0]))
        >>> round(float(spectrum[1320] / spectrum[440]), 2), bool(spectrum[880] < spectrum[1320])
        (0.33, True)

    Reference:
        Turian et al. 2021, "One billion audio sounds from GPU-enabled modular synthesis".
    """

    def __init__(self, *, name: str = "square_saw_vco", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """As a sine takes, and the shape."""
        shape = Signal("value", low=0.0, high=1.0, default=0.0)
        return {**super().input_signals, "shape": shape}

    def wave(self, phase: tf.Tensor, controls: Mapping[str, Any]) -> tf.Tensor:
        """Gives the wave at a phase in radians, `[batch, n_samples]`."""
        highest = tf.reduce_max(controls["midi"][..., 0], axis=1, keepdims=True)
        highest += controls["tuning"] + tf.maximum(controls["depth"], 0.0)
        return dsp.square_saw_wave(phase, highest, controls["shape"])
