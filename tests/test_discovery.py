"""Classes are found by their files, so that a new system changes no list."""

import subprocess
import sys
from pathlib import Path

import pytest

from ddsp_tf import processors
from ddsp_tf.discovery import class_files, discovered


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[str]]:
    """A package with a class two folders down, in a file named after it."""
    room = tmp_path / "found_here" / "room"
    room.mkdir(parents=True)
    for folder in (room.parent, room):
        (folder / "__init__.py").write_text("")
    (room / "noise_bands.py").write_text("class NoiseBands:\n    width = 3\n")
    (room / "shapes.py").write_text("def check() -> None:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "found_here", [str(room.parent)]


def test_a_class_is_found_by_its_file(package: tuple[str, list[str]]) -> None:
    get = discovered(*package)
    assert get("NoiseBands").width == 3
    assert class_files(*package)["NoiseBands"] == "found_here.room.noise_bands"


@pytest.mark.parametrize("name", ["NoiseBand", "Shapes", "__wrapped__"])
def test_what_no_file_holds_is_no_attribute(package: tuple[str, list[str]], name: str) -> None:
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
        discovered(*package)(name)


def test_names_of_the_package_itself_stay() -> None:
    assert processors.Harmonic is processors.synthesizers.harmonic.Harmonic
    with pytest.raises(AttributeError, match="has no attribute 'Harmonics'"):
        _ = processors.Harmonics


def test_nothing_is_imported_before_it_is_asked_for(package: tuple[str, list[str]]) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(package[1][0]).parent)!r})\n"
        "from ddsp_tf.discovery import discovered\n"
        f"get = discovered({package[0]!r}, {package[1]!r})\n"
        "print('found_here.room.noise_bands' in sys.modules)\n"
        "get('NoiseBands'); print('found_here.room.noise_bands' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
