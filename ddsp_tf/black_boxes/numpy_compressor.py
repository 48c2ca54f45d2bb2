"""A compressor of NumPy, as an example of a black box."""

from collections.abc import Mapping

import numpy as np

_HOP = 32
"""Samples for which the gain is computed once."""


def compress(audio: np.ndarray, sample_rate: int, values: Mapping[str, float]) -> np.ndarray:
    """Turns down what is above a threshold, all channels alike.

    The level is the mean square of every 32 samples; the gain in dB follows it with an attack and
    a release, and is linear between.

    Args:
        audio: `[n_samples, n_channels]`.
        sample_rate: In Hz.
        values: `threshold_db`, `ratio`, and, if not 10 ms, 100 ms and 0 dB, `attack_ms`,
            `release_ms` and `gain_db`, by which the sound is turned up before.

    Returns:
        The same shape.

    Example:
        >>> loud = np.full([16000, 1], 0.5)
        >>> quiet = compress(loud, 16000, {"threshold_db": -20.0, "ratio": 4.0})
        >>> float(round(20 * np.log10(quiet[-1, 0]), 2))  # 14 dB above the threshold, now 3.5
        -16.51
    """
    n_samples = len(audio)
    if not audio.size:
        return audio
    audio = audio * np.float32(10.0 ** (values.get("gain_db", 0.0) / 20.0))
    power = np.mean(np.square(audio, dtype=np.float64), axis=1)
    hops = np.pad(power, (0, -n_samples % _HOP), "edge").reshape(-1, _HOP).mean(axis=1)
    above_db = 10.0 * np.log10(hops + 1e-12) - values["threshold_db"]
    targets = np.minimum(0.0, above_db * (1.0 / values["ratio"] - 1.0))
    seconds = {key: values.get(f"{key}_ms", ms) / 1000.0 for key, ms in _TIMES_MS.items()}
    kept = {key: np.exp(-_HOP / (max(s, 1e-5) * sample_rate)) for key, s in seconds.items()}
    gains, gain = np.empty(len(targets)), 0.0
    for index, target in enumerate(targets):
        factor = kept["attack"] if target < gain else kept["release"]
        gain = target + factor * (gain - target)
        gains[index] = gain
    middles = _HOP * np.arange(len(gains)) + 0.5 * _HOP
    gain_db = np.interp(np.arange(n_samples), middles, gains)
    return (audio * 10.0 ** (gain_db[:, np.newaxis] / 20.0)).astype(audio.dtype)


_TIMES_MS = {"attack": 10.0, "release": 100.0}
