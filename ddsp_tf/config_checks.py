"""Whether what a gin file says can be true: names, values and files.

Pure Python, apart from the modules a configuration itself names: nothing here knows gin.
"""

import difflib
import importlib
import inspect
import os
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from ddsp_tf.errors import ConfigError

# Where a name given on the command line without its module (`train.num_steps`) is looked up.
PUBLIC_MODULES = (
    "ddsp_tf.training",
    "ddsp_tf.models",
    "ddsp_tf.losses",
    "ddsp_tf.processors",
    "ddsp_tf.nn",
    "ddsp_tf.features",
    "ddsp_tf.data",
    "ddsp_tf.inference",
)

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


class Deferred:
    """A value that gin works out later: a reference or a macro. It is not judged as a literal."""


def packaged_configs() -> list[str]:
    """Names of the .gin files that ship with the package, such as `models/autoencoder.gin`."""
    root = _packaged_root()
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.gin"))


def find_gin_file(name: str | os.PathLike[str], *, beside: Path | None = None) -> Path:
    """Finds a .gin file: the user's own first, then the packaged one of that name.

    Args:
        name: A path, absolute or relative to the working folder or to `beside`, or the
            name of a packaged file. The suffix `.gin` may be left out.
        beside: Folder of the file that includes it.

    Raises:
        ConfigError: There is no such file. The message names the nearest packaged one.
    """
    folders = [*([beside] if beside else []), Path(), _packaged_root()]
    for folder in folders:
        for candidate in (folder / name, folder / f"{name}.gin"):
            if candidate.is_file():
                return candidate
    raise ConfigError(
        f"There is no gin file `{name}`, here or among the packaged ones"
        f"{suggest(str(name), [*packaged_configs(), *map(str, Path().glob('*.gin'))])} `ddsp-tf configs list` lists them."
    )


def suggest(name: str, known: Iterable[str]) -> str:
    """Returns `. Did you mean ...?`, or a full stop when nothing known is near `name`."""
    known = list(dict.fromkeys(known))
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    if not near:
        by_lower = {candidate.lower(): candidate for candidate in known}
        near = [
            by_lower[match]
            for match in difflib.get_close_matches(name.lower(), list(by_lower), n=3, cutoff=0.5)
        ]
    if not near:
        return "."
    return f". Did you mean {' or '.join(f'`{match}`' for match in near)}?"


def resolve_selector(selector: str, imports: Mapping[str, Any]) -> Any:
    """Follows `models.Autoencoder` through the modules that a file imports.

    Args:
        selector: Dotted name whose first part is bound by an import.
        imports: The modules a file imports, by the name it binds them to.

    Raises:
        ConfigError: A part of the name does not exist.
    """
    first, *rest = selector.split(".")
    if first not in imports:
        known = ", ".join(f"`{name}`" for name in imports) or "nothing"
        raise ConfigError(f"`{first}` is not imported (imported: {known}){suggest(first, imports)}")
    owner = imports[first]
    path = first
    for name in rest:
        try:
            owner = getattr(owner, name)
        except AttributeError as error:
            raise ConfigError(
                f"`{path}` has no `{name}`{suggest(name, public_names(owner))}"
            ) from error
        path = f"{path}.{name}"
    if not callable(owner):
        raise ConfigError(f"`{selector}` is neither a class nor a function.")
    return owner


def public_callables() -> dict[str, list[str]]:
    """Every public class and function of the package: its short name and its full ones."""
    found: dict[str, dict[int, str]] = {}
    for module_name in PUBLIC_MODULES:
        module = importlib.import_module(module_name)
        for name in public_names(module):
            value = getattr(module, name)
            if callable(value):
                found.setdefault(name, {}).setdefault(id(value), f"{module_name}.{name}")
    return {name: list(owners.values()) for name, owners in found.items()}


def public_names(owner: Any) -> list[str]:
    """The names a module or class offers: its `__all__`, or what has no underscore."""
    return list(getattr(owner, "__all__", None) or [name for name in dir(owner) if name[:1] != "_"])


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
    listing = ", ".join(f"`{name}`" for name in names)
    raise ConfigError(
        f"`{selector}` has no parameter `{parameter}`{suggest(parameter, names)}"
        f" It takes {listing or 'none'}."
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


def _packaged_root() -> Path:
    return Path(str(resources.files("ddsp_tf.configs")))


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
            types.SimpleNamespace(__annotations__={"x": annotation}), vars(module)
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
    return f"a reference such as `@{name}()`"
