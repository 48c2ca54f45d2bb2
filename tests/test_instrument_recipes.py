"""The recipes of the shipped instruments: each can be made, and says what a card must say."""

import sys
from pathlib import Path

import pytest

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


def test_the_page_of_the_instruments_is_that_of_their_cards() -> None:
    page = SCRIPTS.parent / "docs" / "instruments.md"
    assert page.read_text(encoding="utf-8") == make_instruments_page.page_text()
