"""The room of filtered velvet noise whose colours add up and whose echoes grow denser."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.processors.effects.filtered_velvet_noise import FilteredVelvetNoise
from ddsp_tf.types import FloatArray, Signal

_LARGEST_DB = 60.0


@keras.saving.register_keras_serializable("ddsp_tf")
class AdvancedFilteredVelvetNoise(FilteredVelvetNoise):
    """Reverberates by a short response of the direct sound, and pulses that change on their way.

    As `FilteredVelvetNoise`, but the first segment has a colour, each that follows passes through
    the filters of all before it and some more, as sound that is reflected again loses more; and
    each segment has its own all-passes, and may have its own number of pulses, so that echoes that
    are single at first merge with time.

    Inputs: `audio` `[batch, n_samples]`; `t60_s`, a decay that all pulses share (0.02 to 20 s);
    `initial_db`, the octaves of the first segment (-110 to 30 dB); `delta_db`, what each segment
    adds to those before it, segment after segment (-60 to 60 dB); `spread`, the gain of each
    segment's all-passes (0 to 0.7); `early_percent`, the response's first taps in percent of full
    scale. Each is `[batch, width]`.

    Args:
        **kwargs: As for `FilteredVelvetNoise`: `n_segments`, `density_hz`, `early_ms`, `length_s`,
            `method`, `add_dry`, `sample_rate`, `seed`.

    Raises:
        ArgumentError: What `FilteredVelvetNoise` refuses.

    Example:
        >>> room = AdvancedFilteredVelvetNoise(length_s=0.5, n_segments=4, sample_rate=16000)
        >>> room({"audio": tf.one_hot([0], 2000)}).shape
        TensorShape([1, 2000])

    Reference:
        Lee, Choi and Lee 2022, "Differentiable artificial reverberation", section III-B;
        Valimaki et al. 2017, "Late reverberation synthesis using filtered velvet noise" (filters
        one after the other).
    """

    def __init__(self, *, name: str = "advanced_filtered_velvet_noise", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    @property
    def room_signals(self) -> Mapping[str, Signal]:
        """The first colour and its changes, each segment's spread, and the first taps."""
        given = super().room_signals
        n_bands = len(self.bands_hz)
        initial = given["gains_db"]
        return {
            "t60_s": given["t60_s"],
            "initial_db": Signal(
                "value", n_bands, "dB", low=initial.low, high=initial.high, default=-20.0
            ),
            "delta_db": Signal(
                "value",
                (self.n_segments - 1) * n_bands,
                "dB",
                low=-_LARGEST_DB,
                high=_LARGEST_DB,
                default=0.0,
            ),
            "spread": Signal("value", self.n_segments, low=0.0, high=0.7, default=0.5),
            "early_percent": given["early_percent"],
        }

    def _gains_db(self, controls: Mapping[str, Any]) -> tf.Tensor:
        n_bands = len(self.bands_hz)
        initial = tf.convert_to_tensor(controls["initial_db"])[:, tf.newaxis]
        delta = tf.reshape(controls["delta_db"], [-1, self.n_segments - 1, n_bands])
        # Gains of octaves multiply as their dB add: the filters of all segments before in one.
        return tf.cumsum(tf.concat([initial, delta], axis=1), axis=1)

    def _controls_of(self, gains_db: FloatArray) -> dict[str, FloatArray]:
        changes = np.clip(np.diff(gains_db, axis=0), -0.98 * _LARGEST_DB, 0.98 * _LARGEST_DB)
        return {"initial_db": gains_db[0], "delta_db": changes.ravel()}
