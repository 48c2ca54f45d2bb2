"""Probabilistic YIN, by librosa."""

import numpy as np
import soxr

from ddsp_tf.features.crepe.network import SAMPLE_RATE
from ddsp_tf.features.pyin.compiled_librosa import load_librosa
from ddsp_tf.features.track import fill_unvoiced
from ddsp_tf.types import Float32Array, Progress

FRAME_RATE = 100
HOP_LENGTH = SAMPLE_RATE // FRAME_RATE
# Twice the longest period, no more: a longer frame hears leaps late.
FRAME_LENGTH = 1024
# Librosa's 36 would let a leap of two octaves glide for six frames.
LARGEST_LEAP_OCTAVES_PER_S = 120.0
LOWEST_HZ = 32.70
HIGHEST_HZ = 2093.0
N_BLOCK_FRAMES = 6000
N_CONTEXT_FRAMES = 100


class PyinTracker:
    """pYIN behind the `F0Tracker` protocol, at 16 kHz and 100 frames a second.

    Recordings of over a minute are tracked in blocks of a minute with a second of context on both
    sides. The first use compiles for some 20 s. Pitch comes in steps of 10 cents, and a leap up
    by an octave is heard up to 30 ms late, as the longer period fits the higher note too.

    Reference:
        Mauch and Dixon (2014), pYIN: a fundamental frequency estimator using probabilistic
        threshold distributions.
    """

    frame_rate = FRAME_RATE

    def track(
        self, audio: Float32Array, sample_rate: int, *, progress: Progress | None = None
    ) -> tuple[Float32Array, Float32Array]:
        """Tracks a recording; see `F0Tracker.track`."""
        if sample_rate != SAMPLE_RATE:
            audio = soxr.resample(audio, sample_rate, SAMPLE_RATE)
        n_frames = max(1, -(-len(audio) // HOP_LENGTH))
        parts = []
        for first in range(0, n_frames, N_BLOCK_FRAMES):
            begin = max(first - N_CONTEXT_FRAMES, 0)
            end = min(first + N_BLOCK_FRAMES, n_frames)
            samples = audio[begin * HOP_LENGTH : (end + N_CONTEXT_FRAMES) * HOP_LENGTH]
            track = _track_block(samples)
            parts.append([values[first - begin : end - begin] for values in track])
            if progress is not None:
                progress(end / n_frames)
        f0_hz, confidence, voiced = (np.concatenate(part) for part in zip(*parts, strict=True))
        marks = np.where(voiced, 1.0, 0.0).astype(np.float32)
        # Where nothing is voiced, librosa has no frequency; any finite one will do.
        f0_hz = np.where(voiced, f0_hz, LOWEST_HZ).astype(np.float32)
        filled = fill_unvoiced(f0_hz[np.newaxis], marks[np.newaxis], threshold=0.5)
        return filled.numpy()[0], confidence.astype(np.float32)


def _track_block(samples: Float32Array) -> tuple[Float32Array, Float32Array, np.ndarray]:
    f0_hz, voiced, probability = load_librosa().pyin(
        samples,
        fmin=LOWEST_HZ,
        fmax=HIGHEST_HZ,
        sr=SAMPLE_RATE,
        frame_length=FRAME_LENGTH,
        hop_length=HOP_LENGTH,
        resolution=0.1,
        max_transition_rate=LARGEST_LEAP_OCTAVES_PER_S,
        center=True,
    )
    return f0_hz, probability, voiced & np.isfinite(f0_hz)
