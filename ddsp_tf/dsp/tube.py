"""The vocal tract as a tube of short cylinders, after Kelly and Lochbaum.

Waves of pressure run to the lips and back. Where the area changes, a part of each is reflected; a
little is lost in every cylinder. The glottis reflects most of what comes back, the lips most of
what arrives, turned over. There is a formula of its response at any frequency, and a waveguide that
runs in time; both are the same system.
"""

import math
from typing import Any

import tensorflow as tf

from ddsp_tf.dsp.recurrences import compiled
from ddsp_tf.dsp.shapes import checked, floats, size
from ddsp_tf.errors import ArgumentError

GLOTTIS_REFLECTION, LIP_REFLECTION, SECTION_GAIN = 0.75, -0.85, 0.999
SPEED_OF_SOUND_CM_S = 35000.0
"""In the warm and moist air of a vocal tract."""


def tube_reflection(areas: tf.Tensor) -> tf.Tensor:
    """Gives the share of a wave of pressure that comes back from each change of the area.

    Args:
        areas: In any unit, above 0, `[..., n_sections]` from glottis to lips.

    Returns:
        `[..., n_sections - 1]`, within -1 and 1.

    Example:
        >>> tube_reflection(tf.constant([1.0, 1.0, 3.0])).numpy().tolist()
        [0.0, -0.5]

    Reference:
        Kelly and Lochbaum 1962, "Speech synthesis".
    """
    (areas,) = floats(areas=areas)
    here, following = areas[..., :-1], areas[..., 1:]
    return (here - following) / (here + following)


def tube_response(
    areas: tf.Tensor,
    frequencies_hz: tf.Tensor,
    *,
    length_cm: tf.Tensor | float = 17.5,
    glottis: float = GLOTTIS_REFLECTION,
    lips: float = LIP_REFLECTION,
    section_gain: float = SECTION_GAIN,
) -> tf.Tensor:
    """Gives the frequency response of a tube, from the glottis to the pressure at the lips.

    Exact: it is what `tube_waveguide` does at its rate of `n_sections * speed / length`.

    Args:
        areas: `[..., n_sections]`, above 0, from glottis to lips.
        frequencies_hz: Where to know it, `[n_frequencies]`.
        length_cm: Of the whole tube, above 0: a number, or `[...]` as the areas have.
        glottis: Reflection at the glottis, 0 to 1.
        lips: Reflection at the lips, -1 to 0.
        section_gain: What is left of a wave after one section, 0 to 1.

    Returns:
        Complex, `[..., n_frequencies]`, in the precision of the areas.

    Raises:
        ArgumentError: No two sections.

    Example:
        >>> import numpy as np
        >>> hz = tf.range(100.0, 2000.0, 10.0)
        >>> gain = np.abs(tube_response(tf.ones([40]), hz))
        >>> float(hz[gain[:100].argmax()])  # A quarter of a wave in 17.5 cm.
        500.0

    Reference:
        Sudholt, Camara, Xu and Reiss 2023, "Vocal Tract Area Estimation by Gradient Descent",
        section 3.1; Smith 2010, Physical Audio Signal Processing, "Kelly-Lochbaum scattering
        junctions".
    """
    areas, frequencies_hz, length_cm = floats(
        areas=areas, frequencies_hz=frequencies_hz, length_cm=length_cm
    )
    n_sections = areas.shape[-1]
    if n_sections is None or n_sections < 2:
        raise ArgumentError(
            "`areas` should be [..., n_sections] with 2 sections at least. "
            f"Received the shape {areas.shape}."
        )
    seconds = length_cm[..., tf.newaxis] / (n_sections * SPEED_OF_SOUND_CM_S)
    angle = -2.0 * math.pi * frequencies_hz * seconds + tf.zeros_like(areas[..., :1])
    step = section_gain * tf.complex(tf.cos(angle), tf.sin(angle))
    reflection = tube_reflection(areas)
    # From the lips back: waves to the right and to the left, for 1 that arrives at the lips. The
    # delays of all sections are taken together at the end.
    twice = tf.square(step)
    right, left = tf.ones_like(step), lips * step
    for index in reversed(range(n_sections - 1)):
        k = tf.complex(reflection[..., index : index + 1], tf.zeros_like(areas[..., :1]))
        right, left = right + k * step * left, k * step * right + twice * left
    through = tf.reduce_prod(1.0 + reflection, axis=-1, keepdims=True) * section_gain * (1.0 + lips)
    delay = (n_sections - 1) * angle
    level = section_gain ** (n_sections - 1) * through
    numerator = tf.complex(level * tf.cos(delay), level * tf.sin(delay))
    return numerator / (right - glottis * step * left)


