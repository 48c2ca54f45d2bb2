"""Configuration by gin files: what to build, and with which numbers.

This package is the only one that imports gin, and nothing is decorated. A .gin file
imports the modules it configures, and binds the arguments of their classes and functions.
Every file and binding is checked here before gin sees it, because gin alone is silent about
some mistakes and vague about others.
"""

import copy
import dataclasses
import functools
import inspect
import io
import logging
import os
import pprint
import re
import threading
import tokenize
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gin  # 0.5.0 needs `importlib.util`, and does not import it
import gin.config_parser
import gin.utils

from ddsp_tf.config.checks import check_parameter, check_value
from ddsp_tf.config.names import (
    ENABLE,
    Imports,
    Macro,
    Place,
    Reference,
    deferred,
    find_gin_file,
    packaged_configs,
    resolve_selector,
    suggest,
    with_full_names,
)
from ddsp_tf.errors import ConfigError, DdspError

__all__ = ["Config", "find_gin_file", "packaged_configs", "parse"]

_REQUIRED = "gin.REQUIRED"
_ANY_NUMBER = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)

# gin keeps one configuration for the whole process. It is filled while a Config is at
# work, emptied afterwards, and this lock keeps two threads from sharing it.
_LOCK = threading.RLock()


def _written(write: Callable[..., Any]) -> str:
    """A configuration as gin writes it, but with the keys of dicts in their order.

    gin sorts them. Those of several datasets are in the order of their numbers.
    """
    printer = gin.config.pprint
    unsorted = functools.partial(pprint.pformat, sort_dicts=False)
    gin.config.pprint = types.SimpleNamespace(pformat=unsorted)
    try:
        return str(write(max_line_length=100))
    finally:
        gin.config.pprint = printer


def parse(files: Sequence[str | os.PathLike[str]] = (), bindings: Sequence[str] = ()) -> "Config":
    """Reads and checks gin files and bindings. What comes later wins.

    Args:
        files: Paths, or names of packaged files such as `models/solo_instrument.gin`. The
            user's own files come first when both exist.
        bindings: Lines such as `Limits.num_steps=30000`. A public class or function of the
            package needs no module in front of its name.

    Returns:
        The configuration, ready to build from.

    Raises:
        ConfigError: A file, name, parameter or value is wrong. The message says where.

    Example:
        >>> from ddsp_tf import config
        >>> tiny = config.parse(["models/tiny_instrument.gin"], ["Limits.num_steps=100"])
        >>> model = tiny.build_model()
    """
    config = Config(files=tuple(os.fspath(name) for name in files), bindings=tuple(bindings))
    config._read()
    return config


