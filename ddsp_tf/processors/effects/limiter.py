"""The limiter."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.effects.dynamics import Dynamics
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Limiter(Dynamics):
    """Lets nothing above a threshold: a compressor of an infinite ratio whose attack is at once.

    Inputs: `audio`, `threshold_db` (-40 to 0), and as `Dynamics` says `attack_ms`, 0 unless told
    otherwise, `release_ms`, `gain_db` and `side_chain`. With an attack of 0 ms, the "peak" detector
    and the sound's own level, no sample exceeds the threshold and the gain after it, whether it
    looks ahead or not.

    Args:
        name: The processor's name.
        **kwargs: As for `Dynamics`.

    Raises:
        ArgumentError: What `Dynamics` refuses.

    Example:
        >>> sound = tf.random.stateless_normal([1, 1000], [1, 2])
        >>> limited = Limiter()({"audio": sound, "threshold_db": tf.constant([[-6.0]])})
        >>> bool(tf.reduce_max(tf.abs(limited)) < 0.502)
        True
    """

    def __init__(self, *, name: str = "limiter", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    @property
    def curve_signals(self) -> Mapping[str, Signal]:
        """The threshold."""
        return {"threshold_db": Signal("value", unit="dB", low=-40.0, high=0.0, default=-1.0)}

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """Those of `Dynamics`, with an attack at once."""
        at_once = Signal("value", unit="ms", low=0.0, high=500.0, default=0.0)
        return {**super().input_signals, "attack_ms": at_once}

    def curve(self, level: tf.Tensor, controls: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Gives `dsp.compressor_gain_db` of an infinite ratio."""
        return dsp.compressor_gain_db(level, controls["threshold_db"], math.inf, 0.0)
