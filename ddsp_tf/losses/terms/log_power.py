"""Log power spectra."""

import keras

from ddsp_tf.losses.terms.term import Distance, Term


@keras.saving.register_keras_serializable("ddsp_tf")
class LogPower(Term):
    """Compares log power spectra, by default by the mean square of their difference."""

    name = "log_power"

    def __init__(self, weight: float = 1.0, *, distance: Distance = "l2") -> None:
        super().__init__(weight, distance=distance)
