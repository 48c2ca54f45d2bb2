"""Recursive filters designed for magnitude responses, by a network and by gradient."""

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference.magnitude_response import MagnitudeResponse
from ddsp_tf.models import Model
from ddsp_tf.types import FloatArray, Progress, no_progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LAST_RATE = 0.02
_STEPS_AT_ONCE = 10


@dataclass(frozen=True)
class Design:
    """A filter that was designed for one response.

    Attributes:
        sections: b0, b1, b2, a1, a2 of each, `[n_sections, 5]`, float64; the gain is in the first.
        frequency_hz: Where responses are given, `[n_points]`.
        target_db: The response that was wanted.
        magnitude_db: The response of the sections.
        sample_rate: Of the filter, in Hz.
        n_steps: Steps of gradient descent that were taken.
        start_error_db: Root of the mean squared error in dB before them.
        seconds: The design took so long.
    """

    sections: FloatArray
    frequency_hz: FloatArray = field(repr=False)
    target_db: FloatArray = field(repr=False)
    magnitude_db: FloatArray = field(repr=False)
    sample_rate: float
    n_steps: int
    start_error_db: float
    seconds: float

    @property
    def error_db(self) -> float:
        """Root of the mean squared error in dB."""
        return _error_db(self.target_db, self.magnitude_db)

    @property
    def largest_radius(self) -> float:
        """Of the outermost pole, below 1."""
        return float(np.max(dsp.biquad_radius(tf.constant(self.sections))))

    def sos(self) -> FloatArray:
        """Gives the sections as `scipy.signal` takes them: b0, b1, b2, 1, a1, a2 of each."""
        b, a = self.sections[:, :3], self.sections[:, 3:]
        return np.concatenate([b, np.ones_like(b[:, :1]), a], axis=1)

    def to_dict(self) -> dict[str, Any]:
        """Gives the filter, ready for JSON."""
        return {
            "format_version": 1,
            "sample_rate": self.sample_rate,
            "sections": [
                {"b": section[:3].tolist(), "a": [1.0, *section[3:].tolist()]}
                for section in self.sections
            ],
            "sos": self.sos().tolist(),
            "largest_pole_radius": self.largest_radius,
            "error_db": self.error_db,
            "start_error_db": self.start_error_db,
            "n_steps": self.n_steps,
            "seconds": self.seconds,
        }

    def figure(self, title: str | None = None) -> "Figure":
        """Draws the response that was wanted and that of the filter."""
        from ddsp_tf.plotting import magnitude_responses

        curves = {"wanted": self.target_db, f"designed ({self.error_db:.2f} dB)": self.magnitude_db}
        return magnitude_responses(self.frequency_hz, curves, title=title)


def can_design(model: Any) -> bool:
    """Whether a model designs filters: it takes `magnitude_db` and says where roots lie."""
    signals = getattr(model, "input_signals", {})
    return "magnitude_db" in signals and hasattr(model, "roots") and hasattr(model, "limited")


def design_filter(
    model: Model,
    response: MagnitudeResponse,
    *,
    sample_rate: float | None = None,
    n_steps: int = 0,
    learning_rate: float = 0.05,
    progress: Progress | None = None,
) -> Design:
    """Designs a filter for a magnitude response.

    Args:
        model: One that designs filters, such as `models.IirNet`.
        response: What is wanted; beyond 128 dB up or down it is taken for 128.
        sample_rate: Of the filter, in Hz. None: the response's, or the model's.
        n_steps: Steps of gradient descent that follow the network's design, 0 or more. After some,
            the design by the modified Yule-Walker equations is taken where that is nearer.
        learning_rate: Of these at first, > 0.
        progress: Is called with the share that is done, 0 to 1.

    Returns:
        The filter, with every pole and zero inside the circle.

    Raises:
        ArgumentError: The model designs no filters, a number is out of range, or the response lies
            above half the sample rate.

    Example:
        >>> from ddsp_tf.inference import MagnitudeResponse
        >>> from ddsp_tf.models import IirNet
        >>> bend = MagnitudeResponse(np.array([100.0, 10000.0]), np.array([6.0, -6.0]))
        >>> design = design_filter(IirNet(order=4, channels=8), bend, n_steps=100)
        >>> bool(design.error_db < design.start_error_db), design.sos().shape
        (True, (2, 6))
    """
    if not can_design(model):
        raise ArgumentError(
            f"`{type(model).__name__}` designs no filters. Choose a model that does, such as the "
            "shipped `filters/iirnet`."
        )
    rate = float(sample_rate or response.sample_rate or model.sample_rate)
    if not rate > 0 or n_steps < 0 or not learning_rate > 0:
        raise ArgumentError(
            "`sample_rate` and `learning_rate` should be above 0, and `n_steps` 0 or more. "
            f"Received {rate}, {learning_rate} and {n_steps}."
        )
    start = time.monotonic()
    n_points = int(model.n_points)
    wanted = model.limited(response.sampled(n_points, sample_rate=rate))[tf.newaxis]
    raw = model.roots(wanted[tf.newaxis])[0]
    first = dsp.design_poles_and_zeros(raw, wanted)
    if n_steps:
        raw = refine_roots(
            raw, wanted, n_steps=n_steps, learning_rate=learning_rate, progress=progress
        )
    sections = dsp.design_poles_and_zeros(raw, wanted).sections().numpy()[0]
    target_db = wanted.numpy()[0].astype(np.float64)
    if n_steps:
        rival = dsp.yule_walker_sections(target_db[np.newaxis], order=2 * len(sections))[0]
        sections = min((sections, rival), key=lambda x: _sections_error_db(target_db, x))
    return Design(
        sections=sections,
        frequency_hz=np.linspace(0.0, rate / 2.0, n_points),
        target_db=target_db,
        magnitude_db=dsp.sections_magnitude_db(sections, n_points=n_points),
        sample_rate=rate,
        n_steps=n_steps,
        start_error_db=_error_db(target_db, first.magnitude_db.numpy()[0]),
        seconds=time.monotonic() - start,
    )


