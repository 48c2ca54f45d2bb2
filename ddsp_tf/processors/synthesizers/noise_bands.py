"""The synthesiser of narrow noises."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.band_noises import band_edges_hz, band_noises, longest_filter, mix_bands
from ddsp_tf.dsp.noise import uniform_noise
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, State, optional_inputs
from ddsp_tf.processors.synthesizers.synthesizer import Synthesizer
from ddsp_tf.types import Signal

_LEAST = 1e-18


@keras.saving.register_keras_serializable("ddsp_tf")
class NoiseBands(Synthesizer):
    """Mixes noises of many narrow bands, which are made once and looped.

    Inputs: `amplitudes` `[batch, n_frames, n_bands]`, any real numbers. Optional: `noise_seed`, an
    integer scalar: where in the loop the sound begins, as in training, so that a network can't
    learn the noise by heart.
    Controls: the same names; `amplitudes` are gains >= 0 of the bands, from low to high.

    Amplitudes are joined by straight lines. The noise depends on the seeds and the sample's
    position alone, so blocks give what the whole gives. The noises are made when they are first
    needed, are no weights, and take `4 * n_bands * loop_length` bytes: 64 MiB for 256 bands and
    65,536 samples, 1 GiB for the paper's 2,048 bands at 44.1 kHz. Playing takes as much for each
    `loop_length` samples that are made at once, up to 512 MiB.

    Args:
        n_bands: Even, at least 4.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        loop_length: Samples after which the noises repeat, even. None: the next power of two after
            the longest filter, which is 0.7 to 3 s.
        initial_bias: Added to the inputs, so that an untrained network is quiet; the paper's is 0.
        scale: Whether inputs pass through `exp_sigmoid`. Without it they are taken as >= 0.
        seed: Of the noises.
        name: The processor's name.

    Raises:
        ArgumentError: A number is out of its range.

    Example:
        >>> noise = NoiseBands(n_bands=16, sample_rate=16000, hop_length=32)
        >>> noise({"amplitudes": tf.zeros([1, 500, 16])}).shape
        TensorShape([1, 16000])

    Reference:
        Barahona-Rios and Collins 2023, "NoiseBandNet: Controllable Time-Varying Neural Synthesis
        of Sound Effects Using Filterbanks", section III.
    """

    optional_input_names = ("noise_seed",)

    def __init__(
        self,
        *,
        n_bands: int = 256,
        sample_rate: int = 16000,
        hop_length: int = 32,
        loop_length: int | None = None,
        initial_bias: float = 0.0,
        scale: bool = True,
        seed: int = 0,
        name: str = "noise_bands",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        self.edges_hz = tuple(band_edges_hz(n_bands, sample_rate=sample_rate).tolist())
        shortest = longest_filter(n_bands, sample_rate=sample_rate)
        if loop_length is None:
            loop_length = 1 << (shortest - 1).bit_length()
        if loop_length % 2 or loop_length < shortest:
            raise ArgumentError(
                f"`loop_length` should be even, and {shortest} at least, which the longest filter "
                f"has. Received {loop_length}."
            )
        self.n_bands = n_bands
        self.loop_length = loop_length
        self.initial_bias = initial_bias
        self.scale = scale
        self.seed = seed
        self._noises: tf.Tensor | None = None

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """`amplitudes`, and `noise_seed`, an integer."""
        low = None if self.scale else 0.0
        return {
            "amplitudes": Signal("frames", self.n_bands, low=low),
            "noise_seed": Signal("value", dtype="int32"),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """Gains >= 0."""
        return {"amplitudes": Signal("frames", self.n_bands, low=0.0)}

    @property
    def noises(self) -> tf.Tensor:
        """The noises of all bands, `[loop_length, n_bands]`."""
        if self._noises is None:
            with tf.init_scope():
                made = band_noises(
                    self.n_bands,
                    sample_rate=self.sample_rate,
                    loop_length=self.loop_length,
                    seed=self.seed,
                )
                self._noises = tf.constant(made)
        return self._noises

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Makes the amplitudes positive."""
        amplitudes = tf.cast(inputs["amplitudes"], tf.float32)
        if self.scale:
            amplitudes = dsp.exp_sigmoid(amplitudes + self.initial_bias, threshold=_LEAST)
        return {"amplitudes": amplitudes, **optional_inputs(self, inputs)}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """The beginning of the loop."""
        del batch_size
        return {"position": tf.zeros([], tf.int64)}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is its position in the loop."""
        start = state["position"]
        if "noise_seed" in controls:
            start += self._offset(controls["noise_seed"])
        amplitudes = controls["amplitudes"][:, : n_frames + 1]
        audio = mix_bands(amplitudes, self.noises, hop_length=self.hop_length, start=start)
        n_samples = tf.cast(n_frames, tf.int64) * self.hop_length
        return audio, {"position": (state["position"] + n_samples) % self.loop_length}

    def _offset(self, seed: Any) -> tf.Tensor:
        drawn = uniform_noise(1, 1, seed=seed)[0, 0]
        return tf.cast((0.5 + 0.5 * drawn) * self.loop_length, tf.int64)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_bands": self.n_bands,
            "loop_length": self.loop_length,
            "initial_bias": self.initial_bias,
            "scale": self.scale,
            "seed": self.seed,
        }
