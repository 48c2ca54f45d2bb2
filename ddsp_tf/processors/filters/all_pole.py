"""An all-pole filter whose poles a network moves."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.all_pole_parameters import (
    Parameters,
    all_pole_response,
    filters_from_logits,
    lpc_from_filters,
    n_logits,
)
from ddsp_tf.dsp.frame_filters import filter_frames, silent_tail
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, Processor, State, optional_inputs
from ddsp_tf.types import Signal

LENGTH_RATIO = Signal("value", low=0.5, high=2.0)
"""Of a vocal tract to what it is: longer ones have lower formants."""


@keras.saving.register_keras_serializable("ddsp_tf")
class AllPole(Processor):
    """Filters a sound by an all-pole filter that changes from frame to frame and is stable always.

    Inputs: `audio` `[batch, n_frames * hop_length]` and `filter_logits`
    `[batch, n_frames, n_logits]`, any real numbers, of which zeros leave the sound as it is; with
    `gain`, `gain_db` `[batch, n_frames, 1]`. Optional, with "frames": `tract_length_ratio`
    `[batch, 1]`, 0.5 to 2: the response is stretched along the frequency, as by a vocal tract that
    is so much longer. Controls: `audio`, and `filters`: a1 and a2 of second-order sections,
    reflection coefficients, or line spectral frequencies; and `gain_db`.

    Args:
        order: Poles.
        parameters: "sections", "reflection" or "lsf", see `dsp.filters_from_logits`.
        method: "frames": by sampled responses of the mean power 1, cross-faded, which trains fast
            and can't burst: nothing becomes louder by more than the root of half of `fft_length`.
            "exact": sample after sample, in float64, with parameters interpolated between frames,
            and with the gain that the poles have.
        fft_length: Points of the responses, even; what rings longer comes in too early.
        gain: Whether there is a `gain_db`.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        name: The processor's name.

    Raises:
        ArgumentError: An unknown word, an order that can't be, a transform that is too short, or
            reflection coefficients with "exact".

    Example:
        >>> voice = AllPole(order=4, sample_rate=16000, hop_length=64)
        >>> audio = tf.ones([1, 640])
        >>> same = voice({"audio": audio, "filter_logits": tf.zeros([1, 10, 4])})
        >>> bool(tf.reduce_max(tf.abs(same - audio)) < 1e-5)
        True

    Reference:
        Yu and Fazekas 2023, section 3.2; Schulze-Forster et al. 2023, section III.
    """

    optional_input_names: tuple[str, ...] = ("tract_length_ratio",)

    def __init__(
        self,
        *,
        order: int = 22,
        parameters: Parameters = "sections",
        method: Literal["frames", "exact"] = "frames",
        fft_length: int = 1024,
        gain: bool = False,
        sample_rate: int = 16000,
        hop_length: int = 64,
        name: str = "all_pole",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        self._n_logits = n_logits(parameters, order)
        if method not in ("frames", "exact"):
            raise ArgumentError(f'`method` should be "frames" or "exact". Received {method!r}.')
        if method == "exact" and parameters == "reflection":
            raise ArgumentError(
                'Reflection coefficients run by `method="frames"`: their direct form is unstable '
                'even in float64 where they are large. Take "sections" or "lsf" with "exact".'
            )
        if fft_length % 2 or fft_length <= max(hop_length, order):
            raise ArgumentError(
                f"`fft_length` should be even, and more than the hop, {hop_length}, and the order, "
                f"{order}. Received {fft_length}."
            )
        self.order = order
        self.parameters = parameters
        self.method = method
        self.fft_length = fft_length
        self.gain = gain
        if method == "exact":
            self.optional_input_names = ()

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, the logits, and how much longer the tract is."""
        signals = {"audio": Signal("samples"), "filter_logits": Signal("frames", self._n_logits)}
        more = {"tract_length_ratio": LENGTH_RATIO} if self.method == "frames" else {}
        return {**signals, **self._gain_signals, **more}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The sound and the filters."""
        low, high = {"lsf": (0.0, math.pi), "reflection": (-1.0, 1.0)}.get(
            self.parameters, (-2.0, 2.0)
        )
        filters = Signal("frames", self.order, low=low, high=high)
        return {"audio": Signal("samples"), "filters": filters, **self._gain_signals}

    @property
    def _gain_signals(self) -> dict[str, Signal]:
        return {"gain_db": Signal("frames", unit="dB", high=60.0)} if self.gain else {}

    @property
    def lookahead_frames(self) -> int:
        """The next frame: the last one glides towards it."""
        return 1

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Makes stable filters."""
        filters = filters_from_logits(tf.cast(inputs["filter_logits"], tf.float32), self.parameters)
        kept = {key: inputs[key] for key in self._gain_signals}
        return {
            "audio": inputs["audio"],
            "filters": filters,
            **kept,
            **optional_inputs(self, inputs),
        }

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Silence."""
        if self.method == "frames":
            sizes = {"fft_length": self.fft_length, "hop_length": self.hop_length}
            return {"tail": silent_tail(batch_size, **sizes)}
        if self.parameters == "sections":
            return {"memories": tf.zeros([batch_size, self.order // 2, 2], tf.float64)}
        return {"memories": tf.zeros([batch_size, self.order], tf.float64)}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Filters one block; the state is what rings."""
        audio, filters = controls["audio"], controls["filters"][:, : n_frames + 1]
        if self.gain:
            gain = dsp.db_to_amplitude(controls["gain_db"][:, : n_frames + 1])
            gain = dsp.resample_envelope(gain, hop_length=self.hop_length)[..., 0]
            audio = audio * gain[:, : tf.shape(audio)[1]]
        if self.method == "frames":
            responses = self._responses(filters, controls.get("tract_length_ratio"))
            played, tail = filter_frames(
                audio, responses, hop_length=self.hop_length, tail=state["tail"]
            )
            return played, {"tail": tail}
        return self._exact(audio, filters, state["memories"])

    def _responses(self, filters: tf.Tensor, ratio: tf.Tensor | None) -> tf.Tensor:
        angles = tf.constant(np.linspace(0.0, np.pi, self.fft_length // 2 + 1))[tf.newaxis]
        if ratio is not None:
            angles = tf.minimum(angles * tf.cast(ratio, tf.float64), np.pi)
        return tf.cast(all_pole_response(filters, self.parameters, angles), tf.complex64)

    def _exact(
        self, audio: tf.Tensor, filters: tf.Tensor, memories: tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        filters = tf.cast(filters, tf.float64)
        at_samples = dsp.resample_envelope(filters, hop_length=self.hop_length)
        at_samples = at_samples[:, : tf.shape(audio)[1]]
        if self.parameters == "sections":
            pairs = tf.reshape(
                at_samples, tf.concat([tf.shape(at_samples)[:2], [self.order // 2, 2]], axis=0)
            )
            ahead = tf.constant([1.0, 0.0, 0.0], tf.float64) + 0.0 * pairs[..., :1]
            sections = tf.concat([ahead, pairs], axis=-1)
            filtered, memories = dsp.second_order_sections(
                tf.cast(audio, tf.float64), sections, memories
            )
        else:
            coefficients = lpc_from_filters(at_samples, self.parameters)
            filtered, memories = dsp.all_pole(tf.cast(audio, tf.float64), coefficients, memories)
        return tf.cast(filtered, audio.dtype), {"memories": memories}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "order": self.order,
            "parameters": self.parameters,
            "method": self.method,
            "fft_length": self.fft_length,
            "gain": self.gain,
        }
