"""A module of classes to configure, and a folder of gin files, without TensorFlow."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

TOY = """
from collections.abc import Sequence
from typing import Literal


class Base:
    def __init__(self, name: str | None = None, **kwargs):
        if kwargs:
            raise ValueError(f"Unrecognised: {kwargs}")
        self.name = name


class Oscillator(Base):
    def __init__(
        self,
        n_harmonics: int = 60,
        scale=1.0,
        mode: Literal["sine", "saw"] = "sine",
        sizes: Sequence[int] = (1, 2),
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.n_harmonics, self.scale, self.mode, self.sizes = n_harmonics, scale, mode, sizes


def run(oscillator: Oscillator, *, steps: int, rate: float = 0.1, xla: bool | str = "auto"):
    if steps < 0:
        raise ValueError("`steps` must not be negative.")
    return oscillator, steps, rate


def helper():
    return 5
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module `toy`, importable, with the working folder where its gin files go."""
    (tmp_path / "toy.py").write_text(TOY)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.gin").write_text(
        "# A toy.\n"
        "from __gin__ import dynamic_registration\n"
        "import toy\n"
        "\n"
        "STEPS = 7\n"
        "\n"
        "toy.run:\n"
        "  oscillator = @toy.Oscillator()\n"
        "  steps = %STEPS\n"
        "toy.Oscillator.sizes = [\n"
        "    4,  # four\n"
        "    5,\n"
        "]\n"
    )
    import toy as module

    yield module
    del sys.modules["toy"]
