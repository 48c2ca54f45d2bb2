"""What functions of sound accept: one rule for types, axes and counts, and messages naming them.

Float64 in, float64 out; every other real number becomes float32. Shapes are compared as far as they
are known when a graph is traced, so a check costs nothing when the graph runs.
"""

from collections.abc import Collection, Sequence
from typing import Any

import tensorflow as tf

from ddsp_tf.errors import ArgumentError

_MAY_BE_EMPTY = ("batch", "n_samples")


def floats(**values: Any) -> list[tf.Tensor]:
    """Makes tensors of one floating type: float64 if one of them is, float32 otherwise.

    Args:
        **values: Anything TensorFlow makes a tensor of, by the name of the argument it came as.

    Returns:
        The tensors, in the order given.

    Raises:
        ArgumentError: Something is no tensor of real numbers.
    """
    tensors = [_real(name, value) for name, value in values.items()]
    wide = any(tensor.dtype == tf.float64 for tensor in tensors)
    return [tf.cast(tensor, tf.float64 if wide else tf.float32) for tensor in tensors]


def checked(
    *,
    repeated: Collection[str] = (),
    broadcast: Collection[str] = (),
    **arguments: tuple[Any, str],
) -> list[tf.Tensor]:
    """Makes tensors of one floating type whose axes fit each other.

    Args:
        repeated: Axes along which a size of one stands for all and is repeated.
        broadcast: Axes along which a size of one fits all and stays one.
        **arguments: By the argument's name, the value and its axes, such as `"batch n_frames 1"`:
            a number is the size itself, and axes of one name are of one size in all the tensors.
            Axes that start with "... " stand for the last ones.

    Returns:
        The tensors, in the order given.

    Raises:
        ArgumentError: A tensor isn't of real numbers, lacks an axis, is empty along one that
            can't be, or is of another size than the others.

    Example:
        >>> f0_hz, level = checked(
        ...     f0_hz=([[[440.0]]], "batch n_frames 1"),
        ...     amplitudes=(tf.ones([2, 50, 1]), "batch n_frames 1"),
        ...     repeated=("batch", "n_frames"),
        ... )
        >>> f0_hz.shape
        TensorShape([2, 50, 1])
    """
    tensors = floats(**{name: value for name, (value, _) in arguments.items()})
    layouts = [axes.split() for _, axes in arguments.values()]
    for name, tensor, layout in zip(arguments, tensors, layouts, strict=True):
        _require_axes(name, tensor, layout)
    _require_agreement(list(arguments), tensors, layouts, {*repeated, *broadcast})
    return _repeat(tensors, layouts, repeated) if repeated else tensors


def size(tensor: tf.Tensor, axis: int) -> int | tf.Tensor:
    """Gives the size of an axis: an integer where it is known, a tensor where it isn't."""
    static = tensor.shape[axis]
    return tf.shape(tensor)[axis] if static is None else static


