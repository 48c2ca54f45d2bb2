"""The low-frequency oscillator of a modular synthesiser."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal

_WAVES = ("sine", "triangle", "saw", "reverse_saw", "square")
_CHOOSES = math.e
"""The power of the waves' weights: the strongest goes before the others."""


@keras.saving.register_keras_serializable("ddsp_tf")
class Lfo(Processor):
    """Swings slowly between 0 and 1, as a blend of five waves, with a rate that is moved.

    Inputs: `rate_modulation` and `amplitude` `[batch, n_frames, 1]`, which an `Adsr` gives;
    `rate_hz` (0 to 20), `depth_hz` (-10 to 20: by how much a modulation of 1 moves the rate),
    `phase` in radians, and the weights `sine`, `triangle`, `saw`, `reverse_saw` and `square` (0 to
    1), each `[batch, 1]`. Plays frames `[batch, n_frames, 1]`, 0 to 1. It plays whole sounds.

    Args:
        sample_rate: In Hz.
        hop_length: Samples per frame.
        name: The processor's name.

    Example:
        >>> ones = tf.ones([1, 4, 1])
        >>> weights = {key: tf.zeros([1, 1]) for key in ("sine", "triangle", "reverse_saw")}
        >>> swing = Lfo(sample_rate=4, hop_length=1)({
        ...     "rate_modulation": 0.0 * ones, "amplitude": ones, "rate_hz": tf.ones([1, 1]),
        ...     **weights, "saw": tf.ones([1, 1]), "square": tf.zeros([1, 1])})
        >>> swing[0, :, 0].numpy().tolist()
        [0.25, 0.5, 0.75, 0.0]

    Reference:
        Turian et al. 2021, "One billion audio sounds from GPU-enabled modular synthesis".
    """

    streamable = False

    def __init__(
        self, *, sample_rate: int = 44100, hop_length: int = 100, name: str = "lfo", **kwargs: Any
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """What moves it, its rate, and how its waves are blended."""
        weight = Signal("value", low=0.0, high=1.0, default=0.5)
        radians = {"unit": "rad", "low": -math.pi, "high": math.pi}
        return {
            "rate_modulation": Signal("frames"),
            "amplitude": Signal("frames"),
            "rate_hz": Signal("value", unit="Hz", low=0.0, high=20.0, default=1.0, curve=0.25),
            "depth_hz": Signal("value", unit="Hz", low=-10.0, high=20.0, default=0.0, curve=0.5),
            "phase": Signal("value", **radians, default=0.0),  # type: ignore[arg-type]
            **dict.fromkeys(_WAVES, weight),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """The swing."""
        return {"signal": Signal("frames")}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Swings for the whole sound."""
        del n_frames
        moved = controls["depth_hz"] * controls["rate_modulation"][..., 0]
        waves = dsp.lfo_waves(
            tf.maximum(controls["rate_hz"] + moved, 0.0),
            controls["phase"],
            frame_rate=self.sample_rate / self.hop_length,
        )
        weights = tf.concat([controls[key] for key in _WAVES], axis=-1) ** _CHOOSES
        weights /= tf.reduce_sum(weights, axis=-1, keepdims=True) + 1e-12
        swing = tf.reduce_sum(waves * weights[:, tf.newaxis], axis=-1, keepdims=True)
        return swing * controls["amplitude"], state
