"""A filter of gains that change from frame to frame."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, Processor, State
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class FirFilter(Processor):
    """Filters a sound by a frequency response that changes from frame to frame, without delay.

    Inputs: `audio` `[batch, n_frames * hop_length]`, and `magnitudes` `[batch, n_frames, n_bands]`,
    any real numbers. Controls: the same names; `magnitudes` are gains >= 0 at evenly spaced
    frequencies from 0 to Nyquist. Its responses are symmetric, so that it hears the sound before it
    comes: it plays whole sounds, and not in blocks.

    Args:
        n_bands: Bands of the frequency response, >= 2.
        hop_length: Samples per frame.
        window_length: Taps of the filters, even, at most 2 * (n_bands - 1), which None stands for.
        scale: Whether `magnitudes` pass through `exp_sigmoid`. Without it they are taken as >= 0.
        name: The processor's name.

    Raises:
        ArgumentError: Fewer than two bands.

    Example:
        >>> filtered = FirFilter(n_bands=5, hop_length=64, scale=False)
        >>> sound = tf.random.stateless_normal([1, 640], [1, 2])
        >>> halved = filtered({"audio": sound, "magnitudes": tf.fill([1, 10, 5], 0.5)})
        >>> bool(tf.reduce_max(tf.abs(halved - 0.5 * sound)) < 1e-5)
        True

    Reference:
        Engel et al. 2020, section 3.4 (there of noise).
    """

    streamable = False

    def __init__(
        self,
        *,
        n_bands: int = 65,
        hop_length: int = 64,
        window_length: int | None = None,
        scale: bool = True,
        name: str = "fir_filter",
        **kwargs: Any,
    ) -> None:
        super().__init__(hop_length=hop_length, name=name, **kwargs)
        if n_bands < 2:
            raise ArgumentError(f"`n_bands` should be at least 2. Received {n_bands}.")
        self.n_bands = n_bands
        self.window_length = window_length
        self.scale = scale

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound and `magnitudes`."""
        low = None if self.scale else 0.0
        return {"audio": Signal("samples"), "magnitudes": Signal("frames", self.n_bands, low=low)}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The sound and gains >= 0."""
        return {"audio": Signal("samples"), "magnitudes": Signal("frames", self.n_bands, low=0.0)}

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Makes the magnitudes positive."""
        magnitudes = tf.cast(inputs["magnitudes"], tf.float32)
        scaled = dsp.exp_sigmoid(magnitudes) if self.scale else magnitudes
        return {"audio": inputs["audio"], "magnitudes": scaled}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Filters a whole sound."""
        responses = dsp.impulse_response_from_magnitudes(
            controls["magnitudes"][:, :n_frames], window_length=self.window_length
        )
        audio = tf.convert_to_tensor(controls["audio"])
        return dsp.time_varying_fir(audio, responses, hop_length=self.hop_length), state

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("n_bands", "window_length", "scale")
        return {**super().get_config(), **{key: getattr(self, key) for key in keys}}
