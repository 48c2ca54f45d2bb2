"""Empty modules in place of ones that a library imports but that nothing timed here uses."""

import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence
from typing import Any


class StandIn(types.ModuleType):
    """A module that has every attribute. Each can be called, and be a base class."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []

    def __getattr__(self, name: str) -> "StandIn":
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self.__name__}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> "StandIn":
        del args, kwargs
        return self

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        del bases
        return ()


class StandInFinder:
    """Lets imports of some top-level packages, and of all below them, give stand-ins.

    Args:
        packages: Their names. Those that are installed are left alone.
    """

    def __init__(self, packages: Sequence[str]) -> None:
        self._packages = {name for name in packages if importlib.util.find_spec(name) is None}

    def install(self) -> None:
        """Comes after Python's own finders."""
        sys.meta_path.append(self)

    def find_spec(
        self, name: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Answers the import system."""
        del path, target
        if name.split(".")[0] not in self._packages:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> StandIn:
        """Makes the empty module."""
        return StandIn(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Does nothing: there is no code."""
