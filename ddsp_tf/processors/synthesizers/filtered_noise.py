"""The subtractive synthesiser."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, Processor, State, optional_inputs
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class FilteredNoise(Processor):
    """Filters white noise by a frequency response that changes from frame to frame.

    Inputs: `noise_magnitudes` `[batch, n_frames, n_bands]`, any real numbers. Optional:
    `noise_seed`, an integer scalar that chooses other noise than the constructor's `seed`.
    Controls: the same names; `noise_magnitudes` are gains >= 0 at evenly spaced frequencies from 0
    to Nyquist.

    The noise is uniform in [-1, 1) and depends on the seed and the sample's position alone.

    Args:
        n_bands: Bands of the frequency response, >= 2.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        window_length: Taps of the filters, even, at most 2 * (n_bands - 1), which None stands for.
        initial_bias: Added to the inputs, so that an untrained network is quiet.
        scale: Whether inputs pass through `exp_sigmoid`. Without it they are taken as >= 0.
        seed: Of the noise.
        name: The processor's name.

    Example:
        >>> noise = FilteredNoise(n_bands=65, sample_rate=16000, hop_length=64)
        >>> noise({"noise_magnitudes": tf.zeros([1, 250, 65])}).shape
        TensorShape([1, 16000])

    Reference:
        Engel et al. 2020, section 3.4.
    """

    optional_input_names = ("noise_seed",)

    def __init__(
        self,
        *,
        n_bands: int = 65,
        sample_rate: int = 16000,
        hop_length: int = 64,
        window_length: int | None = None,
        initial_bias: float = -5.0,
        scale: bool = True,
        seed: int = 0,
        name: str = "filtered_noise",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        if n_bands < 2:
            raise ArgumentError(f"`n_bands` should be at least 2. Received {n_bands}.")
        self.n_bands = n_bands
        self.window_length = window_length
        self.initial_bias = initial_bias
        self.scale = scale
        self.seed = seed

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """`noise_magnitudes`, and `noise_seed`, an integer."""
        low = None if self.scale else 0.0
        return {
            "noise_magnitudes": Signal("frames", self.n_bands, low=low),
            "noise_seed": Signal("value", dtype="int32"),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """Gains >= 0."""
        return {"noise_magnitudes": Signal("frames", self.n_bands, low=0.0)}

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """One channel."""
        return {"signal": Signal("samples")}

    @property
    def lookahead_frames(self) -> int:
        """The frames whose cross-faded, delay-free filters reach back into a block."""
        return self._context_frames[1]

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Makes the magnitudes positive."""
        magnitudes = tf.cast(inputs["noise_magnitudes"], tf.float32)
        if magnitudes.shape[-1] != self.n_bands:
            raise ArgumentError(
                f"`noise_magnitudes` should have {self.n_bands} bands, as `{self.name}` was made "
                f"for. Received {magnitudes.shape[-1]}."
            )
        if self.scale:
            magnitudes = dsp.exp_sigmoid(magnitudes + self.initial_bias)
        return {"noise_magnitudes": magnitudes, **optional_inputs(self, inputs)}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Position 0, and silence in the frames before it."""
        return {
            "frame": tf.zeros([], tf.int64),
            "past_magnitudes": tf.zeros([batch_size, self._context_frames[0], self.n_bands]),
        }

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is its position and the frames that still ring."""
        past, future = self._context_frames
        magnitudes = tf.concat(
            [state["past_magnitudes"], controls["noise_magnitudes"][:, : n_frames + future]], axis=1
        )
        hop = self.hop_length
        noise = dsp.uniform_noise(
            tf.shape(magnitudes)[0],
            (n_frames + past + future + 1) * hop,
            seed=controls.get("noise_seed", self.seed),
            start=(state["frame"] - past - 1) * hop,
        )
        responses = dsp.impulse_response_from_magnitudes(
            magnitudes, window_length=self.window_length
        )
        audio = dsp.time_varying_fir_block(noise, responses, hop_length=hop)
        following = {
            # The noise repeats after 2**32 samples, and so may the count.
            "frame": (state["frame"] + tf.cast(n_frames, tf.int64)) % 2**32,
            "past_magnitudes": magnitudes[:, n_frames : n_frames + past],
        }
        return audio, following

    @property
    def _context_frames(self) -> tuple[int, int]:
        n_taps = self.window_length or 2 * (self.n_bands - 1)
        return dsp.fir_context_frames(n_taps, self.hop_length)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_bands": self.n_bands,
            "window_length": self.window_length,
            "initial_bias": self.initial_bias,
            "scale": self.scale,
            "seed": self.seed,
        }
