"""Delay networks with Schroeder all-passes in every line, mixed by an orthogonal matrix.

    o_i = all_passes_i(absorption_i * v_i(t - delay_i))
    v = matrix o + inputs x
    y = outputs o

The matrix is Householder's, 2 / n 1 1^T - 1, unless another is given. It is its own inverse but for
a number, so the frequency response has a closed form: n divisions a frequency in place of a system
of n equations, which others take. In time an all-pass is one delay line more, and the network an
ordinary one of all lines together (`delay_network`).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.biquads import biquad_response
from ddsp_tf.dsp.delay_networks import householder_matrix, solved_network
from ddsp_tf.errors import ArgumentError

_CHUNK = 1 << 15
"""Points that are computed at once."""


def all_pass_network_response(
    delays: Sequence[int],
    all_pass_delays: Sequence[Sequence[int]],
    all_pass_gains: Any,
    inputs: Any,
    outputs: Any,
    absorption: Any,
    matrix: Any = None,
    *,
    fft_length: int,
) -> tf.Tensor:
    """Gives a network's frequency response at `fft_length // 2 + 1` points from 0 to pi.

    Its inverse transform is the impulse response, wrapped around after `fft_length` samples: the
    error is -60 fft_length / (T60 sample_rate) dB (`fft_length_for_decay`).

    Args:
        delays: Of the lines, in samples, at least 1.
        all_pass_delays: In samples, at least 1, as many in each line, `[n_lines][n_all_passes]`.
        all_pass_gains: Between -1 and 1, `[n_lines, n_all_passes]`.
        inputs: How much of the sound enters each line, `[n_lines]`.
        outputs: How much of each line is heard, `[n_lines]`.
        absorption: Sections of each line, `[n_lines, n_sections, 5]`.
        matrix: Of the feedback, orthogonal, `[n_lines, n_lines]`; None: Householder's.
        fft_length: Points around the unit circle, even.

    Returns:
        complex128 `[fft_length // 2 + 1]`.

    Raises:
        ArgumentError: Sizes that don't fit, or an odd `fft_length`.

    Reference:
        Lee, Choi and Lee 2022, "Differentiable artificial reverberation", section III-C.
    """
    gains, b, c, sections, q = _network(
        delays, all_pass_delays, all_pass_gains, inputs, outputs, absorption, matrix
    )
    network = [gains, b, c, sections] + ([] if q is None else [q])
    if fft_length < 2 or fft_length % 2:
        raise ArgumentError(f"`fft_length` should be even and above 0. Received {fft_length}.")
    n_points = fft_length // 2 + 1
    n_parts = -(-n_points // _CHUNK)
    angles = np.pi * np.arange(n_parts * min(_CHUNK, n_points)) / (n_points - 1)

    # What it depends on are its arguments, since gradients pass through them alone.
    def both(*parts: tf.Tensor) -> tf.Tensor:
        made = _response(delays, all_pass_delays, *parts)
        return tf.stack([tf.math.real(made), tf.math.imag(made)])

    if n_parts == 1:
        parts = both(tf.constant(angles), *network)[tf.newaxis]
    else:
        # Gradients make it again, or every section's response at all points would be kept.
        chunks = tf.constant(angles.reshape(n_parts, _CHUNK))
        again = tf.recompute_grad(both)
        parts = tf.map_fn(lambda chunk: again(chunk, *network), chunks, parallel_iterations=1)
    real, imaginary = tf.unstack(tf.reshape(tf.transpose(parts, [1, 0, 2]), [2, -1]))
    return tf.complex(real, imaginary)[:n_points]


def _response(
    delays: Sequence[int],
    all_pass_delays: Sequence[Sequence[int]],
    angles: tf.Tensor,
    gains: tf.Tensor,
    b: tf.Tensor,
    c: tf.Tensor,
    sections: tf.Tensor,
    matrix: tf.Tensor | None = None,
) -> tf.Tensor:
    passed = _passed(delays, all_pass_delays, gains, sections, angles)
    if matrix is not None:
        return solved_network(tf.stack(passed, axis=1), matrix, b, c)
    # o = p (2 / n sum(o) - o + b x), so o = p / (1 + p) (2 / n sum(o) + b x).
    terms = [p / (1.0 + p) for p in passed]
    heard = [share * _complex(gain) for share, gain in zip(terms, tf.unstack(c), strict=True)]
    entering = [share * _complex(gain) for share, gain in zip(terms, tf.unstack(b), strict=True)]
    total = tf.add_n(entering) / (1.0 - 2.0 / len(delays) * tf.add_n(terms))
    each = [2.0 / len(delays) * total + _complex(gain) for gain in tf.unstack(b)]
    return tf.add_n([one * other for one, other in zip(heard, each, strict=True)])


def _passed(
    delays: Sequence[int],
    all_pass_delays: Sequence[Sequence[int]],
    gains: tf.Tensor,
    sections: tf.Tensor,
    angles: tf.Tensor,
) -> list[tf.Tensor]:
    """What each line makes of a frequency that enters it."""
    zero = tf.zeros_like(angles)
    responses = biquad_response(sections, angles)
    lines = []
    for line, delay in enumerate(delays):
        passed = responses[line] * tf.exp(tf.complex(zero, -delay * angles))
        for place, spread in enumerate(all_pass_delays[line]):
            gain = _complex(gains[line, place])
            turn = tf.exp(tf.complex(zero, -spread * angles))
            passed *= (turn - gain) / (1.0 - gain * turn)
        lines.append(passed)
    return lines


def all_pass_network(
    delays: Sequence[int],
    all_pass_delays: Sequence[Sequence[int]],
    all_pass_gains: Any,
    inputs: Any,
    outputs: Any,
    absorption: Any,
    matrix: Any = None,
) -> dict[str, Any]:
    """Gives the same network as one of delay lines alone: the arguments of `delay_network`.

    Args:
        delays: As for `all_pass_network_response`, as all others.
        all_pass_delays: `[n_lines][n_all_passes]`.
        all_pass_gains: `[n_lines, n_all_passes]`.
        inputs: `[n_lines]`.
        outputs: `[n_lines]`.
        absorption: `[n_lines, n_sections, 5]`.
        matrix: `[n_lines, n_lines]`, or None.

    Returns:
        `delays`, `matrix`, `inputs`, `outputs` and `absorption` of n_lines * (1 + n_all_passes)
        lines, in the precision of `absorption`.

    Raises:
        ArgumentError: Sizes that don't fit.

    Example:
        >>> flat = tf.constant([[[0.5, 0.0, 0.0, 0.0, 0.0]]])
        >>> made = all_pass_network([3], [[2]], [[0.5]], [1.0], [1.0], flat)
        >>> made["delays"], made["matrix"].numpy().tolist()
        ([3, 2], [[-0.5, 0.75], [1.0, 0.5]])
    """
    gains, b, c, sections, q = _network(
        delays, all_pass_delays, all_pass_gains, inputs, outputs, absorption, matrix
    )
    n_lines, n_spread = gains.shape
    n_total = n_lines * (1 + n_spread)
    dtype = tf.convert_to_tensor(absorption).dtype
    own = tf.eye(n_total, dtype=tf.float64)
    heard, entered = [], []
    for line in range(n_lines):
        # What goes in and what comes out, as weights of all lines' ends.
        through = own[line]
        for place in range(n_spread):
            gain = gains[line, place]
            end = own[n_lines + line * n_spread + place]
            entered.append(through + gain * end)
            through = (1.0 - gain**2) * end - gain * through
        heard.append(through)
    ends = tf.stack(heard)
    fed = tf.matmul(tf.constant(-householder_matrix(n_lines)) if q is None else q, ends)
    mixed = tf.concat([fed, *(row[tf.newaxis] for row in entered)], axis=0)
    identity = tf.one_hot(
        tf.zeros([n_total - n_lines, sections.shape[1]], tf.int32), 5, dtype=tf.float64
    )
    made = {
        "matrix": mixed,
        "inputs": tf.concat([b, tf.zeros([n_total - n_lines], tf.float64)], axis=0),
        "outputs": tf.linalg.matvec(ends, c, transpose_a=True),
        "absorption": tf.concat([sections, identity], axis=0),
    }
    every = [*delays, *(delay for line in all_pass_delays for delay in line)]
    return {
        "delays": [int(delay) for delay in every],
        **{key: tf.cast(value, dtype) for key, value in made.items()},
    }


def _complex(value: tf.Tensor) -> tf.Tensor:
    return tf.complex(value, tf.zeros_like(value))


def _network(
    delays: Sequence[int],
    all_pass_delays: Sequence[Sequence[int]],
    all_pass_gains: Any,
    inputs: Any,
    outputs: Any,
    absorption: Any,
    matrix: Any,
) -> tuple[Any, ...]:
    n_lines = len(delays)
    counts = {len(line) for line in all_pass_delays}
    every = [*delays, *(delay for line in all_pass_delays for delay in line)]
    if not n_lines or len(all_pass_delays) != n_lines or len(counts) > 1 or min(every) < 1:
        raise ArgumentError(
            "`delays` and `all_pass_delays` should be of as many lines, each with as many "
            f"all-passes, and all at least a sample. Received {list(delays)} and "
            f"{[list(line) for line in all_pass_delays]}."
        )
    wanted = {
        "all_pass_gains": (all_pass_gains, [n_lines, counts.pop()]),
        "inputs": (inputs, [n_lines]),
        "outputs": (outputs, [n_lines]),
        "absorption": (absorption, [n_lines, None, 5]),
        "matrix": (matrix, [n_lines, n_lines]),
    }
    tensors: list[Any] = []
    for key, (value, shape) in wanted.items():
        if value is None and key == "matrix":
            tensors.append(None)
            continue
        tensor = tf.cast(value, tf.float64)
        if not tensor.shape.is_compatible_with(shape):
            raise ArgumentError(
                f"`{key}` should be {shape} for {n_lines} lines. Received {tensor.shape}."
            )
        tensors.append(tensor)
    return tuple(tensors)
