"""Keeping peaks below a ceiling without touching what lies below it."""

from collections.abc import Iterable, Iterator

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

CEILING_DB = -1.0
_LOOK_AHEAD_MS = 5.0
_RELEASE_DB_PER_S = 40.0
_LEAST_AMPLITUDE = 1e-12


class PeakLimiter:
    """A look-ahead peak limiter: no sample leaves it above the ceiling.

    The gain begins to fall `look_ahead_ms` before a peak, along half a Hann window in dB, so that
    it clicks as little as it clips; after the last peak it stays for as long, then rises by
    `release_db_per_s`. Since it is held between the peaks of a wave, a steady tone of 100 Hz or
    more is turned down and not distorted. Where no peak is above the ceiling, samples are given
    back as they came.

    Args:
        sample_rate: In Hz.
        ceiling_db: Highest level of a sample in dBFS, at most 0. Between samples the wave of a
            converter may be higher, which the decibel below full scale is for.
        look_ahead_ms: Time for the gain to fall, from 0.1 to 100 ms; it is also the latency.
        release_db_per_s: Rate at which the gain rises again, above 0.

    Raises:
        ArgumentError: A value is outside its range.

    Example:
        >>> limiter = PeakLimiter(16000)
        >>> loud = 4.0 * np.sin(2 * np.pi * 440 / 16000 * np.arange(16000))
        >>> limited = np.concatenate(list(limiter.limit([loud])))
        >>> 20 * np.log10(np.abs(limited).max()) < -0.999
        np.True_

    Reference:
        Zölzer (ed.), DAFX: Digital Audio Effects, 2nd edition, section 4.2.2 (limiter).
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        ceiling_db: float = CEILING_DB,
        look_ahead_ms: float = _LOOK_AHEAD_MS,
        release_db_per_s: float = _RELEASE_DB_PER_S,
    ) -> None:
        if not sample_rate > 0:
            raise ArgumentError(f"`sample_rate` must be above 0 Hz; got {sample_rate!r}.")
        if not -80.0 <= ceiling_db <= 0.0:
            raise ArgumentError(f"`ceiling_db` must be from -80 to 0 dBFS; got {ceiling_db!r}.")
        if not 0.1 <= look_ahead_ms <= 100.0:
            raise ArgumentError(f"`look_ahead_ms` must be from 0.1 to 100; got {look_ahead_ms!r}.")
        if not release_db_per_s > 0.0:
            raise ArgumentError(f"`release_db_per_s` must be above 0; got {release_db_per_s!r}.")
        self.sample_rate = sample_rate
        self.ceiling_db = ceiling_db
        self.latency_samples = max(1, round(look_ahead_ms / 1000.0 * sample_rate))
        self._rise_db = release_db_per_s / sample_rate
        window = np.hanning(self.latency_samples + 3)[1:-1]
        self._window = window / window.sum()
        self.reset()

    def reset(self) -> None:
        """Returns to silence, with the gain at 0 dB."""
        n_late = self.latency_samples
        self._late = np.zeros(n_late, np.float32)
        self._needed_db = np.zeros(n_late)
        self._released_db = np.zeros(n_late)
        self.most_reduction_db = 0.0

    def limit(self, blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
        """Limits a whole sound, in time with what came in.

        Args:
            blocks: Mono audio, one block after the other.

        Yields:
            As many samples in all.
        """
        self.reset()
        n_early = self.latency_samples
        for block in blocks:
            limited = self.process(block)
            yield limited[n_early:]
            n_early -= min(n_early, len(limited))
        yield self.flush()[n_early:]

    def process(self, audio: FloatArray) -> FloatArray:
        """Limits the next samples.

        Args:
            audio: Mono, `[n_samples]`; any length, any level.

        Returns:
            Float32, `[n_samples]`, later by `latency_samples`, and at most `ceiling_db` loud.
            `most_reduction_db` then tells by how much peaks were turned down at most since `reset`.
        """
        audio = np.asarray(audio, np.float32)
        if not audio.size:
            return audio
        late = np.concatenate([self._late, audio])
        given, self._late = late[: audio.size], late[audio.size :]
        gain_db = self._gains_db(audio)
        self.most_reduction_db = max(self.most_reduction_db, -float(gain_db.min()))
        if not gain_db.any():
            return given
        ceiling = 10.0 ** (self.ceiling_db / 20.0)
        limited = given * 10.0 ** (gain_db / 20.0)
        # The last bit of a float32 is all that is left to clip.
        return np.where(gain_db < 0.0, np.clip(limited, -ceiling, ceiling), given).astype(
            np.float32
        )

    def flush(self) -> FloatArray:
        """Gives the samples that the latency still holds back, and resets all but the reduction.

        Returns:
            Float32, `[latency_samples]`.
        """
        rest = self.process(np.zeros(self.latency_samples, np.float32))
        reduction_db = self.most_reduction_db
        self.reset()
        self.most_reduction_db = reduction_db
        return rest

    def _gains_db(self, audio: FloatArray) -> FloatArray:
        """The gains of what is given now, at most 0 dB."""
        n_late = self.latency_samples
        level_db = 20.0 * np.log10(np.maximum(np.abs(audio, dtype=np.float64), _LEAST_AMPLITUDE))
        needed = np.concatenate([self._needed_db, np.minimum(self.ceiling_db - level_db, 0.0)])
        held = _running_minimum(needed, n_late + 1)
        # A gain that rises at a constant rate is a running minimum beside a ramp.
        ramp = self._rise_db * np.arange(1, held.size + 1)
        start = min(0.0, float(self._released_db[-1]))
        released = np.minimum(np.minimum.accumulate(np.minimum(held - ramp, start)) + ramp, 0.0)
        # Cumulated rounding must not lift the gain above what a peak needs.
        released = np.minimum(released, held)
        recent = np.concatenate([self._released_db, released])
        self._needed_db, self._released_db = needed[-n_late:], recent[-n_late:]
        if not recent.any():
            return np.zeros(audio.size)
        return np.minimum(np.convolve(recent, self._window, "valid"), 0.0)


def _running_minimum(values: FloatArray, length: int) -> FloatArray:
    """The least of every `length` neighbours, `[n - length + 1]`, by doubling what is covered."""
    covered = 1
    while covered < length:
        step = min(covered, length - covered)
        values = np.minimum(values[:-step], values[step:])
        covered += step
    return values
