"""Suspicion of several notes at once: sound that the harmonics of f0 don't explain.

A frame is suspicious when at least a tenth of its energy lies between the harmonics of its f0,
and that lasts for 110 ms: the tail of the last note in a reverberant room, a bow's scratch and
a vibrato are over sooner. When half the f0 explains most of what was left, or a third to an eighth
does, the tracker is suspected of having chosen a harmonic instead. Two notes are multiples of some
low pitch too; but then its harmonics are theirs alone.

Measured on annotated violin recordings in rooms: 4 to 10 % of single-note frames and 30 to 73 %
of double-stop frames are suspicious; dry single lines stay below 1 %, a piano has 58 %.
"""

from dataclasses import dataclass

import numpy as np

from ddsp_tf.features import Features

_WINDOW_S = 0.128
_STEP_S = 0.016
_LASTING_S = 0.112
_UNEXPLAINED_SHARE = 0.1
_OCTAVE_RESIDUE = 0.25
_N_HARMONICS = 12
_DIVISORS = range(3, 9)
# Below, the window doesn't tell neighbouring harmonics.
_LOWEST_SPACING_HZ = 30.0
_OWN_SHARE = 0.1
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 5000.0
_BLOCK = 256


@dataclass(frozen=True)
class PitchDoubt:
    """Where a single fundamental does not explain the sound.

    Attributes:
        polyphonic_share: Share of the voiced frames that hold several notes, 0 to 1.
        octave_share: Share of them whose f0 is likely too high, by an octave or as a third to
            eighth harmonic of what is played, 0 to 1.
    """

    polyphonic_share: float
    octave_share: float


def measure_pitch_doubt(
    audio: np.ndarray,
    features: Features,
    voiced: np.ndarray,
    *,
    sample_rate: int,
    hop_length: int,
) -> PitchDoubt:
    """Measures how much of a recording one fundamental cannot explain.

    Args:
        audio: `[n_samples]` mono.
        features: Its features.
        voiced: bool `[n_frames]`, the loud frames with a confident f0.
        sample_rate: Samples a second.
        hop_length: Samples a frame.

    Example:
        >>> from ddsp_tf.features import Features
        >>> turns = 2 * np.pi * np.arange(16000) / 16000
        >>> third = np.sin(440 * turns) + np.sin(550 * turns)
        >>> heard = Features(np.full(250, 440.0), np.ones(250), np.full(250, -20.0))
        >>> doubt = measure_pitch_doubt(
        ...     third, heard, np.full(250, True), sample_rate=16000, hop_length=64)
        >>> doubt.polyphonic_share
        1.0
    """
    step = max(1, round(_STEP_S * sample_rate / hop_length))
    frames = np.arange(0, features.n_frames, step)
    heard = voiced[frames]
    unexplained = np.zeros(len(frames))
    lower_explains = np.zeros(len(frames), bool)
    wanted = np.flatnonzero(heard)
    for block in np.split(wanted, range(_BLOCK, len(wanted), _BLOCK)):
        power, frequencies = _power(audio, frames[block] * hop_length, sample_rate)
        f0_hz = features.f0_hz[frames[block], np.newaxis]
        share = _unexplained_share(power, frequencies, f0_hz, f0_hz)
        below = _unexplained_share(power, frequencies, f0_hz / 2, f0_hz)
        unexplained[block] = share
        lower_explains[block] = below < _OCTAVE_RESIDUE * share
        # Where f0 explains the sound nobody asks what else would.
        asked = share > _UNEXPLAINED_SHARE
        for divisor in _DIVISORS if asked.any() else ():
            lower_explains[block[asked]] |= _is_harmonic(
                power[asked], frequencies, f0_hz[asked], divisor, share[asked]
            )
    n_lasting = max(1, round(_LASTING_S * sample_rate / (hop_length * step)))
    doubtful = _lasting(unexplained > _UNEXPLAINED_SHARE, n_lasting) & heard
    n_heard = max(int(heard.sum()), 1)
    return PitchDoubt(
        polyphonic_share=float(np.count_nonzero(doubtful & ~lower_explains) / n_heard),
        octave_share=float(np.count_nonzero(doubtful & lower_explains) / n_heard),
    )


def _power(
    audio: np.ndarray, centres: np.ndarray, sample_rate: int
) -> tuple[np.ndarray, np.ndarray]:
    length = 2 ** round(np.log2(_WINDOW_S * sample_rate))
    samples = centres[:, np.newaxis] + np.arange(-length // 2, length // 2)
    inside = (samples >= 0) & (samples < len(audio))
    windowed = np.where(inside, audio[np.clip(samples, 0, len(audio) - 1)], 0.0)
    spectrum = np.fft.rfft(windowed * np.hanning(length + 1)[:-1])
    return np.square(np.abs(spectrum)), np.fft.rfftfreq(length, 1.0 / sample_rate)


def _unexplained_share(
    power: np.ndarray, frequencies: np.ndarray, spacing_hz: np.ndarray, f0_hz: np.ndarray
) -> np.ndarray:
    """Share of the energy in the band of f0's harmonics that is off multiples of `spacing_hz`."""
    multiple = np.maximum(np.round(frequencies / spacing_hz), 1.0) * spacing_hz
    # Two bins of the window's main lobe, and room for vibrato and stretched partials.
    tolerance = 2.0 * frequencies[1] + 0.015 * multiple
    band = (frequencies > _LOWEST_HZ) & (
        frequencies < np.minimum(_HIGHEST_HZ, _N_HARMONICS * f0_hz)
    )
    explained = np.abs(frequencies - multiple) <= tolerance
    total = np.sum(power, axis=1, where=band)
    return np.sum(power, axis=1, where=band & ~explained) / np.maximum(total, 1e-12)


def _is_harmonic(
    power: np.ndarray,
    frequencies: np.ndarray,
    f0_hz: np.ndarray,
    divisor: int,
    unexplained: np.ndarray,
) -> np.ndarray:
    """Whether f0 is likely the harmonic number `divisor` of what is played, `[n_frames]`.

    The harmonics of `f0_hz / divisor` must explain what f0 leaves, and a tenth of that must be
    harmonics that no second note would have.
    """
    spacing_hz = f0_hz / divisor
    number = np.maximum(np.round(frequencies / spacing_hz), 1.0)
    distance = np.abs(frequencies - number * spacing_hz)
    # Wider, the tolerance would explain noise.
    explained = distance <= np.minimum(
        2.0 * frequencies[1] + 0.015 * number * spacing_hz, 0.25 * spacing_hz
    )
    band = (frequencies > _LOWEST_HZ) & (
        frequencies < np.minimum(_HIGHEST_HZ, _N_HARMONICS * f0_hz)
    )
    power = np.where(band, power, 0.0)
    total = np.maximum(np.sum(power, axis=1), 1e-12)
    left = np.sum(power, axis=1, where=~explained) / total
    found = (spacing_hz[:, 0] >= _LOWEST_SPACING_HZ) & (left < _OCTAVE_RESIDUE * unexplained)
    if not found.any():
        return found
    power, number = np.where(explained, power, 0.0)[found], number[found]
    power = np.where(number % divisor != 0, power, 0.0)
    own = [np.sum(power, axis=1, where=number % other != 0) for other in range(2, 10)]
    found[found] = np.min(own, axis=0) / total[found] > _OWN_SHARE * unexplained[found]
    return found


def _lasting(mask: np.ndarray, n_frames: int) -> np.ndarray:
    """Keeps runs of at least `n_frames`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    kept = np.zeros(len(mask), bool)
    for first, end in edges.reshape(-1, 2):
        kept[first:end] = end - first >= n_frames
    return kept
