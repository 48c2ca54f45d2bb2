"""A host in NumPy, float64, written from docs/contract.md alone. It imports nothing of ddsp_tf."""

from typing import Any

import numpy as np

Array = Any


def scale_f0_hz(f0_hz: Array) -> Array:
    return (69 + 12 * np.log2(np.maximum(f0_hz, 8.1757989) / 440)) / 127


def scale_loudness_db(loudness_db: Array) -> Array:
    return np.asarray(loudness_db) / 80 + 1


def read_pitch(p: Array, lowest: float, highest: float) -> Array:
    c, m = np.minimum(np.maximum(p, lowest), highest), 3 / 127
    return c + m * (np.exp(np.minimum(0, (p - c) / m)) - np.exp(np.minimum(0, (c - p) / m)))


def exp_sigmoid(x: Array) -> Array:
    return 2 * np.exp(-np.log(10) * np.log1p(np.exp(-np.asarray(x, float)))) + 1e-7


def normalize(distribution: Array, f0_hz: Array, rate: int) -> Array:
    k = np.arange(1, distribution.shape[1] + 1)
    audible = np.where(k * np.asarray(f0_hz)[:, None] >= rate / 2, 0.0, distribution)
    return audible / np.maximum(audible.sum(axis=1, keepdims=True), 1e-7)


def a_weighting(f: Array) -> Array:
    def gain(s: Array) -> Array:
        lower = np.sqrt((s + 107.65265**2) * (s + 737.86223**2))
        return 12194.217**2 * s**2 / ((s + 20.598997**2) * lower * (s + 12194.217**2))

    return np.maximum(gain(f**2.0) / gain(1000.0**2), 1e-4)


def windows(audio: Array, hop: int, length: int) -> Array:
    n_frames = -(-len(audio) // hop)
    padded = np.concatenate([np.zeros(length // 2), audio, np.zeros(length + hop)])
    return np.stack([padded[i * hop : i * hop + length] for i in range(n_frames)])


def rms_db(audio: Array, hop: int, length: int) -> Array:
    power = np.mean(windows(audio, hop, length) ** 2, axis=1)
    return np.maximum(10 * np.log10(np.maximum(power, 1e-30)), -80)


def a_weighted_db(audio: Array, hop: int, length: int, rate: int) -> Array:
    w = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    bins = np.arange(length // 2 + 1)
    spectrum = np.abs(np.fft.rfft(windows(audio, hop, length) * w)) ** 2
    count = np.where((bins == 0) | (2 * bins == length), 1, 2)
    weighted = spectrum @ (count * a_weighting(bins * rate / length) ** 2)
    power = weighted / (length * np.sum(w**2))
    return np.maximum(10 * np.log10(np.maximum(power, 1e-30)), -80)


def scramble(x: Array) -> Array:
    x = np.asarray(x, np.uint64) & 0xFFFFFFFF
    x = x ^ (x >> np.uint64(16))
    x = (x * np.uint64(0x7FEB352D)) & np.uint64(0xFFFFFFFF)
    x = x ^ (x >> np.uint64(15))
    x = (x * np.uint64(0x846CA68B)) & np.uint64(0xFFFFFFFF)
    return x ^ (x >> np.uint64(16))


def white(positions: Array, seed: int, row: int = 0) -> Array:
    key = scramble((seed + row * 0x9E3779B9) % 2**32)
    n = np.asarray(positions, np.int64) % 2**32
    return (scramble(n.astype(np.uint64) ^ key) >> np.uint64(8)).astype(float) * 2.0**-23 - 1


def play_harmonics(f: Array, a: Array, d: Array, *, rate: int, hop: int, crossfade: str) -> Array:
    f, a, d = (np.concatenate([x, x[-1:]]) for x in (np.asarray(f), np.asarray(a), d))
    amplitudes = a[:, None] * d
    k = np.arange(1, d.shape[1] + 1)
    j = np.arange(hop)
    u = np.sin(np.pi * j / (2 * hop)) ** 2 if crossfade == "window" else j / hop
    start, audio = 0.0, []
    for i in range(len(f) - 1):
        change = f[i + 1] - f[i]
        t = start + f[i] / rate * (j + 1) + change / rate * j * (j + 1) / (2 * hop)
        start = (start + f[i] / rate * hop + change / rate * (hop - 1) / 2) % 1.0
        audible = k * max(f[i], f[i + 1]) < rate / 2
        here, following = amplitudes[i] * audible, amplitudes[i + 1] * audible
        level = here + u[:, None] * (following - here)
        audio.append(np.sum(level * np.sin(2 * np.pi * t[:, None] * k), axis=1))
    return np.concatenate(audio)


def noise_taps(m: Array, width: int) -> tuple[Array, Array]:
    """Positions t and taps h[t] of one frame."""
    length = 2 * (len(m) - 1)
    t = np.arange(-width // 2, width // 2)
    b = np.arange(1, len(m) - 1)
    inside = 2 * np.sum(m[1:-1] * np.cos(2 * np.pi * np.outer(t, b) / length), axis=1)
    h = (m[0] + (-1.0) ** t * m[-1] + inside) / length
    return t, h * (0.5 + 0.5 * np.cos(2 * np.pi * t / width))


def play_noise(magnitudes: Array, *, hop: int, width: int, seed: int) -> Array:
    n_frames = len(magnitudes)
    audio = np.zeros(n_frames * hop)
    rising = np.sin(np.pi * np.arange(hop) / (2 * hop)) ** 2
    window = np.concatenate([rising, 1 - rising])
    beyond = -(-width // hop) + 2  # Held frames whose filters reach back.
    for i in range(n_frames + beyond):
        positions = np.arange((i - 1) * hop, (i + 1) * hop)
        piece = white(positions, seed) * window
        t, taps = noise_taps(magnitudes[min(i, n_frames - 1)], width)
        filtered = np.convolve(piece, taps)
        first = (i - 1) * hop + t[0]
        begin, end = max(first, 0), min(first + len(filtered), len(audio))
        if begin < end:
            audio[begin:end] += filtered[begin - first : end - first]
    return audio


def play_room(dry: Array, response: Array, *, add_dry: bool) -> Array:
    response = np.concatenate([[0.0], np.asarray(response)[1:]])
    wet = np.convolve(dry, response)[: len(dry)]
    return wet + dry if add_dry else wet
