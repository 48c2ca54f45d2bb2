"""Partials of a stiff string."""

import tensorflow as tf

from ddsp_tf.dsp.shapes import checked


def inharmonic_frequencies(
    f0_hz: tf.Tensor, inharmonicity: tf.Tensor, *, n_harmonics: int
) -> tf.Tensor:
    """Gives the frequencies of a stiff string's partials, f_k = k f0 sqrt(1 + B k^2).

    Relative error below 3e-7 in float32, which is 0.0005 cent.

    Args:
        f0_hz: What the fundamental would be without stiffness, in Hz, `[batch, n_frames, 1]`, >= 0.
        inharmonicity: B, `[batch, n_frames, 1]`, >= 0: 1e-4 to 1e-2 for a piano, 0 for an ideal
            string.
        n_harmonics: Partials, k = 1 to `n_harmonics`.

    Returns:
        In Hz, `[batch, n_frames, n_harmonics]`.

    Raises:
        ArgumentError: Shapes that don't fit each other.

    Example:
        >>> a4 = inharmonic_frequencies(
        ...     tf.fill([1, 1, 1], 440.0), tf.fill([1, 1, 1], 7.18e-4), n_harmonics=10)
        >>> round(float(a4[0, 0, 9]) / 4400.0, 3)
        1.035

    Reference:
        Fletcher 1964, "Normal vibration frequencies of a stiff piano string"; Renault, Mignot and
        Roebel 2022, equation 2.
    """
    f0_hz, inharmonicity = checked(
        f0_hz=(f0_hz, "batch n_frames 1"),
        inharmonicity=(inharmonicity, "batch n_frames 1"),
        repeated=("batch", "n_frames"),
    )
    numbers = tf.range(1, n_harmonics + 1, dtype=f0_hz.dtype)
    return numbers * f0_hz * tf.sqrt(1.0 + inharmonicity * tf.square(numbers))
