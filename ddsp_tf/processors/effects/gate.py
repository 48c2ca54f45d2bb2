"""The gate."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.effects.dynamics import Dynamics
from ddsp_tf.types import Signal

_RATIO = 20.0


@keras.saving.register_keras_serializable("ddsp_tf")
class Gate(Dynamics):
    """Shuts below a threshold: an expander as steep as 20 dB for one.

    Inputs: `audio`, `threshold_db` (-80 to 0), `range_db` (0 to 80), how far it shuts, and as
    `Dynamics` says `attack_ms`, here the time to shut, `release_ms`, the time to open, `gain_db`
    and `side_chain`.

    Args:
        name: The processor's name.
        **kwargs: As for `Dynamics`.

    Raises:
        ArgumentError: What `Dynamics` refuses.

    Example:
        >>> shut = Gate(sample_rate=16000)({"audio": 0.001 * tf.ones([1, 16000])})
        >>> bool(shut[0, -1] < 2e-6)
        True
    """

    def __init__(self, *, name: str = "gate", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    @property
    def curve_signals(self) -> Mapping[str, Signal]:
        """Threshold and range."""
        return {
            "threshold_db": Signal("value", unit="dB", low=-80.0, high=0.0, default=-50.0),
            "range_db": Signal("value", unit="dB", low=0.0, high=80.0, default=60.0),
        }

    def curve(self, level: tf.Tensor, controls: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Gives `dsp.expander_gain_db` of a large ratio."""
        threshold_db, range_db = controls["threshold_db"], controls["range_db"]
        return dsp.expander_gain_db(level, threshold_db, _RATIO, 0.0, range_db)
