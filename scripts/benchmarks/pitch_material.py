"""Sounds whose pitch is known, frame by frame, for comparing trackers."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ddsp_tf.audio import read_audio
from ddsp_tf.data import SyntheticNotes
from ddsp_tf.features import Features, FeatureSettings, extract_features
from ddsp_tf.features.harmonic_analysis import analyze_harmonics

DATA = Path(os.environ.get("DDSP_TF_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
SETTINGS = FeatureSettings(hop_length=160, columns=("f0_hz", "f0_confidence"))
"""Where all trackers are compared: at 16 kHz, 100 times a second."""

REFERENCE = "crepe-full"
_SURE = 0.6
_BELOW_LOUDEST_DB = 30.0
_QUIET_DB = -60.0
_NOTES_HZ = {
    "flute-A4": 440.0,
    "oboe-A4": 440.0,
    "trumpet-A4": 440.0,
    "violin-B3": 246.94,
    "vibraphone-C6": 1046.5,
}
_EVERY, _NOTE_S, _PHRASE_S = 4, 2.0, 6.0
_SEED, _N_GENERATED, _GENERATED_S = 1, 40, 2.0
_NOISE_DB = 10.0


@dataclass(frozen=True)
class Example:
    """A sound and its pitch.

    Attributes:
        name: Which it is.
        audio: Mono at 16 kHz, `[n_samples]`.
        f0_hz: `[n_frames]`, 0 where nothing sounds.
        judged: Frames that count, `[n_frames]`: a tracker may say what it likes where nobody knows.
    """

    name: str
    audio: np.ndarray
    f0_hz: np.ndarray
    judged: np.ndarray


def notes(data: Path) -> Iterator[Example]:
    """Every fourth recorded note, 2 s of it; its name tells the pitch.

    Where it is 30 dB below its loudest, nothing counts, but silence does.
    """
    folders = [*sorted(data.glob("instruments/*/notes")), data / "piano" / "notes"]
    named = [(path, _midi_hz(path)) for folder in folders for path in sorted(folder.glob("*.flac"))]
    named = named[::_EVERY]
    named += [(data / "reference_notes" / f"{name}.flac", hz) for name, hz in _NOTES_HZ.items()]
    for path, hz in named:
        audio = _read(path, _NOTE_S)
        level = levels_db(audio)
        sounding = level > max(level.max() - _BELOW_LOUDEST_DB, _QUIET_DB)
        yield Example(path.stem, audio, np.where(sounding, hz, 0.0), sounding | (level < -90.0))


@cache
def phrases(data: Path) -> tuple[Example, ...]:
    """6 s of recorded melodies, with the pitch that CREPE's full network is sure of."""
    found = []
    for path in sorted(data.glob("phrases/*.flac")):
        audio = _read(path, _PHRASE_S)
        f0_hz, sure, quiet = _reference(audio)
        found.append(Example(path.stem, audio, np.where(sure, f0_hz, 0.0), sure | quiet))
    return tuple(found)


def played_again(data: Path, *, noisy: bool = False) -> Iterator[Example]:
    """The melodies' partials at exactly known pitch, with white noise at 10 dB if `noisy`.

    As MDB-stem-synth is made: what a recording's partials do is measured at the tracked pitch and
    played at that pitch, whether it was right or not.
    """
    random = np.random.default_rng(_SEED)
    for example in phrases(data):
        sure = example.f0_hz > 0.0
        f0_hz = _held(example.f0_hz)
        if f0_hz is None:
            continue
        features = Features(f0_hz, sure.astype(np.float32), levels_db(example.audio))
        found = analyze_harmonics(example.audio, features, SETTINGS, n_harmonics=60)
        amplitudes = np.where(sure[:, np.newaxis], found.harmonic_amplitudes, 0.0)
        audio = play(f0_hz, amplitudes)
        if noisy:
            power = np.mean(audio[np.repeat(sure, SETTINGS.hop_length)] ** 2)
            scale = np.sqrt(power / 10.0 ** (_NOISE_DB / 10.0))
            audio = audio + scale * random.standard_normal(len(audio))
        # At a note's ends a window hears both sides, and who is right is a matter of taste.
        edge = np.convolve(np.abs(np.diff(sure, prepend=sure[0])), np.ones(5), "same") > 0
        yield Example(example.name, audio.astype(np.float32), np.where(sure, f0_hz, 0.0), ~edge)


def generated(data: Path) -> Iterator[Example]:
    """Notes of `data.SyntheticNotes`, of a seed that nothing was trained on."""
    del data
    make = SyntheticNotes()
    n_frames = round(_GENERATED_S * SETTINGS.frame_rate)
    for index in range(_N_GENERATED):
        made = make(np.random.default_rng([_SEED, 77, index]), n_frames, SETTINGS)
        audio = np.asarray(made["audio"], np.float32)
        yield Example(str(index), audio, made["f0_hz"], np.ones(n_frames, bool))


MATERIAL: dict[str, Callable[[Path], Iterable[Example]]] = {
    "notes": notes,
    "phrases": phrases,
    "played again": played_again,
    "in noise": lambda data: played_again(data, noisy=True),
    "generated": generated,
}


def levels_db(audio: np.ndarray) -> np.ndarray:
    """Mean squares of 64 ms around each frame, in dB."""
    length = 1024
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(audio, np.float64) ** 2)])
    centres = np.arange(-(-len(audio) // SETTINGS.hop_length)) * SETTINGS.hop_length
    ends = np.minimum(centres + length // 2, len(audio))
    starts = np.maximum(centres - length // 2, 0)
    return 10.0 * np.log10(np.maximum((sums[ends] - sums[starts]) / length, 1e-12))


def play(f0_hz: np.ndarray, amplitudes: np.ndarray) -> np.ndarray:
    """Partials of a pitch that is linear in Hz from frame to frame."""
    from ddsp_tf import dsp

    total = amplitudes.sum(axis=1, keepdims=True)
    shares = amplitudes / np.maximum(total, 1e-9)
    audio = dsp.harmonic(
        f0_hz[np.newaxis, :, np.newaxis].astype(np.float32),
        total[np.newaxis].astype(np.float32),
        shares[np.newaxis].astype(np.float32),
        hop_length=SETTINGS.hop_length,
        sample_rate=SETTINGS.sample_rate,
    )
    return np.asarray(audio[0])


def _reference(audio: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    features = extract_features(
        audio, FeatureSettings(hop_length=160, f0_tracker=REFERENCE, columns=SETTINGS.columns)
    )
    level = levels_db(audio)
    sure = (features.f0_confidence > _SURE) & (level > _QUIET_DB)
    return features.f0_hz, sure, level < -70.0


def _held(f0_hz: np.ndarray) -> np.ndarray | None:
    """Holds the pitch through rests."""
    known = np.flatnonzero(f0_hz > 0.0)
    if not len(known):
        return None
    before = np.searchsorted(known, np.arange(len(f0_hz)), side="right") - 1
    return np.asarray(f0_hz[known[np.maximum(before, 0)]], np.float32)


def _midi_hz(path: Path) -> float:
    return float(440.0 * 2.0 ** ((int(path.name[:3]) - 69) / 12))


def _read(path: Path, seconds: float) -> np.ndarray:
    audio, _ = read_audio(path, sample_rate=SETTINGS.sample_rate)
    return np.asarray(audio[: round(seconds * SETTINGS.sample_rate)], np.float32)
