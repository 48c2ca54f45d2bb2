"""The voice's source: a train of glottal pulses."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, State, optional_inputs
from ddsp_tf.processors.synthesizers.synthesizer import Synthesizer
from ddsp_tf.types import Signal

_LOW, _HIGH = dsp.R_D_RANGE


@keras.saving.register_keras_serializable("ddsp_tf")
class GlottalSource(Synthesizer):
    """Plays band-limited pulses of Liljencrants and Fant, from pressed to breathy.

    Inputs, `[batch, n_frames, 1]`: `amplitudes` and `r_d`, any real numbers, and `f0_hz`, >= 0;
    where it is 0 there is silence. Optional: `r_d_offset` `[batch, 1]`, which is added to the shape
    that was given: above 0 more breathy, below more pressed. Controls: the same names; `amplitudes`
    are the effective values of the sound, `r_d` is within 0.3 to 2.7.

    Args:
        sample_rate: In Hz.
        hop_length: Samples per frame.
        lowest_hz: From this pitch upwards, all partials below Nyquist are there.
        scale: Whether `amplitudes` pass through `exp_sigmoid`, and `r_d` through a sigmoid onto its
            range, evenly in its logarithm. Without it they are taken as they are.
        name: The processor's name.

    Raises:
        ArgumentError: A pitch that isn't above 0.

    Example:
        >>> source = GlottalSource(sample_rate=16000, hop_length=64)
        >>> zeros = tf.zeros([1, 25, 1])
        >>> source({"amplitudes": zeros, "r_d": zeros, "f0_hz": zeros + 200.0}).shape
        TensorShape([1, 1600])

    Reference:
        Fant, Liljencrants and Lin 1985; Yu and Fazekas 2023, section 3.1.
    """

    optional_input_names = ("r_d_offset",)

    def __init__(
        self,
        *,
        sample_rate: int = 16000,
        hop_length: int = 64,
        lowest_hz: float = 40.0,
        scale: bool = True,
        name: str = "glottal_source",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        if not lowest_hz > 0:
            raise ArgumentError(f"`lowest_hz` should be above 0. Received {lowest_hz}.")
        self.lowest_hz = lowest_hz
        self.scale = scale
        n_points = max(1024, 2 ** math.ceil(math.log2(sample_rate / lowest_hz + 2)))
        self._table = dsp.glottal_table(
            sample_rate=sample_rate, lowest_hz=lowest_hz, n_points=n_points
        )

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """`amplitudes`, `r_d` and `f0_hz`."""
        raw = {"amplitudes": Signal("frames"), "r_d": Signal("frames")}
        given = self.control_signals
        offset = Signal("value", low=_LOW - _HIGH, high=_HIGH - _LOW)
        return {**given, **(raw if self.scale else {}), "r_d_offset": offset}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The same names, in their ranges."""
        return {
            "amplitudes": Signal("frames", low=0.0),
            "r_d": Signal("frames", low=_LOW, high=_HIGH),
            "f0_hz": Signal("frames", unit="Hz", low=0.0),
        }

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Brings amplitudes and shapes into their ranges, and silences what has no pitch."""
        amplitudes, r_d, f0_hz = (
            tf.cast(inputs[key], tf.float32) for key in ("amplitudes", "r_d", "f0_hz")
        )
        if self.scale:
            amplitudes = dsp.exp_sigmoid(amplitudes)
            r_d = _LOW * tf.exp(math.log(_HIGH / _LOW) * tf.sigmoid(r_d))
        offset = optional_inputs(self, inputs).get("r_d_offset")
        if offset is not None:
            r_d += tf.cast(offset, tf.float32)[:, tf.newaxis]
        amplitudes = tf.where(f0_hz > 0.0, amplitudes, tf.zeros_like(amplitudes))
        return {
            "amplitudes": amplitudes,
            "r_d": tf.clip_by_value(r_d, _LOW, _HIGH),
            "f0_hz": f0_hz,
        }

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Phase 0, in turns."""
        return {"turns": tf.zeros([batch_size, 1], tf.float64)}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is the phase."""
        amplitudes, r_d, f0_hz = (
            controls[key][:, : n_frames + 1] for key in ("amplitudes", "r_d", "f0_hz")
        )
        rates = {"hop_length": self.hop_length, "sample_rate": self.sample_rate}
        pulses, turns = dsp.stream_glottal(
            f0_hz, r_d, self._table, initial_turns=state["turns"], **rates
        )
        gain = dsp.resample_envelope(amplitudes, hop_length=self.hop_length)
        return pulses * gain[:, : tf.shape(pulses)[1], 0], {"turns": turns}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "lowest_hz": self.lowest_hz, "scale": self.scale}
