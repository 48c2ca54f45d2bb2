"""Measures the plug-ins in pedalboard, a host: latency, processor time, and a long time of playing.

    ddsp-tf export violin --target plugin -o plugins/ --build
    python scripts/measure_plugin.py plugins/ [SECONDS]

First it prints what one core is busy with at 48 kHz. Then SECONDS (60) of a swelling tone go
through the effect at its model's rate, and a scale through the instrument, ten seconds at a time
without a reset; it counts gaps and chunks that are too short, and says what memory it took.
Needs Linux and `pip install ".[pedalboard]"`.
"""

import argparse
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import mido
import numpy as np

RATE = 48000
CHUNK_S = 10.0
SHORT_S = 0.025
"""A gap is so long a time 20 dB below what is usual."""


def main(folder: Path, seconds: float) -> None:
    """Measures and prints."""
    from pedalboard import load_plugin  # type: ignore[attr-defined]

    effect: Any = load_plugin(str(folder / "ddsp_tf_effect.vst3"))
    instrument: Any = load_plugin(str(folder / "ddsp_tf_instrument.vst3"))
    print(f"{'':<22}{'block':>8}{'one core':>10}")
    for block in (64, 512):
        tone = _tone(RATE)
        share = _share(partial(effect.process, tone, RATE, buffer_size=block))
        print(f"{'sound':<22}{block:>8}{share:>10.1%}")
        for n_notes in (1, 8, 16):
            notes = [
                mido.Message("note_on", note=55 + key, velocity=90, time=0.0)
                for key in range(n_notes)
            ]
            share = _share(partial(_perform, instrument, notes, RATE, block))
            print(f"{f'{n_notes} notes':<22}{block:>8}{share:>10.1%}")
    frames = effect.reported_latency_samples
    print(f"latency of sound: {frames} samples, {1000 * frames / RATE:.1f} ms")
    _play_long(effect, instrument, seconds)


def _play_long(effect: Any, instrument: Any, seconds: float) -> None:
    rate = 16000
    tone = _tone(rate)
    scale = [
        mido.Message(kind, note=60 + i % 24, velocity=90, time=i * 0.1 + late)
        for i in range(int(CHUNK_S / 0.1))
        for kind, late in (("note_on", 0.0), ("note_off", 0.099))
    ]
    gaps, memory = 0, []
    for chunk in range(round(seconds / CHUNK_S)):
        played = effect.process(tone, rate, reset=False)
        notes = _perform(instrument, scale, rate, 512, reset=False)
        if chunk:  # the first begins with the latency
            gaps += _n_gaps(played[0], rate) + (played.shape != tone.shape)
            gaps += _n_gaps(notes[0], rate) + (notes.shape != tone.shape)
        memory.append(_megabytes())
    third = memory[min(2, len(memory) - 1)]
    print(
        f"{len(memory) * CHUNK_S:.0f} s each of sound and notes: {gaps} gaps; {third:.1f} MB after "
        f"30 s, {memory[-1]:.1f} MB at the end"
    )


def _perform(
    instrument: Any, notes: list[mido.Message], rate: int, block: int, reset: bool = True
) -> np.ndarray:
    return instrument.process(
        notes,
        duration=CHUNK_S,
        sample_rate=rate,
        num_channels=2,
        buffer_size=block,
        reset=reset,
    )


def _tone(rate: int) -> np.ndarray:
    time_s = np.arange(round(CHUNK_S * rate)) / rate
    swell = 0.3 + 0.1 * np.sin(2 * np.pi * 0.5 * time_s)
    mono = (swell * np.sin(2 * np.pi * 440.0 * time_s)).astype(np.float32)
    return np.stack([mono, mono])


def _share(play: Callable[[], Any]) -> float:
    play()  # what is loaded is not what plays
    start = time.process_time()
    play()
    return (time.process_time() - start) / CHUNK_S


def _n_gaps(audio: np.ndarray, rate: int) -> int:
    frame = round(SHORT_S * rate)
    frames = audio[: len(audio) // frame * frame].reshape(-1, frame)
    level = np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=1))
    return int(np.sum(level < 0.1 * np.median(level)))


def _megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("seconds", type=float, nargs="?", default=60.0)
    options = parser.parse_args()
    main(options.folder, options.seconds)
