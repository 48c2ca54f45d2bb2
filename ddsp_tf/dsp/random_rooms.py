"""Impulse responses of rooms that are drawn at random, for networks that hear rooms.

As in a box of walls, echoes arrive ever more densely, 4 pi c^3 t^2 / V a second in a volume V, each
as strong as its way is long, until they are noise; octaves decay each in its own time. Where echoes
fall is drawn, not computed from walls, so a room costs no more than its noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from scipy import fft

from ddsp_tf.dsp.room_acoustics import octave_weights
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

_SOUND_SPEED = 343.0
_STEP_S = 0.001
"""Between the points at which decays are known."""

_LENGTHS = 8192
"""Transforms are of multiples of it."""

_MID_HZ = 1000.0
_DENSE_SHARE, _DOUBLE_SHARE = 0.15, 0.12
"""Of the rooms: dense from their first echo, as plates are; with a second, slower decay."""


@dataclass(frozen=True)
class RandomRoom:
    """A room and what is known of it, of which nothing had to be measured.

    Attributes:
        response: Its impulse response, the direct sound a 1 at its beginning, `[n_samples]`.
        decay_db: The energy that is still to come in each octave, every millisecond from the direct
            sound on, in dB of all of it, `[n_bands, n_points]`.
        t60_s: T30 of these, `[n_bands]`.
    """

    response: FloatArray = field(repr=False)
    decay_db: FloatArray = field(repr=False)
    t60_s: FloatArray

    def decay_db_at(self, times_s: FloatArray) -> FloatArray:
        """Gives the energy that is to come after some times, `[n_bands, n_times]`, above -120 dB.

        Args:
            times_s: 0 is just before the direct sound, `[n_times]`.
        """
        known = np.arange(self.decay_db.shape[1]) * _STEP_S
        return np.stack([np.interp(times_s, known, row, right=-120.0) for row in self.decay_db])


def random_room(
    random: np.random.Generator,
    *,
    bands_hz: Sequence[float],
    sample_rate: float,
    longest_s: float = 8.0,
) -> RandomRoom:
    """Draws a room: 10 to 20,000 cubic metres, T60 at 1 kHz 0.12 to 10 s, all independent.

    The direct sound is 12 dB weaker to 13 dB stronger than what follows.

    Args:
        random: Where all chance comes from.
        bands_hz: Octaves, rising; the outermost reach to 0 and to half the sample rate.
        sample_rate: In Hz.
        longest_s: Where responses end at the latest, above 0.

    Raises:
        ArgumentError: Bands that don't rise by octaves, or a length that isn't above 0.

    Example:
        >>> room = random_room(
        ...     np.random.default_rng(0), bands_hz=[500.0, 1000.0], sample_rate=16000)
        >>> float(room.response[0]), room.t60_s.shape
        (1.0, (2,))

    Reference:
        Kuttruff 2016, "Room acoustics", section 4.1 (density of reflections) and 5.5 (energy of the
        reverberant field); Polack 1992, "Modifying chambers to play billiards" (decaying noise).
    """
    if not longest_s > 0:
        raise ArgumentError(f"`longest_s` should be above 0. Received {longest_s}.")
    times = _times_s(random, bands_hz)
    slow = times * random.uniform(1.5, 3.5) if random.random() < _DOUBLE_SHARE else None
    n_samples = round(
        min(longest_s, 1.15 * float(np.max(times if slow is None else slow))) * sample_rate
    )
    noise = _echoes(random, float(np.median(times)), max(n_samples, 2), sample_rate)
    octaves = np.log2(np.asarray(bands_hz) / _MID_HZ)
    levels_db = octaves * random.uniform(-2.5, 1.0) + random.normal(0.0, 1.0, len(octaves))
    envelopes = _envelopes(10.0 ** (levels_db / 20.0), times, len(noise) / sample_rate)
    if slow is not None:
        level_db = levels_db + random.uniform(-30.0, -12.0)
        late = _envelopes(10.0 ** (level_db / 20.0), slow, len(noise) / sample_rate)
        envelopes = np.sqrt(envelopes**2 + late**2)
    # Envelopes are known every millisecond, and even between.
    step = max(1, round(_STEP_S * sample_rate))
    n_steps = -(-len(noise) // step)
    split = _octaves(noise, bands_hz, sample_rate)
    padded = np.pad(split, [[0, 0], [0, n_steps * step - len(noise)]]).reshape(
        len(octaves), n_steps, step
    )
    at = np.arange(step, dtype=np.float32) / step
    ends = envelopes[:, : n_steps + 1].astype(np.float32)
    fine = ends[:, :-1, np.newaxis] * (1 - at) + ends[:, 1:, np.newaxis] * at
    response = np.sum(fine * padded, axis=0).ravel()[: len(noise)].astype(np.float64)
    power = np.add.reduceat(noise**2, np.arange(0, len(noise), step))
    energies = envelopes[:, :n_steps] ** 2 * power
    response[0] = 1.0
    to_come = np.cumsum(energies[:, ::-1], axis=1)[:, ::-1]
    # The direct sound comes at the very beginning, in all octaves alike.
    to_come = np.concatenate([1.0 + to_come[:, :1], to_come], axis=1)
    decay_db = 10.0 * np.log10(np.maximum(to_come / to_come[:, :1], 1e-12))
    return RandomRoom(response, decay_db, np.array([_slope_time(row) for row in decay_db]))


def _times_s(random: np.random.Generator, bands_hz: Sequence[float]) -> FloatArray:
    """Of the octaves: a middle one, a bend of the bass, a fall of the treble, and some more."""
    octaves = np.log2(np.asarray(bands_hz, np.float64) / _MID_HZ)
    middle = np.log(0.12) + random.random() * np.log(10.0 / 0.12)
    bass, treble = random.uniform(-0.22, 0.12), random.uniform(-0.4, 0.06)
    bent = np.where(octaves < 0, -octaves * bass, 0.7 * octaves * treble)
    return np.exp(np.clip(middle + bent + random.normal(0, 0.05, len(octaves)), -2.6, 2.45))


def _envelopes(levels: FloatArray, times_s: FloatArray, length_s: float) -> FloatArray:
    """Decays of octaves, every millisecond until after the end, `[n_bands, n_steps + 2]`."""
    t = np.arange(int(length_s / _STEP_S) + 3) * _STEP_S
    return levels[:, np.newaxis] * 10.0 ** (-3.0 * t / times_s[:, np.newaxis])


def _octaves(noise: FloatArray, bands_hz: Sequence[float], sample_rate: float) -> FloatArray:
    """Noise in octaves that add up to it, float32 `[n_bands, n_samples]`."""
    # What wraps around is noise too. Of few lengths, whose weights are kept.
    length = -(-len(noise) // _LENGTHS) * _LENGTHS
    weights = _weights(length, tuple(bands_hz), sample_rate)
    spectrum = fft.rfft(noise.astype(np.float32), length)
    return fft.irfft(spectrum * weights, length, axis=1)[:, : len(noise)]


@cache
def _weights(length: int, bands_hz: tuple[float, ...], sample_rate: float) -> FloatArray:
    hz = fft.rfftfreq(length, 1 / sample_rate)
    return octave_weights(hz, bands_hz, open_ends=True).astype(np.float32)


def _echoes(
    random: np.random.Generator, time_s: float, n_samples: int, sample_rate: float
) -> FloatArray:
    """White, of equal energy in equal times, ever denser; the direct sound has the energy 1."""
    volume = 10.0 ** random.uniform(1.0, 4.3)
    ratio = 10.0 ** (random.uniform(-13.0, 12.0) / 10.0)
    signs = random.choice([-1.0, 1.0], n_samples)
    if random.random() < _DENSE_SHARE:
        power = ratio * 6.0 * np.log(10.0) / time_s / sample_rate
        noise = np.sqrt(power) * random.standard_normal(n_samples)
        noise[: round(random.uniform(0.0, 0.06) * sample_rate)] = 0.0
        noise[0] = 0.0
        return noise
    # The way of the direct sound with which what follows has the energy that was drawn.
    per_metre = 4.0 * np.pi * _SOUND_SPEED / volume
    way = np.sqrt(ratio * 6.0 * np.log(10.0) / time_s / per_metre)
    way = float(np.clip(way, 0.2, 30.0))
    t = way / _SOUND_SPEED + np.arange(n_samples) / sample_rate
    density = 4.0 * np.pi * _SOUND_SPEED**3 * t**2 / volume / sample_rate
    chance = np.minimum(density, 1.0)
    hits = random.random(n_samples) < chance
    hits[0] = False
    return np.where(hits, signs * np.sqrt(per_metre * way**2 / sample_rate / chance), 0.0)


def _slope_time(decay_db: FloatArray) -> float:
    """T30; where the response ends before it has fallen by 35 dB, of what there is."""
    first = int(np.argmax(decay_db < -5.0))
    reached = np.flatnonzero(decay_db < max(-35.0, float(np.min(decay_db)) + 6.0))
    last = max(int(reached[0]), first + 3)
    t = np.arange(first, min(last, len(decay_db))) * _STEP_S
    if len(t) < 2:
        return 60.0 * _STEP_S
    slope = np.polyfit(t, decay_db[first : first + len(t)], 1)[0]
    return float(np.clip(-60.0 / min(slope, -1e-6), 0.02, 20.0))
