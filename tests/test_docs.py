"""Everything that README and docs show is run, and what they link to exists."""

import re
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from page_blocks import read_blocks
from page_runner import PageRunner, check_output, commands, inside, smaller
from reader_files import write_magenta_records, write_recordings

import ddsp_tf

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.py"))
SYSTEMS = "systems/index.md"
SET_UP = "set-up"
ELSEWHERE = "elsewhere"  # it needs a network or hours, so a person ran it

RUNS = [page for page in PAGES if read_blocks(page)]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every reader has: recordings and melodies."""
    folder = tmp_path_factory.mktemp("recorded")
    write_recordings(folder)
    return folder


@pytest.fixture(scope="session")
def trained(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What some have besides: a dataset, and a run on it."""
    folder = tmp_path_factory.mktemp("trained")
    with inside(folder):
        runner = PageRunner()
        runner.ddsp_tf(["prepare", str(recorded / "recordings"), "dataset/"])
        arguments = ["--gin-file", "models/small_instrument.gin", "--data", "dataset/"]
        runner.ddsp_tf(["train", *arguments, "--run", "runs/violin"])
    return folder


@pytest.fixture(scope="session")
def inherited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a user of magenta/ddsp has: TFRecords of its layout."""
    folder = tmp_path_factory.mktemp("inherited")
    write_magenta_records(folder)
    return folder


GIVEN = {"dataset/": "trained", "runs/": "trained", "data/": "inherited"}


# A page trains and plays as its reader would, which takes its time.
@pytest.mark.slow
@pytest.mark.parametrize("page", RUNS, ids=name_of)
def test_a_page_runs(
    page: Path,
    recorded: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The engine's own tests compile it as users have it, which takes three times as long.
    monkeypatch.setenv("CMAKE_BUILD_TYPE", "Debug")
    shutil.copytree(recorded, tmp_path, dirs_exist_ok=True)
    given = re.search(r"^<!-- given: (.*) -->$", page.read_text(encoding="utf-8"), re.MULTILINE)
    for name in given[1].split() if given else []:
        shutil.copytree(request.getfixturevalue(GIVEN[name]) / name, tmp_path / name)
    runner = PageRunner()
    with inside(tmp_path):
        for block in read_blocks(page):
            if block.note in (SET_UP, ELSEWHERE):
                continue  # the set-up is .ci/run's, on a machine that has nothing yet
            try:
                runner.run(block)
            except Exception as error:
                error.add_note(f"in the block at {name_of(page)}:{block.line}")
                raise


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=name_of)
def test_a_notebook_runs(notebook: Path, tmp_path: Path) -> None:
    with inside(tmp_path):
        runpy.run_path(str(notebook))
    sounds = list(tmp_path.glob("*.wav"))
    assert sounds
    for path in sounds:
        audio, _ = soundfile.read(path)
        assert 0.01 < np.max(np.abs(audio)) <= 1.0, path.name


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_file_that_is_shown_is_used(page: Path) -> None:
    blocks = read_blocks(page)
    for index, block in enumerate(blocks):
        if block.note.startswith("file: "):
            stem = Path(block.note.removeprefix("file: ")).stem
            assert any(stem in later.text for later in blocks[index + 1 :]), block.note


def test_the_set_up_is_two_commands() -> None:
    set_up = [block for block in read_blocks(ROOT / "README.md") if block.note == SET_UP]
    assert [commands(block.text) for block in set_up] == [
        ["pip install . && ddsp-tf transfer violin melody -o out/"],
        ['pip install ".[test]" && pytest'],
    ]
    others = [block for page in PAGES[1:] for block in read_blocks(page) if block.note == SET_UP]
    assert not others


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
    for target in re.findall(r"\]\(([^)]+)\)", prose):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), f"{name_of(page)} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in headings}
            assert anchor in anchors, f"{name_of(page)} links to {target}"


def test_the_site_lists_every_page() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")[1]
    listed = re.findall(r"[\w/-]+\.md", navigation)
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in PAGES[1:]}
    # A system is listed by the index of the systems alone, so that adding one changes no more.
    systems = {page for page in pages if page.startswith("systems/") and page != SYSTEMS}
    assert sorted(listed) == sorted(pages - systems)
    index = (ROOT / "docs" / SYSTEMS).read_text(encoding="utf-8")
    assert all(f"({page.removeprefix('systems/')})" in index for page in systems)


def test_the_reference_covers_every_package() -> None:
    folder = ROOT / "docs/reference"
    areas = {name for name in ddsp_tf.__all__ if (ROOT / "ddsp_tf" / name).is_dir()}
    assert {page.stem for page in folder.glob("*.md")} == areas | {"config", "errors", "index"}
    for name in areas | {"config", "errors"}:
        page = (folder / f"{name}.md").read_text(encoding="utf-8")
        assert f"::: ddsp_tf.{name}\n" in page


def test_long_commands_are_made_small() -> None:
    asked = ["train", "--gin-param", "Limits.num_steps=30000", "--run", "runs/violin"]
    assert smaller(asked)[:3] == ["train", "--gin-param", "Limits.num_steps=2"]
    assert smaller(["transfer", "violin", "a.wav"]) == ["transfer", "violin", "a.wav"]


def test_a_page_that_prints_something_else_fails() -> None:
    check_output("a ... d\n", "a b\n c  d")
    with pytest.raises(AssertionError, match="expected"):
        check_output("a ... e", "a b c d")