@dataclass
class Config:
    """A checked configuration. Made by `parse`.

    Attributes:
        files: The files as they were asked for.
        bindings: The bindings as they were given.
    """

    files: tuple[str, ...]
    bindings: tuple[str, ...] = ()
    _chunks: list["_Chunk"] = field(default_factory=list, repr=False)
    _imports: dict[str, Any] = field(default_factory=dict, repr=False)
    _import_lines: list[str] = field(default_factory=lambda: [ENABLE], repr=False)
    _macros: dict[str, "Place"] = field(default_factory=dict, repr=False)
    _operative_text: str | None = field(default=None, repr=False)
    _depth: int = field(default=0, repr=False)

    @property
    def text(self) -> str:
        """Everything that is bound, merged, as one gin file that reads back the same."""
        with self._active():
            return _written(gin.config_str)

    @property
    def operative_text(self) -> str:
        """The settings used by the last call, with the defaults that nothing bound."""
        if self._depth:
            return _written(gin.operative_config_str)
        return self._operative_text or ""

    def bound(self, function: Callable[..., Any]) -> dict[str, Any]:
        """Literal values bound to the arguments of `function`; references are left out."""
        with self._active():
            values = _bindings_of(function)
            return {
                name: _literal(value)
                for name, value in values.items()
                if not isinstance(_literal(value), gin.config.ConfigurableReference)
            }

    def binds(self, function: Callable[..., Any], argument: str) -> bool:
        """Whether something is bound to one argument of a function or class."""
        with self._active():
            return argument in _bindings_of(function)

    def call(self, function: Callable[..., Any], /, **kwargs: Any) -> Any:
        """Calls a function or builds a class with the arguments bound to it.

        An argument that takes settings (a dataclass with a default for every field, such as
        `training.Schedule`) is made of what is bound to these, if nothing else sets it.

        Args:
            function: Any public callable.
            **kwargs: Arguments that win over the bound ones.
        """
        with self._active():
            kwargs = {**self._settings(function), **kwargs}
            _check_complete(function, kwargs)
            try:
                return _configured(function)(**kwargs)
            finally:
                self._operative_text = self.operative_text

    def build(self, function: Callable[..., Any], argument: str) -> Any:
        """Builds what is bound to one argument of `function`, without calling it.

        Raises:
            ConfigError: Nothing is bound to it.
        """
        with self._active():
            bindings = _bindings_of(function)
            if argument not in bindings:
                raise ConfigError(
                    f"This configuration says nothing about `{function.__name__}.{argument}`. "
                    f"Add a file of the group `models/`, such as models/solo_instrument.gin."
                )
            return copy.deepcopy(bindings[argument])

    def build_model(self) -> Any:
        """Builds the model that the configuration would train."""
        return self.build(_train_function(), "model")

    def build_objective(self) -> Any:
        """Builds what the configuration would minimise."""
        return self.build(_train_function(), "objective")

    def train(self, **kwargs: Any) -> Any:
        """Calls `ddsp_tf.training.train` with everything bound to it.

        The random seeds are set before the model is built, so that the same `Schedule.seed`
        starts from the same weights, and the model is built on the devices it is trained on. The
        run keeps the merged and the operative configuration.

        Args:
            **kwargs: Arguments of `train` that win over the bound ones.

        Returns:
            What `train` returns.
        """
        import keras

        from ddsp_tf.training import Schedule, get_strategy

        function = _train_function()
        config_text = self.text
        with self._active():
            kwargs = {**self._settings(function), **kwargs}
            if "schedule" not in kwargs and self.binds(function, "schedule"):
                kwargs["schedule"] = self.build(function, "schedule")
            keras.utils.set_random_seed((kwargs.get("schedule") or Schedule()).seed)
            bound = {**self.bound(function), **kwargs}
            strategy = kwargs["strategy"] = get_strategy(bound.get("strategy"))
            with strategy.scope():
                kwargs.setdefault("model", self.build_model())
                kwargs.setdefault("objective", self.build_objective())
                if "phases" not in kwargs and self.binds(function, "phases"):
                    kwargs["phases"] = self.build(function, "phases")
            texts = {
                "config.gin": config_text,
                "operative_config.gin": self.operative_text + _settings_of(function),
            }
            return self.call(function, **{"texts": texts, **kwargs})

    def _settings(self, function: Callable[..., Any]) -> dict[str, Any]:
        """Settings for the arguments that take some, of classes to which something is bound."""
        bound = _bindings_of(function)
        return {
            name: _configured(settings)()
            for name, settings in _settings_classes(function).items()
            if name not in bound and _bindings_of(settings)
        }

    def _read(self) -> None:
        for name in self.files:
            self._read_file(find_gin_file(name), opened=())
        for binding in self.bindings:
            self._read_binding(binding)
        self._check_macros()
        with self._active():  # gin's own checks, once, so that a mistake shows here
            pass

    def _read_file(self, path: Path, opened: tuple[Path, ...]) -> None:
        if path in opened:
            raise ConfigError(f"`{path}` includes itself.")
        try:
            source = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"Cannot read the gin file `{path}`: {error}.") from error
        imports = Imports()
        statements = gin_statements(source, str(path))
        ends = [statement.location.line_num for statement in statements[1:]] + [None]
        # A file of comments alone has no statement.
        for statement, end in zip(statements, ends, strict=False):
            place = Place(f"`{path}`, line {statement.location.line_num}")
            with place.named():
                if isinstance(statement, gin.config_parser.IncludeStatement):
                    included = find_gin_file(statement.filename, beside=path.parent)
                    self._read_file(included, (*opened, path))
                    continue
                if isinstance(statement, gin.config_parser.ImportStatement):
                    imports.add(statement)
                    continue
                self._check(statement, imports, place)
            if isinstance(statement, gin.config_parser.BindingStatement):
                self._chunks.append(_Chunk(place, imports.lines, _text_of(source, statement, end)))
        self._imports |= imports.modules
        self._import_lines += [line for line in imports.lines if line not in self._import_lines]

    def _read_binding(self, binding: str) -> None:
        place = Place(f"`{binding}`")
        with place.named():
            if "=" not in binding:
                raise ConfigError("A binding looks like `Limits.num_steps=30000`.")
            parsed = gin_statements(binding, None)
            if len(parsed) != 1 or not isinstance(parsed[0], gin.config_parser.BindingStatement):
                raise ConfigError("A binding is one assignment: `Limits.num_steps=30000`.")
            imports = Imports(dict(self._imports), list(self._import_lines))
            text = with_full_names(binding, imports)
            (statement,) = gin_statements(text, None)
            self._check(statement, imports, place)
            self._chunks.append(_Chunk(place, imports.lines, text))

    def _check(self, statement: Any, imports: "Imports", place: "Place") -> None:
        """Checks the names and the value of one assignment, or of the head of a block."""
        if isinstance(statement, gin.config_parser.BlockDeclaration):
            resolve_selector(statement.selector, imports.modules)
            return
        for reference in deferred(statement.value, Reference):
            resolve_selector(reference.selector, imports.modules)
        for macro in deferred(statement.value, Macro):
            macro.place = place
        if not statement.arg_name:
            name = "/".join(filter(None, (statement.scope, statement.selector)))
            place.value = statement.value
            self._macros[name] = place
            return
        target = resolve_selector(statement.selector, imports.modules)
        check_parameter(target, statement.selector, statement.arg_name)
        place.value = statement.value
        place.check = lambda value: check_value(
            target, statement.selector, statement.arg_name, value
        )
        place.check(statement.value)

    def _check_macros(self) -> None:
        """Checks every macro that is used: that it exists, is set, and fits where it goes."""
        for chunk in self._chunks:
            place = chunk.place
            for macro in deferred(place.value, Macro):
                if macro.name == _REQUIRED:
                    continue
                if macro.name not in self._macros:
                    with place.named():
                        raise ConfigError(
                            f"Nothing sets the macro `{macro.name}`"
                            f"{suggest(macro.name, self._macros)}"
                        )
            if isinstance(place.value, Macro) and place.check:
                macro_place = self._macros.get(place.value.name)
                if macro_place:
                    with macro_place.named():
                        place.check(macro_place.value)
        for name, place in self._macros.items():
            if isinstance(place.value, Macro) and place.value.name == _REQUIRED:
                with place.named():
                    raise ConfigError(f'`{name}` must be set. Add --gin-param "{name}=...".')

    @contextmanager
    def _active(self) -> Iterator[None]:
        """Fills gin with this configuration, and empties it afterwards."""
        with _LOCK:
            if self._depth == 0:
                _clear()
                # A module that a notebook has reloaded brings new classes of known names.
                with gin.config.interactive_mode():
                    for chunk in self._chunks:
                        chunk.apply()
            self._depth += 1
            try:
                yield
            except Exception as error:
                raise _unwrapped(error) from None
            finally:
                if self._depth == 1:
                    _clear()
                self._depth -= 1


