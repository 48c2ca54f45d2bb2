"""A second opinion on low notes, of which CREPE often hears a harmonic."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ddsp_tf.features.crepe.network import FRAME_LENGTH, N_BINS, SAMPLE_RATE

Autocorrelation = Callable[[tf.Tensor, int], tf.Tensor]

LOWEST_CENTS = 1997.3794084376191
CENTS_PER_BIN = 20.0
REFERENCE_HZ = 10.0

DECIMATION = 4
N_TAPS = 65
LOW_LENGTH = (FRAME_LENGTH - N_TAPS) // DECIMATION + 1
LOW_RATE = SAMPLE_RATE // DECIMATION
_CUTOFF_HZ = 1000.0
_KAISER_BETA = 6.0

STEP_CENTS = 10.0
# Fundamentals are looked for below the first, what CREPE may have heard of them below the second.
HIGHEST_HZ, HIGHEST_HARMONIC_HZ = 400.0, 1000.0
N_LAGS = 136
_ZERO_CROSSINGS = 8
# If a multiple of the candidate were the fundamental, so would be one by a prime.
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31)

# From nothing to all: the periodicity of a candidate; by how much of the aperiodic share of its
# multiples it has less; the share of the frame's power that lies low; harmonics that no two higher
# notes have, against the aperiodic share; and where candidates end.
PERIODIC = (0.8, 0.92)
BETTER = (0.5, 0.7)
LOW_SHARE = (0.1, 0.25)
OWN_HARMONICS = (2.0, 5.0)
FADE_OCTAVES = float(np.log2(HIGHEST_HZ / 350.0))
SMALL_APERIODICITY = 0.02
LEAST_APERIODICITY = 0.001
LEAST_POWER = 1e-10

SPECTRUM_LENGTH = 256
_HIGHEST_PARTIAL_HZ = 1150.0
N_SPECTRUM_BINS = int(_HIGHEST_PARTIAL_HZ * SPECTRUM_LENGTH / LOW_RATE) + 1
N_PARTIALS = 36
_INTERVALS = [(m, n) for m in range(2, 9) for n in range(m, 10)]
# Under the Hann window a partial reaches so far; of lower notes it hides much of the next one.
PARTIAL_REACH_HZ = 2.0 * LOW_RATE / LOW_LENGTH
MOST_HIDDEN = 0.7

# CREPE's confidence of a clear note, and the shape that it was trained to give to one.
CLEAR = 0.85
NOTE_CENTS = 25.0
NEAR_CENTS = 60.0
AGREES = (0.15, 0.3)


class LowNotes(tf.Module):
    """Moves salience from a harmonic to the fundamental where the sound repeats more slowly.

    CREPE's tiny network takes the third, fifth or seventh harmonic of a cello's low notes for the
    note, and is sure of it. But only after the period of the fundamental does the waveform repeat.
    So the normalised autocorrelation of the same 64 ms, below 1 kHz, is taken at the period of
    every candidate from 32 to 400 Hz. A candidate is the note when

    - the sound repeats after its period, and much better than after a half, third, ... of it;
    - it has harmonics of its own: a chord repeats too, after a common multiple of its notes'
      periods, but has only the harmonics of its notes;
    - a good part of the sound is this low: hum under a flute is no note.

    Then the salience elsewhere goes, and there gets what a clear note has, 0.85 times the
    periodicity, if it had less. Where CREPE hears the same, its own pitch stays.

    Args:
        autocorrelation: `autocorrelation_by_fft`, or `autocorrelation_by_products` in operations
            that every runtime has.

    Example:
        >>> check = LowNotes(autocorrelation_by_fft)
        >>> turns = 65.4 / 16000 * np.arange(1024, dtype=np.float32)[np.newaxis]
        >>> sound = sum(tf.sin(2 * np.pi * k * turns) for k in (2, 3, 5, 7, 7, 7))
        >>> heard = tf.one_hot([204], 360)  # 5 octaves and a bit above the lowest bin: 457 Hz
        >>> power = tf.reduce_mean(sound**2, axis=1, keepdims=True)
        >>> int(tf.argmax(check(check.decimate(sound), power, heard)[0]))
        63

    Reference:
        McLeod and Wyvill (2005), A smarter way to find pitch, for the normalisation; de Cheveigné
        and Kawahara (2002), YIN, a fundamental frequency estimator for speech and music.
    """

    def __init__(self, autocorrelation: Autocorrelation) -> None:
        super().__init__(name="low_notes")
        self._autocorrelation = autocorrelation
        n_steps = int(steps_above_lowest(HIGHEST_HARMONIC_HZ))
        cents = LOWEST_CENTS + STEP_CENTS * np.arange(n_steps)
        f0_hz = REFERENCE_HZ * 2.0 ** (cents / 1200.0)
        # One more than are taken, so that the last one has a neighbour too.
        self._n_candidates = int(steps_above_lowest(HIGHEST_HZ))
        fade = np.log2(HIGHEST_HZ / f0_hz[: self._n_candidates]) / FADE_OCTAVES
        self._fade = np.clip(fade, 0.0, 1.0).astype(np.float32)
        self._low_pass = _constant(low_pass_taps()[:, np.newaxis, np.newaxis])
        self._overlaps = _constant(overlaps())
        self._at_periods = _constant(lag_interpolation(LOW_RATE / f0_hz))
        self._spectrum = _constant(windowed_dft())
        self._outside_interval = _constant(partials_outside_intervals())

    def decimate(self, audio: tf.Tensor) -> tf.Tensor:
        """Gives the sound below 1 kHz at 4 kHz, where the filter has all its samples.

        Args:
            audio: At 16 kHz, `[batch, n_samples]`, at least 65 samples.

        Returns:
            `[batch, (n_samples - 65) // 4 + 1]`; of a frame of 1024 samples, 240.
        """
        return tf.nn.conv1d(audio[..., tf.newaxis], self._low_pass, DECIMATION, "VALID")[..., 0]

    def __call__(self, low: tf.Tensor, power: tf.Tensor, salience: tf.Tensor) -> tf.Tensor:
        """Corrects the salience of frames.

        Args:
            low: From `decimate`, `[n_frames, 240]`.
            power: Mean square of each frame at 16 kHz without its mean, `[n_frames, 1]`.
            salience: CREPE's, `[n_frames, 360]`, 0 to 1.

        Returns:
            `[n_frames, 360]`, 0 to 1.
        """
        low -= tf.reduce_mean(low, axis=1, keepdims=True)
        squares = tf.square(low)
        share = tf.reduce_mean(squares, axis=1, keepdims=True) / tf.maximum(power, LEAST_POWER)
        products = self._autocorrelation(low, N_LAGS)
        energy = tf.maximum(squares @ self._overlaps, LEAST_POWER)
        aperiodicity = 1.0 - (2.0 * products / energy) @ self._at_periods
        certainty, residue, cents = self._best_candidate(aperiodicity)
        own = self._own_share(low, cents) / (residue + LEAST_APERIODICITY)
        certainty *= _rise(share, LOW_SHARE) * _rise(own, OWN_HARMONICS)
        return _move(salience, cents, certainty, CLEAR * certainty * (1.0 - residue))

    def _best_candidate(self, aperiodicity: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Certainty (0 to 1), aperiodicity and pitch in cents of the best one, `[n_frames, 1]`."""
        n = self._n_candidates
        found = aperiodicity[:, :n]
        certainty = _rise(1.0 - found, PERIODIC) * self._fade
        multiples = self._best_multiple(aperiodicity)
        certainty *= _rise((multiples - found) / (multiples + SMALL_APERIODICITY), BETTER)
        below = tf.pad(aperiodicity[:, : n - 1], [[0, 0], [1, 0]], constant_values=-2.0)
        above = aperiodicity[:, 1 : n + 1]
        valley = tf.cast((found <= below) & (found <= above), tf.float32)
        score = certainty * valley * (1.0 - found)
        best = tf.argmax(score, axis=1, output_type=tf.int32)[:, tf.newaxis]
        # A mask, since exported trackers can't gather.
        chosen = tf.cast(tf.equal(best, np.arange(n, dtype=np.int32)[np.newaxis]), tf.float32)

        def at_best(values: tf.Tensor) -> tf.Tensor:
            return tf.reduce_sum(values * chosen, axis=1, keepdims=True)

        left, middle, right = at_best(below), at_best(found), at_best(above)
        offset = 0.5 * (left - right) / tf.maximum(left + right - 2.0 * middle, 1e-6)
        steps = tf.cast(best, tf.float32) + tf.clip_by_value(offset, -0.5, 0.5)
        return at_best(certainty * valley), middle, LOWEST_CENTS + STEP_CENTS * steps

    def _best_multiple(self, aperiodicity: tf.Tensor) -> tf.Tensor:
        """The least aperiodicity at a prime multiple of each candidate's frequency."""
        n, n_steps = self._n_candidates, aperiodicity.shape[1]
        beside = tf.minimum(aperiodicity[:, 1:], aperiodicity[:, :-1])
        beside = tf.pad(beside, [[0, 0], [0, 1]], constant_values=2.0)
        nearest = tf.minimum(beside[:, 1:], aperiodicity[:, 1:])
        nearest = tf.minimum(nearest, beside[:, :-1])
        best = None
        for prime in PRIMES:
            first = round(1200 * np.log2(prime) / STEP_CENTS) - 1
            part = nearest[:, first : first + n]
            missing = n - min(n, n_steps - 1 - first)
            part = tf.pad(part, [[0, 0], [0, missing]], constant_values=2.0)
            best = part if best is None else tf.minimum(best, part)
        return best

    def _own_share(self, low: tf.Tensor, cents: tf.Tensor) -> tf.Tensor:
        """Share of the power in partials that no two higher notes have."""
        parts = low @ self._spectrum
        n_bins = parts.shape[1] // 2
        power = tf.square(parts[:, :n_bins]) + tf.square(parts[:, n_bins:])
        hz = (np.arange(n_bins) * (LOW_RATE / SPECTRUM_LENGTH)).astype(np.float32)
        f0_hz = REFERENCE_HZ * tf.exp(cents * (np.log(2.0) / 1200))
        ratio = (hz / f0_hz)[:, tf.newaxis]
        numbers = np.arange(1, N_PARTIALS + 1, dtype=np.float32)[:, np.newaxis]
        hidden = tf.minimum(PARTIAL_REACH_HZ / f0_hz, MOST_HIDDEN)
        reach = tf.minimum(1.0 - hidden, 0.5)[:, tf.newaxis]
        belongs = tf.cast(tf.abs(ratio - numbers) <= reach, tf.float32)
        partials = tf.reduce_sum(belongs * power[:, tf.newaxis], axis=2)
        total = tf.reduce_sum(power, axis=1, keepdims=True)
        # Partials far below the strongest one may be hum.
        strongest = tf.argmax(partials, axis=1, output_type=tf.int32)[:, tf.newaxis] + 1
        beside = 4.0 * numbers[:, 0] >= tf.cast(strongest, tf.float32)
        partials *= tf.cast(beside, tf.float32)
        own = tf.reduce_min(partials @ self._outside_interval, axis=1, keepdims=True)
        return own / tf.maximum(total, LEAST_POWER)


