"""The vibrato."""

from typing import Any

import keras

from ddsp_tf.processors.effects.modulated_delay import ModulatedDelay


@keras.saving.register_keras_serializable("ddsp_tf")
class Vibrato(ModulatedDelay):
    """Swings the pitch: nothing but the delayed sound.

    The frequency is multiplied by up to 1 +- 2 pi rate_hz depth_ms / 1000. Inputs and arguments are
    those of `ModulatedDelay`.

    Args:
        longest_ms: The longest delay.
        name: The processor's name.
        **kwargs: As for `ModulatedDelay`: `shape`, `phase`, `sample_rate`.

    Raises:
        ArgumentError: What `ModulatedDelay` refuses.

    Reference:
        Zolzer 2011, DAFX, section 2.6.
    """

    delay_ms, depth_ms, rate_hz, wet = 4.0, 0.5, 5.5, 1.0

    def __init__(self, *, longest_ms: float = 20.0, name: str = "vibrato", **kwargs: Any) -> None:
        super().__init__(longest_ms=longest_ms, name=name, **kwargs)
