"""The compressor."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.effects.dynamics import Dynamics
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Compressor(Dynamics):
    """Turns down what is above a threshold.

    Inputs: `audio`, `threshold_db` (-80 to 0), `ratio` (1 to 20), `knee_db` (0 to 24), and as
    `Dynamics` says `attack_ms`, `release_ms`, `gain_db` and `side_chain`.

    Args:
        name: The processor's name.
        **kwargs: As for `Dynamics`: `detector`, `rms_ms`, `link`, `look_ahead_ms`, `smoothing`,
            `sample_rate`.

    Raises:
        ArgumentError: What `Dynamics` refuses.

    Example:
        >>> compressor = Compressor(sample_rate=16000)
        >>> loud = compressor({"audio": tf.ones([1, 16000]), "threshold_db": tf.constant([[-20.0]]),
        ...                    "ratio": tf.constant([[4.0]]), "knee_db": tf.constant([[0.0]])})
        >>> round(float(20 * tf.math.log(loud[0, -1]) / tf.math.log(10.0)), 2)
        -15.0

    Reference:
        Giannoulis, Massberg and Reiss 2012, "Digital dynamic range compressor design".
    """

    def __init__(self, *, name: str = "compressor", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    @property
    def curve_signals(self) -> Mapping[str, Signal]:
        """Threshold, ratio and knee."""
        return {
            "threshold_db": Signal("value", unit="dB", low=-80.0, high=0.0, default=-20.0),
            "ratio": Signal("value", low=1.0, high=20.0, default=4.0),
            "knee_db": Signal("value", unit="dB", low=0.0, high=24.0, default=6.0),
        }

    def curve(self, level: tf.Tensor, controls: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Gives `dsp.compressor_gain_db`."""
        return dsp.compressor_gain_db(level, *(controls[key] for key in self.curve_signals))
