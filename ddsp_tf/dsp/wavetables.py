"""Wavetables: one period of a wave, read at any pitch and without aliases.

A table is its Fourier series, of which the partials below Nyquist are played. The series is read
between its points by a non-uniform FFT: each sample is a sum of six points of a table of twice the
length, weighed by a kernel whose effect on the partials is divided out beforehand. What linear
interpolation leaves at -30 to -60 dB is thereby at -100 dB.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.chunks import chunk_frames, in_chunks
from ddsp_tf.dsp.compilation import compiled
from ddsp_tf.dsp.envelopes import Interpolation, crossfade
from ddsp_tf.dsp.framing import hold_last_frame
from ddsp_tf.dsp.phases import frame_turns, sample_turns
from ddsp_tf.dsp.shapes import checked, require_positive_integer, size
from ddsp_tf.errors import ArgumentError

SHORTEST_TABLE = 4
"""Points: fewer hold no partial below their own Nyquist frequency."""

_N_TAPS = 6
_STEEPNESS = 2.3 * _N_TAPS


def wavetable(
    f0_hz: tf.Tensor,
    amplitudes: tf.Tensor,
    wavetables: tf.Tensor,
    *,
    hop_length: int,
    sample_rate: int,
    amplitude_method: Interpolation = "window",
) -> tf.Tensor:
    """Reads a wave at the pace of a fundamental; the wave goes from frame to frame.

    A partial is silent between two frames if it reaches Nyquist at either, as in `harmonic`, and
    what is read between the points of a table is right to -100 dB of its loudest partial. The
    constant part of a wave, and its part at half its length, are left out. Phases are those of
    `harmonic`: point 0 of a table is where a sine is zero.

    Args:
        f0_hz: Fundamental in Hz, `[batch, n_frames, 1]`, >= 0.
        amplitudes: Linear, `[batch, n_frames, 1]`, >= 0.
        wavetables: One period for each frame, `[batch, n_frames, n_points]`, at least 4 points.
        hop_length: Samples per frame.
        sample_rate: In Hz.
        amplitude_method: How waves go from frame to frame, see `envelopes.crossfade`.

    Returns:
        Audio, `[batch, n_frames * hop_length]`.

    Raises:
        ArgumentError: A table of fewer than 4 points, or axes that don't fit each other.

    Example:
        >>> sine = tf.sin(2 * np.pi * tf.range(64.0) / 64)[tf.newaxis, tf.newaxis]
        >>> one = tf.ones([1, 250, 1])
        >>> wavetable(440 * one, one, sine, hop_length=64, sample_rate=16000).shape
        TensorShape([1, 16000])

    Reference:
        Shan et al. 2022, "Differentiable wavetable synthesis", section 3; Barnett, Magland and af
        Klinteberg 2019, "A parallel nonuniform fast Fourier transform library based on an
        'exponential of semicircle' kernel".
    """
    controls = _controls(f0_hz, amplitudes, wavetables)
    audio, _ = stream_wavetable(
        *(hold_last_frame(x, 1) for x in controls),
        initial_turns=None,
        hop_length=hop_length,
        sample_rate=sample_rate,
        amplitude_method=amplitude_method,
    )
    return audio


def stream_wavetable(
    f0_hz: tf.Tensor,
    amplitudes: tf.Tensor,
    wavetables: tf.Tensor,
    *,
    initial_turns: tf.Tensor | None,
    hop_length: int,
    sample_rate: int,
    amplitude_method: Interpolation = "window",
    jit_compile: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Does the work of `wavetable` for one block of a longer sound.

    Args:
        f0_hz: `[batch, n_frames + 1, 1]`, one frame more than is played, and so are the others.
        amplitudes: `[batch, n_frames + 1, 1]`.
        wavetables: `[batch, n_frames + 1, n_points]`.
        initial_turns: Phase at the block's start, float64 `[batch, 1]`, or None for 0.
        hop_length: Samples per frame.
        sample_rate: In Hz.
        amplitude_method: As in `wavetable`.
        jit_compile: Whether XLA compiles the reading.

    Returns:
        Audio `[batch, n_frames * hop_length]`, and the phase in turns to pass on.

    Raises:
        ArgumentError: As in `wavetable`, or there is no frame to glide towards.
    """
    f0_hz, amplitudes, wavetables = _controls(f0_hz, amplitudes, wavetables)
    return _stream(
        f0_hz,
        amplitudes * wavetables,
        spectrum,
        n_points=wavetables.shape[-1],
        initial_turns=initial_turns,
        hop_length=hop_length,
        sample_rate=sample_rate,
        amplitude_method=amplitude_method,
        jit_compile=jit_compile,
    )