def refine_roots(
    raw: Any,
    target_db: Any,
    *,
    n_steps: int,
    learning_rate: float = 0.05,
    progress: Progress | None = None,
) -> FloatArray:
    """Moves roots by gradient descent on the squared error in dB; the best of each filter stays.

    Adam, whose rate falls along a cosine to a fiftieth. Many filters go at once, each as if it
    were alone.

    Args:
        raw: Where it begins, as `dsp.design_poles_and_zeros` takes it,
            `[n_filters, n_sections, 4]`.
        target_db: What is wanted, `[n_filters, n_points]`.
        n_steps: Steps, > 0.
        learning_rate: At first, > 0.
        progress: Is called with the share that is done, 0 to 1.

    Returns:
        What was found, `[n_filters, n_sections, 4]`; no filter is worse than at the start.

    Example:
        >>> from ddsp_tf import dsp
        >>> target = dsp.sections_magnitude_db(np.array([[[1.0, 0, 0, -1.6, 0.8]]]), n_points=64)
        >>> raw = refine_roots(np.full([1, 1, 4], 0.3), target, n_steps=200, learning_rate=0.05)
        >>> design = dsp.design_poles_and_zeros(raw, target)
        >>> bool(np.max(np.abs(design.magnitude_db - target)) < 1.0)
        True
    """
    variable = tf.Variable(tf.cast(raw, tf.float32))
    wanted = tf.cast(target_db, tf.float32)
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, n_steps, alpha=_LAST_RATE)
    # Filters of few sections are small work: Adam is written out, so that a step is one graph.
    first, second = (tf.Variable(tf.zeros_like(variable)) for _ in range(2))
    best = tf.Variable(variable)
    least = tf.Variable(tf.fill([variable.shape[0]], math.inf))

    def keep(errors: tf.Tensor) -> None:
        better = errors < least
        best.assign(tf.where(better[:, tf.newaxis, tf.newaxis], variable, best))
        least.assign(tf.where(better, errors, least))

    def errors_now() -> tf.Tensor:
        found = dsp.design_poles_and_zeros(variable, wanted)
        return tf.reduce_mean(tf.square(found.magnitude_db - wanted), axis=-1)

    @tf.function(autograph=False)
    def step(number: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            errors = errors_now()
            # The root of each error: steps of all filters are then of one size.
            total = tf.reduce_sum(tf.sqrt(errors + 1e-6))
        keep(errors)
        gradient = tape.gradient(total, variable)
        gradient = tf.where(tf.math.is_finite(gradient), gradient, 0.0)
        first.assign(0.9 * first + 0.1 * gradient)
        second.assign(0.999 * second + 0.001 * tf.square(gradient))
        count = number + 1.0
        mean = first / (1.0 - tf.pow(0.9, count))
        size = tf.sqrt(second / (1.0 - tf.pow(0.999, count))) + 1e-7
        variable.assign_sub(schedule(number) * mean / size)

    for number in range(n_steps):
        step(tf.constant(number, tf.float32))
        if progress is not None and number % _STEPS_AT_ONCE == 0:
            progress(number / n_steps)
    keep(errors_now())
    (progress or no_progress)(1.0)
    return best.numpy()


def _sections_error_db(target_db: FloatArray, sections: FloatArray) -> float:
    return _error_db(target_db, dsp.sections_magnitude_db(sections, n_points=len(target_db)))


def _error_db(target_db: FloatArray, magnitude_db: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.square(target_db - magnitude_db))))
