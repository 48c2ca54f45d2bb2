"""The same sounds and measures in float64 NumPy, as plain as can be."""

import numpy as np
import scipy.optimize
import scipy.signal


def hann_overlap_add(frames: np.ndarray, hop_length: int) -> np.ndarray:
    """Overlap-adds one periodic Hann window of two hops a frame, the last frame held."""
    n_frames = len(frames)
    window = scipy.signal.get_window("hann", 2 * hop_length)
    total = np.zeros((n_frames + 2) * hop_length)
    for i, value in enumerate([*frames, frames[-1]]):
        total[i * hop_length : (i + 2) * hop_length] += value * window
    return total[hop_length : (n_frames + 1) * hop_length]


def interpolate(frames: np.ndarray, hop_length: int) -> np.ndarray:
    """Interpolates linearly, the last frame held."""
    n_frames = len(frames)
    return np.interp(np.arange(n_frames * hop_length), np.arange(n_frames) * hop_length, frames)


def phase_turns(f_hz: np.ndarray, sample_rate: int) -> np.ndarray:
    """Sums a frequency at every sample to a phase in turns, modulo one.

    In 64-bit fixed point, whose overflow is the wrap, so that nothing is lost over ten minutes.
    """
    increments = np.ldexp(np.asarray(f_hz, np.float64) / sample_rate, 63).astype(np.uint64) * 2
    return np.ldexp(np.cumsum(increments).astype(np.float64), -64)


def sinusoids(
    f_hz: np.ndarray,
    amplitudes: np.ndarray,
    *,
    hop_length: int,
    sample_rate: int,
    method: str = "window",
) -> np.ndarray:
    """Sums sinusoids `[n_frames, n_sinusoids]`, each silent where it is not below Nyquist."""
    resample = hann_overlap_add if method == "window" else interpolate
    total = np.zeros(len(f_hz) * hop_length)
    for column in range(f_hz.shape[1]):
        at_samples = interpolate(f_hz[:, column], hop_length)
        gain = resample(amplitudes[:, column], hop_length) * (at_samples < sample_rate / 2)
        total += gain * np.sin(2 * np.pi * phase_turns(at_samples % sample_rate, sample_rate))
    return total


def peak(audio: np.ndarray, near_hz: float, sample_rate: int) -> tuple[float, float]:
    """Finds the frequency and amplitude of a steady sinusoid near a frequency."""
    window = scipy.signal.get_window("blackmanharris", len(audio))
    time = np.arange(len(audio)) / sample_rate

    def magnitude(f_hz: float) -> float:
        return 2 * abs(np.sum(window * audio * np.exp(-2j * np.pi * f_hz * time))) / window.sum()

    width = 2 * sample_rate / len(audio)
    found = scipy.optimize.minimize_scalar(
        lambda f_hz: -magnitude(f_hz),
        bounds=(near_hz - width, near_hz + width),
        method="bounded",
        options={"xatol": 1e-5},
    )
    return float(found.x), magnitude(found.x)


def cents(f_hz: float, reference_hz: float) -> float:
    """Gives the interval between two frequencies."""
    return 1200 * np.log2(f_hz / reference_hz)


def level_db(audio: np.ndarray) -> float:
    """Gives the mean square in dB."""
    return 10 * np.log10(np.mean(np.square(audio, dtype=np.float64)) + 1e-30)


def centred_frames(audio: np.ndarray, frame_length: int, hop_length: int) -> np.ndarray:
    """Cuts one frame at a time, zeros beyond the ends."""
    frames = []
    for centre in range(0, len(audio), hop_length):
        positions = centre - frame_length // 2 + np.arange(frame_length)
        inside = (positions >= 0) & (positions < len(audio))
        frames.append(np.where(inside, audio[np.clip(positions, 0, len(audio) - 1)], 0.0))
    return np.array(frames, np.float64)


def a_weighting_gain(f_hz: np.ndarray) -> np.ndarray:
    """Gives the A-weighting's linear gain from the poles and zeros of its analogue filter."""
    poles = (
        -2 * np.pi * np.array([20.598997, 20.598997, 107.65265, 737.86223, 12194.217, 12194.217])
    )
    _, response = scipy.signal.freqs_zpk(
        np.zeros(4), poles, 1.0, 2 * np.pi * np.append(np.maximum(f_hz, 1e-3), 1000.0)
    )
    return np.abs(response[:-1] / response[-1])


def a_weighted_mean_square_db(
    audio: np.ndarray, *, sample_rate: int, hop_length: int, fft_length: int
) -> np.ndarray:
    """Weights each windowed frame, goes back to samples, and takes their mean square in dB."""
    window = scipy.signal.get_window("hann", fft_length)
    gain = a_weighting_gain(np.fft.rfftfreq(fft_length, 1 / sample_rate))
    frames = centred_frames(audio, fft_length, hop_length) * window
    weighted = np.fft.irfft(np.fft.rfft(frames) * gain, fft_length)
    mean_square = np.sum(np.square(weighted), axis=-1) / np.sum(np.square(window))
    return 10 * np.log10(np.maximum(mean_square, 1e-8))


def time_varying_fir(audio: np.ndarray, responses: np.ndarray, hop_length: int) -> np.ndarray:
    """Convolves Hann-windowed pieces one by one, each with its frame's zero-delay filter."""
    n_frames, n_taps = responses.shape
    window = scipy.signal.get_window("hann", 2 * hop_length)
    margin = hop_length + n_taps
    padded = np.pad(audio, (hop_length, 3 * hop_length))
    total = np.zeros(len(padded) + 2 * margin)
    held = [*responses, *[responses[-1]] * 2]
    for i, response in enumerate(held):
        piece = padded[i * hop_length : (i + 2) * hop_length] * window
        start = margin + (i - 1) * hop_length - n_taps // 2
        total[start : start + 2 * hop_length + n_taps - 1] += np.convolve(piece, response)
    return total[margin : margin + n_frames * hop_length]
