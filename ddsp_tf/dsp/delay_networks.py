"""Feedback delay networks: delay lines that feed each other through an orthogonal matrix.

    s_i(t) = absorption_i * v_i(t - delay_i)
    v(t) = matrix s(t) + inputs x(t)
    y(t) = outputs s(t)

An orthogonal matrix loses nothing, so the absorption alone says how the sound decays. A response
sampled at n points errs by -60 n / (T60 sample_rate) dB (`fft_length_for_decay`); in time the
network is exact, block by block of its shortest delay.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg
import tensorflow as tf

from ddsp_tf.dsp.biquads import biquad_response
from ddsp_tf.dsp.recurrences import second_order_sections
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray


def householder_matrix(n_lines: int) -> FloatArray:
    """Gives I - 2/n 1 1^T: orthogonal, and every line feeds every other alike.

    Args:
        n_lines: At least 1.

    Returns:
        `[n_lines, n_lines]`, float64.

    Raises:
        ArgumentError: `n_lines` below 1.

    Reference:
        Jot and Chaigne 1991, "Digital delay networks for designing artificial reverberators".
    """
    if n_lines < 1:
        raise ArgumentError(f"`n_lines` should be at least 1. Received {n_lines}.")
    return np.eye(n_lines) - np.full([n_lines, n_lines], 2.0 / n_lines)


def hadamard_matrix(n_lines: int) -> FloatArray:
    """Gives Sylvester's Hadamard matrix over sqrt(n): orthogonal, all entries of one size.

    So every line feeds every other, itself included, alike, whereas in a Householder matrix of many
    lines each keeps most of its own.

    Args:
        n_lines: A power of 2.

    Returns:
        `[n_lines, n_lines]`, float64.

    Raises:
        ArgumentError: `n_lines` isn't a power of 2.

    Example:
        >>> (hadamard_matrix(2) * 2**0.5).round(6).tolist()
        [[1.0, 1.0], [1.0, -1.0]]

    Reference:
        Jot 1997, "Efficient models for reverberation and distance rendering in computer music and
        virtual audio reality".
    """
    if n_lines < 1 or n_lines & (n_lines - 1):
        raise ArgumentError(
            f"A Hadamard matrix has a power of 2 of lines: 4, 8, 16. Received {n_lines}."
        )
    return scipy.linalg.hadamard(n_lines) / np.sqrt(n_lines)


def orthogonal_matrix(weights: tf.Tensor) -> tf.Tensor:
    """Gives an orthogonal matrix for any weights: the exponential of their skew-symmetric part.

    Args:
        weights: `[n, n]`; only what differs between both triangles counts, zeros give the identity.

    Returns:
        `[n, n]`, orthogonal to 1e-6 in float32, with the determinant 1.

    Example:
        >>> q = orthogonal_matrix(tf.random.stateless_normal([4, 4], [1, 2]))
        >>> bool(tf.reduce_max(tf.abs(tf.matmul(q, q, transpose_b=True) - tf.eye(4))) < 1e-6)
        True

    Reference:
        Lezcano-Casado and Martinez-Rubio 2019, "Cheap orthogonal constraints in neural networks".
    """
    weights = tf.convert_to_tensor(weights)
    skew = tf.cast((weights - tf.transpose(weights)) / 2, tf.float64)
    return tf.cast(tf.linalg.expm(skew), weights.dtype)


def absorption_sections(
    delays: Sequence[int], low_t60_s: Any, high_t60_s: Any, *, sample_rate: float
) -> tf.Tensor:
    """Designs one pole a line, so that all frequencies of all lines decay in the times asked for.

    Exact at 0 Hz and at half the sample rate, and between them in between.

    Args:
        delays: Of the lines, in samples.
        low_t60_s: Time for 60 dB at 0 Hz, above 0, `[...]`.
        high_t60_s: At half the sample rate, above 0 and at most `low_t60_s`, `[...]`.
        sample_rate: In Hz.

    Returns:
        b0, b1, b2, a1, a2, `[..., n_lines, 1, 5]`, in float64 if `low_t60_s` is, else in float32.

    Example:
        >>> sections = absorption_sections([100], 1.0, 0.5, sample_rate=1000)
        >>> b0, _, _, a1, _ = sections[0, 0].numpy()
        >>> [round(float(20 * np.log10(b0 / (1 + z * a1))), 3) for z in (1, -1)]
        [-6.0, -12.0]

    Reference:
        Jot 1992, "An analysis/synthesis approach to real-time artificial reverberation";
        Renault, Mignot and Roebel 2023, "DDSP-Piano", section 2.4 (the pole).
    """
    double = getattr(low_t60_s, "dtype", None) in (tf.float64, np.float64)
    low, high = (
        tf.cast(x if tf.is_tensor(x) else np.asarray(x, np.float64), tf.float64)
        for x in (low_t60_s, high_t60_s)
    )
    passes = np.asarray(delays, np.float64) / sample_rate
    at_low, at_high = (10.0 ** (-3.0 * passes / x[..., tf.newaxis]) for x in (low, high))
    pole = (at_low - at_high) / (at_low + at_high)
    gain = 2.0 * at_low * at_high / (at_low + at_high)
    zero = tf.zeros_like(pole)
    section = tf.stack([gain, zero, zero, -pole, zero], axis=-1)[..., tf.newaxis, :]
    return tf.cast(section, tf.float64 if double else tf.float32)


def delay_network_response(
    delays: Sequence[int],
    matrix: tf.Tensor,
    inputs: tf.Tensor,
    outputs: tf.Tensor,
    absorption: tf.Tensor,
    *,
    fft_length: int,
) -> tf.Tensor:
    """Gives the impulse response of a network from its sampled frequency response.

    Args:
        delays: Of the lines, in samples, at least 1.
        matrix: Of the feedback, `[n_lines, n_lines]`.
        inputs: How much of the sound enters each line, `[n_lines]`.
        outputs: How much of each line is heard, `[n_lines]`.
        absorption: Sections of each line, `[n_lines, n_sections, 5]`.
        fft_length: Points around the unit circle, even.

    Returns:
        `[fft_length]`: the response, wrapped around after that.

    Raises:
        ArgumentError: Sizes that don't fit, or an odd `fft_length`.

    Reference:
        Lee, Choi and Lee 2022, "Differentiable artificial reverberation", section III-C.
    """
    matrix, inputs, outputs, absorption = _network(delays, matrix, inputs, outputs, absorption)
    if fft_length < 2 or fft_length % 2:
        raise ArgumentError(f"`fft_length` should be even and above 0. Received {fft_length}.")
    angles = np.linspace(0.0, np.pi, fft_length // 2 + 1)
    turns = tf.constant(np.exp(-1j * np.outer(angles, np.asarray(delays))))
    double = (tf.cast(x, tf.float64) for x in (matrix, inputs, outputs, absorption))
    q, b, c, sections = double
    gains = tf.transpose(tf.cast(biquad_response(sections, angles), tf.complex128))
    response = solved_network(gains * turns, q, b, c)
    return tf.cast(tf.signal.irfft(response, [fft_length]), matrix.dtype)


def solved_network(passed: tf.Tensor, matrix: Any, inputs: Any, outputs: Any) -> tf.Tensor:
    """Gives outputs (1 - passed matrix)^-1 passed inputs, a system of equations a frequency.

    Args:
        passed: What each line makes of a frequency that enters it, complex128
            `[n_points, n_lines]`.
        matrix: Of the feedback, float64 `[n_lines, n_lines]`.
        inputs: float64 `[n_lines]`.
        outputs: float64 `[n_lines]`.

    Returns:
        complex128 `[n_points]`.
    """
    fed = passed[..., tf.newaxis] * tf.cast(matrix, tf.complex128)
    entered = passed * tf.cast(inputs, tf.complex128)
    # Real numbers side by side: XLA solves no complex systems.
    own = tf.eye(passed.shape[-1], dtype=tf.float64) - tf.math.real(fed)
    other = tf.math.imag(fed)
    system = tf.concat(
        [tf.concat([own, other], axis=-1), tf.concat([-other, own], axis=-1)], axis=-2
    )
    known = tf.concat([tf.math.real(entered), tf.math.imag(entered)], axis=-1)
    solved = tf.linalg.solve(system, known[..., tf.newaxis])[..., 0]
    heard = tf.complex(*tf.split(solved, 2, axis=-1))
    return tf.reduce_sum(heard * tf.cast(outputs, tf.complex128), axis=-1)


def delay_network(
    audio: tf.Tensor,
    delays: Sequence[int],
    matrix: tf.Tensor,
    inputs: tf.Tensor,
    outputs: tf.Tensor,
    absorption: tf.Tensor,
    state: tuple[tf.Tensor, tf.Tensor] | None = None,
) -> tuple[tf.Tensor, tuple[tf.Tensor, tf.Tensor]]:
    """Plays a sound through a network, exactly, block by block of the shortest delay.

    Blocks of any length, each with the state of the one before, give what one call gives.

    Args:
        audio: `[batch, n_samples]`.
        delays: As for `delay_network_response`, as the arguments after it.
        matrix: `[n_lines, n_lines]`.
        inputs: `[n_lines]`.
        outputs: `[n_lines]`.
        absorption: `[n_lines, n_sections, 5]`.
        state: What is in the lines, `[batch, n_lines, longest delay]`, and in the absorption,
            `[batch, n_lines, n_sections, 2]`; None means silence.

    Returns:
        `[batch, n_samples]`, and the state for the next block.

    Raises:
        ArgumentError: Sizes that don't fit.
    """
    matrix, inputs, outputs, absorption = _network(delays, matrix, inputs, outputs, absorption)
    audio = tf.convert_to_tensor(audio)
    if audio.shape.rank != 2:
        raise ArgumentError(f"`audio` should be [batch, n_samples]. Received shape {audio.shape}.")
    n_lines, n_sections = len(delays), absorption.shape[1]
    shape = tf.shape(audio)
    lines, memories = state or delay_network_state(
        shape[0], delays, n_sections=n_sections, dtype=audio.dtype
    )
    longest, step = max(delays), min(delays)
    sections = tf.tile(tf.cast(absorption, audio.dtype), [shape[0], 1, 1])[:, tf.newaxis]

    def play(
        block: tf.Tensor, lines: tf.Tensor, memories: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """One block, no longer than the shortest delay: all that is heard in it is known."""
        length = tf.shape(block)[1]
        late = tf.stack(
            [
                lines[:, line, longest - delay : longest - delay + length]
                for line, delay in enumerate(delays)
            ],
            axis=1,
        )
        rows, kept = second_order_sections(
            tf.reshape(late, [shape[0] * n_lines, length]),
            sections,
            tf.reshape(memories, [shape[0] * n_lines, n_sections, 2]),
        )
        heard = tf.reshape(rows, [shape[0], n_lines, length])
        entered = tf.einsum("ij,bjt->bit", matrix, heard)
        entered += inputs[:, tf.newaxis] * block[:, tf.newaxis]
        played = tf.einsum("i,bit->bt", outputs, heard)
        lines = tf.concat([lines, entered], axis=2)[:, :, length:]
        return played, lines, tf.reshape(kept, tf.shape(memories))

    n_blocks = shape[1] // step
    whole = n_blocks * step
    blocks = tf.transpose(tf.reshape(audio[:, :whole], [shape[0], n_blocks, step]), [1, 0, 2])
    # And one for what is left, which may be nothing.
    made = tf.TensorArray(audio.dtype, size=n_blocks + 1, element_shape=[audio.shape[0], step])

    def body(index: tf.Tensor, lines: tf.Tensor, memories: tf.Tensor, made: Any) -> tuple[Any, ...]:
        played, lines, memories = play(blocks[index], lines, memories)
        return index + 1, lines, memories, made.write(index, played)

    _, lines, memories, made = tf.while_loop(
        lambda index, *_: index < n_blocks,
        body,
        (tf.constant(0), lines, memories, made),
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape([None, n_lines, None]),
            tf.TensorShape([None, n_lines, n_sections, 2]),
            tf.TensorShape(None),
        ),
        maximum_iterations=n_blocks,
    )
    rest, lines, memories = play(audio[:, whole:], lines, memories)
    made = made.write(n_blocks, tf.pad(rest, [[0, 0], [0, step - tf.shape(rest)[1]]]))
    played = tf.reshape(tf.transpose(made.stack(), [1, 0, 2]), [shape[0], whole + step])
    played = played[:, : shape[1]]
    lines = tf.ensure_shape(lines, [None, n_lines, longest])
    return tf.ensure_shape(played, audio.shape), (lines, memories)


def delay_network_state(
    batch_size: int | tf.Tensor,
    delays: Sequence[int],
    *,
    n_sections: int = 1,
    dtype: tf.DType = tf.float32,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives the state of `delay_network` after silence."""
    return (
        tf.zeros([batch_size, len(delays), max(delays)], dtype),
        tf.zeros([batch_size, len(delays), n_sections, 2], dtype),
    )


def _network(
    delays: Sequence[int], matrix: Any, inputs: Any, outputs: Any, absorption: Any
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    n_lines = len(delays)
    if not n_lines or min(delays) < 1:
        raise ArgumentError(
            f"`delays` should be one or more, each at least a sample. Received {list(delays)}."
        )
    given = {"matrix": matrix, "inputs": inputs, "outputs": outputs, "absorption": absorption}
    wanted = {
        "matrix": [n_lines, n_lines],
        "inputs": [n_lines],
        "outputs": [n_lines],
        "absorption": [n_lines, None, 5],
    }
    tensors = {key: tf.convert_to_tensor(value) for key, value in given.items()}
    for key, tensor in tensors.items():
        if not tensor.shape.is_compatible_with(wanted[key]):
            raise ArgumentError(
                f"`{key}` should be {wanted[key]} for {n_lines} delays. Received {tensor.shape}."
            )
    return tensors["matrix"], tensors["inputs"], tensors["outputs"], tensors["absorption"]
