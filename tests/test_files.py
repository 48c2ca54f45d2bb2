"""Files and folders are written whole or not at all."""

import errno
import functools
import json
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from ddsp_tf.errors import ModelError, OutputError
from ddsp_tf.files import (
    FolderSort,
    atomic_directory,
    atomic_file,
    check_folder,
    check_writable,
    read_json,
    write_json,
    write_text,
)

Writer = Callable[..., AbstractContextManager[Path]]

NOTEBOOK = FolderSort(
    "a notebook", "notebook.json", keys={"format": "notebook", "pages": None}, files=("pages/*.md",)
)
directory: Writer = functools.partial(atomic_directory, sort=None)


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


@pytest.mark.parametrize("writer", [atomic_file, directory])
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
@pytest.mark.parametrize("writer", [atomic_file, directory])
def test_an_error_leaves_nothing(writer: Writer, error: BaseException, tmp_path: Path) -> None:
    with pytest.raises(type(error)):
        _fail(writer, tmp_path / "out", error)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("writer", [atomic_file, directory])
def test_an_error_leaves_what_was_there(writer: Writer, tmp_path: Path) -> None:
    with writer(tmp_path / "out") as temporary:
        _fill(temporary, "old")
    with pytest.raises(ValueError, match="bug"):
        _fail(writer, tmp_path / "out", ValueError("bug"), overwrite=True)
    assert _content(tmp_path / "out") == "old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("writer", [atomic_file, directory])
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


@pytest.mark.parametrize("writer", [atomic_file, directory])
def test_a_full_disk_is_an_output_error(writer: Writer, tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    message = r"^Cannot write `.*out`: No space left on device\. Nothing was left half-written\.$"
    with pytest.raises(OutputError, match=message):
        _fail(writer, tmp_path / "out", full)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("writer", [atomic_file, directory])
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
    with directory(target) as temporary:
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
        directory(target, overwrite=True) as temporary,
    ):
        _fill(temporary, "new")
    assert _content(target) == "old"
    assert list(tmp_path.iterdir()) == [target]


def _notebook(folder: Path) -> Path:
    (folder / "pages").mkdir(parents=True)
    write_json(folder / "notebook.json", {"format": "notebook", "pages": 1})
    (folder / "pages" / "1.md").write_text("old")
    return folder


def test_a_folder_of_its_sort_is_replaced(tmp_path: Path) -> None:
    folder = _notebook(tmp_path / "notes")
    for litter in (".DS_Store", "Thumbs.db", "pages/desktop.ini"):
        (folder / litter).write_text("by the system")
    with atomic_directory(folder, sort=NOTEBOOK, overwrite=True) as temporary:
        write_json(temporary / "notebook.json", {"format": "notebook", "pages": 0})
    assert [path.name for path in folder.iterdir()] == ["notebook.json"]
    assert list(tmp_path.iterdir()) == [folder]


def test_an_empty_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    with atomic_directory(tmp_path / "notes", sort=NOTEBOOK, overwrite=True) as temporary:
        (temporary / "new").write_text("new")
    assert (tmp_path / "notes" / "new").read_text() == "new"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"take.wav": "mine"},
            "`.*notes` is not a notebook that ddsp_tf wrote, so --overwrite does not",
        ),
        (
            {"notebook.json": '{"format": "novel", "pages": 1}'},
            "is not a notebook that ddsp_tf wrote",
        ),
        ({"notebook.json": '{"format": "notebook"}'}, "is not a notebook that ddsp_tf wrote"),
        ({"notebook.json": "damaged"}, "is not a notebook that ddsp_tf wrote"),
        ({"notebook.json": "[]"}, "is not a notebook that ddsp_tf wrote"),
        (
            {"notebook.json": '{"format": "notebook", "pages": 1}', "deep/down/take.wav": "mine"},
            "`.*notes/deep/down/take.wav` is not part of a notebook, and --overwrite would delete",
        ),
    ],
)
def test_what_ddsp_tf_did_not_write_is_never_replaced(
    files: dict[str, str], message: str, tmp_path: Path
) -> None:
    folder = tmp_path / "notes"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with pytest.raises(OutputError, match=message):
        check_folder(folder, sort=NOTEBOOK, overwrite=True)
    with (
        pytest.raises(OutputError, match=message),
        atomic_directory(folder, sort=NOTEBOOK, overwrite=True),
    ):
        pytest.fail("the block must not run")
    assert {name: (folder / name).read_text() for name in files} == files
    assert list(tmp_path.iterdir()) == [folder]


def test_what_comes_in_while_the_work_is_done_is_kept(tmp_path: Path) -> None:
    folder = _notebook(tmp_path / "notes")

    def meanwhile() -> None:
        with atomic_directory(folder, sort=NOTEBOOK, overwrite=True) as temporary:
            (temporary / "new").write_text("new")
            (folder / "take.wav").write_text("mine")

    with pytest.raises(OutputError, match=r"take\.wav` is not part of a notebook"):
        meanwhile()
    assert (folder / "take.wav").read_text() == "mine"
    assert (folder / "pages" / "1.md").read_text() == "old"


def test_a_file_is_no_folder_and_a_folder_no_file(tmp_path: Path) -> None:
    (tmp_path / "take.wav").write_text("mine")
    with (
        pytest.raises(OutputError, match=r"take\.wav` is a file, and a notebook is a folder"),
        atomic_directory(tmp_path / "take.wav", sort=NOTEBOOK, overwrite=True),
    ):
        pytest.fail("the block must not run")
    assert (tmp_path / "take.wav").read_text() == "mine"
    with (
        pytest.raises(OutputError, match="is a folder, and a file should go there"),
        atomic_file(_notebook(tmp_path / "notes"), overwrite=True),
    ):
        pytest.fail("the block must not run")


def test_a_linked_folder_stays_where_it_is(tmp_path: Path) -> None:
    kept = _notebook(tmp_path / "kept")
    (tmp_path / "link").symlink_to(kept)
    with atomic_directory(tmp_path / "link", sort=NOTEBOOK, overwrite=True) as temporary:
        (temporary / "new").write_text("new")
    assert (kept / "pages" / "1.md").read_text() == "old"
    assert (tmp_path / "link" / "new").read_text() == "new"


@pytest.mark.parametrize("writer", [atomic_file, directory])
def test_an_error_of_a_library_on_a_full_disk_is_told_as_that(
    writer: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # soundfile, h5py and TensorFlow have errors of their own.
    full = shutil._ntuple_diskusage(1 << 30, (1 << 30) - 4096, 4096)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(OutputError, match=r"out`: No space left on device\. Nothing was left"):
        _fail(writer, tmp_path / "out", RuntimeError("System error."))
    assert list(tmp_path.iterdir()) == []


def test_permissions_are_those_of_ordinary_files(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "file", "")
        with directory(tmp_path / "folder"):
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
