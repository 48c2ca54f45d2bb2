"""The room of a given impulse response."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.reverb import Reverb
from ddsp_tf.processors.processor import Controls
from ddsp_tf.types import FloatArray


@keras.saving.register_keras_serializable("ddsp_tf")
class ConvolutionReverb(Reverb):
    """Convolves audio with an impulse response that is given: measured, or found by `match`.

    Input: `audio` `[batch, n_samples]`. The taps are stored with the weights, and no training moves
    them. Live players get it partitioned, as they get a `Reverb`.

    Args:
        impulse_response: Its samples, `[n_samples]`, two at least; `audio.read_audio` reads them
            from a file. None: silence of `impulse_response_length`, for weights that are loaded.
        impulse_response_length: Where no samples are given.
        add_dry: Whether the dry sound is added; a measured response holds it already.
        sample_rate: In Hz.
        name: The processor's name.

    Raises:
        ArgumentError: The response has another shape, fewer than two samples, or any that aren't
            finite.

    Example:
        >>> ConvolutionReverb([0.0, 0.5])({"audio": tf.constant([[1.0, 2.0]])}).numpy().round(3)
        array([[0. , 0.5]], dtype=float32)
    """

    def __init__(
        self,
        impulse_response: Sequence[float] | FloatArray | None = None,
        *,
        impulse_response_length: int = 2,
        add_dry: bool = False,
        sample_rate: int | None = None,
        name: str = "convolution_reverb",
        **kwargs: Any,
    ) -> None:
        taps = (
            np.zeros(max(impulse_response_length, 0))
            if impulse_response is None
            else np.asarray(impulse_response, np.float64)
        )
        if taps.ndim != 1 or len(taps) < 2 or not np.isfinite(taps).all():
            raise ArgumentError(
                "`impulse_response` should be [n_samples], two or more, all finite. "
                f"Received shape {taps.shape}."
            )
        super().__init__(
            impulse_response_length=len(taps),
            add_dry=add_dry,
            sample_rate=sample_rate,
            name=name,
            **kwargs,
        )
        self.impulse_response.assign(taps)
        self.impulse_response.trainable = False

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Passes the audio on, beside all taps."""
        taps = tf.convert_to_tensor(self.impulse_response)
        return {"audio": inputs["audio"], "impulse_response": taps}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments; the taps are a weight."""
        config = super().get_config()
        return {key: x for key, x in config.items() if key not in ("initial_scale", "decay_s")}
