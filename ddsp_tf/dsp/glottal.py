"""The glottis: pulses of Liljencrants and Fant, from pressed to breathy by one number.

A pulse is the derivative of the flow through the glottis over one period, in units of the period.
Phase 0 is where the glottis closes, which is where the pulse is -1 and where voices are excited; so
a pulse whose shape changes stays in place. Two forms share one formula and differ in two constants:
the exact one, whose flow returns to zero, has them by Newton's method; the closed one, an
approximation, has them at once. Gradients pass through both.
"""

import math
from typing import Literal, NamedTuple

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.shapes import floats, require_positive_integer
from ddsp_tf.errors import ArgumentError

R_D_RANGE = (0.3, 2.7)
"""From a pressed voice to a breathy one; the regressions behind `lf_shape` hold in it."""

_STEPS_OF_RETURN, _STEPS_OF_GROWTH = 8, 8

Form = Literal["exact", "closed"]


class LfShape(NamedTuple):
    """A pulse of duration 1 that begins to open at 0.

    Attributes:
        peak: When the flow is greatest.
        close: When the glottis closes, the main excitation.
        growth: Of the sinusoid's exponential while it is open.
        decay: Of the return after it.
    """

    peak: tf.Tensor
    close: tf.Tensor
    growth: tf.Tensor
    decay: tf.Tensor


def lf_shape(r_d: tf.Tensor, *, form: Form = "exact") -> LfShape:
    """Finds the constants of a pulse.

    In float64 the exact form's flow returns to zero within 1e-9, and gradients are those of the
    solution, not of the iteration.

    Args:
        r_d: Fant's shape parameter, any shape, within 0.3 to 2.7.
        form: "exact" or "closed".

    Returns:
        The constants, each of the shape of `r_d`.

    Raises:
        ArgumentError: An unknown form.

    Example:
        >>> round(float(lf_shape(1.0).close), 3)
        0.65

    Reference:
        Fant, Liljencrants and Lin 1985, "A four-parameter model of glottal flow"; Fant 1995, "The
        LF-model revisited", equations 2 to 5 (R_d).
    """
    if form not in ("exact", "closed"):
        raise ArgumentError(f'`form` should be "exact" or "closed". Received {form!r}.')
    (r_d,) = floats(r_d=r_d)
    r_a = 0.048 * r_d - 0.01
    r_k = 0.118 * r_d + 0.224
    half_open = 0.5 + 1.2 * r_k
    r_g = 0.25 * r_k * half_open / (0.11 * r_d - r_a * half_open)
    peak = 0.5 / r_g
    close = peak * (1.0 + r_k)
    shape = _closed(peak, close, r_a)
    return shape if form == "closed" else _exact(shape, r_a)


def _closed(peak: tf.Tensor, close: tf.Tensor, r_a: tf.Tensor) -> LfShape:
    decay = 1.0 / r_a
    left = tf.exp(-decay * (1.0 - close))
    returned = ((left - 1.0) / decay + (1.0 - close) * left) / (1.0 - left)
    sine = tf.sin(math.pi * close / peak)
    upward = -math.pi * sine * (0.5 * (close - peak) - returned) / (2.0 * peak)
    return LfShape(peak, close, tf.math.log(upward) / (0.5 * peak - close), decay)


def _exact(start: LfShape, r_a: tf.Tensor) -> LfShape:
    """Newton's method from the closed form; its last step alone is differentiated."""
    peak, close, growth, decay = start
    rest = 1.0 - close

    def return_step(decay: tf.Tensor, r_a: tf.Tensor, rest: tf.Tensor) -> tf.Tensor:
        left = tf.exp(-decay * rest)
        slope = r_a - rest * left
        return decay - (decay * r_a - 1.0 + left) / tf.stop_gradient(slope)

    def growth_step(growth: tf.Tensor, *others: tf.Tensor) -> tf.Tensor:
        value, slope = _net_flow(growth, *others)
        return growth - value / tf.stop_gradient(slope)

    fixed = [tf.stop_gradient(x) for x in (r_a, rest)]
    decay = tf.stop_gradient(decay)
    for _ in range(_STEPS_OF_RETURN):
        decay = return_step(decay, *fixed)
    decay = return_step(tf.stop_gradient(decay), r_a, rest)
    fixed = [tf.stop_gradient(x) for x in (peak, close, decay)]
    growth = tf.stop_gradient(growth)
    for _ in range(_STEPS_OF_GROWTH):
        growth = growth_step(growth, *fixed)
    growth = growth_step(tf.stop_gradient(growth), peak, close, decay)
    return LfShape(peak, close, growth, decay)