def autocorrelation_by_fft(x: tf.Tensor, n_lags: int) -> tf.Tensor:
    """Sums `x[n] x[n + lag]` over the samples that both exist.

    Args:
        x: `[n_frames, length]`.
        n_lags: How many lags, from 0 on, at most `length`.

    Returns:
        `[n_frames, n_lags]`.
    """
    fft_length = 1 << (x.shape[1] + n_lags - 1).bit_length()
    power = tf.square(tf.abs(tf.signal.rfft(x, [fft_length])))
    return tf.signal.irfft(tf.cast(power, tf.complex64), [fft_length])[:, :n_lags]


def autocorrelation_by_products(x: tf.Tensor, n_lags: int) -> tf.Tensor:
    """`autocorrelation_by_fft` without an FFT: for few frames, and for runtimes that have none."""
    length = x.shape[1]
    padded = tf.pad(x, [[0, 0], [0, n_lags]])
    # Rows one shorter than what is repeated: each begins one sample earlier than the one before.
    repeated = tf.tile(padded, [1, n_lags])[:, : n_lags * (length + n_lags - 1)]
    delayed = tf.reshape(repeated, [-1, n_lags, length + n_lags - 1])[:, :, :length]
    return tf.matmul(delayed, x[:, :, tf.newaxis])[:, :, 0]


