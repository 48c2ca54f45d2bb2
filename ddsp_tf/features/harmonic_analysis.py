"""The best that the synthesiser could do: a recording analysed, and played from the analysis."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

if TYPE_CHECKING:
    from ddsp_tf.features import Features, FeatureSettings


_PERIODS = 4.0
_SHORTEST_S, _LONGEST_S = 0.016, 0.08
_NOISE_WINDOW_S = 0.032
_LEAST = 1e-20
_N_FINE = 6
_MOST_BESIDE = 2.0 ** (1.0 / 12.0) - 1.0
_SURE = 0.5
"""Partials whose phases tell the pitch; how far it may be from the tracked one; where it was sure.
"""
_HANN_BANDWIDTH = 1.5  # in bins: as many neighbours say the same
_NOISE_VARIANCE = 1.0 / 3.0  # of noise that is uniform in -1...1


@dataclass(frozen=True, eq=False)
class HarmonicAnalysis:
    """What `Harmonic` and `FilteredNoise` have to be told to imitate a recording.

    Attributes:
        f0_hz: Fundamental as it was tracked, `[n_frames]`.
        fine_f0_hz: Fundamental by the phases of its multiples, `[n_frames]`: a tracker that looks
            at 64 ms sees a vibrato smaller than it is.
        harmonic_amplitudes: Linear amplitudes of its multiples, `[n_frames, n_harmonics]`.
        noise_magnitudes: Gains of the noise, `[n_frames, n_noise_bands]`.
        sample_rate: In Hz.
        hop_length: Samples per frame.
    """

    f0_hz: FloatArray
    fine_f0_hz: FloatArray
    harmonic_amplitudes: FloatArray
    noise_magnitudes: FloatArray
    sample_rate: int
    hop_length: int

    def play(self, *, noise_seed: int = 0) -> FloatArray:
        """Synthesises it with the package's own processors, float32 `[n_samples]`.

        Args:
            noise_seed: Which noise is filtered; another draw of it is another sound.
        """
        from ddsp_tf.processors import FilteredNoise, Harmonic

        rates: Any = {"sample_rate": self.sample_rate, "hop_length": self.hop_length}
        amplitudes = self.harmonic_amplitudes.sum(axis=-1, keepdims=True)
        # A silent frame may have any distribution, but it has to have one.
        distribution = self.harmonic_amplitudes + 1e-9
        tone = Harmonic(**rates, scale=False)(
            {
                "amplitudes": _batch(amplitudes),
                "harmonic_distribution": _batch(distribution),
                "f0_hz": _batch(self.f0_hz[:, np.newaxis]),
            }
        )
        n_bands = self.noise_magnitudes.shape[-1]
        noise = FilteredNoise(n_bands=n_bands, **rates, scale=False, seed=noise_seed)(
            {"noise_magnitudes": _batch(self.noise_magnitudes)}
        )
        return (tone + noise).numpy()[0]


def analyze_harmonics(
    audio: FloatArray,
    features: "Features",
    settings: "FeatureSettings",
    *,
    n_harmonics: int = 60,
    n_noise_bands: int = 65,
    periods: float = _PERIODS,
) -> HarmonicAnalysis:
    """Measures the harmonics of a recording at its tracked pitch, and what they leave.

    Each harmonic is brought down to 0 Hz by the phase of the tracked pitch and averaged under a
    Hann window of a few periods of the lowest confident pitch (16 to 80 ms). What is left when the
    harmonics are subtracted, phases included, is measured in bands as noise. So a model with these
    processors and this pitch can hardly do better, but for a room, which is taken for tone here.

    Args:
        audio: `[n_samples]`.
        features: Of it; `f0_hz` is used, and `f0_confidence` for the window.
        settings: Rates of the features.
        n_harmonics: Harmonics; those at or above Nyquist are silent.
        n_noise_bands: Bands of the noise from 0 Hz to Nyquist.
        periods: Of the window. With 4 the partials of the lowest note take some 4 dB of the noise
            with them, with more, less.

    Returns:
        The analysis of `features.n_frames` frames.

    Raises:
        ArgumentError: The audio is not as long as the features.

    Example:
        >>> from ddsp_tf.features import Features, FeatureSettings
        >>> tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(6400) / 16000)
        >>> flat = Features(np.full(100, 440.0), np.ones(100), np.full(100, -10.0))
        >>> analysis = analyze_harmonics(tone, flat, FeatureSettings())
        >>> analysis.harmonic_amplitudes[50, :2].round(2)
        array([0.5, 0. ])

    Reference:
        Serra and Smith (1990), "Spectral Modeling Synthesis", Computer Music Journal 14(4).
    """
    hop, rate, n_frames = settings.hop_length, settings.sample_rate, features.n_frames
    if settings.n_frames(len(audio)) != n_frames:
        raise ArgumentError(
            f"`audio` has {settings.n_frames(len(audio))} frames, `features` has {n_frames}: both "
            "must be of the same recording."
        )
    samples = np.pad(np.asarray(audio, np.float64), (0, n_frames * hop - len(audio)))
    f0_hz = features.f0_hz.astype(np.float64)
    position = np.arange(len(samples)) / hop
    f0_by_sample = np.interp(position, np.arange(n_frames), f0_hz)
    turns = np.cumsum(f0_by_sample) / rate
    window = _window(features, rate, periods)
    amplitudes = np.zeros([n_frames, n_harmonics])
    residual = samples.copy()
    turning_hz, weights = np.zeros(n_frames), np.full(n_frames, _LEAST)
    for index in range(n_harmonics):
        below = (index + 1) * f0_hz < rate / 2
        if not below.any():
            break
        carrier = np.exp(2j * np.pi * ((index + 1) * turns % 1.0))
        partial = 2.0 * _averages(samples * carrier.conj(), window, hop) * below
        amplitudes[:, index] = np.abs(partial)
        if index < _N_FINE:
            turn = np.append(partial[1:] * partial[:-1].conj(), 0.0)
            turn = (turn + np.append(0.0, turn[:-1])) * (index + 1)
            turning_hz += np.abs(turn) * np.angle(turn) * rate / (2 * np.pi * hop)
            weights += np.abs(turn) * (index + 1)
        by_sample = np.interp(position, np.arange(n_frames), partial.real) + 1j * np.interp(
            position, np.arange(n_frames), partial.imag
        )
        residual -= (by_sample * carrier).real
    return HarmonicAnalysis(
        f0_hz=f0_hz,
        fine_f0_hz=_refined(f0_hz, turning_hz / weights, features.f0_confidence),
        harmonic_amplitudes=amplitudes,
        noise_magnitudes=_noise_magnitudes(residual, rate, hop, n_noise_bands),
        sample_rate=rate,
        hop_length=hop,
    )


def _refined(f0_hz: FloatArray, beside_hz: FloatArray, confidence: FloatArray) -> FloatArray:
    """The pitch that the phases say, where the tracker was sure and they are near it."""
    near = (np.abs(beside_hz) < _MOST_BESIDE * f0_hz) & (confidence > _SURE)
    return f0_hz + np.where(near, beside_hz, 0.0)


def _window(features: "Features", rate: int, periods: float) -> FloatArray:
    """A Hann window that keeps the harmonics of low notes apart, with an odd length and sum 1."""
    confident = features.f0_hz[features.f0_confidence > 0.5]
    lowest_hz = np.quantile(confident if len(confident) else features.f0_hz, 0.02)
    seconds = float(np.clip(periods / lowest_hz, _SHORTEST_S, _LONGEST_S))
    window = np.hanning(2 * (round(seconds * rate) // 2) + 3)[1:-1]
    return window / window.sum()


def _averages(signal: Any, window: FloatArray, hop: int) -> Any:
    """Averages under a window centred on every frame, `[n_frames]`."""
    padded = np.pad(signal, len(window) // 2)
    return np.lib.stride_tricks.sliding_window_view(padded, len(window))[::hop] @ window


def _noise_magnitudes(residual: FloatArray, rate: int, hop: int, n_bands: int) -> FloatArray:
    """The gains with which white noise has the power of the residual, `[n_frames, n_bands]`."""
    per_band = 2 ** max(0, round(np.log2(_NOISE_WINDOW_S * rate / (2 * (n_bands - 1)))))
    length = 2 * (n_bands - 1) * per_band
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    padded = np.pad(residual, length // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[:-1:hop]
    power = np.square(np.abs(np.fft.rfft(frames * window)))
    # Band b stands for the bins around b * per_band. Their geometric mean hardly sees a partial
    # that was left over; for noise, it is too low by a factor that is known.
    n_bins = 2 * (per_band // 2) + 1
    reflected = np.pad(
        np.log(np.maximum(power, _LEAST)), [(0, 0), (n_bins // 2, n_bins // 2)], mode="reflect"
    )
    bins = np.lib.stride_tricks.sliding_window_view(reflected, n_bins, axis=-1)
    density = np.exp(bins.mean(axis=-1)[:, ::per_band]) / np.square(window).sum()
    n_independent = max(1.0, n_bins / _HANN_BANDWIDTH)
    too_low = math.gamma(1.0 + 1.0 / n_independent) ** n_independent
    return np.sqrt(density / too_low / _NOISE_VARIANCE)


def _batch(values: FloatArray) -> FloatArray:
    return values[np.newaxis].astype(np.float32)
