"""Public names of a package by its files: the file `noise_bands.py` holds the class `NoiseBands`.

A new processor, loss or model is thereby known everywhere (gin, models' files, the reference)
when its file is there, and no list has to be changed.
"""

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any


def class_files(package: str, paths: Sequence[str]) -> dict[str, str]:
    """Finds the files below a package, without importing them.

    Args:
        package: Its full name.
        paths: Its `__path__`.

    Returns:
        The full name of the module by the name of its file in camel case.

    Example:
        >>> import ddsp_tf.processors
        >>> class_files("ddsp_tf.processors", ddsp_tf.processors.__path__)["Harmonic"]
        'ddsp_tf.processors.synthesizers.harmonic'
    """
    found: dict[str, str] = {}
    for folder in map(Path, paths):
        for file in sorted(folder.rglob("*.py")):
            if file.stem.startswith("_"):
                continue
            parts = file.relative_to(folder).with_suffix("").parts
            found[_camel_case(file.stem)] = ".".join([package, *parts])
    return found


def discovered(package: str, paths: Sequence[str]) -> Callable[[str], Any]:
    """Gives the `__getattr__` of a package whose classes are found by their files.

    Args:
        package: Its full name.
        paths: Its `__path__`.

    Returns:
        A function from the name of a class to the class. It raises AttributeError where no file
        bears the name, or the file holds no such class.

    Example:
        >>> from ddsp_tf import processors
        >>> processors.Harmonic.__module__
        'ddsp_tf.processors.synthesizers.harmonic'
    """
    files: Mapping[str, str] = class_files(package, paths)

    def get(name: str) -> Any:
        if name in files:
            found = getattr(importlib.import_module(files[name]), name, None)
            if found is not None:
                return found
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get


def _camel_case(stem: str) -> str:
    return re.sub(r"(?:^|_)([a-z0-9])", lambda match: match.group(1).upper(), stem)
