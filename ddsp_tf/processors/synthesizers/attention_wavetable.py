"""Learned wavetables, mixed by attention."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.processors.processor import Controls
from ddsp_tf.processors.synthesizers.wavetable_bank import WavetableBank
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class AttentionWavetable(WavetableBank):
    """Mixes a dictionary of tables by shares that sum to one.

    Inputs: `amplitudes` `[batch, n_frames, 1]` and `attention` `[batch, n_frames, n_tables]`, any
    real numbers; `f0_hz` `[batch, n_frames, 1]`, >= 0. Controls: the same names; `attention` is the
    softmax of what came.

    Args:
        name: The processor's name.
        **kwargs: As for `WavetableBank`.

    Example:
        >>> synthesizer = AttentionWavetable(n_tables=10)
        >>> frames = tf.zeros([1, 250, 10])
        >>> synthesizer({"amplitudes": frames[..., :1], "attention": frames,
        ...              "f0_hz": 220.0 + frames[..., :1]}).shape
        TensorShape([1, 16000])

    Reference:
        Shan et al. 2022, "Differentiable wavetable synthesis", sections 3.1 and 3.2.
    """

    def __init__(self, *, name: str = "attention_wavetable", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def wave_signals(self, *, raw: bool) -> dict[str, Signal]:
        """Declares `attention`."""
        limits: dict[str, Any] = {} if raw else {"low": 0.0, "high": 1.0}
        return {"attention": Signal("frames", self.n_tables, **limits)}

    def wave_controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Makes shares that sum to one."""
        return {"attention": tf.nn.softmax(tf.cast(inputs["attention"], tf.float32))}

    def mixture(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Gives the attention."""
        return controls["attention"]
