"""The room of filtered velvet noise."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.room_acoustics import octave_signals, reverberation_times_s
from ddsp_tf.dsp.room_noise import filtered_velvet_noise, segment_windows
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.early_late_reverb import EarlyLateReverb, early_taps
from ddsp_tf.processors.effects.response_reverb import batched
from ddsp_tf.types import FloatArray, Signal

_LOWEST_DB, _HIGHEST_DB = -110.0, 30.0
_ROUNDS = 6


@keras.saving.register_keras_serializable("ddsp_tf")
class FilteredVelvetNoise(EarlyLateReverb):
    """Reverberates by a short response of the direct sound, and sparse pulses in coloured segments.

    Inputs: `audio` `[batch, n_samples]`; `t60_s`, a decay that all pulses share (0.02 to 20 s);
    `gains_db`, what each segment has in each octave beside it, segment after segment (-110 to
    30 dB); `spread`, the gain of the all-passes (0 to 0.7); `early_percent`, the response's first
    taps in percent of full scale. Each is `[batch, width]`.

    Args:
        n_segments: Of the pulses, at least 2; they grow towards the end.
        density_hz: Pulses a second.
        early_ms: Length of the direct sound and the first reflections, which are taps.
        length_s: Of the response.
        method: "frequency" samples the filters' responses, which trains fast; "exact" runs them.
        add_dry: Whether the dry sound is added.
        sample_rate: In Hz.
        seed: Of the pulses.
        name: The processor's name.

    Raises:
        ArgumentError: A number is out of its range, or the method is unknown.

    Example:
        >>> room = FilteredVelvetNoise(length_s=0.5, n_segments=4, sample_rate=16000)
        >>> room({"audio": tf.one_hot([0], 2000)}).shape
        TensorShape([1, 2000])

    Reference:
        Lee, Choi and Lee 2022, "Differentiable artificial reverberation", section III-A.
    """

    def __init__(
        self,
        *,
        n_segments: int = 20,
        density_hz: float = 2000.0,
        early_ms: float = 30.0,
        length_s: float = 2.0,
        method: Literal["exact", "frequency"] = "frequency",
        add_dry: bool = True,
        sample_rate: int = 44100,
        seed: int = 0,
        name: str = "filtered_velvet_noise",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            early_ms=early_ms,
            method=method,
            length_s=length_s,
            add_dry=add_dry,
            sample_rate=sample_rate,
            name=name,
            **kwargs,
        )
        if n_segments < 2 or not 0 < density_hz <= sample_rate or early_ms <= 0:
            raise ArgumentError(
                "`n_segments` should be at least 2, `density_hz` above 0 and at most the sample "
                f"rate, `early_ms` above 0. Received {n_segments}, {density_hz} and {early_ms}."
            )
        self.n_segments = n_segments
        self.density_hz = density_hz
        self.seed = seed

    @property
    def room_signals(self) -> Mapping[str, Signal]:
        """What pulses share, each segment's octaves, and the first taps."""
        n_gains = self.n_segments * len(self.bands_hz)
        return {
            "t60_s": Signal("value", 1, "s", low=0.02, high=20.0, default=1.0),
            "gains_db": Signal(
                "value", n_gains, "dB", low=_LOWEST_DB, high=_HIGHEST_DB, default=-20.0
            ),
            "spread": Signal("value", 1, low=0.0, high=0.7, default=0.5),
            "early_percent": Signal("value", self.n_early, "%", default=0.0),
        }

    def response(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Makes the taps and the pulses."""
        early = tf.convert_to_tensor(controls["early_percent"])[:, : self.n_taps] / 100.0
        return self._late(controls) + tf.pad(early, [[0, 0], [0, self.n_taps - early.shape[1]]])

    def estimate(self, response: FloatArray) -> dict[str, list[float]]:
        """Gives each segment the energy in octaves that the response has there."""
        response = np.asarray(response, np.float64)
        rate, bands = self.sample_rate, self.bands_hz
        self.length_s = len(response) / rate
        windows = segment_windows(self.n_taps, self.n_segments)

        def energies_db(sound: FloatArray) -> FloatArray:
            octaves = octave_signals(sound, bands, sample_rate=rate)
            energy = [
                np.sum(np.square(octaves[:, start : start + len(w)]) * w, axis=1)
                for start, w in windows
            ]
            return 10 * np.log10(np.maximum(energy, 1e-14))

        times = (
            reverberation_times_s(response, sample_rate=rate)
            if rate >= 20000
            else (reverberation_times_s(response, bands, sample_rate=rate))
        )
        t60 = float(np.nanmedian(times)) if np.isfinite(times).any() else 1.0
        found = {
            "t60_s": np.array([np.clip(t60, 0.03, 15.0)]),
            "spread": np.array([0.5]),
            "early_percent": np.zeros(self.n_early),
        }
        smooth = _smoothing(windows, bands, rate)
        gains = np.zeros([self.n_segments, len(bands)])
        wanted = energies_db(response)
        for _ in range(_ROUNDS):
            played = self._late(batched({**found, "gains_db": gains.ravel()})).numpy()[0]
            gains += 0.8 * (wanted - energies_db(played))
            gains = np.einsum("bij,jb->ib", smooth, gains)
            gains = np.clip(gains, 0.98 * _LOWEST_DB, 0.9 * _HIGHEST_DB)
        found["gains_db"] = gains.ravel()
        late = self._late(batched(found)).numpy()[0]
        found["early_percent"] = early_taps(response - late, self.n_early)
        return {key: value.tolist() for key, value in found.items()}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_segments": self.n_segments,
            "density_hz": self.density_hz,
            "seed": self.seed,
        }

    def _late(self, controls: Mapping[str, Any]) -> tf.Tensor:
        gains = tf.convert_to_tensor(controls["gains_db"])
        return filtered_velvet_noise(
            tf.reshape(gains, [-1, self.n_segments, len(self.bands_hz)]),
            controls["t60_s"],
            controls["spread"],
            self.n_taps,
            self.bands_hz,
            sample_rate=self.sample_rate,
            density_hz=self.density_hz,
            method=self.method,
            seed=self.seed,
        )


def _smoothing(
    windows: list[tuple[int, FloatArray]], bands_hz: Sequence[float], sample_rate: float
) -> FloatArray:
    """Means over neighbouring segments: an octave says nothing within a period of its width."""
    centres = np.array([start + np.argmax(w) if len(w) else start for start, w in windows])
    apart = (centres[:, np.newaxis] - centres) / sample_rate
    widths = 1.0 / (0.7 * np.asarray(bands_hz))[:, np.newaxis, np.newaxis]
    weights = np.exp(-0.5 * (apart / widths) ** 2)
    return weights / np.sum(weights, axis=-1, keepdims=True)