def stream_table_mix(
    f0_hz: tf.Tensor,
    weights: tf.Tensor,
    tables: tf.Tensor,
    *,
    initial_turns: tf.Tensor | None,
    hop_length: int,
    sample_rate: int,
    amplitude_method: Interpolation = "window",
    jit_compile: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Plays the tables that all frames share, each as loud as its weight says, for one block.

    It gives what `stream_wavetable` gives for the weighted sums of the tables, which are never
    made: a mixture of tables is the mixture of their Fourier series.

    Args:
        f0_hz: `[batch, n_frames + 1, 1]`.
        weights: Of each table, `[batch, n_frames + 1, n_tables]`.
        tables: `[n_tables, n_points]`, at least 4 points.
        initial_turns: Phase at the block's start, float64 `[batch, 1]`, or None for 0.
        hop_length: Samples per frame.
        sample_rate: In Hz.
        amplitude_method: As in `wavetable`.
        jit_compile: Whether XLA compiles the reading.

    Returns:
        Audio `[batch, n_frames * hop_length]`, and the phase in turns to pass on.

    Raises:
        ArgumentError: As in `wavetable`, or there are not as many weights as tables.
    """
    f0_hz, weights = checked(
        f0_hz=(f0_hz, "batch n_frames 1"),
        weights=(weights, "batch n_frames n_tables"),
        repeated=("batch", "n_frames"),
    )
    (tables,) = checked(tables=(tables, "n_tables n_points"))
    require_points(tables.shape[-1], name="tables")
    if tables.shape[0] != weights.shape[-1]:
        raise ArgumentError(
            f"`weights` should have one for each of the {tables.shape[0]} tables. "
            f"Received {weights.shape[-1]}."
        )
    parts = spectrum(tf.cast(tables, weights.dtype))
    return _stream(
        f0_hz,
        weights,
        lambda frames: tf.tensordot(frames, parts, 1),
        n_points=tables.shape[-1],
        initial_turns=initial_turns,
        hop_length=hop_length,
        sample_rate=sample_rate,
        amplitude_method=amplitude_method,
        jit_compile=jit_compile,
    )


def scan_weights(position: tf.Tensor, *, n_tables: int) -> tf.Tensor:
    """Gives the weights with which a place among tables mixes the two beside it.

    Args:
        position: `[..., 1]`, 0 at the first table and 1 at the last; beyond, it is the end.
        n_tables: >= 1.

    Returns:
        `[..., n_tables]`, >= 0, that sum to one.

    Example:
        >>> scan_weights(tf.constant([[0.25]]), n_tables=3).numpy()
        array([[0.5, 0.5, 0. ]], dtype=float32)
    """
    (position,) = checked(position=(position, "... 1"))
    place = tf.clip_by_value(position, 0.0, 1.0) * (n_tables - 1.0)
    return tf.nn.relu(1.0 - tf.abs(place - tf.range(n_tables, dtype=position.dtype)))


def spectrum(wavetables: tf.Tensor) -> tf.Tensor:
    """Gives the Fourier series of tables as cosines and sines, partial by partial.

    Args:
        wavetables: `[..., n_points]`.

    Returns:
        `[..., 2 * ((n_points - 1) // 2)]`: the real and then the imaginary parts of the partials
        from 1 up, of a table whose points are `sum_k Re((a_k + i b_k) e^(2 pi i k m / n_points))`.
    """
    n_points = wavetables.shape[-1]
    partials = tf.signal.rfft(wavetables)[..., 1 : (n_points - 1) // 2 + 1]
    both = tf.concat([tf.math.real(partials), tf.math.imag(partials)], axis=-1)
    return both * (2.0 / n_points)


def require_points(n_points: int | None, *, name: str = "wavetables") -> None:
    """Checks the length of tables.

    Raises:
        ArgumentError: It isn't known, or below 4.
    """
    if n_points is None or n_points < SHORTEST_TABLE:
        raise ArgumentError(
            f"`{name}` should have at least {SHORTEST_TABLE} points in a period. "
            f"Received {n_points}."
        )


def _controls(f0_hz: Any, amplitudes: Any, wavetables: Any) -> list[tf.Tensor]:
    controls = checked(
        f0_hz=(f0_hz, "batch n_frames 1"),
        amplitudes=(amplitudes, "batch n_frames 1"),
        wavetables=(wavetables, "batch n_frames n_points"),
        repeated=("batch", "n_frames"),
    )
    require_points(controls[2].shape[-1])
    return controls


def _stream(
    f0_hz: tf.Tensor,
    frames: tf.Tensor,
    to_spectrum: Callable[[tf.Tensor], tf.Tensor],
    *,
    n_points: int,
    initial_turns: tf.Tensor | None,
    hop_length: int,
    sample_rate: int,
    amplitude_method: Interpolation,
    jit_compile: bool,
) -> tuple[tf.Tensor, tf.Tensor]:
    require_positive_integer("sample_rate", sample_rate)
    n_partials = (n_points - 1) // 2
    weight = crossfade(hop_length, amplitude_method, dtype=frames.dtype.as_numpy_dtype)
    numbers = tf.range(1, n_partials + 1, dtype=f0_hz.dtype)
    read = compiled(_reader(n_partials, weight), jit_compile)

    def play(f0_hz: tf.Tensor, frames: tf.Tensor, starts: tf.Tensor) -> tf.Tensor:
        turns = sample_turns(f0_hz, starts, hop_length=hop_length, sample_rate=sample_rate)[..., 0]
        highest_hz = tf.maximum(f0_hz[:, :-1], f0_hz[:, 1:]) * numbers
        audible = tf.cast(highest_hz < 0.5 * sample_rate, frames.dtype)
        parts = to_spectrum(frames)
        pairs = tf.stack([parts[:, :-1], parts[:, 1:]], axis=2)
        pairs *= tf.concat([audible, audible], axis=-1)[:, :, tf.newaxis]
        return read(turns - tf.floor(turns), pairs)

    starts, final_turns = frame_turns(
        f0_hz, initial_turns, hop_length=hop_length, sample_rate=sample_rate
    )
    numbers_per_frame = 2 * _N_TAPS * hop_length + 8 * n_points
    chunk = chunk_frames(
        frames, size(starts, 1), hop_length=hop_length, numbers_per_frame=numbers_per_frame
    )
    blocks = in_chunks(play, [f0_hz, frames, starts], extra_frames=[1, 1, 0], chunk=chunk)
    return tf.reshape(blocks, [size(blocks, 0), size(blocks, 1) * hop_length]), final_turns


def _reader(n_partials: int, weight: np.ndarray) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Gives what reads two series, of a frame and of the next, and fades between them.

    Args:
        n_partials: Of the series.
        weight: Of the next frame, `[hop]`.

    Returns:
        A function of turns in [0, 1], `[batch, n_frames, hop]`, and of both series,
        `[batch, n_frames, 2, 2 * n_partials]`, that gives `[batch, n_frames, hop]`.
    """
    n_grid = 1 << math.ceil(math.log2(4 * (n_partials + 1)))
    before = _N_TAPS // 2 - 1
    gains = (0.5 * n_grid / _kernel_response(n_grid)[1 : n_partials + 1]).astype(weight.dtype)

    def read(turns: tf.Tensor, pairs: tf.Tensor) -> tf.Tensor:
        real, imaginary = tf.split(pairs, 2, axis=-1)
        spectra = tf.complex(real * gains, imaginary * gains)
        after = n_grid // 2 - n_partials
        grid = tf.signal.irfft(tf.pad(spectra, [[0, 0]] * 3 + [[1, after]]), [n_grid])
        grid = tf.concat([grid[..., -before:], grid, grid[..., : _N_TAPS - before]], axis=-1)
        place = turns * n_grid
        point = tf.floor(place)
        # A place rounded up to the end of the table is its beginning, which the padding holds.
        index = tf.cast(point, tf.int32)
        table = tf.transpose(grid, [0, 1, 3, 2])
        fade = tf.stack([tf.ones_like(place) - weight, tf.zeros_like(place) + weight], axis=-1)
        total = tf.zeros_like(place)
        for tap in range(_N_TAPS):
            values = tf.gather(table, index + tap, batch_dims=2, axis=2)
            near = _kernel(place - point + (before - tap))
            total += near * tf.reduce_sum(values * fade, axis=-1)
        return total

    return read


def _kernel(distance: tf.Tensor) -> tf.Tensor:
    """The exponential of a semicircle, of distances in points within half of the taps."""
    inside = 1.0 - tf.square(distance * (2.0 / _N_TAPS))
    # Its slope at the very edge would be infinite; there it is 1e-6 of the middle.
    return tf.exp(_STEEPNESS * (tf.sqrt(tf.maximum(inside, 1e-6)) - 1.0))


@cache
def _kernel_response(n_grid: int) -> np.ndarray:
    """What the kernel makes of partials 0 to n_grid / 4, by Gauss-Legendre quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    values = np.exp(_STEEPNESS * (np.sqrt(1.0 - nodes**2) - 1.0)) * weights
    turns = np.arange(n_grid // 4 + 1)[:, np.newaxis] / n_grid * (0.5 * _N_TAPS * nodes)
    return np.cos(2.0 * math.pi * turns) @ values * (0.5 * _N_TAPS)
