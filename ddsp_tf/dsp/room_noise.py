"""Impulse responses of rooms made of noise: that decays, in octaves, or is coloured in segments."""

import functools
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.biquads import biquad_response, filter_biquads
from ddsp_tf.dsp.delays import schroeder_all_pass
from ddsp_tf.dsp.filters import fast_fft_length
from ddsp_tf.dsp.octave_equalizer import octave_equalizer_sections
from ddsp_tf.dsp.room_acoustics import octave_weights
from ddsp_tf.dsp.spectral import padded_rfft
from ddsp_tf.dsp.velvet_noise import velvet_noise
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

_RING_S = 0.15
"""In which sections of octaves from 31 Hz on fall below -80 dB."""

_GROWTH = 1.5
"""Of the segments' places; 1 is segments of one length."""

_SPREAD_MS = (0.48, 0.85, 1.4, 2.35)
"""Of the all-passes that make pulses into clouds of them; without common divisors at 48 kHz."""


def decay_gains(t60_s: Any, n_samples: int, *, sample_rate: float) -> tf.Tensor:
    """Gives an exponential decay, 10^(-3 t / T60): 60 dB in `t60_s`.

    Args:
        t60_s: Above 0, `[...]`.
        n_samples: How many.
        sample_rate: In Hz.

    Returns:
        From 1 downwards, `[..., n_samples]`.

    Example:
        >>> decay_gains(np.array([0.5]), 3, sample_rate=4)[0].numpy().round(5).tolist()
        [1.0, 0.03162, 0.001]
    """
    t60_s = tf.convert_to_tensor(t60_s)
    falls = tf.constant(np.arange(n_samples) * (-3 * np.log(10) / sample_rate), t60_s.dtype)
    return tf.exp(falls / t60_s[..., tf.newaxis])


@functools.lru_cache(maxsize=8)
def octave_noise(
    n_samples: int, bands_hz: tuple[float, ...], *, sample_rate: float, seed: int = 0
) -> FloatArray:
    """Makes white noise of variance 1, and splits it into octaves that add up to it again.

    Args:
        n_samples: At least 1.
        bands_hz: As for `octave_weights`; the outermost reach to 0 and to half the sample rate.
        sample_rate: In Hz.
        seed: Equal seeds give equal noise.

    Returns:
        float32 `[n_bands, n_samples]`, not to be written to.
    """
    noise = np.random.default_rng(seed).standard_normal(n_samples)
    length = fast_fft_length(2 * n_samples)
    weights = octave_weights(np.fft.rfftfreq(length, 1 / sample_rate), bands_hz, open_ends=True)
    bands = np.fft.irfft(np.fft.rfft(noise, length) * weights, length)[:, :n_samples]
    return bands.astype(np.float32)


def decaying_noise(
    gains_db: tf.Tensor,
    t60_s: tf.Tensor,
    n_samples: int,
    bands_hz: Sequence[float],
    *,
    sample_rate: float,
    seed: int = 0,
) -> tf.Tensor:
    """Makes a response of noise whose octaves each begin at their level and decay in their time.

    Args:
        gains_db: Of the octaves at the beginning, `[batch, n_bands]`; 0 dB is noise of variance 1.
        t60_s: Time for 60 dB, above 0, `[batch, n_bands]`.
        n_samples: Length of the response.
        bands_hz: As for `octave_noise`.
        sample_rate: In Hz.
        seed: Of the noise.

    Returns:
        `[batch, n_samples]`.

    Raises:
        ArgumentError: Shapes that don't fit `bands_hz`.

    Example:
        >>> decaying_noise(tf.zeros([1, 2]), tf.fill([1, 2], 0.5), 800, [500.0, 1000.0],
        ...                sample_rate=8000).shape
        TensorShape([1, 800])

    Reference:
        Engel et al. 2020, section 3.5 (noise that decays as a reverb); here by octave.
    """
    gains_db, t60_s = tf.convert_to_tensor(gains_db), tf.convert_to_tensor(t60_s)
    for key, values in (("gains_db", gains_db), ("t60_s", t60_s)):
        _check_width(key, values, ("batch",), len(bands_hz))
    noise = octave_noise(n_samples, tuple(bands_hz), sample_rate=sample_rate, seed=seed)
    levels = tf.pow(tf.constant(10.0, gains_db.dtype), gains_db / 20.0)[..., tf.newaxis]
    # One octave after the other: nothing of all octaves' size is made.
    response = tf.zeros_like(gains_db[:, :1])
    for band, row in enumerate(noise):
        decay = decay_gains(t60_s[:, band], n_samples, sample_rate=sample_rate)
        response += levels[:, band] * decay * tf.cast(row, decay.dtype)
    return response


