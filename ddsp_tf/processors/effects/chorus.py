"""The chorus."""

from typing import Any

import keras

from ddsp_tf.processors.effects.modulated_delay import ModulatedDelay


@keras.saving.register_keras_serializable("ddsp_tf")
class Chorus(ModulatedDelay):
    """Sounds like two: a copy late by some 20 ms whose pitch swings.

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

    delay_ms, depth_ms, rate_hz, wet = 18.0, 3.0, 0.8, 0.5

    def __init__(self, *, longest_ms: float = 50.0, name: str = "chorus", **kwargs: Any) -> None:
        super().__init__(longest_ms=longest_ms, name=name, **kwargs)
