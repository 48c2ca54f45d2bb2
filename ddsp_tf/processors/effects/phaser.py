"""The phaser."""

from collections.abc import Mapping
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Phaser(Processor):
    """Sweeps notches through the spectrum: all-passes whose frequency swings, beside the sound.

    Inputs: `audio` `[batch, n_samples]`, `rate_hz` (0.01 to 20) of the swing between `low_hz` and
    `high_hz` (20 to 0.475 of the sample rate), even in octaves, and `wet` (0 to 1), each
    `[batch, 1]`: y = (1 - wet) x + wet A(x). Each stage of A turns by -90 degrees at the swinging
    frequency f; with `wet` at a half, 4 stages have notches at f tan(pi / 8) and f tan(3 pi / 8),
    as the bilinear transform bends them. Exact at every sample.

    Args:
        n_stages: All-passes of first order, at least 1.
        shape: Of the swing, "sine" or "triangle".
        phase: Where it begins, in turns; at 0 in the middle, rising.
        sample_rate: In Hz.
        name: The processor's name.

    Raises:
        ArgumentError: Below 1 stage, or an unknown shape.

    Example:
        >>> sound = tf.random.stateless_normal([1, 1000], [1, 2])
        >>> Phaser(sample_rate=16000)({"audio": sound}).shape
        TensorShape([1, 1000])

    Reference:
        Smith 1984, "An all-pass approach to digital phasing and flanging".
    """

    def __init__(
        self,
        *,
        n_stages: int = 4,
        shape: Literal["sine", "triangle"] = "sine",
        phase: float = 0.0,
        sample_rate: int = 44100,
        name: str = "phaser",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, name=name, **kwargs)
        if n_stages < 1 or shape not in ("sine", "triangle"):
            raise ArgumentError(
                '`n_stages` should be at least 1 and `shape` "sine" or "triangle". '
                f"Received {n_stages} and {shape!r}."
            )
        self.n_stages = n_stages
        self.shape = shape
        self.phase = phase

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, the swing, and how much of it there is."""
        hz: dict[str, Any] = {"unit": "Hz", "low": 20.0, "high": 0.475 * self.sample_rate}
        return {
            "audio": Signal("samples"),
            "rate_hz": Signal("value", unit="Hz", low=0.01, high=20.0, default=0.5),
            "low_hz": Signal("value", default=300.0, **hz),
            "high_hz": Signal("value", default=1500.0, **hz),
            "wet": Signal("value", low=0.0, high=1.0, default=0.5),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Silence in the all-passes, and where the swing begins."""
        return {
            "memories": tf.zeros([batch_size, self.n_stages, 1, 2], tf.float64),
            "phase": tf.fill([batch_size, 1], tf.constant(self.phase, tf.float64)),
        }

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[Any, State]:
        """Treats one block; the state is what the all-passes remember and the swing's phase."""
        del n_frames
        audio = tf.convert_to_tensor(controls["audio"])
        low, high, rate = (
            tf.cast(controls[key], tf.float64) for key in ("low_hz", "high_hz", "rate_hz")
        )
        swing, phase = dsp.low_frequency_oscillator(
            rate, tf.shape(audio)[1], state["phase"], sample_rate=self.sample_rate, shape=self.shape
        )
        middle, half = tf.math.log(low * high) / 2, tf.math.log(high / low) / 2
        section = dsp.first_order_all_pass(
            tf.exp(middle + half * swing), sample_rate=self.sample_rate
        )[:, :, np.newaxis]
        turned, memories = audio, []
        for stage in range(self.n_stages):
            turned, memory = dsp.filter_biquads(turned, section, state["memories"][:, stage])
            memories.append(memory)
        wet = controls["wet"]
        played = (1.0 - wet) * audio + wet * turned
        return played, {"memories": tf.stack(memories, axis=1), "phase": phase}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_stages": self.n_stages,
            "shape": self.shape,
            "phase": self.phase,
        }
