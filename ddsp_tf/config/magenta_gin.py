"""The predecessor's operative gin files, read as data: nothing is imported, nothing is run."""

import os
from pathlib import Path
from typing import Any

import gin

from ddsp_tf.config.configuration import gin_statements
from ddsp_tf.config.names import Macro, Reference
from ddsp_tf.errors import ConfigError

_LARGEST = 1_000_000
"""Bytes of a file; those that ddsp writes have thousands."""


def read_magenta_gin(path: str | os.PathLike[str]) -> dict[str, dict[str, Any]]:
    """Reads which class of magenta/ddsp was given which numbers.

    Args:
        path: An operative gin file that magenta/ddsp wrote beside a checkpoint.

    Returns:
        Arguments by name, by the class's name without its module. A reference to a class is its
        name, `@decoders.RnnFcDecoder()` is `"RnnFcDecoder"`; macros are what they stand for.

    Raises:
        ConfigError: There is no such file, it isn't gin, or a macro stands for nothing.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"There is no gin file `{path}`.")
    if path.stat().st_size > _LARGEST:
        raise ConfigError(f"`{path}` has more than {_LARGEST} bytes: that is no gin file.")
    try:
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"`{path}` should be a gin file, which is text: {error}.") from error
    macros: dict[str, Any] = {}
    arguments: list[tuple[str, str, Any]] = []
    for statement in gin_statements(source, path.name):
        if not isinstance(statement, gin.config_parser.BindingStatement):
            continue
        if statement.arg_name:
            name = statement.selector.rsplit(".", 1)[-1]
            arguments.append((name, statement.arg_name, statement.value))
        else:
            macros[statement.selector] = statement.value
    settings: dict[str, dict[str, Any]] = {}
    for name, argument, value in arguments:
        settings.setdefault(name, {})[argument] = _plain(value, macros, path, depth=0)
    return settings


def _plain(value: Any, macros: dict[str, Any], path: Path, depth: int) -> Any:
    """A value without references and macros."""
    if isinstance(value, Reference):
        return value.selector.rsplit(".", 1)[-1]
    if isinstance(value, Macro):
        if value.name not in macros or depth > len(macros):
            raise ConfigError(f"`{path.name}`: the macro `%{value.name}` stands for nothing.")
        return _plain(macros[value.name], macros, path, depth + 1)
    if isinstance(value, list | tuple):
        return type(value)(_plain(x, macros, path, depth) for x in value)
    return value
