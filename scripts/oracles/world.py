"""Makes tests/features/world/golden/world.json: envelopes, aperiodicities and pitches by pyworld.

Runs in an environment of its own, which requirements-world.txt beside it describes; ddsp_tf isn't
needed.

Example:
    python -m venv oracle
    oracle/bin/pip install -r scripts/oracles/requirements-world.txt
    oracle/bin/python scripts/oracles/world.py tests/features/world/golden/world.json
"""

import importlib.metadata
import json
import sys
from pathlib import Path

import numpy as np
import pyworld
from scipy import signal

VOWELS = {"a": (730, 1090, 2440), "i": (270, 2290, 3010), "o": (570, 840, 2410)}
"""Formants of Peterson and Barney 1952, in Hz."""
SOUNDS = (("a", 110.0, 16000, 0.01), ("i", 220.0, 16000, 0.1), ("o", 330.0, 24000, 0.03))
"""Vowel, pitch, sample rate, and the share of noise in the source."""
LENGTH_S = 0.16
STEP = 8
"""Every 8th bin is kept."""
LOUDER = 10000.0
"""For aperiodicities, which don't depend on the level: pyworld adds noise of a fixed level and of
other draws at every frame to what it measures. Of sounds of this loudness that isn't heard."""
N_DRAWS = 20


def main(target: Path) -> None:
    """Writes sounds of 16 bits and what pyworld measures at frames 10 ms apart."""
    cases = []
    for name, f0_hz, rate, breath in SOUNDS:
        audio = np.round(32767 * vowel(VOWELS[name], f0_hz, rate, breath)).astype(int)
        sound = audio / 32768.0
        times_s = np.arange(4, 12) * 0.01
        f0 = np.full(len(times_s), f0_hz)
        f0[-1] = 0.0
        envelope = pyworld.cheaptrick(sound, f0, times_s, rate)
        aperiodicity = pyworld.d4c(LOUDER * sound, f0, times_s, rate)
        print(f"{name}: by pyworld's own noise {spread(sound, f0[:-1], times_s[:-1], rate):.3f}")
        cases.append(
            {
                "name": name,
                "sample_rate": rate,
                "audio": audio.tolist(),
                "times_s": times_s.tolist(),
                "f0_hz": f0.tolist(),
                "envelope_db": np.round(10 * np.log10(envelope[:, ::STEP]), 3).tolist(),
                "aperiodicity": np.round(aperiodicity[:, ::STEP], 4).tolist(),
                "refined_hz": pyworld.stonemask(sound, 1.03 * f0, times_s, rate).tolist(),
            }
        )
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "scipy", "pyworld")}
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"cases": cases, "versions": versions}) + "\n", encoding="utf-8")


def spread(sound: np.ndarray, f0: np.ndarray, times_s: np.ndarray, rate: int) -> float:
    """How far apart pyworld's aperiodicities of the same frames are when others come before."""
    found = []
    for count in range(N_DRAWS):
        more = (np.concatenate([np.full(count, x[0]), x]) for x in (f0, times_s))
        found.append(pyworld.d4c(sound, *more, rate)[count:])
    return float(np.max(np.ptp(found, axis=0)))


def vowel(formants_hz: tuple[int, ...], f0_hz: float, rate: int, breath: float) -> np.ndarray:
    """Smooth pulses and noise through resonators of 80 Hz, peak 0.5."""
    phase = np.cumsum(np.full(round(LENGTH_S * rate), f0_hz / rate)) % 1.0
    source = np.exp(-40.0 * phase) - np.mean(np.exp(-40.0 * phase))
    source += breath * np.random.default_rng(0).standard_normal(len(source))
    for formant_hz in formants_hz:
        pole = np.exp((-80.0 * np.pi + 2j * np.pi * formant_hz) / rate)
        source = signal.lfilter([1.0], [1.0, -2 * pole.real, abs(pole) ** 2], source)
    return 0.5 * source / np.max(np.abs(source))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
