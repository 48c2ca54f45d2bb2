"""What is installed, what importing it costs, and that all of it is documented."""

import importlib
import inspect
import json
import os
import pkgutil
import runpy
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from midi_toys import off, on, save

import ddsp_tf

ROOT = Path(__file__).parents[1]
HEAVY = ("tensorflow", "keras", "librosa", "matplotlib", "tensorflow_probability", "scipy", "gin")
AREAS = sorted(
    {module.name for module in pkgutil.iter_modules(ddsp_tf.__path__)} & set(ddsp_tf.__all__)
)
INSTRUMENTS = sorted(path.parent.name for path in ROOT.glob("ddsp_tf/presets/*/metadata.json"))

NO_NETWORK = """
import socket
def refuse(*_):
    raise OSError("a connection was attempted")
socket.socket.connect = socket.socket.connect_ex = refuse
"""


def tracked_files() -> list[str]:
    """What belongs to the project, without what builds and tests left beside it."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    return [
        path.relative_to(ROOT).as_posix()
        for folder in ("ddsp_tf", "configs", "tests", "scripts", "docs")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ] + ["setup.py", "pyproject.toml", "README.md", "LICENSE"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a clean copy of the project."""
    source = tmp_path_factory.mktemp("source")
    for name in tracked_files():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-index", "--no-build-isolation"),
            *("--wheel-dir", target, source),
        ],
        check=True,
    )
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Runs the command of a fresh virtual environment that holds the wheel, without network.

    The dependencies are borrowed from the environment of the tests.
    """
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    paths = sysconfig.get_paths("venv", vars={"base": str(folder), "platbase": str(folder)})
    purelib = Path(paths["purelib"])
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", f"--python={folder}/bin/python", "install", "--quiet"),
            *("--disable-pip-version-check", "--no-deps", "--no-index", wheel),
        ],
        check=True,
    )
    (purelib / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    blocker = tmp_path_factory.mktemp("blocker")
    (blocker / "sitecustomize.py").write_text(NO_NETWORK)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    environment = {**os.environ, "PYTHONPATH": str(blocker)}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [f"{folder}/bin/ddsp-tf", *arguments],
            cwd=elsewhere,
            env=environment,
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.folder = elsewhere  # type: ignore[attr-defined]
    run.python = f"{folder}/bin/python"  # type: ignore[attr-defined]
    return run


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    metadata = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    expected = set()
    for name in tracked_files():
        if name.startswith("ddsp_tf/"):
            expected.add(name)
        elif name.startswith("configs/"):
            expected.add(f"ddsp_tf/{name}")
    assert names - metadata == expected
    assert "ddsp_tf/configs/models/solo_instrument.gin" in names
    assert "ddsp_tf/presets/melody.flac" in names
    assert "ddsp_tf/py.typed" in names
    assert any(name.endswith("/LICENSE") for name in metadata)


def test_a_checkout_that_is_not_installed_finds_its_configs() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from ddsp_tf.config.names import packaged_configs\n"
        "print(*packaged_configs())\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "models/solo_instrument.gin" in done.stdout.split()


@pytest.mark.slow
def test_the_wheel_stays_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 20e6


@pytest.mark.slow
def test_the_installed_command_explains_itself(installed: Callable[..., str]) -> None:
    assert "ddsp-tf transfer violin" in installed("--help")
    assert installed("--version").startswith("ddsp-tf ")
    assert "models/solo_instrument.gin" in installed("configs", "list")
    for name, facts in json.loads(installed("instruments", "--json")).items():
        assert facts["licence"], name
        # What is played by notes follows no melody, of which there could be statistics.
        assert (facts["statistics"] is None) == (name == "piano")
        assert name == "piano" or facts["statistics"]["seconds"] > 50.0, name


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in INSTRUMENTS if name != "piano"])
def test_the_installed_instruments_play_without_network(
    installed: Callable[..., str], name: str
) -> None:
    installed("transfer", name, "melody", "-o", f"{name}/")
    path = installed.folder / name / "melody.wav"  # type: ignore[attr-defined]
    audio, rate = soundfile.read(path)
    assert 8.0 < len(audio) / rate < 8.5
    assert 0.01 < abs(audio).max() <= 1.0


@pytest.mark.slow
def test_the_installed_piano_plays_without_network(installed: Callable[..., str]) -> None:
    folder = installed.folder  # type: ignore[attr-defined]
    save(folder / "note.mid", [on(60), off(60, 960)])
    installed("render", "note.mid", "piano", "-o", "piano/")
    audio, rate = soundfile.read(folder / "piano" / "note.wav")
    assert len(audio) / rate > 1.0
    assert 0.01 < abs(audio).max() <= 1.0


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, ddsp_tf, ddsp_tf.errors, ddsp_tf.cli.main; dir(ddsp_tf); "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ddsp_tf.__all__)
def test_every_public_name_resolves_and_is_documented(name: str) -> None:
    found = getattr(ddsp_tf, name)
    if name == "__version__":
        assert found == importlib.metadata.version("ddsp-tf")
    else:
        assert (found.__doc__ or "").strip()
    assert name in dir(ddsp_tf)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Synth'"):
        ddsp_tf.Synth  # noqa: B018


@pytest.mark.parametrize("area", AREAS)
def test_what_an_area_exports_is_documented(area: str) -> None:
    module = importlib.import_module(f"ddsp_tf.{area}")
    for name in getattr(module, "__all__", []):
        found = getattr(module, name)
        if inspect.isclass(found) or inspect.isfunction(found):
            assert (found.__doc__ or "").strip(), f"{area}.{name}"
            assert found.__module__.startswith("ddsp_tf."), f"{area}.{name}"


def test_the_shipped_melody_is_what_its_script_makes(tmp_path: Path) -> None:
    target = tmp_path / "melody.flac"
    runpy.run_path(str(ROOT / "scripts" / "make_melody.py"))["main"](target)
    made, rate = soundfile.read(target)
    shipped, shipped_rate = soundfile.read(ROOT / "ddsp_tf" / "presets" / "melody.flac")
    assert rate == shipped_rate
    np.testing.assert_allclose(made, shipped, atol=1e-3)


def test_the_versions_agree() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {ddsp_tf.__version__}" in changes
