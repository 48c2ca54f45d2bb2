"""A smooth spectral envelope, without the pitch's traces in frequency and time."""

import numpy as np

from ddsp_tf.features.world.pitch_windows import (
    fft_length_for,
    fold_below_pitch,
    power,
    smooth,
    windowed,
)
from ddsp_tf.types import FloatArray

LOWEST_HZ = 71.0
_UNVOICED_HZ = 500.0
_PERIODS = 3.0
_RECOVERY = -0.15


def envelope_fft_length(sample_rate: int) -> int:
    """Gives the length of transform that holds three periods of 71 Hz.

    Example:
        >>> envelope_fft_length(16000), envelope_fft_length(44100)
        (1024, 2048)
    """
    return fft_length_for(_PERIODS, LOWEST_HZ, sample_rate)


def cheap_trick(
    audio: FloatArray, f0_hz: FloatArray, times_s: FloatArray, *, sample_rate: int
) -> FloatArray:
    """Estimates the power spectrum that a sound would have without a pitch.

    Three periods under a Hann window hold the same energy wherever they stand; averaging over two
    thirds of the pitch and a lifter of the cepstrum remove the harmonics and undo what averaging
    took:

        P_s(f) = 3 / (2 f0) * integral of P over f - f0/3 to f + f0/3
        ln envelope(f) = F[ sin(pi f0 q) / (pi f0 q) * (1.3 - 0.3 cos(2 pi f0 q)) * F^-1[ln P_s] ]

    Args:
        audio: `[n_samples]`.
        f0_hz: At the frames, `[n_frames]`; 0, or what is too low for the window, is unvoiced and
            read at 500 Hz.
        times_s: Of the frames, `[n_frames]`.
        sample_rate: In Hz.

    Returns:
        Power, float64 `[n_frames, envelope_fft_length // 2 + 1]`, > 0. White noise of variance v
        has the mean v.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=16000)
        >>> flat = cheap_trick(noise, np.zeros(90), np.arange(5, 95) / 100, sample_rate=16000)
        >>> flat.shape, round(float(flat.mean()))
        ((90, 513), 1)

    Reference:
        Morise 2015, "CheapTrick, a spectral envelope estimator for high-quality speech synthesis",
        with the constants of WORLD's implementation (Morise et al. 2016, modified BSD).
    """
    fft_length = envelope_fft_length(sample_rate)
    lowest_hz = _PERIODS * sample_rate / (fft_length - 3.0)
    pitch = np.where(f0_hz <= lowest_hz, _UNVOICED_HZ, f0_hz).astype(np.float64)
    about = {"sample_rate": sample_rate, "fft_length": fft_length}
    frames = windowed(audio, times_s, pitch, **about, periods=_PERIODS, window="hann")
    spectrum = fold_below_pitch(power(frames), pitch, sample_rate)
    averaged = smooth(spectrum, pitch * 2.0 / 3.0, sample_rate)
    periods = pitch[:, np.newaxis] * (np.arange(fft_length // 2 + 1) / sample_rate)
    lifter = np.sinc(periods)
    lifter *= 1.0 - 2.0 * _RECOVERY + 2.0 * _RECOVERY * np.cos(2.0 * np.pi * periods)
    # The cepstrum of a spectrum that is even is even: half of it is all of it.
    cepstrum = np.fft.irfft(np.log(np.maximum(averaged, 1e-30)), fft_length)
    return np.exp(np.fft.rfft(cepstrum * _both_sides(lifter)).real)


def _both_sides(half: FloatArray) -> FloatArray:
    return np.concatenate([half, half[:, -2:0:-1]], axis=1)
