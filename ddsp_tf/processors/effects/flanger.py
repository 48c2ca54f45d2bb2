"""The flanger."""

from typing import Any

import keras

from ddsp_tf.processors.effects.modulated_delay import ModulatedDelay


@keras.saving.register_keras_serializable("ddsp_tf")
class Flanger(ModulatedDelay):
    """Sweeps a comb of notches through the spectrum: a copy late by a few ms.

    Inputs and arguments are those of `ModulatedDelay`.

    Args:
        longest_ms: The longest delay.
        name: The processor's name.
        **kwargs: As for `ModulatedDelay`: `shape`, `phase`, `sample_rate`.

    Raises:
        ArgumentError: What `ModulatedDelay` refuses.

    Reference:
        Zolzer 2011, DAFX, section 2.6.
    """

    delay_ms, depth_ms, rate_hz, wet = 2.0, 1.8, 0.3, 0.5

    def __init__(self, *, longest_ms: float = 10.0, name: str = "flanger", **kwargs: Any) -> None:
        super().__init__(longest_ms=longest_ms, name=name, **kwargs)
