"""Every successor that the page on migration names exists."""

import importlib
import re
from pathlib import Path

import pytest

_PAGE = Path(__file__).parents[1] / "docs" / "migration.md"
_ROOMS = "config data dsp evaluation features losses models nn processors training".split()


def _successors() -> list[str]:
    rows = _PAGE.read_text(encoding="utf-8").split("## Every name")[1].split("\n")
    cells = [row.strip().strip("|").split(" | ")[1] for row in rows if row.startswith("| `")]
    return sorted({name for cell in cells for name in re.findall(r"`([\w.]+)`", cell)})


def test_there_are_successors() -> None:
    assert len(_successors()) > 60


@pytest.mark.parametrize("name", _successors())
def test_the_successor_exists(name: str) -> None:
    room, member = name.split(".")
    assert room in _ROOMS
    assert getattr(importlib.import_module(f"ddsp_tf.{room}"), member) is not None
