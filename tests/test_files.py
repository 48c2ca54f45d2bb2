"""Files and folders are written whole or not at all."""

import errno
import json
import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from ddsp_tf.errors import ModelError, OutputError
from ddsp_tf.files import (
    atomic_directory,
    atomic_file,
    check_writable,
    read_json,
    write_json,
    write_text,
)

Writer = Callable[..., AbstractContextManager[Path]]


def _fill(temporary: Path, text: str) -> None:
    target = temporary / "inside.txt" if temporary.is_dir() else temporary
    target.write_text(text)


def _fail(writer: Writer, target: Path, error: BaseException, **options: bool) -> None:
    """Writes half and then meets an error."""
    with writer(target, **options) as temporary:
        _fill(temporary, "half")
        raise error


def _content(path: Path) -> str:
    return (path / "inside.txt" if path.is_dir() else path).read_text()


@pytest.mark.parametrize("writer", [atomic_file, atomic_directory])
def test_appears_only_when_done(writer: Writer, tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "out.wav"
    with writer(target) as temporary:
        _fill(temporary, "whole")
        assert not target.exists()
        # Beside the target, so that renaming never copies, and hidden until then.
        assert temporary.parent == target.parent
        assert temporary.name.startswith(".")
    assert _content(target) == "whole"
    assert list(target.parent.iterdir()) == [target]


def test_temporary_files_keep_the_suffix(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "a.flac") as temporary:
        assert temporary.suffix == ".flac"


@pytest.mark.parametrize("error", [ValueError("bug"), KeyboardInterrupt(), SystemExit(1)])
@pytest.mark.parametrize("writer", [atomic_file, atomic_directory])
def test_an_error_leaves_nothing(writer: Writer, error: BaseException, tmp_path: Path) -> None:
    with pytest.raises(type(error)):
        _fail(writer, tmp_path / "out", error)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("writer", [atomic_file, atomic_directory])
def test_an_error_leaves_what_was_there(writer: Writer, tmp_path: Path) -> None:
    with writer(tmp_path / "out") as temporary:
        _fill(temporary, "old")
    with pytest.raises(ValueError, match="bug"):
        _fail(writer, tmp_path / "out", ValueError("bug"), overwrite=True)
    assert _content(tmp_path / "out") == "old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("writer", [atomic_file, atomic_directory])
def test_nothing_is_overwritten_unless_asked(writer: Writer, tmp_path: Path) -> None:
    target = tmp_path / "out"
    with writer(target) as temporary:
        _fill(temporary, "old")
    message = rf"^`{target}` exists\. Choose another name, or pass --overwrite to replace it\.$"
    with pytest.raises(OutputError, match=message), writer(target):
        pytest.fail("the block must not run")
    assert _content(target) == "old"
    with writer(target, overwrite=True) as temporary:
        _fill(temporary, "new")
    assert _content(target) == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("writer", [atomic_file, atomic_directory])
def test_a_full_disk_is_an_output_error(writer: Writer, tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    message = r"^Cannot write `.*out`: No space left on device\. Nothing was left half-written\.$"
    with pytest.raises(OutputError, match=message):
        _fail(writer, tmp_path / "out", full)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("writer", [atomic_file, atomic_directory])
def test_a_folder_that_can_not_be_made_is_an_output_error(writer: Writer, tmp_path: Path) -> None:
    # Below a file there can be no folder, not even for root.
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match=r"^Cannot create the folder `.*file/deeper`: "),
        writer(tmp_path / "file" / "deeper" / "out"),
    ):
        pytest.fail("the block must not run")


def test_a_folder_without_permission_is_an_output_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match=r"^No permission to write in `.*`\. Choose another f"):
        check_writable(tmp_path / "out")


@pytest.mark.parametrize("failing", [1, 2])
def test_a_folder_that_can_not_be_replaced_stays(
    failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out"
    with atomic_directory(target) as temporary:
        _fill(temporary, "old")
    rename, calls = os.replace, []

    def replace(source: Path, destination: Path) -> None:
        calls.append(source)
        if len(calls) == failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rename(source, destination)

    monkeypatch.setattr(os, "replace", replace)
    with (
        pytest.raises(OutputError, match="Cannot write"),
        atomic_directory(target, overwrite=True) as temporary,
    ):
        _fill(temporary, "new")
    assert _content(target) == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_permissions_are_those_of_ordinary_files(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "file", "")
        with atomic_directory(tmp_path / "folder"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o750


def test_json_round_trip(tmp_path: Path) -> None:
    content = {"name": "Geige ♪", "rates": [16000, 0.5], "none": None}
    write_json(tmp_path / "a.json", content)
    assert read_json(tmp_path / "a.json", error=ModelError) == content


def test_json_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b'{"a": ', b"\xff\xfe\x00", b"{'a': 1}"])
def test_damaged_json_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=rf"^`{path}` is damaged or not JSON: "):
        read_json(path, error=ModelError)


def test_missing_json_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"a\.json` is missing\.$"):
        read_json(tmp_path / "a.json", error=ModelError)


def test_json_read_is_what_json_says(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([1, 2]))
    assert read_json(tmp_path / "a.json", error=OutputError) == [1, 2]
