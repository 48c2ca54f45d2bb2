"""WORLD's vocoder as a synthesiser that can be trained through."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.frame_filters import silent_tail
from ddsp_tf.dsp.world import Mixing
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, State, optional_inputs
from ddsp_tf.processors.synthesizers.pulse_train import PulseTrain
from ddsp_tf.processors.synthesizers.synthesizer import Synthesizer
from ddsp_tf.types import Signal

_QUIET = 2.0


@keras.saving.register_keras_serializable("ddsp_tf")
class World(Synthesizer):
    """Plays pulses and noise through a smooth envelope, mixed by its aperiodicity.

    Inputs: `f0_hz` `[batch, n_frames, 1]`, >= 0; 0 is unvoiced, where all is noise. `envelope` and
    `aperiodicity`: any real numbers, as a network makes them, `[batch, n_frames, n_bands]` and
    `[batch, n_frames, n_points]`. Optional: `noise_seed`, an integer scalar. Controls: the same
    names; `envelope` as `dsp.compress_envelope` gives it, `aperiodicity` 0 to 1.

    Args:
        n_bands: Of the envelope in mel; None: its power at all bins.
        n_points: Of the aperiodicity; None: at all bins.
        fft_length: Samples of the filters, an even number above the hop.
        mixing: See `dsp.world_responses`.
        scale: Whether the inputs are a network's: the envelope is lowered by 2 (40 dB) and the
            aperiodicity goes through a sigmoid. Without it they are taken as they are.
        lowest_hz: From this pitch upwards the pulses' band is full.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        seed: Of the noise.
        name: The processor's name.

    Raises:
        ArgumentError: `fft_length` doesn't fit, a pitch that isn't above 0, no band or
            point, or `scale` without bands.

    Example:
        >>> vocoder = World(sample_rate=16000, hop_length=64)
        >>> raw = {"envelope": tf.zeros([1, 25, 80]), "aperiodicity": tf.zeros([1, 25, 16])}
        >>> vocoder({"f0_hz": tf.fill([1, 25, 1], 200.0), **raw}).shape
        TensorShape([1, 1600])

    Reference:
        Nercessian 2023, "Differentiable WORLD synthesizer-based neural vocoder with application to
        end-to-end audio style transfer", section 2; there with filters of zero phase.
    """

    optional_input_names = ("noise_seed",)

    def __init__(
        self,
        *,
        n_bands: int | None = 80,
        n_points: int | None = 16,
        fft_length: int = 1024,
        mixing: Mixing = "power",
        scale: bool = True,
        lowest_hz: float = 60.0,
        sample_rate: int = 16000,
        hop_length: int = 64,
        seed: int = 0,
        name: str = "world",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        if fft_length % 2 or fft_length <= hop_length:
            raise ArgumentError(
                f"`fft_length` should be even, and more than the hop, {hop_length}. "
                f"Received {fft_length}."
            )
        for key, value in (("n_bands", n_bands), ("n_points", n_points)):
            if value is not None and value < 1:
                raise ArgumentError(f"`{key}` should be at least 1, or None. Received {value}.")
        if scale and n_bands is None:
            raise ArgumentError("`scale` is for networks, which make `n_bands`. Give a number.")
        self.n_bands = n_bands
        self.n_points = n_points
        self.fft_length = fft_length
        self.mixing = mixing
        self.scale = scale
        self.lowest_hz = lowest_hz
        self.seed = seed
        self._pulses = PulseTrain(
            lowest_hz=lowest_hz, sample_rate=sample_rate, hop_length=hop_length
        )

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """`f0_hz`, `envelope`, `aperiodicity`, and `noise_seed`, an integer."""
        controls = self.control_signals
        raw = {key: Signal("frames", controls[key].width) for key in ("envelope", "aperiodicity")}
        seed = {"noise_seed": Signal("value", dtype="int32")}
        return {**controls, **(raw if self.scale else {}), **seed}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The same names, in their ranges."""
        n_bins = self.fft_length // 2 + 1
        low = 0.0 if self.n_bands is None else -5.0
        return {
            "f0_hz": Signal("frames", unit="Hz", low=0.0),
            "envelope": Signal("frames", self.n_bands or n_bins, low=low),
            "aperiodicity": Signal("frames", self.n_points or n_bins, low=0.0, high=1.0),
        }

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Brings a network's numbers into their ranges."""
        f0_hz, envelope, aperiodicity = (
            tf.cast(inputs[key], tf.float32) for key in ("f0_hz", "envelope", "aperiodicity")
        )
        if self.scale:
            envelope, aperiodicity = envelope - _QUIET, tf.sigmoid(aperiodicity)
        return {
            "f0_hz": f0_hz,
            "envelope": envelope,
            "aperiodicity": aperiodicity,
            **optional_inputs(self, inputs),
        }

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Phase 0, the place in the noise, and silence."""
        sizes = {"fft_length": self.fft_length, "hop_length": self.hop_length}
        return {
            **self._pulses.initial_state(batch_size),
            "frame": tf.zeros([], tf.int64),
            "periodic": silent_tail(batch_size, **sizes),
            "noisy": silent_tail(batch_size, **sizes),
        }

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is the phase, the place in the noise and what rings."""
        f0_hz = controls["f0_hz"][:, : n_frames + 1]
        pulses, phase = self._pulses.stream({"f0_hz": f0_hz}, {"turns": state["turns"]}, n_frames)
        noise = dsp.uniform_noise(
            tf.shape(f0_hz)[0],
            n_frames * self.hop_length,
            seed=controls.get("noise_seed", self.seed),
            start=state["frame"] * self.hop_length,
        )
        responses = self._responses(controls, f0_hz, n_frames)
        # Pulses of mean square 1/2 and noise of 1/3 become 1, as an envelope of 1 means.
        sources = (math.sqrt(2.0) * pulses, math.sqrt(3.0) * noise)
        played = {
            key: dsp.filter_frames(source, response, hop_length=self.hop_length, tail=state[key])
            for key, source, response in zip(("periodic", "noisy"), sources, responses, strict=True)
        }
        following = (state["frame"] + tf.cast(n_frames, tf.int64)) % 2**32
        tails = {key: tail for key, (_, tail) in played.items()}
        audio = played["periodic"][0] + played["noisy"][0]
        return audio, {**phase, "frame": following, **tails}

    def _responses(
        self, controls: Mapping[str, Any], f0_hz: tf.Tensor, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        n_bins = self.fft_length // 2 + 1
        envelope, aperiodicity = (
            controls[key][:, : n_frames + 1] for key in ("envelope", "aperiodicity")
        )
        if self.n_bands is not None:
            envelope = dsp.decompress_envelope(
                envelope, n_bins=n_bins, sample_rate=self.sample_rate
            )
        if self.n_points is not None:
            aperiodicity = dsp.decompress_aperiodicity(aperiodicity, n_bins=n_bins)
        aperiodicity = tf.where(f0_hz > 0.0, aperiodicity, tf.ones_like(aperiodicity))
        return dsp.world_responses(envelope, aperiodicity, mixing=self.mixing)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_bands": self.n_bands,
            "n_points": self.n_points,
            "fft_length": self.fft_length,
            "mixing": self.mixing,
            "scale": self.scale,
            "lowest_hz": self.lowest_hz,
            "seed": self.seed,
        }
