"""Torch's environment, made once; exports of the violin for its hosts; and a host in C++."""

import os
from pathlib import Path

import numpy as np
import pytest
from engine_runner import require_compiler, run
from torch_environment import make_environment
from torch_hosts import Host, quiet


@pytest.fixture(scope="session")
def torch_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has torch, Neutone's and nn~'s packages, and ddsp_tf."""
    given = os.environ.get("DDSP_TF_TORCH_PYTHON")
    return Path(given) if given else make_environment(tmp_path_factory.mktemp("torch") / "venv")


@pytest.fixture(scope="session")
def exports(torch_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The violin for all three hosts: `ddsp_tilde/`, `violin.ts`, `violin.nm`."""
    folder = tmp_path_factory.mktemp("torch exports")
    script = Path(__file__).with_name("write_exports.py")
    run(torch_python, script, folder, env=quiet())
    return folder


@pytest.fixture(scope="session")
def host(torch_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """The host in C++, compiled against the libtorch that pip installed."""
    require_compiler()
    build, work = tmp_path_factory.mktemp("torch host"), tmp_path_factory.mktemp("signals")
    # Importing torch would take longer than asking where it is.
    find = "from importlib.util import find_spec; print(find_spec('torch').origin)"
    cmake = Path(run(torch_python, "-c", find).strip()).parent / "share" / "cmake"
    source = Path(__file__).with_name("host")
    defined = (f"-DCMAKE_PREFIX_PATH={cmake}", "-DCMAKE_CXX_FLAGS=-O1")
    run("cmake", "-S", source, "-B", build, *defined)
    run("cmake", "--build", build)

    def play(*arguments: object, given: np.ndarray) -> tuple[np.ndarray, dict[str, list[str]]]:
        paths = {"IN": work / "in.f32", "OUT": work / "out.f32"}
        np.asarray(given, "<f4").tofile(paths["IN"])
        printed = run(build / "torch_host", *(paths.get(str(part), part) for part in arguments))
        facts: dict[str, list[str]] = {}
        for line in printed.splitlines():
            name, _, value = line.partition(" ")
            facts.setdefault(name, []).append(value)
        return np.fromfile(paths["OUT"], "<f4"), facts

    return play
