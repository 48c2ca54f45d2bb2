"""Recorded phrases on the shipped instruments, as `Streamer` plays them: what programs equal."""

from functools import cache
from pathlib import Path

import numpy as np

from ddsp_tf.audio import read_audio
from ddsp_tf.features import extract_features
from ddsp_tf.inference import Streamer
from ddsp_tf.models import Instrument

PHRASES = {
    "violin": "cello_phrase",
    "cello": "voice_vocadito_1",
    "flute": "clarinet_phrase",
    "saxophone": "saxophone_tenor_scale_e_major",
    "trumpet": "trumpet_jazz_phrase",
    "violin_48k": "viola_urmp_24",
}
SECONDS = 6


def difference_db(found: np.ndarray, expected: np.ndarray) -> float:
    """The error's power, in dB of that of what is expected."""
    error = np.mean(np.square(found - expected, dtype=np.float64))
    return float(10.0 * np.log10(error / np.mean(np.square(expected, dtype=np.float64)) + 1e-30))


def phrase_of(name: str, recordings: Path, sample_rate: int) -> np.ndarray:
    """The first seconds of the phrase that an instrument plays."""
    path = recordings / "phrases" / f"{PHRASES[name]}.flac"
    audio, _ = read_audio(path, sample_rate=sample_rate)
    return audio[: SECONDS * sample_rate]


@cache
def controls_of(name: str, recordings: Path) -> np.ndarray:
    """Its pitch in Hz and loudness in dB, `[n_frames, 2]`."""
    settings = Instrument.load(name).features
    features = extract_features(phrase_of(name, recordings, settings.sample_rate), settings)
    return np.stack([features.f0_hz, features.loudness_db], axis=1)


@cache
def streamed(name: str, recordings: Path, *, reverb: bool) -> np.ndarray:
    """What `Streamer` plays of them, as late as it is."""
    streamer = Streamer(Instrument.load(name), reverb=reverb, xla=False)
    return streamer.process(*controls_of(name, recordings).T[:, np.newaxis])[0]
