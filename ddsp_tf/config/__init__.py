"""Configuration by gin files: what to build, and with which numbers.

The names are loaded when they are first used: to find a packaged file, gin is not needed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ddsp_tf.config.configuration import Config, parse
    from ddsp_tf.config.magenta_gin import read_magenta_gin
    from ddsp_tf.config.names import find_gin_file, packaged_configs

__all__ = ["Config", "find_gin_file", "packaged_configs", "parse", "read_magenta_gin"]

_MODULES = {
    "Config": "configuration",
    "find_gin_file": "names",
    "packaged_configs": "names",
    "parse": "configuration",
    "read_magenta_gin": "magenta_gin",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
