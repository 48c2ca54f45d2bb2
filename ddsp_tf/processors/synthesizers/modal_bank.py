"""The synthesiser of struck bodies."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.modal import find_modes, modal_response
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.response_reverb import ResponseReverb
from ddsp_tf.types import FloatArray, Signal

_SILENT_DB = -100.0


@keras.saving.register_keras_serializable("ddsp_tf")
class ModalBank(ResponseReverb):
    """Strikes a bank of modes, damped sinusoids, by every sample of the audio that it gets.

    A click of 1 is a stroke. Inputs: `audio` `[batch, n_samples]`; of every mode, `[batch,
    n_modes]` each, `mode_frequencies_hz`, `mode_levels_db`, `mode_decays_s` (8.7 dB softer after
    that time) and `mode_turns`, its phase at the stroke. Modes at or above Nyquist are silent.

    The gradient of a spectrum's distance hardly ever leads to a mode's frequency, and an attack
    that was measured beside the modes fits these alone. So `estimate` finds them, and a
    `models.Drum` leaves them where they are (`kept_names`).

    Args:
        n_modes: >= 1.
        length_s: After which a stroke is cut off.
        highest_hz: `estimate` looks for no mode above.
        sample_rate: In Hz.
        name: The processor's name.

    Raises:
        ArgumentError: No mode, or a length of less than two samples.

    Example:
        >>> bank = ModalBank(n_modes=4, length_s=0.5, sample_rate=16000)
        >>> bank({"audio": tf.one_hot([0], 1000)}).shape
        TensorShape([1, 1000])

    Reference:
        Shier et al. 2023, "Differentiable modelling of percussive audio with transient and spectral
        synthesis", section 3.1.
    """

    is_room = False
    kept_names = ("mode_frequencies_hz", "mode_levels_db", "mode_decays_s", "mode_turns")

    def __init__(
        self,
        *,
        n_modes: int = 64,
        length_s: float = 1.0,
        highest_hz: float = 4000.0,
        sample_rate: int = 44100,
        name: str = "modal_bank",
        **kwargs: Any,
    ) -> None:
        kwargs.pop("add_dry", None)
        super().__init__(
            length_s=length_s, add_dry=False, sample_rate=sample_rate, name=name, **kwargs
        )
        if n_modes < 1:
            raise ArgumentError(f"`n_modes` should be at least 1. Received {n_modes}.")
        self.n_modes = n_modes
        self.highest_hz = highest_hz

    @property
    def room_signals(self) -> Mapping[str, Signal]:
        """The modes."""
        n = self.n_modes
        return {
            "mode_frequencies_hz": Signal("value", n, "Hz", low=20.0, high=20000.0, default=200.0),
            "mode_levels_db": Signal("value", n, "dB", low=_SILENT_DB, high=20.0, default=-40.0),
            "mode_decays_s": Signal("value", n, "s", low=1e-3, high=10.0, default=0.1),
            "mode_turns": Signal("value", n, low=-1.0, high=1.0, default=0.0),
        }

    def response(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Makes the sound of one stroke."""
        return modal_response(
            controls["mode_frequencies_hz"],
            10.0 ** (controls["mode_levels_db"] / 20.0),
            controls["mode_decays_s"],
            controls["mode_turns"],
            n_samples=self.n_taps,
            sample_rate=self.sample_rate,
        )

    def estimate(self, response: FloatArray) -> dict[str, list[float]]:
        """Finds the modes of a recorded stroke."""
        modes = find_modes(
            response,
            n_modes=self.n_modes,
            sample_rate=self.sample_rate,
            highest_hz=self.highest_hz,
        )
        levels_db = 20.0 * np.log10(np.maximum(modes.amplitudes, 1e-12))
        return {
            "mode_frequencies_hz": np.clip(modes.frequencies_hz, 20.0, 20000.0).tolist(),
            "mode_levels_db": np.clip(levels_db, _SILENT_DB, 20.0).tolist(),
            "mode_decays_s": modes.decays_s.tolist(),
            "mode_turns": modes.turns.tolist(),
        }

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_modes": self.n_modes,
            "highest_hz": self.highest_hz,
        }
