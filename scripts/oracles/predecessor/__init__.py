"""The predecessor's names for what ddsp_tf does, so that its own tests can ask for it.

Each module here stands for that of the same name. Arguments are put into ddsp_tf's order and units,
and nothing is computed that ddsp_tf doesn't compute. What has no successor skips the test that asks
for it, and says why.
"""

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import NoReturn
from unittest import SkipTest

MODULES = ("core", "effects", "losses", "processors", "spectral_ops", "synths")


def install(folder: Path) -> None:
    """Lets `ddsp` mean these modules; whatever else it should hold is looked for in a folder."""
    package = ModuleType("ddsp")
    package.__path__ = [str(folder)]
    sys.modules["ddsp"] = package
    for name in MODULES:
        module = importlib.import_module(f"predecessor.{name}")
        sys.modules[f"ddsp.{name}"] = module
        setattr(package, name, module)


def left_out(reason: str) -> NoReturn:
    """Skips a test that asks for what isn't here."""
    raise SkipTest(reason)
