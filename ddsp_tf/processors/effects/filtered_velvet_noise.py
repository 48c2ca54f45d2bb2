"""The room of filtered velvet noise."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.room_acoustics import (
    clarity_db,
    echo_density,
    octave_signals,
    reverberation_times_s,
)
from ddsp_tf.dsp.room_noise import filtered_velvet_noise, segment_windows
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.early_late_reverb import EarlyLateReverb, early_taps
from ddsp_tf.processors.effects.response_reverb import batched
from ddsp_tf.types import FloatArray, Signal

_LOWEST_DB, _HIGHEST_DB = -110.0, 30.0
_ROUNDS = 6

_DENSITIES = (
    (125.0, 0.01),
    (250.0, 0.01),
    (500.0, 0.01),
    (1000.0, 0.01),
    (2000.0, 0.01),
    (2000.0, 0.2),
    (2000.0, 0.35),
    (2000.0, 0.5),
    (2000.0, 0.65),
)
"""Pulses a second and the gain of what spreads them, from sparse to dense."""
_DENSE = 7
"""The one of them that is as dense as noise."""

_LEAST_PULSES = 12
_CLOSE, _ALIKE = 0.1, 0.2
_CLEAR_DB = 3.0
"""How far C80 may be from the response's for the sake of its echoes."""


