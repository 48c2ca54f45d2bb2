"""The plug-ins are compiled: VST3, CLAP and LV2, with instruments inside."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddsp_tf.errors import ExportError
from ddsp_tf.export.plugin.plugin import SUFFIX, pack_shipped, plays_live
from ddsp_tf.files import atomic_directory, atomic_file, check_writable
from ddsp_tf.models import list_presets
from ddsp_tf.types import Progress, no_progress, scaled

HOST = Path(__file__).parent / "host"
"""The plug-ins' sources, which ship with ddsp_tf."""

BUNDLES = tuple(
    f"ddsp_tf_{kind}.{format_}"
    for kind in ("effect", "instrument")
    for format_ in ("vst3", "clap", "lv2")
)
"""What is built: files, or folders that hosts treat as one."""

_COMPILERS = ("c++", "g++", "clang++")
_DPF_FOLDERS = ("/usr/share/dpf", "/usr/src/dpf", "/usr/local/share/dpf")
_DPF_FILES = ("distrho/DistrhoPluginMain.cpp", "distrho/src/DistrhoPluginCLAP.cpp")
_INSTALL = (
    "Debian, Ubuntu: apt install cmake make g++ dpf-source. Fedora: dnf install cmake make "
    "gcc-c++; macOS: xcode-select --install, brew install cmake; Windows, in MSYS2: pacman -S "
    "mingw-w64-ucrt-x86_64-gcc mingw-w64-ucrt-x86_64-cmake mingw-w64-ucrt-x86_64-ninja; and in all "
    "three: git clone https://github.com/DISTRHO/DPF, and DPF_PATH set to it."
)
_TAIL = 25
"""Lines of a compiler's output that are shown when it fails."""


@dataclass(frozen=True)
class PluginBuild:
    """What was compiled.

    Args:
        paths: The plug-ins, two of each format.
        instruments: Names of the instruments inside, in their order.
    """

    paths: tuple[Path, ...]
    instruments: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Gives the figures, ready for JSON."""
        return {"plugins": [str(path) for path in self.paths], "inside": list(self.instruments)}

    def __str__(self) -> str:
        names = " ".join(path.name for path in self.paths)
        return f"Compiled {names} with {', '.join(self.instruments)} inside."


@dataclass(frozen=True)
class Tools:
    """What compiles.

    Args:
        cmake: The program.
        dpf: Folder of DPF's sources.
    """

    cmake: str
    dpf: Path


def find_tools() -> Tools:
    """Finds CMake, a compiler and DPF, which `DPF_PATH` may name.

    Raises:
        ExportError: One is missing; the message says what to install.

    Example:
        >>> try:
        ...     found = find_tools().dpf.is_dir()
        ... except ExportError as error:
        ...     found = "apt install" in str(error)
        >>> found
        True
    """
    missing = []
    cmake = shutil.which("cmake")
    if cmake is None:
        missing.append("CMake")
    named = os.environ.get("CXX"), *_COMPILERS
    if not any(shutil.which(name) for name in named if name):
        missing.append("a C++17 compiler")
    own = os.environ.get("DPF_PATH")
    dpf = next(filter(_is_dpf, map(Path, [own] if own else _DPF_FOLDERS)), None)
    if dpf is None:
        where = f"`DPF_PATH`, `{own}`" if own else ", ".join(_DPF_FOLDERS)
        missing.append(f"DPF 1.6 or later (not in {where})")
    if cmake is None or dpf is None or missing:
        raise ExportError(f"--build needs {' and '.join(missing)}. {_INSTALL}")
    return Tools(cmake, dpf.resolve())


def check_buildable(directory: str | os.PathLike[str], *, overwrite: bool = False) -> Tools:
    """Checks, before any work is done, that plug-ins can be compiled into a folder.

    Raises:
        ExportError: A tool is missing.
        OutputError: A plug-in is there, and `overwrite` is false; or it can't be written.
    """
    tools = find_tools()
    for name in BUNDLES:
        check_writable(Path(directory) / name, overwrite=overwrite)
    return tools


def build_plugins(
    directory: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> PluginBuild:
    """Compiles the plug-ins of a folder with its instruments, and those that ship, inside.

    Those of the folder come first. A shipped one that isn't among them is compiled in with weights
    in float16. Nothing is written unless all was compiled.

    Args:
        directory: A folder, perhaps with `.ddsp` files; the plug-ins are written into it.
        overwrite: Whether plug-ins that are there may be replaced.
        progress: Is called with the share that is done, 0 to 1.

    Raises:
        ExportError: A tool is missing, or the compiler fails.
        OutputError: A plug-in is there, or can't be written.
    """
    folder = Path(directory)
    tools = check_buildable(folder, overwrite=overwrite)
    advance = progress or no_progress
    with tempfile.TemporaryDirectory(prefix="ddsp_tf-") as work:
        inside = Path(work) / "instruments"
        names = _gather(folder, inside, scaled(progress, 0.0, 0.3) or no_progress)
        build = Path(work) / "build"
        defined = (f"-DDPF_PATH={tools.dpf}", f"-DDDSP_INSTRUMENTS={inside}")
        _run([tools.cmake, "-S", str(HOST), "-B", str(build), *_generator(), *defined])
        compiling = scaled(progress, 0.3, 0.95) or no_progress
        _run(
            [tools.cmake, "--build", str(build), "--parallel", str(os.cpu_count() or 1)], compiling
        )
        paths = tuple(_put(build / "plugins" / name, folder / name, overwrite) for name in BUNDLES)
    advance(1.0)
    return PluginBuild(paths, names)


def _is_dpf(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _DPF_FILES)


def _gather(folder: Path, inside: Path, advance: Progress) -> tuple[str, ...]:
    """Puts what is compiled in into one folder, numbered: that is its order in the plug-in."""
    inside.mkdir()
    files = {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"))}
    shipped = [name for name in list_presets() if name not in files and plays_live(name)]
    names = (*files, *shipped)
    for number, name in enumerate(names):
        path = inside / f"{number:03d}.{name}{SUFFIX}"
        if name in files:
            shutil.copyfile(files[name], path)
        else:
            path.write_bytes(pack_shipped(name))
        advance((number + 1) / len(names))
    return names


def _generator() -> Sequence[str]:
    """CMake's usual generator on Windows is that of a compiler that can't build this."""
    if os.name != "nt":
        return []
    return ["-G", "Ninja" if shutil.which("ninja") else "MinGW Makefiles"]


def _run(command: Sequence[str], advance: Progress = no_progress) -> None:
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        lines, share = [], 0.0
        for line in process.stdout or ():
            lines.append(line)
            if found := re.match(r"\[ *(\d+)%\]", line):
                done = int(found[1]) / 100
            elif found := re.match(r"\[(\d+)/(\d+)\]", line):
                done = int(found[1]) / int(found[2])
            else:
                continue
            share = max(share, done)  # what is compiled at once is told in any order
            advance(share)
    if process.returncode != 0:
        raise ExportError(
            f"The plug-ins don't compile: `{Path(command[0]).name}` ended with "
            f"{process.returncode}. It said:\n{''.join(lines[-_TAIL:])}"
        )


def _put(source: Path, path: Path, overwrite: bool) -> Path:
    if source.is_dir():
        with atomic_directory(path, sort=None, overwrite=overwrite) as temporary:
            shutil.copytree(source, temporary, dirs_exist_ok=True)
    else:
        with atomic_file(path, overwrite=overwrite) as temporary:
            shutil.copy(source, temporary)
    return path
