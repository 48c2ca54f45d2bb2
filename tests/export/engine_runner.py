"""The engine in C++ from Python: its compiler, its files, its player."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_toys import live_instrument

from ddsp_tf.export.live_parts import find_live_parts
from ddsp_tf.export.plugin.container import pack_container
from ddsp_tf.export.plugin.plugin_contents import describe_for_engine, gather_arrays

VECTORS = Path(__file__).parents[2] / "docs" / "contract_vectors.json"
SHIPPED = ("violin", "cello", "flute", "saxophone", "trumpet", "violin_48k")


def toy_file(**arguments: Any) -> bytes:
    """A small instrument without a tracker, for tests that read it very often."""
    sizes = {"n_harmonics": 10, "n_noise_bands": 9, "rnn_channels": 24, "hop_length": 64}
    toy = live_instrument(**(sizes | arguments))
    parts = find_live_parts(toy.model)
    facts = describe_for_engine(toy, parts) | {"title": "Toy é", "tracker": None}
    arrays = gather_arrays(toy, parts)
    return pack_container(
        facts, {name: x for name, x in arrays.items() if not name.startswith("tracker/")}
    )


def require_compiler() -> None:
    """Fails where there is no CMake or no C++ compiler, and says what to install."""
    compilers = ("c++", "g++", "clang++")
    if not shutil.which("cmake") or not any(map(shutil.which, compilers)):
        pytest.fail(
            "The engine's tests need CMake and a C++17 compiler: apt install cmake g++ (Debian), "
            "dnf install cmake gcc-c++ (Fedora), xcode-select --install and brew install cmake "
            "(macOS)."
        )


def run(*command: object, **settings: Any) -> str:
    """Runs a program that has to succeed; gives what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        **settings,
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return done.stdout


def play(engine: Path, *arguments: object, given: np.ndarray, folder: Path) -> np.ndarray:
    """Runs `ddsp_player`; IN and OUT among the arguments stand for the numbers that go and come."""
    paths = {"IN": folder / "in.f32", "OUT": folder / "out.f32"}
    np.asarray(given, "<f4").tofile(paths["IN"])
    run(engine / "ddsp_player", *(paths.get(str(part), part) for part in arguments))
    return np.fromfile(paths["OUT"], "<f4")
