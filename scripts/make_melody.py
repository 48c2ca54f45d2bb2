"""Makes the melody that ships with the package: eight seconds sung by a synthetic voice.

The package's own oscillator makes it, so it is nobody's recording: CC0.

Example:
    python scripts/make_melody.py ddsp_tf/presets/melody.flac
"""

import sys
from pathlib import Path

import numpy as np
import soundfile

from ddsp_tf import dsp

SAMPLE_RATE, HOP_LENGTH = 16000, 64
FRAME_RATE = SAMPLE_RATE / HOP_LENGTH
N_HARMONICS = 10
BEAT_S = 0.5

# MIDI note (None: a rest), beats, loudest level in dB.
NOTES = [
    (57, 1.0, -20.0),
    (60, 1.0, -18.0),
    (64, 1.0, -16.0),
    (69, 2.0, -12.0),
    (67, 1.0, -15.0),
    (64, 1.0, -17.0),
    (65, 1.5, -15.0),
    (62, 0.5, -19.0),
    (64, 2.0, -16.0),
    (None, 0.5, -80.0),
    (60, 0.5, -22.0),
    (62, 1.0, -20.0),
    (59, 1.0, -22.0),
    (57, 2.0, -24.0),
    (None, 0.5, -80.0),
]

# Centre and width of the resonances of a sung "ah", in Hz, and their levels in dB.
FORMANTS = [(650.0, 160.0, 0.0), (1100.0, 220.0, -6.0), (2700.0, 400.0, -20.0)]


def pitch_and_level() -> tuple[np.ndarray, np.ndarray]:
    """Gives f0 in Hz and the level in dB of every frame: glides, vibrato, swells."""
    midi, level_db, vibrato = [], [], []
    previous = 57.0
    for note, beats, loudest_db in NOTES:
        n_frames = round(beats * BEAT_S * FRAME_RATE)
        time_s = np.arange(n_frames) / FRAME_RATE
        target = previous if note is None else float(note)
        glide = np.exp(-time_s / 0.025)
        midi.append(target + (previous - target) * glide)
        vibrato.append(0.3 * np.clip((time_s - 0.2) / 0.4, 0.0, 1.0))
        swell = np.sin(np.pi * np.linspace(0.0, 1.0, n_frames) ** 0.7)
        level_db.append(loudest_db - 10.0 * (1.0 - swell))
        previous = target
    joined = np.concatenate(midi)
    joined += np.concatenate(vibrato) * np.sin(
        2.0 * np.pi * 5.4 * np.arange(len(joined)) / FRAME_RATE
    )
    # Levels go from note to note as fast as a voice does.
    window = np.hanning(13) / np.hanning(13).sum()
    level = np.convolve(np.pad(np.concatenate(level_db), 6, mode="edge"), window, mode="valid")
    return 440.0 * 2.0 ** ((joined - 69.0) / 12.0), level


def main(path: Path) -> None:
    """Writes the melody as 16-bit FLAC."""
    f0_hz, level_db = pitch_and_level()
    partials_hz = f0_hz[:, np.newaxis] * np.arange(1, N_HARMONICS + 1)
    resonance = sum(
        10.0 ** (gain_db / 20.0) / (1.0 + np.square((partials_hz - centre) / width))
        for centre, width, gain_db in FORMANTS
    )
    distribution = resonance / np.arange(1, N_HARMONICS + 1) ** 0.5
    # Louder is brighter.
    distribution *= np.arange(1, N_HARMONICS + 1) ** ((level_db[:, np.newaxis] + 20.0) / 40.0)
    distribution /= np.sqrt(np.sum(np.square(distribution), axis=1, keepdims=True))
    audio = dsp.harmonic(
        f0_hz[np.newaxis, :, np.newaxis].astype(np.float32),
        (10.0 ** (level_db / 20.0))[np.newaxis, :, np.newaxis].astype(np.float32),
        distribution[np.newaxis].astype(np.float32),
        hop_length=HOP_LENGTH,
        sample_rate=SAMPLE_RATE,
    )
    soundfile.write(
        path,
        audio[0].numpy(),
        SAMPLE_RATE,
        subtype="PCM_16",
        format="FLAC",
        compression_level=1.0,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
