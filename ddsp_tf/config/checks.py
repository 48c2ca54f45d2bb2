"""Whether what a gin file says can be true: parameters and values.

Nothing here knows gin.
"""

import inspect
import os
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ddsp_tf.config.names import Deferred, suggest
from ddsp_tf.config.renamed import renamed_parameters, require_current_name
from ddsp_tf.errors import ConfigError

_TYPE_WORDS = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "text in quotes",
    list: "a list",
    tuple: "a list",
    dict: "a dictionary",
    type(None): "None",
}

# A Protocol's own name makes nothing: what one writes instead.
_MAKERS = {"MelodyPlayer": "inference.TransferSample", "Objective": "losses.Compare"}


def check_parameter(target: Any, selector: str, parameter: str) -> None:
    """Checks that `target` takes an argument called `parameter`.

    A class counts with its base classes, so that a misspelt argument is not swallowed by
    the `**kwargs` which every Keras layer has.

    Raises:
        ConfigError: It does not. The message names the nearest argument.
    """
    names, open_ended = _parameters(target)
    if parameter in names or (open_ended and not inspect.isclass(target)):
        return
    require_current_name(f"{selector}.{parameter}")
    listing = ", ".join(f"`{name}`" for name in names)
    known = {**dict.fromkeys(names), **renamed_parameters(selector)}
    near = suggest(parameter, known, known)
    raise ConfigError(
        f"`{selector}` has no parameter `{parameter}`{near} It takes {listing or 'none'}."
    )


def check_value(target: Any, selector: str, parameter: str, value: Any) -> None:
    """Checks a literal against the annotation of the parameter, or else against its default.

    Raises:
        ConfigError: The value is of another type, or not among the choices.
    """
    parameters, _ = _parameters(target)
    declared = parameters.get(parameter)
    if declared is None:
        return
    expected = _annotation(target, declared)
    if expected is None or _fits(value, expected):
        return
    name = f"`{selector}.{parameter}`"
    choices = _choices(expected)
    if choices:
        listing = ", ".join(repr(choice) for choice in choices)
        hint = suggest(str(value), [str(choice) for choice in choices])
        raise ConfigError(f"{name} should be one of {listing}; got {value!r}{hint}")
    kind = _TYPE_WORDS.get(type(value), "")
    what = f", which is {kind}" if isinstance(value, bool | int | float | str) else ""
    raise ConfigError(f"{name} should be {_describe(expected)}; got {value!r}{what}.")


def _parameters(target: Any) -> tuple[dict[str, inspect.Parameter], bool]:
    """The parameters of a call, by name, and whether it takes any other keyword as well."""
    constructors: Sequence[Any] = [target]
    if inspect.isclass(target):
        constructors = [
            cls.__dict__["__init__"] for cls in target.__mro__[:-1] if "__init__" in cls.__dict__
        ]
        if not constructors:
            constructors = [target]
    found: dict[str, inspect.Parameter] = {}
    for constructor in constructors:
        try:
            declared = inspect.signature(constructor).parameters.values()
        except (TypeError, ValueError):  # some builtins have no signature
            return found, True
        open_ended = False
        for parameter in declared:
            if parameter.kind is parameter.VAR_KEYWORD:
                open_ended = True
            elif parameter.kind is not parameter.VAR_POSITIONAL and parameter.name != "self":
                found.setdefault(parameter.name, parameter)
        if not open_ended:
            return found, False
    return found, True


def _annotation(target: Any, parameter: inspect.Parameter) -> Any:
    """The type a parameter should have, or None where nothing is known."""
    annotation = parameter.annotation
    if isinstance(annotation, str):
        annotation = _evaluated(annotation, target)
    if annotation is parameter.empty or annotation is None:
        default = parameter.default
        if default is parameter.empty or default is None or type(default) not in _TYPE_WORDS:
            return None
        return type(default) | None
    return annotation


def _evaluated(annotation: str, target: Any) -> Any:
    """A postponed annotation, or None when it names something only type checkers import."""
    module = inspect.getmodule(target)
    try:
        return typing.get_type_hints(
            types.SimpleNamespace(__annotations__={"x": annotation}),
            vars(module),
        ).get("x")
    except (NameError, TypeError, SyntaxError):
        return None


def _fits(value: Any, expected: Any) -> bool:
    """Whether a literal fits a type. What cannot be judged fits."""
    if isinstance(value, Deferred):
        return True
    origin = typing.get_origin(expected)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, option) for option in typing.get_args(expected))
    if origin is typing.Literal:
        return value in typing.get_args(expected)
    if expected in (None, type(None)):
        return value is None
    if expected is bool:
        return isinstance(value, bool)
    if expected is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if expected is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if expected in (str, list, tuple, dict):
        wanted = (list, tuple) if expected in (list, tuple) else expected
        return isinstance(value, wanted)
    container = origin or expected
    if isinstance(container, type) and issubclass(container, Mapping):
        return isinstance(value, dict)
    if isinstance(container, type) and issubclass(container, Sequence):
        items = [item for item in typing.get_args(expected) if item is not Ellipsis]
        return isinstance(value, list | tuple) and (
            len(items) != 1 or all(_fits(element, items[0]) for element in value)
        )
    if isinstance(container, type) and container in (Path, os.PathLike):
        return isinstance(value, str)
    if isinstance(expected, type) and expected.__module__.startswith(("ddsp_tf", "keras")):
        return False  # a literal is never an object of ours; only a reference builds one
    return True


def _choices(expected: Any) -> list[Any]:
    options = typing.get_args(expected) if typing.get_origin(expected) is not None else ()
    if typing.get_origin(expected) is typing.Literal:
        return list(options)
    return [choice for option in options for choice in _choices(option)]


def _describe(expected: Any) -> str:
    origin = typing.get_origin(expected)
    options = typing.get_args(expected)
    if origin in (typing.Union, types.UnionType):
        words = [_describe(option) for option in options]
        return " or ".join(dict.fromkeys(words))
    if expected in _TYPE_WORDS:
        return _TYPE_WORDS[expected]
    container = origin or expected
    if isinstance(container, type) and issubclass(container, Mapping):
        return "a dictionary"
    if isinstance(container, type) and issubclass(container, Sequence):
        items = [item for item in options if item is not Ellipsis]
        return f"a list, each {_describe(items[0])}" if len(items) == 1 else "a list"
    name = getattr(expected, "__name__", str(expected))
    return f"a reference such as `@{_MAKERS.get(name, name)}()`"