class _Delegate(gin.config_parser.ParserDelegate):
    """Notes references and macros instead of resolving them."""

    def configurable_reference(self, scoped_selector: str, evaluate: bool) -> Reference:
        return Reference(scoped_selector.rsplit("/", 1)[-1])

    def macro(self, name: str) -> Macro:
        return Macro(name)


@dataclass
class _Chunk:
    """One assignment with the imports it needs: what gin is given."""

    place: Place
    imports: Sequence[str]
    text: str

    def apply(self) -> None:
        source = "\n".join([*self.imports, self.text]) + "\n"
        try:
            gin.parse_config(source, skip_unknown=False)
        except DdspError:
            raise
        except Exception as error:
            message = str(error).split("\n")[0]
            raise ConfigError(f"{self.place.name}: {message}") from error


def gin_statements(source: str, name: str | None) -> list[Any]:
    """Splits gin source into statements, without importing or binding anything."""
    stream = io.StringIO(source)
    where = f"`{name}`, line {{}}: " if name else ""
    try:
        return list(gin.config_parser.ConfigParser(stream, _Delegate()))
    except SyntaxError as error:
        message = str(error.msg).split("\n")[0]
        if "malformed node" in message:
            message = "The value is neither a number, text, a list, @reference nor %macro."
        hint = "" if name else " Text needs quotes: `name='text'`."
        raise _placed(f"{where.format(error.lineno)}{message}{hint}") from error
    except tokenize.TokenError as error:
        raise _placed(f"{where.format(error.args[1][0])}{error.args[0]}.") from error


def _placed(message: str) -> ConfigError:
    error = ConfigError(message)
    error.placed = message.startswith("`")  # type: ignore[attr-defined]
    return error