def require_positive_integer(name: str, value: Any) -> None:
    """Checks a count that a function is made for, such as a hop or an FFT size.

    Raises:
        ArgumentError: It isn't a positive integer.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ArgumentError(f"`{name}` should be a positive integer. Received {value!r}.")


def _real(name: str, value: Any) -> tf.Tensor:
    try:
        tensor = tf.convert_to_tensor(value)
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"`{name}` should be a tensor or an array of numbers. Received {type(value).__name__}."
        ) from error
    if not (tensor.dtype.is_floating or tensor.dtype.is_integer):
        raise ArgumentError(
            f"`{name}` should hold real numbers. Received the type {tensor.dtype.name}: "
            "cast it to float32 or float64."
        )
    return tensor


def _require_axes(name: str, tensor: tf.Tensor, layout: Sequence[str]) -> None:
    if tensor.shape.rank is None:
        return
    named = [axis for axis in layout if axis != "..."]
    any_rank = len(named) < len(layout)
    fits = len(tensor.shape) >= len(named) if any_rank else len(tensor.shape) == len(named)
    sizes = list(tensor.shape)[len(tensor.shape) - len(named) :] if fits else []
    fits = fits and all(
        not axis.isdigit() or count in (None, int(axis))
        for axis, count in zip(named, sizes, strict=True)
    )
    if not fits:
        raise ArgumentError(
            f"`{name}` should be of the shape [{', '.join(layout)}]. "
            f"Received {_shape(tensor)}.{_hint(tensor, named)}"
        )
    for axis, count in zip(named, sizes, strict=True):
        if count == 0 and axis not in _MAY_BE_EMPTY:
            raise ArgumentError(
                f"`{name}` should hold something along {axis}, [{', '.join(layout)}]. "
                f"Received {_shape(tensor)}."
            )


def _require_agreement(
    names: Sequence[str],
    tensors: Sequence[tf.Tensor],
    layouts: Sequence[Sequence[str]],
    of_one: Collection[str],
) -> None:
    seen: dict[str, tuple[int, int]] = {}
    for index, (tensor, layout) in enumerate(zip(tensors, layouts, strict=True)):
        for axis, count in _named_sizes(tensor, layout):
            if count is None or (count == 1 and axis in of_one):
                continue
            first, expected = seen.setdefault(axis, (index, count))
            if count != expected:
                alone = f", or 1 along {axis}" if axis in of_one else ""
                raise ArgumentError(
                    f"`{names[first]}` and `{names[index]}` should have the same {axis}{alone}. "
                    f"Received {expected} and {count}, in the shapes {_shape(tensors[first])} and "
                    f"{_shape(tensor)}."
                )


def _named_sizes(tensor: tf.Tensor, layout: Sequence[str]) -> list[tuple[str, int | None]]:
    named = [axis for axis in layout if axis != "..."]
    if tensor.shape.rank is None:
        return []
    sizes = list(tensor.shape)[len(tensor.shape) - len(named) :]
    return [pair for pair in zip(named, sizes, strict=True) if not pair[0].isdigit()]


def _repeat(
    tensors: Sequence[tf.Tensor], layouts: Sequence[Sequence[str]], repeated: Collection[str]
) -> list[tf.Tensor]:
    """Repeats along the axes whose sizes aren't known to be the same."""
    wanted = {}
    for axis in repeated:
        holders = [
            (tensor, layout.index(axis))
            for tensor, layout in zip(tensors, layouts, strict=True)
            if axis in layout and tensor.shape.rank is not None
        ]
        counts = {tensor.shape[index] for tensor, index in holders}
        if len(holders) > 1 and counts not in ({c} for c in counts if c is not None):
            wanted[axis] = _common_size([size(tensor, index) for tensor, index in holders])
    return [
        _repeat_one(tensor, layout, wanted) for tensor, layout in zip(tensors, layouts, strict=True)
    ]


def _repeat_one(
    tensor: tf.Tensor, layout: Sequence[str], wanted: dict[str, int | tf.Tensor]
) -> tf.Tensor:
    if tensor.shape.rank is None:
        return tensor
    target = [wanted.get(axis, size(tensor, index)) for index, axis in enumerate(layout)]
    static = [count if isinstance(count, int) else None for count in target]
    if not wanted.keys() & set(layout) or (None not in static and static == list(tensor.shape)):
        return tensor
    result = tf.broadcast_to(tensor, tf.stack(target))
    result.set_shape(static)
    return result


def _common_size(counts: Sequence[int | tf.Tensor]) -> int | tf.Tensor:
    known = [count for count in counts if isinstance(count, int) and count != 1]
    if known:
        return known[0]
    common: int | tf.Tensor = 1
    for count in counts:
        if not isinstance(count, int):
            common = count if isinstance(common, int) else tf.where(common == 1, count, common)
    return common


def _shape(tensor: tf.Tensor) -> str:
    return str([("any" if count is None else count) for count in tensor.shape]).replace("'", "")


def _hint(tensor: tf.Tensor, named: Sequence[str]) -> str:
    if named[:1] == ["batch"] and len(tensor.shape) == len(named) - 1:
        return " For one sound add the axis of the batch: `x[tf.newaxis]`."
    return ""