def _move(
    salience: tf.Tensor, cents: tf.Tensor, certainty: tf.Tensor, confidence: tf.Tensor
) -> tf.Tensor:
    bins = (LOWEST_CENTS + CENTS_PER_BIN * np.arange(N_BINS)).astype(np.float32)
    square = -0.5 * tf.square(bins - cents)
    near = tf.exp(square / NEAR_CENTS**2)
    heard = tf.reduce_max(salience * near, axis=1, keepdims=True)
    raised = tf.maximum(confidence / tf.maximum(heard, 1e-3), 1.0) - 1.0
    agrees = _rise(heard, AGREES)
    own = salience * (1.0 + agrees * raised * near - certainty * (1.0 - near))
    note = (1.0 - agrees) * confidence * tf.exp(square / NOTE_CENTS**2)
    return tf.minimum(tf.maximum(own, note), 1.0)


def _rise(x: tf.Tensor, limits: tuple[float, float]) -> tf.Tensor:
    low, high = limits
    return tf.clip_by_value((x - low) / (high - low), 0.0, 1.0)


def _constant(values: npt.ArrayLike) -> tf.Variable:
    return tf.Variable(np.asarray(values, np.float32), trainable=False)


def steps_above_lowest(hz: float) -> float:
    """How many steps of 10 cents a frequency is above the lowest bin, rounded up."""
    return float(np.ceil((1200.0 * np.log2(hz / REFERENCE_HZ) - LOWEST_CENTS) / STEP_CENTS))


