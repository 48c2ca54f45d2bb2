"""Packages that exports need and nothing else does."""

import importlib
from typing import Any

from ddsp_tf.errors import ExportError


def import_optional(module: str, *, package: str) -> Any:
    """Imports a module of a package that `ddsp-tf[export]` brings.

    Args:
        module: Its name.
        package: What pip calls the package.

    Raises:
        ExportError: It isn't installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ExportError(
            f"This needs the package {package}, which is not installed (or does not work: "
            f'{error}). Install it: pip install "ddsp-tf[export]"'
        ) from error