def segment_windows(n_samples: int, n_segments: int) -> list[tuple[int, FloatArray]]:
    """Gives the windows of a response's segments: they grow, cross-fade and add up to 1.

    Args:
        n_samples: Of the response.
        n_segments: At least 2.

    Returns:
        First sample and weights of each, the k-th around n_samples (k / (n_segments - 1))^1.5.
    """
    places = n_samples * (np.arange(n_segments) / (n_segments - 1)) ** _GROWTH
    at = np.arange(n_samples)
    windows = []
    for k, centre in enumerate(places):
        before, after = places[max(k - 1, 0)], places[min(k + 1, n_segments - 1)]
        start, stop = int(np.ceil(before)), int(np.ceil(after))
        here = at[start:stop]
        rise = np.clip((here - before) / max(centre - before, 1e-9), 0.0, 1.0)
        fall = np.clip((after - here) / max(after - centre, 1e-9), 0.0, 1.0)
        ramp = np.where(here < centre, rise, fall if k < n_segments - 1 else 1.0)
        windows.append((start, np.sin(0.5 * np.pi * ramp) ** 2))
    return windows


def filtered_velvet_noise(
    gains_db: tf.Tensor,
    t60_s: tf.Tensor,
    spread: tf.Tensor,
    n_samples: int,
    bands_hz: Sequence[float],
    *,
    sample_rate: float,
    density_hz: float | Sequence[float] = 2000.0,
    method: Literal["exact", "frequency"] = "frequency",
    seed: int = 0,
) -> tf.Tensor:
    """Makes a response of velvet noise that is cut into segments, each of its own colour and level.

    Pulses decay in a common time; segments overlap, each is filtered by its own low shelf, bells
    and high shelf (`octave_equalizer_sections`), and all-passes spread every pulse.

    Args:
        gains_db: Of each segment's octaves, beside the common decay, `[batch, n_segments,
            n_bands]`, two segments at least.
        t60_s: Of the common decay, above 0, `[batch, 1]`.
        spread: Gain of the all-passes, from 0 to below 1: one for all segments, `[batch, 1]`, or
            one for each, `[batch, n_segments]`, so that echoes grow denser with time.
        n_samples: Length of the response.
        bands_hz: As for `octave_equalizer_sections`.
        sample_rate: In Hz.
        density_hz: Pulses a second; one for all segments, or one for each. Fewer are stronger, so
            that the energy stays.
        method: "exact" runs the recursions, "frequency" samples their responses, which is faster
            and differs by less than -80 dB for bands from 31 Hz on.
        seed: Of the pulses.

    Returns:
        `[batch, n_samples]`.

    Raises:
        ArgumentError: Shapes that don't fit, or an unknown method.

    Reference:
        Lee, Choi and Lee 2022, "Differentiable artificial reverberation", section III-A;
        Valimaki et al. 2017, "Late reverberation synthesis using filtered velvet noise".
    """
    gains_db, t60_s = tf.convert_to_tensor(gains_db), tf.convert_to_tensor(t60_s)
    _check_width("gains_db", gains_db, ("batch", "n_segments"), len(bands_hz))
    n_segments = gains_db.shape[1]
    if n_segments is None or n_segments < 2 or method not in ("exact", "frequency"):
        raise ArgumentError(
            "`gains_db` should have 2 segments at least, and `method` be "
            f'"exact" or "frequency". Received {n_segments} and {method!r}.'
        )
    spread = tf.convert_to_tensor(spread)
    densities = np.atleast_1d(np.asarray(density_hz, np.float64))
    if spread.shape[-1] not in (1, n_segments) or len(densities) not in (1, n_segments):
        raise ArgumentError(
            f"`spread` and `density_hz` should be one, or one for each of {n_segments} segments. "
            f"Received {spread.shape[-1]} and {len(densities)}."
        )
    pulses = {
        density: np.sqrt(max(densities) / density)
        * velvet_noise(n_samples, density_hz=density, sample_rate=sample_rate, seed=seed)
        for density in set(densities.tolist())
    }
    sections = octave_equalizer_sections(gains_db, bands_hz, sample_rate=sample_rate)
    # As many rows as there are colours.
    times = t60_s[:, 0] + tf.zeros_like(gains_db[:, 0, 0])
    decay = decay_gains(times, n_samples, sample_rate=sample_rate)
    windows = segment_windows(n_samples, n_segments)
    sources = [
        decay[:, start : start + len(window)]
        * tf.constant(window * pulses[density][start : start + len(window)], decay.dtype)
        for (start, window), density in zip(
            windows, np.broadcast_to(densities, n_segments).tolist(), strict=True
        )
    ]
    starts = [start for start, _ in windows]
    delays = [max(1, round(ms * sample_rate / 1000)) for ms in _SPREAD_MS]
    coloured = _segments_exactly if method == "exact" else _segments_by_frequency
    if spread.shape[-1] == 1:
        # All-passes that all segments share follow their sum.
        spread_out = _spread_exactly if method == "exact" else _spread_by_frequency
        return spread_out(
            coloured(sources, starts, sections, n_samples, sample_rate), spread, delays
        )
    return coloured(sources, starts, sections, n_samples, sample_rate, spread, delays)