def low_pass_taps() -> npt.NDArray[np.float64]:
    """`[65]`: the sound below 1 kHz."""
    cutoff = 2.0 * _CUTOFF_HZ / SAMPLE_RATE
    taps = np.sinc(cutoff * (np.arange(N_TAPS) - N_TAPS // 2)) * np.kaiser(N_TAPS, _KAISER_BETA)
    return taps / taps.sum()


def overlaps() -> npt.NDArray[np.float64]:
    """`[240, n_lags]`: how often each sample is a factor of the products of a lag."""
    sample, lag = np.arange(LOW_LENGTH)[:, np.newaxis], np.arange(N_LAGS)
    return 1.0 * (sample < LOW_LENGTH - lag) + 1.0 * (sample >= lag)


def lag_interpolation(lags: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """`[n_lags, n]`: windowed sincs that read at lags between whole ones; lag -1 equals lag 1."""
    weights = np.zeros([N_LAGS, len(lags)])
    for whole in range(-_ZERO_CROSSINGS, N_LAGS):
        distance = lags - whole
        inside = np.abs(distance) < _ZERO_CROSSINGS
        window = np.cos(0.5 * np.pi * distance / _ZERO_CROSSINGS) ** 2
        weights[abs(whole)] += np.where(inside, np.sinc(distance) * window, 0.0)
    return weights


def windowed_dft() -> npt.NDArray[np.float64]:
    """`[240, 2 n_bins]`: real and imaginary part of the spectrum under a Hann window."""
    sample = np.arange(LOW_LENGTH)[:, np.newaxis]
    window = np.sin(np.pi * (sample + 1) / (LOW_LENGTH + 1)) ** 2
    angle = 2.0 * np.pi / SPECTRUM_LENGTH * sample * np.arange(N_SPECTRUM_BINS)
    return window * np.concatenate([np.cos(angle), np.sin(angle)], axis=1)


def partials_outside_intervals() -> npt.NDArray[np.float64]:
    """`[n_partials, n_intervals]`: 1 where a partial belongs to neither of two higher notes."""
    number = np.arange(1, N_PARTIALS + 1)
    columns = [(number % m != 0) & (number % n != 0) for m, n in _INTERVALS]
    return np.stack(columns, axis=1).astype(np.float64)
