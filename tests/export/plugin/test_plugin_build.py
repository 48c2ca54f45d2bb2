"""`build_plugins`: what it needs, what it refuses, and that nothing is half-written."""

from pathlib import Path

import pytest
from engine_runner import run

from ddsp_tf.cli.export_targets import TARGETS
from ddsp_tf.errors import ArgumentError, ExportError, OutputError
from ddsp_tf.export.plugin import build
from ddsp_tf.export.plugin.build import BUNDLES, HOST, build_plugins, find_tools


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a compiler, with DPF, and with a CMake that does what a test wants."""
    dpf, programs = tmp_path / "dpf", tmp_path / "bin"
    (dpf / "distrho/src").mkdir(parents=True)
    for name in ("distrho/DistrhoPluginMain.cpp", "distrho/src/DistrhoPluginCLAP.cpp"):
        (dpf / name).write_text("")
    programs.mkdir()
    for name in ("cmake", "c++"):
        (programs / name).write_text("#!/bin/sh\nexit 1\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("DPF_PATH", str(dpf))
    monkeypatch.setattr(build, "list_presets", list)
    return programs


def cmake(tools: Path, script: str) -> None:
    (tools / "cmake").write_text(f"#!/bin/sh\n{script}\n")


WRITES = """case "$1" in --build)
echo "[ 50%] Building"; echo "[ 40%] Built"; echo "[100%] Built"
for kind in effect instrument; do
  mkdir -p "$2/plugins/ddsp_tf_$kind.vst3/Contents" "$2/plugins/ddsp_tf_$kind.lv2"
  echo new > "$2/plugins/ddsp_tf_$kind.vst3/Contents/file"
  echo new > "$2/plugins/ddsp_tf_$kind.lv2/file"
  echo new > "$2/plugins/ddsp_tf_$kind.clap"
done;; esac"""


def test_what_is_missing_is_said_in_one_line(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_tools().dpf == (tmp_path / "dpf").resolve()
    monkeypatch.setenv("DPF_PATH", str(tmp_path / "none"))
    with pytest.raises(ExportError, match=r"--build needs DPF 1.6 or later \(not in `DPF_PATH`"):
        find_tools()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExportError) as raised:
        find_tools()
    said = str(raised.value)
    assert "\n" not in said
    for word in ("CMake", "C++17 compiler", "DPF", "apt", "dnf", "brew", "pacman"):
        assert word in said


def test_plugins_that_are_there_stay(tools: Path, tmp_path: Path) -> None:
    cmake(tools, WRITES)
    folder = tmp_path / "plugins"
    shares: list[float] = []
    built = build_plugins(folder, progress=shares.append)
    assert tuple(path.name for path in built.paths) == BUNDLES
    assert all(path.exists() for path in built.paths)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    old = folder / "ddsp_tf_effect.clap"
    old.write_text("old")
    with pytest.raises(OutputError, match=r"ddsp_tf_effect.*exists.*--overwrite"):
        build_plugins(folder)
    assert old.read_text() == "old"
    build_plugins(folder, overwrite=True)
    assert old.read_text() == "new\n"


def test_a_compiler_that_fails_leaves_nothing(tools: Path, tmp_path: Path) -> None:
    cmake(tools, 'case "$1" in --build) echo "player.cpp:1: error: no room"; exit 2;; esac')
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "violin.ddsp").write_text("the instrument")
    with pytest.raises(ExportError, match=r"`cmake` ended with 2. It said:\n.*error: no room"):
        build_plugins(folder)
    assert [path.name for path in folder.iterdir()] == ["violin.ddsp"]


def test_other_targets_compile_nothing() -> None:
    with pytest.raises(ArgumentError, match="--build goes with --target plugin; web has nothing"):
        TARGETS["web"].check("web", Path("site"), None, build=True)
    TARGETS["plugin"].check("plugin", Path("plugins"), None, build=True)


@pytest.mark.slow
@pytest.mark.xdist_group("engine")
def test_changing_instruments_takes_nothing_in_the_audio_thread(
    instruments: Path, tmp_path: Path
) -> None:
    found = find_tools()
    run(
        *(found.cmake, "-S", HOST, "-B", tmp_path, "-DDDSP_HOST_TESTS=ON"),
        *(f"-DDPF_PATH={found.dpf}", f"-DDDSP_INSTRUMENTS={instruments}"),
        "-DCMAKE_CXX_FLAGS_RELEASE=-O1",  # what is counted doesn't hang on speed
    )
    run(found.cmake, "--build", tmp_path, "--target", "test_player", "--parallel", "2")
    said = run(tmp_path / "test_player")
    assert said.count("12 changes, 0 allocations") == 2
