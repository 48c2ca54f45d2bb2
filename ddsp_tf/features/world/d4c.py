"""How much of a voice is noise, by frequency."""

import numpy as np

from ddsp_tf.features.world.cheap_trick import envelope_fft_length
from ddsp_tf.features.world.pitch_windows import (
    fft_length_for,
    fold_below_pitch,
    power,
    smooth,
    windowed,
)
from ddsp_tf.types import FloatArray

_LOWEST_HZ = 47.0
_LOWEST_VOICED_HZ = 40.0
_BAND_HZ, _HIGHEST_HZ = 3000.0, 15000.0
_LOW_SHARE = 0.85
_VOICE_HZ = (100.0, 4000.0, 7900.0)
_NUTTALL = (0.355768, -0.487396, 0.144232, -0.012604)
_LEAST_DB = -60.0


def d4c(
    audio: FloatArray, f0_hz: FloatArray, times_s: FloatArray, *, sample_rate: int
) -> FloatArray:
    """Estimates which share of each frequency's amplitude is noise.

    Of a periodic sound the group delay, averaged over frequency, is a sinusoid of the pitch; noise
    adds everything else. In bands of 6 kHz around 3, 6, ... kHz the aperiodicity is the share of
    the power of this curve's spectrum that is left without its largest values. Between the bands
    decibels are interpolated, from -60 at 0 Hz to 0 at Nyquist. A frame is voiced if 85 % of its
    power from 100 to 7900 Hz lies below 4 kHz.

    Args:
        audio: `[n_samples]`.
        f0_hz: At the frames, `[n_frames]`; 0 is unvoiced.
        times_s: Of the frames, `[n_frames]`.
        sample_rate: In Hz.

    Returns:
        float64 `[n_frames, envelope_fft_length // 2 + 1]`, 0 to 1; 1 where there is no voice.

    Example:
        >>> d4c(np.zeros(16000), np.zeros(10), np.arange(10) / 100, sample_rate=16000).mean()
        np.float64(1.0)

    Reference:
        Morise 2016, "D4C, a band-aperiodicity estimator for high-quality speech synthesis", with
        the constants of WORLD's implementation (Morise et al. 2016, modified BSD).
    """
    n_bins = envelope_fft_length(sample_rate) // 2 + 1
    found = np.ones([len(f0_hz), n_bins])
    voiced = np.flatnonzero(f0_hz > 0.0)
    if len(voiced):
        pitch = f0_hz[voiced].astype(np.float64)
        voiced = voiced[_is_voice(audio, pitch, times_s[voiced], sample_rate)]
    if len(voiced):
        pitch = np.maximum(f0_hz[voiced].astype(np.float64), _LOWEST_HZ)
        bands_db = _bands_db(audio, pitch, times_s[voiced], sample_rate)
        found[voiced] = 10.0 ** (_between(bands_db, n_bins, sample_rate) / 20.0)
    return found


def _is_voice(
    audio: FloatArray, pitch: FloatArray, times_s: FloatArray, sample_rate: int
) -> FloatArray:
    fft_length = fft_length_for(3.0, _LOWEST_VOICED_HZ, sample_rate)
    about = {"sample_rate": sample_rate, "fft_length": fft_length}
    pitch = np.maximum(pitch, _LOWEST_VOICED_HZ)
    frames = windowed(audio, times_s, pitch, **about, periods=3.0, window="blackman")
    low, middle, high = (int(np.ceil(hz * fft_length / sample_rate)) for hz in _VOICE_HZ)
    spectrum = power(frames)[:, : high + 1]
    spectrum[:, : low + 1] = 0.0
    share = spectrum[:, : middle + 1].sum(axis=1) / np.maximum(spectrum.sum(axis=1), 1e-20)
    return share > _LOW_SHARE


def _bands_db(
    audio: FloatArray, pitch: FloatArray, times_s: FloatArray, sample_rate: int
) -> FloatArray:
    """In dB, `[n_frames, n_bands]`."""
    fft_length = fft_length_for(4.0, _LOWEST_HZ, sample_rate)
    delay = _delay(audio, pitch, times_s, sample_rate, fft_length)
    half = int(_BAND_HZ * fft_length / sample_rate)
    steps = 2.0 * np.pi * np.arange(2 * half + 1) / (2 * half)
    window = sum(a * np.cos(k * steps) for k, a in enumerate(_NUTTALL))
    n_left_out = int(np.floor(fft_length * 8.0 / (2 * half + 1) + 0.5))
    bands = []
    for band in range(n_bands(sample_rate)):
        centre = int(_BAND_HZ * (band + 1) * fft_length / sample_rate)
        curve = delay[:, centre - half : centre + half + 1] * window
        total = np.cumsum(np.sort(np.abs(np.fft.rfft(curve, fft_length)) ** 2, axis=1), axis=1)
        rest = total[:, -2 - n_left_out] / np.maximum(total[:, -1], 1e-300)
        bands.append(np.minimum(0.0, 10.0 * np.log10(rest + 1e-30) + (pitch - 100.0) / 50.0))
    return np.stack(bands, axis=1) if bands else np.zeros([len(pitch), 0])


def _delay(
    audio: FloatArray,
    pitch: FloatArray,
    times_s: FloatArray,
    sample_rate: int,
    fft_length: int,
) -> FloatArray:
    """The group delay's ripple over frequency."""

    def cut(times: FloatArray, window: str) -> FloatArray:
        return windowed(
            audio,
            times,
            pitch,
            sample_rate=sample_rate,
            fft_length=fft_length,
            periods=4.0,
            window=window,
        )

    quarter = 0.25 / pitch
    before = _centroid(cut(times_s - quarter, "blackman"))
    after = _centroid(cut(times_s + quarter, "blackman"))
    centroid = fold_below_pitch(before + after, pitch, sample_rate)
    spectrum = fold_below_pitch(power(cut(times_s, "hann")), pitch, sample_rate)
    delay: FloatArray = centroid / smooth(spectrum, pitch, sample_rate)
    delay = smooth(delay, 0.5 * pitch, sample_rate, floored=False)
    return np.asarray(delay - smooth(delay, pitch, sample_rate, floored=False))


def _centroid(frames: FloatArray) -> FloatArray:
    """Where the energy of each frequency lies, times that energy."""
    energy = np.sqrt(np.sum(frames**2, axis=1, keepdims=True)) + 1e-30
    spectrum = np.fft.rfft(frames / energy)
    later = np.fft.rfft(frames / energy * (np.arange(frames.shape[1]) + 1.0))
    return (spectrum * np.conj(later)).real


def _between(bands_db: FloatArray, n_bins: int, sample_rate: int) -> FloatArray:
    n_frames, count = bands_db.shape
    points_hz = np.append(_BAND_HZ * np.arange(count + 1), 0.5 * sample_rate)
    ends = [np.full([n_frames, 1], level) for level in (_LEAST_DB, 0.0)]
    levels = np.concatenate([ends[0], bands_db, ends[1]], axis=1)
    place = np.interp(
        np.linspace(0.0, 0.5 * sample_rate, n_bins), points_hz, np.arange(len(points_hz))
    )
    below = np.minimum(place.astype(int), count)
    return levels[:, below] + (place - below) * (levels[:, below + 1] - levels[:, below])


def n_bands(sample_rate: int) -> int:
    """Counts the bands of 6 kHz that are measured; none below 12 kHz.

    Example:
        >>> n_bands(16000), n_bands(44100)
        (1, 5)
    """
    return max(0, int(min(_HIGHEST_HZ, 0.5 * sample_rate - _BAND_HZ) // _BAND_HZ))
