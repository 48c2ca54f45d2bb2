"""The neural waveshaping synthesiser: learned curves that bend sums of harmonics."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.chunks import chunk_frames, in_chunks
from ddsp_tf.dsp.compilation import compiled
from ddsp_tf.dsp.phases import frame_turns, sample_turns
from ddsp_tf.dsp.shapes import size
from ddsp_tf.dsp.waveshaping import (
    decimated,
    decimation_state,
    look_up,
    require_factor,
    sine_network,
)
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, State
from ddsp_tf.processors.synthesizers.synthesizer import Synthesizer
from ddsp_tf.types import Signal

_REACH = 3.0
_FILM = ("input_gains", "input_offsets", "output_gains", "output_offsets")


@keras.saving.register_keras_serializable("ddsp_tf")
class NeuralWaveshaper(Synthesizer):
    """Bends mixtures of harmonics by learned curves: y = sum_i g_i f_i(a_i x_i + b_i) + o_i.

    Each x_i is a mixture of the harmonics of the fundamental below Nyquist, by learned weights, and
    each f_i a small network of sines, see `dsp.waveshaping.sine_network`. Inputs: `input_gains`
    (a), `input_offsets` (b), `output_gains` (g) and `output_offsets` (o), each
    `[batch, n_frames, n_shapers]`, any real numbers; `f0_hz` `[batch, n_frames, 1]`, >= 0.
    Controls: the same names. They are joined by straight lines.

    A curve makes overtones without end, and no curve that is learned can promise where they stop.
    `oversampling` cuts off those between the old Nyquist frequency and the new one, by 90 dB; with
    the curves of the start, fully driven at 442 Hz, aliases are at -4, -13, -38 and -67 dB of the
    strongest line at 1, 2, 4 and 8.

    Args:
        n_harmonics: Of the exciter.
        n_shapers: Curves.
        n_units: Width of the networks.
        n_layers: Layers of sines of each.
        n_points: Curves are read from tables of so many points from -3 to 3, in training too, which
            is 10 times as fast and differs by less than 1e-3. None: the networks run themselves,
            at every sample.
        frequency_scale: Of the first layer: how bent a curve may be at the start.
        oversampling: 1, 2, 4 or 8 times the sample rate is what curves are played at.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        seed: Of the weights' start.
        name: The processor's name.

    Raises:
        ArgumentError: A count below 1, a negative scale or seed, another factor, or a hop that
            isn't a positive integer.

    Example:
        >>> synthesizer = NeuralWaveshaper(n_harmonics=10, n_shapers=4)
        >>> frames = tf.ones([1, 50, 4])
        >>> gains = dict.fromkeys(("input_gains", "output_gains"), frames)
        >>> offsets = dict.fromkeys(("input_offsets", "output_offsets"), 0.0 * frames)
        >>> synthesizer({**gains, **offsets, "f0_hz": 220.0 * frames[..., :1]}).shape
        TensorShape([1, 3200])

    Reference:
        Hayes, Saitis and Fazekas 2021, "Neural waveshaping synthesis", section 3.
    """

    def __init__(
        self,
        *,
        n_harmonics: int = 101,
        n_shapers: int = 64,
        n_units: int = 8,
        n_layers: int = 4,
        n_points: int | None = 4096,
        frequency_scale: float = 3.0,
        oversampling: int = 1,
        sample_rate: int = 16000,
        hop_length: int = 64,
        seed: int = 0,
        name: str = "neural_waveshaper",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        dsp.crossfade(hop_length, "linear")  # Refuses wrong arguments now, not when played.
        require_factor(oversampling, name="oversampling")
        counts = {
            "n_harmonics": n_harmonics,
            "n_shapers": n_shapers,
            "n_units": n_units,
            "n_layers": n_layers,
        }
        for key, value in counts.items():
            if value < 1:
                raise ArgumentError(f"`{key}` should be at least 1. Received {value}.")
        self.n_harmonics, self.n_shapers = n_harmonics, n_shapers
        self.n_units, self.n_layers = n_units, n_layers
        if n_points is not None and n_points < 2:
            raise ArgumentError(f"`n_points` should be at least 2, or None. Received {n_points}.")
        if not frequency_scale >= 0 or seed < 0:
            raise ArgumentError(
                "`frequency_scale` and `seed` should be 0 or more. "
                f"Received {frequency_scale} and {seed}."
            )
        self.n_points = n_points
        self.frequency_scale = frequency_scale
        self.oversampling = oversampling
        self.seed = seed
        self.jit_compile = False
        self._random = np.random.default_rng(seed)
        spread = 1.0 / math.sqrt(n_harmonics)
        self._mix = self._weight("mix", [n_harmonics, n_shapers], spread)
        self._curve_layers = []
        for number in range(n_layers):
            n_in = n_units if number else 1
            reach = math.sqrt(6.0 / n_in) if number else frequency_scale
            matrix = self._weight(f"layer_{number}_matrix", [n_shapers, n_in, n_units], reach)
            offsets = self._weight(f"layer_{number}_offsets", [n_shapers, n_units], math.pi)
            self._curve_layers.append((matrix, offsets))
        self._last = self._weight("last", [n_shapers, n_units], math.sqrt(6.0 / n_units))

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """Gains and offsets of each curve's input and output, and `f0_hz`."""
        film = {key: Signal("frames", self.n_shapers) for key in _FILM}
        return {**film, "f0_hz": Signal("frames", unit="Hz", low=0.0)}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Passes what came on."""
        return {key: tf.cast(inputs[key], tf.float32) for key in self.input_signals}

    def bend(self, values: tf.Tensor) -> tf.Tensor:
        """Gives each curve at values `[..., n_shapers]`, to be drawn or tabulated too."""
        layers = [tuple(tf.convert_to_tensor(x) for x in layer) for layer in self._curve_layers]
        return sine_network(values, layers, tf.convert_to_tensor(self._last))

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Phase 0, in turns, and silence in the filters of the oversampling."""
        memories = decimation_state(batch_size, factor=self.oversampling)
        return {
            "turns": tf.zeros([batch_size, 1], tf.float64),
            **{f"filter_{number}": memory for number, memory in enumerate(memories)},
        }

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is the phase and what the filters remember."""
        hop, rate = self.hop_length * self.oversampling, self.sample_rate * self.oversampling
        f0_hz = controls["f0_hz"][:, : n_frames + 1]
        film = tf.concat([controls[key][:, : n_frames + 1] for key in _FILM], axis=-1)
        starts, turns = frame_turns(f0_hz, state["turns"], hop_length=hop, sample_rate=rate)
        numbers_per_frame = hop * (self.n_harmonics + self.n_shapers * self.n_units * 2)
        chunk = chunk_frames(
            film, size(starts, 1), hop_length=hop, numbers_per_frame=numbers_per_frame
        )
        blocks = in_chunks(self._play, [f0_hz, film, starts], extra_frames=[1, 1, 0], chunk=chunk)
        audio = tf.reshape(blocks, [size(blocks, 0), size(blocks, 1) * hop])
        memories = tuple(state[key] for key in sorted(state) if key != "turns")
        audio, memories = decimated(audio, memories, factor=self.oversampling)
        after = {f"filter_{number}": memory for number, memory in enumerate(memories)}
        return audio, {"turns": turns, **after}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_harmonics": self.n_harmonics,
            "n_shapers": self.n_shapers,
            "n_units": self.n_units,
            "n_layers": self.n_layers,
            "n_points": self.n_points,
            "frequency_scale": self.frequency_scale,
            "oversampling": self.oversampling,
            "seed": self.seed,
        }

    def _play(self, f0_hz: tf.Tensor, film: tf.Tensor, starts: tf.Tensor) -> tf.Tensor:
        hop, rate = self.hop_length * self.oversampling, self.sample_rate * self.oversampling
        turns = sample_turns(f0_hz, starts, hop_length=hop, sample_rate=rate)
        numbers = tf.range(1, self.n_harmonics + 1, dtype=f0_hz.dtype)
        highest_hz = tf.maximum(f0_hz[:, :-1], f0_hz[:, 1:]) * numbers
        audible = tf.cast(highest_hz < 0.5 * self.sample_rate, f0_hz.dtype)
        weight = dsp.crossfade(hop, "linear")[:, np.newaxis]
        weights = [self._mix, *(x for layer in self._curve_layers for x in layer), self._last]
        shape = compiled(lambda *values: self._shape(weight, *values), self.jit_compile)
        given = [tf.convert_to_tensor(x) for x in weights]
        return shape(turns - tf.round(turns), audible, film, *given)

    def _shape(
        self,
        weight: np.ndarray,
        turns: tf.Tensor,
        audible: tf.Tensor,
        film: tf.Tensor,
        mix: tf.Tensor,
        *curves: tf.Tensor,
    ) -> tf.Tensor:
        numbers = tf.range(1, self.n_harmonics + 1, dtype=turns.dtype)
        harmonics = tf.sin(2.0 * math.pi * turns * numbers) * audible[:, :, tf.newaxis]
        here, following = film[:, :-1, tf.newaxis], film[:, 1:, tf.newaxis]
        a, b, g, o = tf.split(here + weight * (following - here), 4, axis=-1)
        layers = list(zip(curves[:-1:2], curves[1:-1:2], strict=True))
        values = a * tf.tensordot(harmonics, mix, 1) + b
        if self.n_points is None:
            bent = sine_network(values, layers, curves[-1])
        else:
            points = tf.linspace(-_REACH, _REACH, self.n_points)[:, tf.newaxis]
            table = sine_network(tf.tile(points, [1, self.n_shapers]), layers, curves[-1])
            bent = look_up(values, tf.transpose(table), reach=_REACH)
        return tf.reduce_sum(g * bent + o, axis=-1)

    def _weight(self, name: str, shape: list[int], reach: float) -> Any:
        values = self._random.uniform(-reach, reach, shape).astype(np.float32)
        return self.add_weight(
            name=name, shape=shape, initializer=lambda shape, dtype=None: tf.constant(values)
        )
