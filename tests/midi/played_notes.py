"""Four notes whose expression is known, as sound."""

import numpy as np

from ddsp_tf.features.harmonic_analysis import HarmonicAnalysis

FRAME_RATE, HOP = 250.0, 64
NOTES = np.array(
    [
        [0.2, 1.4, 60, 0.5, 0],
        [1.6, 2.6, 64, 0.5, 0],
        [2.8, 4.0, 67, 0.5, 0],
        [4.2, 5.2, 55, 0.5, 0],
    ]
)
_N_FRAMES = 1350
_LEVELS_DB = (-24.0, -30.0, -18.0, -27.0)
_SWELLS_DB = (0.0, 4.0, 2.0, 0.0)
_SWINGS = ((0.3, 5.5), (0.0, 5.0), (0.2, 6.5), (0.45, 5.0))
_SLOPES = (0.55, 0.4, 0.65, 0.5)
_ATTACKS_DB = (-60.0, -70.0, -55.0, -65.0)
_ATTACK_FRAMES = 25


def _made() -> tuple[HarmonicAnalysis, dict[str, np.ndarray]]:
    f0_hz = np.full(_N_FRAMES, 261.63)
    amplitudes = np.zeros([_N_FRAMES, 60])
    noise = np.full([_N_FRAMES, 65], 1e-5)
    known: dict[str, list[float]] = {
        key: []
        for key in (
            "volume",
            "volume_fluctuation",
            "volume_peak",
            "vibrato",
            "brightness",
            "attack_noise",
        )
    }
    numbers = np.arange(1, 61)
    for note, level, swell, (extent, rate), slope, attack in zip(
        NOTES, _LEVELS_DB, _SWELLS_DB, _SWINGS, _SLOPES, _ATTACKS_DB, strict=True
    ):
        start, end = (round(x * FRAME_RATE) for x in note[:2])
        time_s = np.arange(end - start) / FRAME_RATE
        f0_hz[start:] = 440 * 2 ** ((note[2] - 69) / 12)
        f0_hz[start:end] *= 2 ** (extent * np.sin(2 * np.pi * rate * time_s) / 12)
        shares = slope ** (numbers - 1.0) * (numbers * f0_hz[start] < 7600)
        shares /= shares.sum()
        shape_db = level + swell * np.sin(np.pi * time_s / time_s[-1])
        amplitudes[start:end] = 10 ** (shape_db[:, np.newaxis] / 20) * shares
        # The analysis looks at 32 ms of noise, so the attack's lasts a little on both sides.
        noise[start - 10 : start + _ATTACK_FRAMES] = 10 ** (attack / 20)
        known["volume"].append(shape_db.mean() / 60 + 1.5)
        known["volume_fluctuation"].append(shape_db.std() * 2.5 / 60)
        known["volume_peak"].append(shape_db.argmax() / len(shape_db))
        known["vibrato"].append(2.5 * extent)
        known["brightness"].append((shares * numbers).sum() / 12)
        known["attack_noise"].append(attack / 40 + 2.625)
    made = HarmonicAnalysis(f0_hz, f0_hz, amplitudes, noise, round(FRAME_RATE * HOP), HOP)
    return made, {key: np.array(values) for key, values in known.items()}


_MADE, KNOWN = _made()


def play() -> np.ndarray:
    """The sound of the notes, float32 `[n_samples]`."""
    return _MADE.play()


def tracked_flat() -> dict[str, np.ndarray]:
    """The pitch as of a tracker that sees no vibrato."""
    f0_hz = np.full(_N_FRAMES, 261.63)
    for note in NOTES:
        f0_hz[round(note[0] * FRAME_RATE) :] = 440 * 2 ** ((note[2] - 69) / 12)
    return {"f0_hz": f0_hz, "f0_confidence": np.ones(_N_FRAMES)}