def tube_lpc(areas: tf.Tensor) -> tf.Tensor:
    """Gives the all-pole filter that a tube is, but for a delay and a gain.

    It runs at one sample for each two steps of `tube_waveguide`, that is at
    `n_sections * 35000 / (2 length_cm)` Hz, with the standard losses.

    Args:
        areas: `[..., n_sections]`, above 0.

    Returns:
        Coefficients without the leading 1, float64 `[..., n_sections]`.

    Example:
        >>> tube_lpc(tf.ones([4])).numpy().round(3).tolist()
        [0.0, 0.0, 0.0, 0.632]

    Reference:
        Markel and Gray 1976, Linear Prediction of Speech, section 4.3.
    """
    (areas,) = floats(areas=areas)
    reflection = tube_reflection(tf.cast(areas, tf.float64))
    loss = SECTION_GAIN**2
    pad = [[0, 0]] * (len(areas.shape) - 1)
    # Polynomials in two steps; a step to the left of the lips is left out of the second.
    right = tf.ones_like(tf.cast(areas[..., :1], tf.float64))
    left = LIP_REFLECTION * right
    for index in reversed(range(reflection.shape[-1])):
        k = reflection[..., index : index + 1]
        later = loss * tf.pad(left, [*pad, [1, 0]])
        now_right = tf.pad(right, [*pad, [0, 1]])
        right, left = now_right + k * later, k * now_right + later
    later = loss * tf.pad(left, [*pad, [1, 0]])
    denominator = tf.pad(right, [*pad, [0, 1]]) - GLOTTIS_REFLECTION * later
    return denominator[..., 1:]


def tube_waveguide(
    flow: tf.Tensor,
    areas: tf.Tensor,
    *,
    glottis: float = GLOTTIS_REFLECTION,
    lips: float = LIP_REFLECTION,
    section_gain: float = SECTION_GAIN,
) -> tf.Tensor:
    """Sends sound through a tube, step by step, each of the time that a section takes.

    The reference of `tube_response`, for a tube that doesn't move; no gradient passes. At a rate of
    `n_sections * 35000 / length_cm` Hz it is a tube of that length.

    Args:
        flow: What the glottis sends, `[batch, n_steps]`.
        areas: `[batch, n_sections]`, above 0; a batch of 1 serves all.
        glottis: Reflection at the glottis.
        lips: Reflection at the lips.
        section_gain: What is left of a wave after one section.

    Returns:
        The pressure at the lips, `[batch, n_steps]`.

    Raises:
        ArgumentError: Shapes that don't fit.

    Example:
        >>> pressure = tube_waveguide(tf.constant([[1.0, 0.0, 0.0]]), tf.ones([1, 2]))
        >>> [round(float(x), 4) for x in pressure[0]]
        [0.0, 0.1497, 0.0]
    """
    flow, areas = checked(
        flow=(flow, "batch n_steps"), areas=(areas, "batch n_sections"), repeated=("batch",)
    )
    reflection = tube_reflection(areas)
    nothing = tf.zeros_like(areas)

    def step(waves: tuple[tf.Tensor, tf.Tensor, tf.Tensor], sent: tf.Tensor) -> Any:
        right, left, _ = waves
        arriving, returning = right[:, :-1], left[:, 1:]
        onward = (1.0 + reflection) * arriving - reflection * returning
        back = reflection * arriving + (1.0 - reflection) * returning
        right_now = tf.concat([glottis * left[:, :1] + sent[:, tf.newaxis], onward], axis=1)
        left_now = tf.concat([back, lips * right[:, -1:]], axis=1)
        right_now, left_now = section_gain * right_now, section_gain * left_now
        return right_now, left_now, (1.0 + lips) * right_now[:, -1]

    @compiled
    def run(flow: tf.Tensor) -> tf.Tensor:
        start = (nothing, nothing, nothing[:, 0])
        return tf.scan(step, tf.transpose(flow), start)[2]

    if size(flow, 1) == 0:
        return flow
    return tf.transpose(tf.stop_gradient(run(flow)))
