"""A small model, a melody, and the type of the `run` fixture."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from click.testing import Result

SAMPLE_RATE = 16000

SMALL_MODEL = (
    "RnnFcDecoder.rnn_channels=8",
    "N_HARMONICS=8",
    "N_NOISE_BANDS=5",
    "Reverb.impulse_response_length=160",
    "SpectralLoss.fft_lengths=(512, 64)",
)
"""Bindings that make any packaged model, and its objective, small enough for tests."""

NO_SAMPLES = "train.transfer=None"
"""Plays no melody at validations, for tests that don't listen to it."""

Run = Callable[..., Result]


def melody(
    notes_hz: Sequence[float], seconds: float, sample_rate: int = SAMPLE_RATE
) -> npt.NDArray[np.float32]:
    """A saw-like tone that plays some notes and breathes."""
    n_samples = round(seconds * sample_rate)
    time_s = np.arange(n_samples) / sample_rate
    f0_hz = np.repeat(notes_hz, -(-n_samples // len(notes_hz)))[:n_samples]
    phase = 2.0 * np.pi * np.cumsum(f0_hz) / sample_rate
    tone = sum(np.sin(k * phase) / k for k in range(1, 8))
    envelope = 0.6 + 0.4 * np.sin(2.0 * np.pi * time_s * len(notes_hz) / seconds)
    return (0.2 * tone * envelope).astype(np.float32)
