"""Gradients of what nobody can look into, by perturbing all its parameters at once."""

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf import errors
from ddsp_tf.dsp.compilation import custom_gradient
from ddsp_tf.dsp.shapes import floats, require_positive_integer
from ddsp_tf.errors import ArgumentError

_OWN_ERROR = re.compile(r"^ddsp_tf\.errors\.(\w+): (.+)$", re.MULTILINE)

Sides = Sequence[str]
"""For each point of the parameters, what it is: "forward", "plus" or "minus"."""

BlackBoxFunction = Callable[[np.ndarray, np.ndarray, Sides], np.ndarray]
"""Of audio `[batch, ...]`, points `[n_points, batch, n_parameters]` and what each point is, gives
audio `[n_points, batch, ...]`, as long."""


def perturbed(
    function: BlackBoxFunction,
    audio: tf.Tensor,
    parameters: tf.Tensor,
    *,
    n_pairs: int = 8,
    step: float = 0.01,
    seed: int = 0,
    signal_gradient: bool = False,
) -> tf.Tensor:
    """Gives what a function of NumPy arrays makes of audio, with a gradient for its parameters.

    The gradient is that of simultaneous perturbation: signs `d` of +1 and -1 are drawn for all P
    parameters, the function plays with `p + step d` and with `p - step d`, and

        g_i = <upstream, f(p + step d) - f(p - step d)> / (2 step d_i),

    averaged over n pairs, in float64. Its mean is the gradient, but for terms of `step ** 2`: what
    another parameter adds, `g_j d_j / d_i`, has a random sign. It adds `(P - 1) / n` to the squared
    length, so that the estimate's cosine with the gradient is `1 / sqrt(1 + (P - 1) / n)` if all
    parameters matter alike: 0.85 for 4 parameters and 8 pairs. It costs 2 n calls for any P.

    Parameters are parts of their ranges, 0 to 1, and no point lies outside: within `step` of an end
    the whole pair is moved inside, to 0 and `2 step` at 0. That is a one-sided difference of full
    size there (clipping the points would halve it), and still even in `d`.

    Signs are drawn from `seed` and the parameters' values: the same call gives the same gradient,
    whatever came before it, and another step another one. No gradient of the second order exists.

    Args:
        function: Called as `BlackBoxFunction` says, with finite arrays; once to play, with one
            point, "forward", and once for a gradient, with "plus" and "minus" in turn.
        audio: `[batch, n_samples]` or `[batch, n_samples, n_channels]`.
        parameters: `[batch, n_parameters]`, 0 to 1.
        n_pairs: Pairs of perturbations whose mean is taken, > 0.
        step: How far a parameter is moved, above 0 and at most 0.25.
        seed: Of the signs, at least 0.
        signal_gradient: Whether what comes before is told the gradient as if the function passed
            the sound as it is, which is a guess. Otherwise there is no gradient for `audio`.

    Returns:
        The function's sound, of the audio's shape.

    Raises:
        ArgumentError: Shapes or numbers are wrong, or what the function gives has another shape.

    Example:
        >>> def gain(audio, points, sides):
        ...     return points[..., :1] * audio
        >>> share = tf.constant([[0.5]])
        >>> with tf.GradientTape() as tape:
        ...     tape.watch(share)
        ...     loudness = tf.reduce_sum(perturbed(gain, tf.ones([1, 100]), share))
        >>> round(float(tape.gradient(loudness, share)[0, 0]), 2)
        100.0

    Reference:
        Spall 1992, "Multivariate stochastic approximation using a simultaneous perturbation
        gradient approximation"; Martinez Ramirez, Wang, Smaragdis and Bryan 2021, section 3.
    """
    require_positive_integer("n_pairs", n_pairs)
    if not 0.0 < step <= 0.25 or seed < 0:
        raise ArgumentError(
            "`step` should be above 0 and at most 0.25, and `seed` at least 0. "
            f"Received {step} and {seed}."
        )
    audio, parameters = floats(audio=audio, parameters=parameters)
    if len(audio.shape) not in (2, 3) or len(parameters.shape) != 2:
        raise ArgumentError(
            "`audio` should be [batch, n_samples] or [batch, n_samples, n_channels], and "
            f"`parameters` [batch, n_parameters]. Received {audio.shape} and {parameters.shape}."
        )
    estimate = _Estimate(function, n_pairs, step, seed)

    @custom_gradient
    def played(audio: tf.Tensor, parameters: tf.Tensor) -> tuple[tf.Tensor, Any]:
        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor | None, tf.Tensor]:
            ascent = _outside(estimate.gradient, [audio, parameters, upstream], parameters)
            return upstream if signal_gradient else None, ascent

        return _outside(estimate.play, [audio, parameters], audio), gradient

    return played(audio, parameters)


