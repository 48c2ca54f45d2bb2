"""The phaser."""

from collections.abc import Mapping
from typing import Any, Literal

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.swing import Swing
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Phaser(Processor):
    """Sweeps notches through the spectrum: all-passes whose frequency swings, beside the sound.

    Inputs: `audio` `[batch, n_samples]`, `rate_hz` (0.01 to 20) of the swing between `low_hz` and
    `high_hz` (20 to 0.475 of the sample rate), even in octaves, `wet` (0 to 1) and `feedback`
    (-0.95 to 0.95), each `[batch, 1]`: y = (1 - wet) x + wet A(x) / (1 - feedback A). Each stage of
    A turns by -90 degrees at the swinging frequency f; with `wet` at a half and no feedback, 4
    stages have notches at f tan(pi / 8) and f tan(3 pi / 8), as the bilinear transform bends them.

    Args:
        n_stages: All-passes of first order, at least 1.
        method: "exact" at every sample; "frames" by spectra of frames, as the paper trains it,
            which is not played in blocks.
        frame_hop: Samples between those frames; None: 20 ms.
        shape: Of the swing, "sine", "triangle", or "given": the input `swing` `[batch, n_samples]`,
            from -1 to 1, takes the place of `rate_hz`.
        phase: Where the swing begins, in turns; at 0 in the middle, rising.
        sample_rate: In Hz.
        name: The processor's name.

    Raises:
        ArgumentError: Below 1 stage, an unknown method or shape, or a `frame_hop` below 1.

    Example:
        >>> sound = tf.random.stateless_normal([1, 1000], [1, 2])
        >>> Phaser(sample_rate=16000)({"audio": sound}).shape
        TensorShape([1, 1000])

    Reference:
        Smith 1984, "An all-pass approach to digital phasing and flanging"; Carson,
        Valentini-Botinhao, King and Bilbao 2023, "Differentiable grey-box modelling of phaser
        effects using frame-based spectral processing", section 2 (the feedback) and 3 (frames).
    """

    def __init__(
        self,
        *,
        n_stages: int = 4,
        method: Literal["exact", "frames"] = "exact",
        frame_hop: int | None = None,
        shape: Literal["sine", "triangle", "given"] = "sine",
        phase: float = 0.0,
        sample_rate: int = 44100,
        name: str = "phaser",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, name=name, **kwargs)
        if n_stages < 1 or method not in ("exact", "frames"):
            raise ArgumentError(
                '`n_stages` should be at least 1 and `method` "exact" or "frames". '
                f"Received {n_stages} and {method!r}."
            )
        if frame_hop is not None and frame_hop < 1:
            raise ArgumentError(f"`frame_hop` should be at least 1. Received {frame_hop}.")
        self.n_stages = n_stages
        self.method = method
        self.frame_hop = frame_hop
        self.swing = Swing(shape, phase, sample_rate)
        self.keeps_time = self.swing.keeps_time
        self.streamable = method == "exact"

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, the swing, and how much of it there is."""
        hz: dict[str, Any] = {"unit": "Hz", "low": 20.0, "high": 0.475 * self.sample_rate}
        return {
            "audio": Signal("samples"),
            **self.swing.signals(0.5),
            "low_hz": Signal("value", default=300.0, **hz),
            "high_hz": Signal("value", default=1500.0, **hz),
            "wet": Signal("value", low=0.0, high=1.0, default=0.5),
            "feedback": Signal("value", low=-0.95, high=0.95, default=0.0),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Silence in the all-passes, and where the swing begins."""
        return {
            "memory": tf.zeros([batch_size, self.n_stages], tf.float64),
            **self.swing.initial_state(batch_size),
        }

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[Any, State]:
        """Treats one block; the state is what the all-passes remember and the swing's phase."""
        del n_frames
        audio = tf.convert_to_tensor(controls["audio"])
        swing, following = self.swing(controls, tf.shape(audio)[1], state)
        low, high, feedback = (
            tf.cast(controls[key], tf.float64) for key in ("low_hz", "high_hz", "feedback")
        )
        middle, half = tf.math.log(low * high) / 2, tf.math.log(high / low) / 2
        # A swing that was learned or given may leave -1 to 1.
        ends = tf.math.log(tf.constant([20.0, 0.475 * self.sample_rate], tf.float64))
        octaves = tf.clip_by_value(middle + half * tf.cast(swing, tf.float64), ends[0], ends[1])
        turned, memory = self._turned(audio, tf.exp(octaves), feedback, state["memory"])
        wet = controls["wet"]
        return (1.0 - wet) * audio + wet * turned, {"memory": memory, **following}

    def _turned(
        self, audio: tf.Tensor, frequency_hz: tf.Tensor, feedback: tf.Tensor, memory: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        about: dict[str, Any] = {"n_stages": self.n_stages, "sample_rate": self.sample_rate}
        if self.method == "exact":
            return dsp.all_pass_loop(audio, frequency_hz, feedback, memory, **about)
        hop = self.frame_hop or max(1, round(0.02 * self.sample_rate))
        frames = frequency_hz[:, ::hop, tf.newaxis]
        turned = dsp.all_pass_loop_by_frames(
            audio, frames, feedback[:, :, tf.newaxis], hop_length=hop, **about
        )
        return turned, memory

    def for_live(self, hop_length: int) -> Processor:
        """Gives the exact one."""
        del hop_length
        exact: Processor = type(self).from_config({**self.get_config(), "method": "exact"})
        return exact

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_stages": self.n_stages,
            "method": self.method,
            "frame_hop": self.frame_hop,
            "shape": self.swing.shape,
            "phase": self.swing.phase,
        }