def _segments_exactly(
    sources: list[tf.Tensor],
    starts: list[int],
    sections: tf.Tensor,
    n_samples: int,
    sample_rate: float,
    spread: tf.Tensor | None = None,
    delays: Sequence[int] = (),
) -> tf.Tensor:
    """All segments as rows of one recursion."""
    del sample_rate
    rows = tf.stack(
        [
            tf.pad(source, [[0, 0], [start, n_samples - start - source.shape[1]]])
            for start, source in zip(starts, sources, strict=True)
        ],
        axis=1,
    )
    every = tf.reshape(sections, [-1, *sections.shape[2:]])
    coloured, _ = filter_biquads(tf.reshape(rows, [-1, n_samples]), every)
    if spread is not None:
        coloured = _spread_exactly(coloured, tf.reshape(spread, [-1, 1]), delays)
    return tf.reduce_sum(tf.reshape(coloured, tf.shape(rows)), axis=1)


def _segments_by_frequency(
    sources: list[tf.Tensor],
    starts: list[int],
    sections: tf.Tensor,
    n_samples: int,
    sample_rate: float,
    spread: tf.Tensor | None = None,
    delays: Sequence[int] = (),
) -> tf.Tensor:
    """Each segment by itself, which takes short transforms."""
    response = tf.zeros_like(sections[:, 0, 0, :1])
    ring = round(_RING_S * sample_rate) + (0 if spread is None else _spread_length(delays))
    for k, (start, source) in enumerate(zip(starts, sources, strict=True)):
        length = fast_fft_length(max(source.shape[1], 1) + ring)
        angles = np.linspace(0, np.pi, length // 2 + 1)
        spectrum = padded_rfft(source, length)
        spectrum *= tf.cast(biquad_response(sections[:, k], angles), spectrum.dtype)
        if spread is not None:
            spectrum *= _all_passes(spread[:, k : k + 1], delays, angles, spectrum.dtype)
        coloured = tf.signal.irfft(spectrum, [length])[:, : n_samples - start]
        after = n_samples - start - coloured.shape[1]
        response += tf.pad(coloured, [[0, 0], [start, after]])
    return response


def _spread_exactly(response: tf.Tensor, spread: tf.Tensor, delays: Sequence[int]) -> tf.Tensor:
    for delay in delays:
        response, _ = schroeder_all_pass(response, spread, delay=delay)
    return response


def _spread_by_frequency(
    response: tf.Tensor, spread: tf.Tensor, delays: Sequence[int]
) -> tf.Tensor:
    length = fast_fft_length(response.shape[1] + _spread_length(delays))
    angles = np.linspace(0, np.pi, length // 2 + 1)
    spectrum = padded_rfft(response, length)
    spectrum *= _all_passes(spread, delays, angles, spectrum.dtype)
    return tf.signal.irfft(spectrum, [length])[:, : response.shape[1]]


def _spread_length(delays: Sequence[int]) -> int:
    """0.7^26 is -80 dB, and all of them one after the other."""
    return 26 * max(delays) + sum(delays)


def _all_passes(
    spread: tf.Tensor, delays: Sequence[int], angles: FloatArray, dtype: tf.DType
) -> tf.Tensor:
    """The response of all of them, `[batch, n_points]`."""
    gain = tf.cast(spread, dtype)
    response = tf.ones([1, len(angles)], dtype)
    for delay in delays:
        turn = tf.constant(np.exp(-1j * delay * angles), dtype)
        response *= (turn - gain) / (1.0 - gain * turn)
    return response


def _check_width(key: str, values: tf.Tensor, axes: tuple[str, ...], n_bands: int) -> None:
    if values.shape.rank != len(axes) + 1 or values.shape[-1] != n_bands:
        raise ArgumentError(
            f"`{key}` should be [{', '.join(axes)}, {n_bands}], the last for each of `bands_hz`. "
            f"Received shape {values.shape}."
        )