@contextmanager
def own_errors() -> Iterator[None]:
    """Raises an error of ddsp_tf that a function raised inside a graph as the error that it was.

    TensorFlow tells of it in the text of one of its own.

    Example:
        >>> from ddsp_tf.errors import BlackBoxError
        >>> def broken(audio, points, sides):
        ...     raise BlackBoxError("The plug-in is gone.")
        >>> play = tf.function(lambda x: perturbed(broken, x, tf.zeros([1, 1])), autograph=False)
        >>> with own_errors():
        ...     play(tf.zeros([1, 10]))
        Traceback (most recent call last):
        ...
        ddsp_tf.errors.BlackBoxError: The plug-in is gone.
    """
    try:
        yield
    except tf.errors.OpError as error:
        told = _OWN_ERROR.findall(error.message)
        kind = getattr(errors, told[-1][0], None) if told else None
        if kind is None:
            raise
        raise kind(told[-1][1]) from error


class _Estimate:
    """The calls of a function on arrays."""

    def __init__(self, function: BlackBoxFunction, n_pairs: int, step: float, seed: int) -> None:
        self._function = function
        self._n_pairs, self._step, self._seed = n_pairs, step, seed

    def play(self, audio: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        return self._call(audio, parameters[np.newaxis], ["forward"])[0]

    def gradient(
        self, audio: np.ndarray, parameters: np.ndarray, upstream: np.ndarray
    ) -> np.ndarray:
        # Of any state there is none: a run that is resumed takes the same steps.
        random = np.random.default_rng([self._seed, zlib.crc32(parameters.tobytes())])
        signs = random.choice([-1.0, 1.0], [self._n_pairs, *parameters.shape])
        centre = np.clip(parameters.astype(np.float64), self._step, 1.0 - self._step)
        ends = np.stack([centre + self._step * signs, centre - self._step * signs], axis=1)
        points = ends.reshape(2 * self._n_pairs, *parameters.shape).clip(0.0, 1.0)
        outputs = self._call(audio, points, ["plus", "minus"] * self._n_pairs)
        change = (outputs[0::2].astype(np.float64) - outputs[1::2]) * upstream
        slopes = change.sum(axis=tuple(range(2, change.ndim))) / (2.0 * self._step)
        return np.mean(slopes[..., np.newaxis] * signs, axis=0)

    def _call(self, audio: np.ndarray, points: np.ndarray, sides: Sides) -> np.ndarray:
        outputs = np.asarray(self._function(audio, points.astype(audio.dtype), sides))
        expected = (len(sides), *audio.shape)
        if outputs.shape != expected:
            raise ArgumentError(
                f"`function` should give audio of the shape {list(expected)}. It gave "
                f"{list(outputs.shape)}."
            )
        return outputs


def _outside(
    function: Callable[..., np.ndarray], tensors: Sequence[tf.Tensor], like: tf.Tensor
) -> tf.Tensor:
    """Calls a function of arrays, which gives one of the shape and type of `like`."""

    def typed(*arrays: np.ndarray) -> np.ndarray:
        return np.asarray(function(*arrays), like.dtype.as_numpy_dtype)

    if tf.executing_eagerly():
        # Its errors arrive as they are.
        return tf.constant(typed(*(tensor.numpy() for tensor in tensors)))
    result = tf.numpy_function(typed, list(tensors), like.dtype)
    return tf.ensure_shape(result, like.shape)
