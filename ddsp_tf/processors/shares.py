"""Places within a range, 0 to 1: what networks and perturbations move."""

import math
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import Signal

_BY_RATIO = ("Hz", "s", "ms")


def value_at(share: Any, signal: Signal) -> Any:
    """Gives the value at a place in a range, 0 at its low end and 1 at its high one.

    Frequencies and times above 0 are evenly spaced by their logarithm; a range with a `curve` is
    bent by it.

    Args:
        share: 0 to 1, a number, an array or a tensor.
        signal: With both ends.

    Example:
        >>> from ddsp_tf.types import Signal
        >>> round(value_at(0.5, Signal("value", unit="Hz", low=20.0, high=20000.0)), 1)
        632.5
        >>> value_at(0.5, Signal("value", unit="s", low=0.0, high=2.0, curve=0.5))
        0.5
        >>> value_at(0.25, Signal("value", low=-8.0, high=8.0, curve=0.5))
        -2.0
    """
    low, high = ends(signal)
    if signal.curve != 1.0:
        if low >= 0.0:
            return low + (high - low) * share ** (1.0 / signal.curve)
        off = 2.0 * share - 1.0
        return low + 0.5 * (high - low) * (1.0 + off * abs(off) ** (1.0 / signal.curve - 1.0))
    if _is_spaced_by_ratio(signal):
        return low * (high / low) ** share
    return low + (high - low) * share


def share_of(value: Any, signal: Signal) -> tf.Tensor:
    """Gives the place of a value in its range, the inverse of `value_at`."""
    low, high = ends(signal)
    value = tf.convert_to_tensor(value)
    if signal.curve == 1.0 and _is_spaced_by_ratio(signal):
        return tf.math.log(value / low) / math.log(high / low)
    share = (value - low) / (high - low)
    if signal.curve == 1.0:
        return share
    if low >= 0.0:
        return share**signal.curve
    off = 2.0 * share - 1.0
    return 0.5 * (1.0 + tf.sign(off) * tf.abs(off) ** signal.curve)


def ends(signal: Signal) -> tuple[float, float]:
    """Both ends of a range.

    Raises:
        ArgumentError: One is missing, or they don't rise.
    """
    low, high = signal.low, signal.high
    if low is None or high is None or not low < high:
        raise ArgumentError(f"The range should have two ends that rise. Received {low} and {high}.")
    return low, high


def declared(name: str, parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, Signal]:
    """Makes signals of declarations that a gin file or a stored model can hold.

    Args:
        name: Of the argument, for messages.
        parameters: By name: "low" and "high", and, if wanted, "default" (or it is the middle of the
            range) and "unit".

    Raises:
        ArgumentError: There is none, or a declaration is incomplete.
    """
    if not parameters:
        raise ArgumentError(f"`{name}` should declare at least one parameter.")
    found = {}
    for key, declaration in parameters.items():
        unknown = set(declaration) - {"low", "high", "default", "unit"}
        if unknown or not {"low", "high"} <= set(declaration):
            raise ArgumentError(
                f'`{name}`: `{key}` should have "low" and "high", and perhaps "default" and '
                f'"unit". Received {dict(declaration)}.'
            )
        low, high = float(declaration["low"]), float(declaration["high"])
        unit = str(declaration.get("unit", ""))
        try:
            signal = Signal("value", unit=unit, low=low, high=high)
            default = declaration.get("default", value_at(0.5, signal))
            found[key] = Signal("value", unit=unit, low=low, high=high, default=float(default))
        except ArgumentError as error:
            raise ArgumentError(f"`{name}`: `{key}`: {error}") from error
    return found


def _is_spaced_by_ratio(signal: Signal) -> bool:
    """Whether places in a range are even by the logarithm of its values."""
    return signal.unit in _BY_RATIO and ends(signal)[0] > 0.0
