"""The recipes of the shipped instruments: each can be made, and says what a card must say."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ddsp_tf import config, training
from ddsp_tf.errors import ArgumentError

SCRIPTS = Path(__file__).parents[1] / "scripts"
sys.path.insert(0, str(SCRIPTS))

import make_instruments_page  # noqa: E402
import train_instruments  # noqa: E402


@pytest.mark.parametrize("name", train_instruments.RECIPES)
def test_a_recipe_says_what_a_card_must_say(name: str) -> None:
    rooms = "ROOMS=('garner_bwv1002_7_tempo_di_borea',)"
    settings = config.parse([f"instruments/{name}.gin"], [rooms]).bound(training.train)
    facts = settings["metadata"]
    for key in ("title", "description", "licence", "training_data", "held_out_data"):
        assert facts[key], key
    assert facts["attribution"]
    assert facts["known_weaknesses"]
    assert facts["command"][0].endswith(f"--only {name}")


@pytest.mark.parametrize("name", train_instruments.RECIPES)
def test_its_recordings_exist(name: str, recordings: Path) -> None:
    files = train_instruments._files(recordings, train_instruments.RECIPES[name].recordings)
    assert len(files) == len(set(files)) >= 4


def test_missing_recordings_are_named(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"matches instruments/violin/\*.flac"):
        train_instruments._files(tmp_path, train_instruments.RECIPES["violin"].recordings)


@pytest.mark.parametrize("name", ["cello", "saxophone"])
def test_a_training_in_two_parts_begins_the_second_with_the_first(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(train_instruments, "_command", lambda *words: commands.append(words))
    monkeypatch.setattr(train_instruments, "write_run", lambda *_, **__: None)
    monkeypatch.setattr(train_instruments, "_files", lambda *_: [tmp_path / "a.flac"])
    arguments = [str(tmp_path), "--work", str(tmp_path), "--only", name]
    result = CliRunner().invoke(train_instruments.train_instruments, arguments)
    assert result.exit_code == 0, result.output
    runs = [words[-1] for words in commands if words[0] == "train"]
    run, first = str(tmp_path / "runs" / name), str(tmp_path / "runs" / f"{name}_first")
    if name == "saxophone":
        assert runs == [run]
    else:
        assert runs == [first, run]
        assert "models/small_instrument.gin" in commands[1]
        assert f'train.start_from="{first}"' in commands[2]


def test_the_page_of_the_instruments_is_that_of_their_cards() -> None:
    page = SCRIPTS.parent / "docs" / "instruments.md"
    assert page.read_text(encoding="utf-8") == make_instruments_page.page_text()
