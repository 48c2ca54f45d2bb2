"""The sum of two sounds."""

from collections.abc import Mapping
from typing import Any

import keras

from ddsp_tf.processors.mixing.sum import Sum
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Add(Sum):
    """Adds two signals of equal length, `signal_one` and `signal_two`, as `Sum` does."""

    def __init__(self, *, name: str = "add", **kwargs: Any) -> None:
        super().__init__(n_inputs=2, name=name, **kwargs)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """Two sounds of any number of channels."""
        return dict.fromkeys(("signal_one", "signal_two"), Signal("samples", width=None))

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        config = super().get_config()
        del config["n_inputs"]
        return config
