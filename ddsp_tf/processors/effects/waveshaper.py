"""The waveshaper: saturation, clipping, and polynomials of a sound."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.shaper import Shaper
from ddsp_tf.types import Signal

_CURVES: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "tanh": tf.tanh,
    "soft_clip": dsp.soft_clip,
    "hard_clip": dsp.hard_clip,
}
_POLYNOMIAL = "chebyshev"


@keras.saving.register_keras_serializable("ddsp_tf")
class Waveshaper(Shaper):
    """Bends every sample by a known curve: saturates, clips, or adds the overtones asked for.

    Inputs: as `Shaper`: `audio`, `drive_db`, `bias`, `level_db`; and of the curve "chebyshev"
    `weights` `[batch, n_degrees]` (-2 to 2), the amplitude of each overtone of a full-scale sine.
    At the default oversampling aliases of a 5 kHz tone at 44.1 kHz, 20 dB into the curve, stay
    100 dB below it with tanh, 61 dB with the soft and 55 dB with the hard clip.

    Args:
        curve: "tanh", "soft_clip", "hard_clip" or "chebyshev".
        n_degrees: Of the polynomial.
        name: The processor's name.
        **kwargs: As for `Shaper`: `oversampling`.

    Raises:
        ArgumentError: An unknown curve, below 1 degree, or what `Shaper` refuses.

    Example:
        >>> tone = 0.5 * tf.sin(0.1 * tf.range(4000.0))[tf.newaxis]
        >>> loud = Waveshaper()({"audio": tone, "drive_db": tf.constant([[30.0]])})
        >>> bool(1.0 < tf.reduce_max(loud) < 1.3)
        True

    Reference:
        Zolzer 2011, DAFX, section 4.3; Le Brun 1979, "Digital waveshaping synthesis".
    """

    def __init__(
        self, *, curve: str = "tanh", n_degrees: int = 5, name: str = "waveshaper", **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        if curve not in (*_CURVES, _POLYNOMIAL):
            known = ", ".join((*_CURVES, _POLYNOMIAL))
            raise ArgumentError(f"`curve` should be one of {known}. Got {curve!r}.")
        if n_degrees < 1:
            raise ArgumentError(f"`n_degrees` should be at least 1. Got {n_degrees}.")
        self.curve = curve
        self.n_degrees = n_degrees

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """Those of `Shaper`, and a polynomial's weights."""
        signals = dict(super().input_signals)
        if self.curve == _POLYNOMIAL:
            signals["weights"] = Signal("value", width=self.n_degrees, low=-2.0, high=2.0)
        return signals

    def bend(self, values: tf.Tensor, controls: Mapping[str, Any]) -> tf.Tensor:
        """Gives the curve at any values `[batch, any]`."""
        if self.curve == _POLYNOMIAL:
            weights = tf.ensure_shape(controls["weights"], [None, self.n_degrees])
            return dsp.chebyshev(values, weights)
        return _CURVES[self.curve](values)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "curve": self.curve, "n_degrees": self.n_degrees}
