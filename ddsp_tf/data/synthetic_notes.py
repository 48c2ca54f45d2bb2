"""Notes drawn at random, whose pitch is known because they were made."""

from collections.abc import Mapping

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.types import Signal

_N_LABELLED = 20
_MOST_PARTIALS = 80
_GAP = 0.1
_SILENT, _VIBRATO = 0.1, 0.5


class SyntheticNotes:
    """Makes notes of random pitch, spectrum, vibrato and noise, and says what they are.

    A `Generator` for `Generated`: `audio`, `f0_hz` (0 in silence) and `harmonic_amplitudes`, of
    the first 20 partials. A clip holds one or two notes, with a tenth of the clips silent but for
    noise. Spectra are slopes with formants, odd or even partials, or a missing fundamental, drawn
    from smooth random curves; half of the notes have a vibrato. A half of the clips are heard in a
    little room, and nearly all with noise of a random slope.

    Args:
        low_midi: The lowest pitch.
        high_midi: The highest.

    Raises:
        ArgumentError: The range isn't one.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> random = np.random.default_rng(0)
        >>> note = SyntheticNotes()(random, 8, FeatureSettings(hop_length=512, columns=()))
        >>> note["audio"].shape, note["harmonic_amplitudes"].shape
        ((4096,), (8, 20))

    Reference:
        Engel et al. 2020, "Self-supervised Pitch Detection by Inverse Audio Synthesis", section 3.
    """

    def __init__(self, *, low_midi: float = 24.0, high_midi: float = 95.0) -> None:
        if not 0.0 <= low_midi < high_midi <= 127.0:
            raise ArgumentError(
                f"`low_midi` and `high_midi` should be a range within 0 to 127. Received "
                f"{low_midi} and {high_midi}."
            )
        self.low_midi = low_midi
        self.high_midi = high_midi
        self.signals = {
            "f0_hz": Signal("frames", unit="Hz", low=0.0),
            "harmonic_amplitudes": Signal("frames", _N_LABELLED, low=0.0),
        }

    def __call__(
        self, random: np.random.Generator, n_frames: int, settings: FeatureSettings
    ) -> Mapping[str, np.ndarray]:
        """Makes a clip."""
        rate, hop = settings.sample_rate, settings.hop_length
        n_samples = n_frames * hop
        audio, midi = np.zeros(n_samples), self._melody(random, n_samples, rate)
        amplitudes = np.zeros([n_frames, _N_LABELLED])
        f0_hz = np.zeros(n_samples)
        if random.random() >= _SILENT:
            f0_hz = 440.0 * 2.0 ** ((midi - 69.0) / 12.0)
            played, levels = _partials(random, f0_hz, rate)
            gain = _gain(random, n_samples)
            audio = gain * played
            amplitudes = gain[::hop, np.newaxis] * levels
            f0_hz = np.where(gain > 1e-3, f0_hz, 0.0)
        if random.random() < 0.5:
            audio = _in_a_room(random, audio, rate)
        level = 10.0 ** (random.uniform(-40.0, 0.0) / 20.0) * 0.5
        noise = _noise(random, n_samples) * 10.0 ** (-random.uniform(5.0, 60.0) / 20.0)
        power = max(float(np.std(audio)), 1e-3)
        scale = level / max(float(np.max(np.abs(audio))), 1e-3)
        return {
            "audio": scale * (audio + power * noise),
            "f0_hz": f0_hz[::hop],
            "harmonic_amplitudes": scale * amplitudes,
        }

    def _melody(self, random: np.random.Generator, n_samples: int, rate: int) -> np.ndarray:
        """MIDI pitch at each sample: one note, or two with a leap."""
        midi = np.full(n_samples, random.uniform(self.low_midi, self.high_midi))
        if random.random() < 0.3:
            leap = np.clip(midi[0] + random.normal(0.0, 5.0), self.low_midi, self.high_midi)
            midi[random.integers(n_samples) :] = leap
        if random.random() < _VIBRATO:
            turns = random.uniform(3.0, 8.0) * np.arange(n_samples) / rate + random.random()
            midi = midi + random.uniform(0.0, 0.6) * np.sin(2 * np.pi * turns)
        return np.clip(midi, self.low_midi, self.high_midi)


