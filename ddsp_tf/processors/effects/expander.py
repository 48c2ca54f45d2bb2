"""The downward expander."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.effects.dynamics import Dynamics
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Expander(Dynamics):
    """Turns down what is below a threshold: noise between the notes.

    Inputs: `audio`, `threshold_db` (-80 to 0), `ratio` (1 to 20), `knee_db` (0 to 24), `range_db`
    (0 to 80), the most that it turns down, and as `Dynamics` says `attack_ms`, `release_ms`,
    `gain_db` and `side_chain`. Note that the gain falls, with the attack time, when the sound ends.

    Args:
        name: The processor's name.
        **kwargs: As for `Dynamics`.

    Raises:
        ArgumentError: What `Dynamics` refuses.

    Example:
        >>> expander = Expander(sample_rate=16000)
        >>> soft = expander({"audio": 0.001 * tf.ones([1, 16000])})
        >>> bool(soft[0, -1] < 0.00011)
        True
    """

    def __init__(self, *, name: str = "expander", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    @property
    def curve_signals(self) -> Mapping[str, Signal]:
        """Threshold, ratio, knee and range."""
        return {
            "threshold_db": Signal("value", unit="dB", low=-80.0, high=0.0, default=-40.0),
            "ratio": Signal("value", low=1.0, high=20.0, default=2.0),
            "knee_db": Signal("value", unit="dB", low=0.0, high=24.0, default=6.0),
            "range_db": Signal("value", unit="dB", low=0.0, high=80.0, default=40.0),
        }

    def curve(self, level: tf.Tensor, controls: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Gives `dsp.expander_gain_db`."""
        return dsp.expander_gain_db(level, *(controls[key] for key in self.curve_signals))
