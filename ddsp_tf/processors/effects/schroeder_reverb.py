"""Schroeder's room: combs side by side, all-passes one after the other."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal

COMBS_MS = (29.7, 37.1, 41.1, 43.7)
ALL_PASSES_MS = (5.0, 1.7)


@keras.saving.register_keras_serializable("ddsp_tf")
class SchroederReverb(Processor):
    """Reverberates a sound by combs that decay in one time, whose sum all-passes spread, exactly.

    Inputs: `audio` `[batch, n_samples]`; `t60_s`, the time for 60 dB (0.05 to 20 s), `spread`, the
    gain of the all-passes (0 to 0.9), and `wet_db` (-60 to 12), each `[batch, 1]`.

    Args:
        combs_ms: Delays of the combs.
        all_passes_ms: Delays of the all-passes.
        add_dry: Whether the dry sound is added.
        sample_rate: In Hz.
        name: The processor's name.

    Raises:
        ArgumentError: No comb, or a delay below a sample.

    Example:
        >>> room = SchroederReverb(sample_rate=16000)
        >>> room({"audio": tf.one_hot([0], 4000), "t60_s": tf.constant([[0.5]])}).shape
        TensorShape([1, 4000])

    Reference:
        Schroeder 1962, "Natural sounding artificial reverberation".
    """

    is_room = True

    def __init__(
        self,
        *,
        combs_ms: Sequence[float] = COMBS_MS,
        all_passes_ms: Sequence[float] = ALL_PASSES_MS,
        add_dry: bool = True,
        sample_rate: int = 44100,
        name: str = "schroeder_reverb",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, name=name, **kwargs)
        self.combs_ms = list(combs_ms)
        self.all_passes_ms = list(all_passes_ms)
        self.add_dry = add_dry
        self._combs, self._all_passes = (
            [round(ms * sample_rate / 1000) for ms in listed]
            for listed in (self.combs_ms, self.all_passes_ms)
        )
        if not self._combs or min([*self._combs, *self._all_passes]) < 1:
            raise ArgumentError(
                "`combs_ms` should hold one at least, and all delays be a sample at least. "
                f"Received {self.combs_ms} and {self.all_passes_ms} at {sample_rate} Hz."
            )

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, the time of decay, how far pulses are spread, and the level of the room."""
        return {
            "audio": Signal("samples"),
            "t60_s": Signal("value", unit="s", low=0.05, high=20.0, default=1.0),
            "spread": Signal("value", low=0.0, high=0.9, default=0.7),
            "wet_db": Signal("value", unit="dB", low=-60.0, high=12.0, default=-6.0),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """An empty room."""
        return {
            f"{kind}_{index}": tf.zeros([batch_size, delay])
            for kind, delays in (("comb", self._combs), ("all_pass", self._all_passes))
            for index, delay in enumerate(delays)
        }

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is what is in the delays."""
        del n_frames
        audio = tf.convert_to_tensor(controls["audio"])
        after: State = {}
        echoes = []
        for index, delay in enumerate(self._combs):
            # 60 dB in T60: each turn loses 60 delay / T60.
            feedback = 10.0 ** (-3.0 * delay / (controls["t60_s"] * self.sample_rate))
            made, after[f"comb_{index}"] = dsp.comb_filter(
                audio, feedback, state[f"comb_{index}"], delay=delay
            )
            echoes.append(made)
        wet = tf.add_n(echoes) / len(echoes)
        for index, delay in enumerate(self._all_passes):
            wet, after[f"all_pass_{index}"] = dsp.schroeder_all_pass(
                wet, controls["spread"], state[f"all_pass_{index}"], delay=delay
            )
        wet *= 10.0 ** (controls["wet_db"] / 20.0)
        return audio + wet if self.add_dry else wet, after

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "combs_ms": self.combs_ms,
            "all_passes_ms": self.all_passes_ms,
            "add_dry": self.add_dry,
        }