def _net_flow(
    growth: tf.Tensor, peak: tf.Tensor, close: tf.Tensor, decay: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The flow at the end of a period, and its derivative by the growth."""
    turn = math.pi / peak
    sine, cosine = tf.sin(turn * close), tf.cos(turn * close)
    before = turn * tf.exp(-growth * close)
    above = growth * sine - turn * cosine + before
    below = sine * (tf.square(growth) + tf.square(turn))
    slope_above, slope_below = sine - close * before, 2.0 * growth * sine
    rest = 1.0 - close
    left = tf.exp(-decay * rest)
    returned = -((1.0 - left) / decay - rest * left) / (1.0 - left)
    return returned - above / below, -(slope_above * below - above * slope_below) / tf.square(below)


def lf_pulse(phase: tf.Tensor, r_d: tf.Tensor, *, form: Form = "exact") -> tf.Tensor:
    """Gives the derivative of the glottal flow at points of its period.

    It is -1 at phase 0, which is its least value within 0.3 %. A train of it aliases: see
    `glottal_table`.

    Args:
        phase: In turns, any real number.
        r_d: Shape parameter, 0.3 to 2.7; fits `phase` by broadcasting.
        form: "exact", whose mean is zero, or "closed", whose mean is up to 0.03 off.

    Returns:
        The pulse, of the broadcast shape.

    Raises:
        ArgumentError: An unknown form.

    Example:
        >>> round(float(lf_pulse(0.0, 1.0)), 3)
        -1.0

    Reference:
        Fant, Liljencrants and Lin 1985, equation 1.
    """
    phase, r_d = floats(phase=phase, r_d=r_d)
    shape = lf_shape(r_d, form=form)
    time = phase + shape.close
    time -= tf.floor(time)
    after = tf.maximum(time - shape.close, 0.0)
    turn = math.pi / shape.peak
    # Not beyond its end, where the exponential of what isn't used might overflow.
    open_time = tf.minimum(time, shape.close)
    rise = tf.exp(shape.growth * (open_time - shape.close)) * tf.sin(turn * open_time)
    left = tf.exp(-shape.decay * (1.0 - shape.close))
    fall = (left - tf.exp(-shape.decay * after)) / (1.0 - left)
    return tf.where(time < shape.close, -rise / tf.sin(turn * shape.close), fall)


def lf_harmonics(r_d: tf.Tensor, *, n_harmonics: int, form: Form = "exact") -> tf.Tensor:
    """Gives the Fourier coefficients of a pulse: what a band-limited train of it is made of.

    Coefficient k is the integral over a period of the pulse times exp(-2 pi i k phase), exactly.

    Args:
        r_d: Shape parameter, 0.3 to 2.7, any shape.
        n_harmonics: How many, >= 1; the mean isn't among them.
        form: "exact" or "closed".

    Returns:
        Complex, `[..., n_harmonics]`.

    Raises:
        ArgumentError: An unknown form, or no harmonic.

    Example:
        >>> pulse = lf_harmonics(1.0, n_harmonics=2)
        >>> round(float(20 * np.log10(abs(pulse[0]) / abs(pulse[1]))), 1)
        3.8

    Reference:
        Doval, d'Alessandro and Henrich 2006, "The spectrum of glottal flow models", section 3.
    """
    require_positive_integer("n_harmonics", n_harmonics)
    (r_d,) = floats(r_d=r_d)
    shape = LfShape(*(x[..., tf.newaxis] for x in lf_shape(r_d, form=form)))
    omega = tf.constant(2.0 * math.pi * np.arange(1, n_harmonics + 1), r_d.dtype)
    turn = math.pi / shape.peak
    sine, cosine = (_complex(f(turn * shape.close)) for f in (tf.sin, tf.cos))
    pole = tf.complex(shape.growth + 0.0 * omega, -omega + 0.0 * shape.growth)
    turns = _complex(turn)
    # While it is open, seen from where it closes.
    begun = _complex(tf.exp(-shape.growth * shape.close)) * tf.exp(
        tf.complex(tf.zeros_like(omega), omega) * _complex(shape.close)
    )
    opened = -(pole - turns * cosine / sine + turns * begun / sine) / (
        tf.square(pole) + tf.square(turns)
    )
    rest = 1.0 - shape.close
    left = tf.exp(-shape.decay * rest)
    cycle = tf.complex(tf.zeros_like(omega), -omega) * _complex(rest)
    returning = tf.complex(shape.decay + 0.0 * omega, omega + 0.0 * shape.decay)
    fallen = (1.0 - _complex(left) * tf.exp(cycle)) / returning
    level = _complex(left) * (1.0 - tf.exp(cycle)) / tf.complex(tf.zeros_like(omega), omega)
    return opened - (fallen - level) / _complex(1.0 - left)


def _complex(values: tf.Tensor) -> tf.Tensor:
    return tf.complex(values, tf.zeros_like(values))
