"""Packages that exports need and nothing else does."""

import importlib
from typing import Any

from ddsp_tf.errors import ExportError

EXPORT = 'pip install "ddsp-tf[export]"'


def import_optional(module: str, *, package: str, install: str = EXPORT) -> Any:
    """Imports a module of a package that not everybody has.

    Args:
        module: Its name.
        package: What pip calls the package.
        install: The command that brings it.

    Raises:
        ExportError: It isn't installed.
    """
    try:
        return importlib.import_module(module)
    except (ImportError, OSError) as error:
        # OSError: a library in C++ that is of another machine or version.
        raise ExportError(
            f"This needs the package {package}, which is not installed (or does not work: "
            f"{error}). Install it: {install}"
        ) from error
