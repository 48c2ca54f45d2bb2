"""Banks of sinusoids whose frequencies change from frame to frame only, as those of struck strings.

Within a frame a sinusoid of one frequency is a rotation, so that its samples are products of few
sines: those at the starts of eight parts of the frame, and those of the samples of a part. Their
sum over the partials is a product of two matrices. A frame of 64 samples takes 32 sines a partial
in place of 64, and no tensor of samples times partials.
"""

import math

import tensorflow as tf

from ddsp_tf.dsp.chunks import in_chunks
from ddsp_tf.dsp.phases import wrapped_sum
from ddsp_tf.dsp.shapes import checked, require_positive_integer, size

_TWO_PI = 2.0 * math.pi
_NUMBERS_AT_ONCE = 2**23


def stream_held_sinusoids(
    frequencies_hz: tf.Tensor,
    amplitudes: tf.Tensor,
    *,
    initial_turns: tf.Tensor | None,
    hop_length: int,
    sample_rate: int,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Sums sinusoids, each of one frequency for a frame, for one block of a longer sound.

    Amplitudes go linearly from frame to frame, and may be negative. Phases are continuous and
    summed in float64; they don't drift. A partial at or above Nyquist in a frame is silent there.

    Args:
        frequencies_hz: `[batch, n_frames, n_sinusoids]`, >= 0.
        amplitudes: `[batch, n_frames + 1, n_sinusoids]`: one frame more, towards which the last one
            goes.
        initial_turns: Phases at the begin in turns, float64 `[batch, n_sinusoids]`; None: 0.
        hop_length: Samples per frame.
        sample_rate: In Hz.

    Returns:
        Audio `[batch, n_frames * hop_length]`, and the phases in turns, in [0, 1), to pass on.

    Raises:
        ArgumentError: Shapes that don't fit each other, or a rate or hop that isn't a positive
            integer.

    Example:
        >>> hz, loud = tf.fill([1, 250, 2], 440.0), tf.fill([1, 251, 2], 0.1)
        >>> audio, turns = stream_held_sinusoids(
        ...     hz, loud, initial_turns=None, hop_length=64, sample_rate=16000)
        >>> audio.shape, turns.numpy().round(6).tolist()
        (TensorShape([1, 16000]), [[0.0, 0.0]])
    """
    require_positive_integer("sample_rate", sample_rate)
    require_positive_integer("hop_length", hop_length)
    (frequencies_hz,) = checked(frequencies_hz=(frequencies_hz, "batch n_frames n_sinusoids"))
    (amplitudes,) = checked(amplitudes=(amplitudes, "batch n_frames n_sinusoids"))
    cycles = tf.cast(frequencies_hz, tf.float64) / sample_rate
    nothing = tf.zeros_like(cycles[:, :1])
    first = nothing if initial_turns is None else tf.cast(initial_turns, tf.float64)[:, tf.newaxis]
    ends = first + wrapped_sum(cycles * hop_length)
    ends -= tf.floor(ends)
    starts = tf.cast(tf.concat([first + nothing, ends[:, :-1]], axis=1), amplitudes.dtype)
    audible = frequencies_hz < 0.5 * sample_rate
    radians = _TWO_PI * tf.cast(cycles, amplitudes.dtype)
    here = tf.where(audible, amplitudes[:, :-1], 0.0)
    following = tf.where(audible, amplitudes[:, 1:], 0.0)
    coarse = _largest_factor(hop_length)

    def play(*tensors: tf.Tensor) -> tf.Tensor:
        return _frames(*tensors, n_parts=coarse, hop_length=hop_length)

    n_frames = size(frequencies_hz, 1)
    n_numbers = 8 * (coarse + hop_length // coarse) * frequencies_hz.shape[-1]
    rows = frequencies_hz.shape[0] or 1
    chunk = max(1, _NUMBERS_AT_ONCE // (n_numbers * rows))
    whole = not isinstance(n_frames, int) or n_frames <= chunk
    blocks = in_chunks(
        play,
        [_TWO_PI * starts, radians, here, following],
        extra_frames=[0, 0, 0, 0],
        chunk=None if whole else chunk,
    )
    return tf.reshape(blocks, [size(blocks, 0), size(blocks, 1) * hop_length]), ends[:, -1]


def _frames(
    starts: tf.Tensor,
    radians: tf.Tensor,
    here: tf.Tensor,
    following: tf.Tensor,
    *,
    n_parts: int,
    hop_length: int,
) -> tf.Tensor:
    """Samples of frames, `[batch, n_frames, hop_length]`.

    Sample b of part a has the phase of the part's start, turned by b: sin(x + y) = sin x cos y +
    cos x sin y; its amplitude is that of the part's start and b times the slope.
    """
    length = hop_length // n_parts
    part = tf.range(n_parts, dtype=starts.dtype)[:, tf.newaxis] * length
    sample = tf.range(length, dtype=starts.dtype)[:, tf.newaxis]
    slope = ((following - here) / hop_length)[:, :, tf.newaxis]
    at_part = starts[:, :, tf.newaxis] + radians[:, :, tf.newaxis] * part
    sine, cosine = tf.sin(at_part), tf.cos(at_part)
    level = here[:, :, tf.newaxis] + slope * part
    left = tf.concat([level * sine, level * cosine, slope * sine, slope * cosine], axis=-1)
    inside = radians[:, :, tf.newaxis] * sample
    sine, cosine = tf.sin(inside), tf.cos(inside)
    right = tf.concat([cosine, sine, sample * cosine, sample * sine], axis=-1)
    blocks = tf.matmul(left, right, transpose_b=True)
    return tf.reshape(blocks, [size(blocks, 0), size(blocks, 1), hop_length])


def _largest_factor(hop_length: int) -> int:
    """The divisor that is nearest to the square root."""
    return max(n for n in range(1, math.isqrt(hop_length) + 1) if hop_length % n == 0)