def _partials(
    random: np.random.Generator, f0_hz: np.ndarray, rate: int
) -> tuple[np.ndarray, np.ndarray]:
    """A tone of peak about 1, and the amplitudes of its first partials."""
    n_partials = int(min(_MOST_PARTIALS, max(1.0, 0.5 * rate // f0_hz.max())))
    number = np.arange(1, n_partials + 1)
    level_db = -random.uniform(0.0, 15.0) * np.log2(number)
    for _ in range(random.integers(0, 4)):
        centre, width = random.uniform(0.0, 4000.0), random.uniform(100.0, 800.0)
        bump = np.exp(-0.5 * ((number * f0_hz[0] - centre) / width) ** 2)
        level_db = level_db + random.uniform(-10.0, 25.0) * bump
    level_db = level_db + random.normal(0.0, random.uniform(0.0, 6.0), n_partials)
    kind = random.random()
    if kind < 0.12:
        level_db[1::2] -= random.uniform(10.0, 40.0)
    elif kind < 0.25:
        level_db[0] -= random.uniform(10.0, 40.0)
    elif kind < 0.3:
        level_db[1:] -= 60.0
    amplitudes = 10.0 ** ((level_db - level_db.max()) / 20.0)
    amplitudes /= amplitudes.sum()
    turn = np.exp(2j * np.pi * np.cumsum(f0_hz) / rate)
    phases = np.exp(2j * np.pi * random.random(n_partials))
    partial, tone = np.ones_like(turn), np.zeros(len(f0_hz))
    for amplitude, phase in zip(amplitudes, phases, strict=True):
        partial = partial * turn
        tone += amplitude * (partial * phase).imag
    labelled = np.zeros(_N_LABELLED)
    labelled[: min(n_partials, _N_LABELLED)] = amplitudes[:_N_LABELLED]
    return tone, labelled


def _gain(random: np.random.Generator, n_samples: int) -> np.ndarray:
    """Loudness over time: steady, rising, falling, or with a gap at one end."""
    first_db, last_db = -random.uniform(0.0, 12.0, 2)
    gain = 10.0 ** (np.linspace(first_db, last_db, n_samples) / 20.0)
    if random.random() < _GAP:
        edge = random.integers(n_samples)
        gain[:edge] = gain[:edge] if random.random() < 0.5 else 0.0
        gain[edge:] = gain[edge:] if gain[0] == 0.0 else 0.0
    return gain


def _noise(random: np.random.Generator, n_samples: int) -> np.ndarray:
    """Noise of deviation 1 and a slope from white to brown."""
    spectrum = np.fft.rfft(random.standard_normal(n_samples))
    spectrum /= np.arange(1, len(spectrum) + 1) ** random.uniform(0.0, 1.0)
    noise = np.fft.irfft(spectrum, n_samples)
    return np.asarray(noise / np.std(noise))


def _in_a_room(random: np.random.Generator, audio: np.ndarray, rate: int) -> np.ndarray:
    """The sound and what a room of 0.05 to 0.4 s gives back of it."""
    time_s = np.arange(min(len(audio), round(0.25 * rate))) / rate
    decay = np.exp(-6.9 * time_s / random.uniform(0.05, 0.4))
    response = random.standard_normal(len(time_s)) * decay
    response *= random.uniform(0.0, 0.5) / np.linalg.norm(response)
    response[0] += 1.0
    length = 2 ** int(np.ceil(np.log2(2 * len(audio))))
    product = np.fft.rfft(audio, length) * np.fft.rfft(response, length)
    return np.fft.irfft(product, length)[: len(audio)]
