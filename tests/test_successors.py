"""The page for those who come from magenta/ddsp: every successor that it names is there."""

import importlib
import re
from functools import reduce
from pathlib import Path

import pytest

from ddsp_tf.cli.main import COMMANDS

PAGE = Path(__file__).parents[1] / "docs" / "migration.md"
_NAME = re.compile(r"`([a-z_]+(?:\.[A-Za-z_]+)+)`")
_FOREIGN = ("np", "tf")


def _rows() -> list[tuple[list[str], str]]:
    table = PAGE.read_text().split("## Every public name")[1]
    rows = [line.strip("| ").split(" | ", 1) for line in table.splitlines() if "| `" in line]
    return [(re.findall("`([^`]+)`", theirs), here) for theirs, here in rows]


def _successors() -> list[str]:
    found = {name for _, here in _rows() for name in _NAME.findall(here)}
    return sorted(name for name in found if name.split(".")[0] not in _FOREIGN)


def _resolve(name: str) -> object:
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(["ddsp_tf", *parts[:n]]))
        except ModuleNotFoundError:
            continue
        return reduce(getattr, parts[n:], module)
    raise AssertionError(name)


@pytest.mark.parametrize("name", _successors())
def test_the_successor_is_there(name: str) -> None:
    assert _resolve(name) is not None


def test_every_name_has_a_successor_or_a_reason() -> None:
    rows = _rows()
    assert sum(len(theirs) for theirs, _ in rows) == 335
    for theirs, here in rows:
        assert theirs
        has_successor = bool(_NAME.search(here)) or "`ddsp-tf " in here
        assert has_successor or here.startswith("left out: "), theirs
    commands = {c for _, here in rows for c in re.findall(r"`ddsp-tf (\w+)`", here)}
    assert commands <= set(COMMANDS)