def _text_of(source: str, statement: Any, end: int | None) -> str:
    """The source of one assignment. Inside a block, with the name of the block in front."""
    first = statement.location.line_num
    lines = source.split("\n")[first - 1 : None if end is None else end - 1]
    text = "\n".join(lines).strip()
    head = "/".join(filter(None, (statement.scope, statement.selector)))
    full = f"{head}.{statement.arg_name}" if statement.arg_name else head
    return re.sub(r"\A[^=]*=", lambda _: f"{full} =", text, count=1)


def _train_function() -> Callable[..., Any]:
    from ddsp_tf.training import train

    return train


def _configured(function: Callable[..., Any]) -> Callable[..., Any]:
    """The version of a callable that takes its bound arguments."""
    try:
        return gin.get_configurable(function)
    except (ValueError, KeyError):
        with gin.config.interactive_mode():
            return gin.external_configurable(function, module=function.__module__)


def _bindings_of(function: Callable[..., Any]) -> dict[str, Any]:
    _configured(function)
    return dict(gin.get_bindings(function, resolve_references=False))


def _literal(value: Any) -> Any:
    """The value a macro stands for; any other value as it is."""
    is_macro = isinstance(value, gin.config.ConfigurableReference) and repr(value)[:1] == "%"
    return copy.deepcopy(value) if is_macro else value


def _settings_of(function: Callable[..., Any]) -> str:
    """What a call will be given by configuration or default, as the end of a gin file."""
    bindings = _bindings_of(function)
    lines = [f"import {function.__module__}"]
    name = f"{function.__module__}.{function.__name__}"
    classes = _settings_classes(function)
    for parameter in inspect.signature(function).parameters.values():
        value = bindings.get(parameter.name, parameter.default)
        settings = classes.get(parameter.name)
        if settings is not None and parameter.name not in bindings and _bindings_of(settings):
            lines.append(f"import {settings.__module__}")
            value = f"@{settings.__module__}.{settings.__qualname__}()"
        elif isinstance(value, gin.config.ConfigurableReference) and _literal(value) is value:
            target = value.configurable.wrapped
            lines.append(f"import {target.__module__}")
            scopes = "".join(f"{scope}/" for scope in value.scopes)
            value = f"@{scopes}{target.__module__}.{target.__qualname__}()"
        elif value is not parameter.empty:
            value = repr(_literal(value))
        if value is not parameter.empty:
            lines.append(f"{name}.{parameter.name} = {value}")
    return "\n".join([f"# Parameters for {name}:", *lines, ""])


def _settings_classes(function: Callable[..., Any]) -> dict[str, Any]:
    """The arguments of a function that take settings of the package, and their classes."""
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError):  # names that only type checkers import
        hints = getattr(function, "__annotations__", {})
    return {
        name: option
        for name, hint in hints.items()
        for option in (typing.get_args(hint) or (hint,))
        if name != "return" and _are_settings(option)
    }


def _are_settings(option: Any) -> bool:
    return (
        inspect.isclass(option)
        and option.__module__.startswith("ddsp_tf.")
        and dataclasses.is_dataclass(option)
        and all(
            field.default is not dataclasses.MISSING
            or field.default_factory is not dataclasses.MISSING
            for field in dataclasses.fields(option)
        )
    )


def _clear() -> None:
    # gin re-adds its constants and logs that it found them; neither says anything to a user.
    logging.getLogger("absl").disabled, previous = True, logging.getLogger("absl").disabled
    try:
        gin.clear_config()
    finally:
        logging.getLogger("absl").disabled = previous


def _check_complete(function: Callable[..., Any], kwargs: Mapping[str, Any]) -> None:
    """Checks that nothing a call needs is left unset."""
    given = {*kwargs, *_bindings_of(function)}
    for name, parameter in inspect.signature(function).parameters.items():
        optional = parameter.default is not parameter.empty
        if name not in given and not optional and parameter.kind not in _ANY_NUMBER:
            raise ConfigError(
                f"`{function.__name__}.{name}` is not set. Add a file that sets it, or "
                f"--gin-param '{function.__name__}.{name}=...'."
            )


def _unwrapped(error: Exception) -> Exception:
    """The error a configured call raised, without the copies gin makes to extend its message."""
    reader = vars(type(error)).get("__getattr__")
    while reader is not None and reader.__module__ == gin.utils.__name__:
        error = reader.__closure__[0].cell_contents
        reader = vars(type(error)).get("__getattr__")
    return error
