"""Draws docs/images/house.svg: the rooms of the package on their floors.

The floors are those that import-linter enforces (pyproject.toml), so the picture can't be wrong.

    python scripts/make_house.py
"""

import tomllib
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "images" / "house.svg"

ROOMS = {
    "cli": "commands",
    "config": "gin files",
    "training": "steps, phases, runs",
    "evaluation": "metrics, reports",
    "inference": "players",
    "export": "other programs",
    "models": "a folder a family",
    "data": "sources, datasets",
    "midi": "scores, notes",
    "nn": "networks' parts",
    "features": "columns, extractors",
    "losses": "objectives",
    "plotting": "arrays to figures",
    "processors": "controls to sound",
    "audio": "sound files",
    "dsp": "tensor to tensor",
    "black_boxes": "plug-ins' processes",
    "weight_files": "arrays in HDF5",
    "files": "whole or not at all",
    "types": "signals, aliases",
    "discovery": "classes by files",
    "note_names": "A4, C#5",
    "errors": "what is raised",
}
_WIDTH, _HEIGHT, _GAP = 100.0, 10.0, 1.6


def floors() -> list[list[str]]:
    """Reads the rooms of each floor, the highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = contracts["tool"]["importlinter"]["contracts"][0]["layers"]
    return [[room.split(".")[-1].strip() for room in floor.split("|")] for floor in layers]


def draw() -> Figure:
    """Draws every floor as a row of rooms."""
    rows = floors()
    figure = Figure(figsize=(10, 0.62 * len(rows) + 0.3))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(-2, _WIDTH + 2)
    axes.set_ylim(-1, len(rows) * (_HEIGHT + _GAP) + 1)
    for level, rooms in enumerate(reversed(rows)):
        width = (_WIDTH - _GAP * (len(rooms) - 1)) / len(rooms)
        for index, room in enumerate(rooms):
            left, bottom = index * (width + _GAP), level * (_HEIGHT + _GAP)
            axes.add_patch(
                FancyBboxPatch(
                    (left, bottom),
                    width,
                    _HEIGHT,
                    boxstyle="round,pad=0,rounding_size=1.2",
                    facecolor="#e8eef6" if level % 2 else "#f6f1e6",
                    edgecolor="#445566",
                )
            )
            middle = left + width / 2
            axes.text(middle, bottom + 6.4, room, ha="center", va="center", weight="bold", size=10)
            axes.text(middle, bottom + 2.8, ROOMS[room], ha="center", va="center", size=7.5)
    return figure


def main() -> None:
    """Writes the picture."""
    with rc_context({"svg.hashsalt": "house", "svg.fonttype": "none"}):
        draw().savefig(TARGET, metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    main()
