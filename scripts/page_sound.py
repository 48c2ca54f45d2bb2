"""Makes the sound of a page: recordings one after the other, as a small MP3.

python scripts/page_sound.py SOUND.mp3 SECONDS RECORDING [RECORDING ...]

Each is cut after so many seconds and brought to the same peak, and silence of 0.3 s comes between.
Mono at 16 kHz; 4 kB a second or so.
"""

import sys
from pathlib import Path

import numpy as np
import soundfile

from ddsp_tf.audio import read_audio

RATE = 16000
PEAK = 0.7
PAUSE_S, FADE_S = 0.3, 0.02
QUALITY = 0.8  # 0 is the largest, 1 the smallest file.


def main(target: Path, seconds: float, recordings: list[Path]) -> None:
    """Writes the sound, which it replaces, and says how large it is."""
    parts = [read_audio(path, sample_rate=RATE)[0] for path in recordings]
    write_page_sound(target, [part[: round(seconds * RATE)] for part in parts])


def write_page_sound(target: Path, parts: list[np.ndarray]) -> None:
    """Joins sounds at 16 kHz."""
    pause = np.zeros(round(PAUSE_S * RATE))
    joined = np.concatenate([x for part in parts for x in (prepared(part), pause)])
    target.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(target, joined, RATE, format="MP3", compression_level=QUALITY)
    print(f"{target}: {len(joined) / RATE:.1f} s, {target.stat().st_size / 1000:.0f} kB")


def prepared(part: np.ndarray) -> np.ndarray:
    """A sound of the page's level, which ends without a click."""
    faded = np.array(part, np.float64)
    count = min(round(FADE_S * RATE), len(faded))
    faded[len(faded) - count :] *= np.linspace(1.0, 0.0, count)
    return PEAK / max(np.max(np.abs(faded), initial=0.0), 1e-6) * faded


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