@keras.saving.register_keras_serializable("ddsp_tf")
class FilteredVelvetNoise(EarlyLateReverb):
    """Reverberates by a short response of the direct sound, and sparse pulses in coloured segments.

    Inputs: `audio` `[batch, n_samples]`; `t60_s`, a decay that all pulses share (0.02 to 20 s);
    `gains_db`, what each segment has in each octave beside it, segment after segment (-110 to
    30 dB); `spread`, the gain of the all-passes (0 to 0.7); `early_percent`, the response's first
    taps in percent of full scale. Each is `[batch, width]`.

    Args:
        n_segments: Of the pulses, at least 2; they grow towards the end.
        density_hz: Pulses a second; or one for each segment.
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
        density_hz: float | Sequence[float] = 2000.0,
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
        densities = np.atleast_1d(np.asarray(density_hz, np.float64))
        if (
            n_segments < 2
            or not np.all((densities > 0) & (densities <= sample_rate))
            or len(densities) not in (1, n_segments)
            or early_ms <= 0
        ):
            raise ArgumentError(
                "`n_segments` should be at least 2, `density_hz` above 0 and at most the sample "
                f"rate, one or one for each segment, `early_ms` above 0. Received {n_segments}, "
                f"{density_hz} and {early_ms}."
            )
        self.n_segments = n_segments
        self.density_hz = [float(x) for x in densities] if np.ndim(density_hz) else density_hz
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
        smooth = _smoothing(windows, bands, rate)
        wanted = energies_db(response)
        gains: FloatArray = np.zeros([self.n_segments, len(bands)])

        def coloured(gains: FloatArray, fixed: dict[str, FloatArray]) -> FloatArray:
            """Gains with which each segment has the energies that are wanted."""
            for _ in range(_ROUNDS):
                played = self._late(batched({**fixed, **self._controls_of(gains)})).numpy()[0]
                gains = gains + 0.8 * (wanted - energies_db(played))
                gains = np.einsum("bij,jb->ib", smooth, gains)
                gains = np.clip(gains, 0.98 * _LOWEST_DB, 0.9 * _HIGHEST_DB)
            return gains

        fixed: dict[str, FloatArray] = {
            "t60_s": np.array([np.clip(t60, 0.03, 15.0)]),
            "spread": np.full(self.room_signals["spread"].width or 1, 0.5),
        }
        gains = coloured(gains, fixed)
        dense = self._with_early({**fixed, **self._controls_of(gains)}, response)
        if len(fixed["spread"]) < 2:
            return dense
        pulses = self.density_hz
        fixed["spread"] = self._dense_as(response, gains, fixed, windows)
        if np.any(fixed["spread"] != 0.5):
            gains = coloured(gains, fixed)
            # Where echoes are few, segments differ by chance: in all they have what is wanted.
            played = self._late(batched({**fixed, **self._controls_of(gains)})).numpy()[0]
            after = [k for k, (start, _) in enumerate(windows) if start >= self.n_early] or [-1]
            whole = [
                10.0 * np.log10(np.sum(np.power(10.0, x[after] / 10.0), axis=0))
                for x in (wanted, energies_db(played))
            ]
            gains = gains + whole[0] - whole[1]
            gains = np.clip(gains, 0.98 * _LOWEST_DB, 0.98 * _HIGHEST_DB)
        found = self._with_early({**fixed, **self._controls_of(gains)}, response)
        # So few echoes may stand for a segment that chance makes it far too loud.
        apart_db = self._clarity_db(found) - clarity_db(response, sample_rate=rate)
        if abs(apart_db) > _CLEAR_DB:
            self.density_hz = pulses
            return dense
        return found

    def _with_early(
        self, controls: dict[str, FloatArray], response: FloatArray
    ) -> dict[str, list[float]]:
        """Adds the first taps, which are what the response has besides."""
        late = self._late(batched(controls)).numpy()[0]
        found = {**controls, "early_percent": early_taps(response - late, self.n_early)}
        return {key: np.asarray(value).tolist() for key, value in found.items()}

    def _clarity_db(self, found: Mapping[str, list[float]]) -> float:
        played = self.response(batched({key: np.array(value) for key, value in found.items()}))
        return clarity_db(played.numpy()[0].astype(np.float64), sample_rate=self.sample_rate)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_segments": self.n_segments,
            "density_hz": self.density_hz,
            "seed": self.seed,
        }

    def _gains_db(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Of each segment's octaves, `[batch, n_segments, n_bands]`."""
        gains = tf.convert_to_tensor(controls["gains_db"])
        return tf.reshape(gains, [-1, self.n_segments, len(self.bands_hz)])

    def _controls_of(self, gains_db: FloatArray) -> dict[str, FloatArray]:
        """Controls with these gains, `[n_segments, n_bands]`."""
        return {"gains_db": gains_db.ravel()}

    def _dense_as(
        self,
        response: FloatArray,
        gains_db: FloatArray,
        fixed: Mapping[str, FloatArray],
        windows: list[tuple[int, FloatArray]],
    ) -> FloatArray:
        """Each segment's all-passes, with which echoes are as dense as the response's.

        Where even pulses that aren't spread are denser, the room takes fewer pulses.
        """
        colors = self._controls_of(gains_db)

        def densities(sound: FloatArray) -> FloatArray:
            curve = echo_density(sound, sample_rate=self.sample_rate)
            return np.array(
                [
                    float(np.sum(w * curve[start : start + len(w)])) / max(float(np.sum(w)), 1e-9)
                    for start, w in windows
                ]
            )

        tried = []
        for pulses, spread in _DENSITIES:
            self.density_hz = min(pulses, float(self.sample_rate))
            given = {**fixed, **colors, "spread": np.full(self.n_segments, spread)}
            tried.append(densities(self._late(batched(given)).numpy()[0]))
        apart = np.abs(np.array(tried) - densities(response))
        # A segment of hardly any echo has no octaves that could be measured.
        n_pulses = np.outer(
            [pulses for pulses, _ in _DENSITIES],
            [np.sum(w) / self.sample_rate for _, w in windows],
        )
        spreads = np.array([x for _, x in _DENSITIES])
        few = (n_pulses < _LEAST_PULSES) & (spreads[:, np.newaxis] < 0.5)
        apart = np.where(few, np.inf, apart)
        # A room that is dense anyway stays as it is, and what is dense in it.
        if np.mean(apart[_DENSE]) < _ALIKE:
            self.density_hz = min(_DENSITIES[_DENSE][0], float(self.sample_rate))
            return np.full(self.n_segments, _DENSITIES[_DENSE][1])
        nearest = np.where(
            apart[_DENSE] - np.min(apart, axis=0) < _CLOSE, _DENSE, np.argmin(apart, axis=0)
        )
        self.density_hz = [min(_DENSITIES[i][0], float(self.sample_rate)) for i in nearest]
        return np.array([_DENSITIES[i][1] for i in nearest])

    def _late(self, controls: Mapping[str, Any]) -> tf.Tensor:
        return filtered_velvet_noise(
            self._gains_db(controls),
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
