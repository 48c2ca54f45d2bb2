"""What a class takes, refuses, declares and plays stays, or is changed on purpose.

Models are stored by their settings, gin files leave out what stands by itself, hosts show the
ranges that processors declare, and an instrument has to sound tomorrow as it does today. The tables
in `golden/` say what is so; `python tests/interface_tables.py` writes them.
"""

from typing import Any

import interface_tables as tables
import numpy as np
import pytest

CLASSES = tables.public_classes()
PLAYERS = tables.processor_classes()
HEARERS = tables.hearers()
SETTINGS, SIGNALS, SOUNDS, HEARD = (
    tables.table(kind) for kind in (tables.SETTINGS, tables.SIGNALS, tables.SOUNDS, tables.HEARD)
)
TOLERANCE = 2e-3
"""Of sums, relative to the sound's size: what float32 and another processor may differ by."""


def test_the_tables_are_of_all_classes() -> None:
    assert list(SETTINGS) == list(CLASSES)
    assert list(SIGNALS) == list(PLAYERS)
    assert list(SOUNDS) == list(PLAYERS)
    assert list(HEARD) == list(HEARERS)
    assert len(CLASSES) > 90


@pytest.mark.parametrize("name", CLASSES)
def test_settings_are_taken_and_refused_as_they_were(name: str) -> None:
    assert tables.settings_of(name, CLASSES[name]) == SETTINGS[name]


@pytest.mark.parametrize("name", PLAYERS)
def test_processors_declare_what_they_did(name: str) -> None:
    assert tables.signals_of(name, PLAYERS[name]) == SIGNALS[name]


@pytest.mark.parametrize("name", PLAYERS)
def test_processors_sound_as_they_did(name: str) -> None:
    for variant, settings in tables.variants(name, PLAYERS[name]):
        _compare(tables.play(name, PLAYERS[name], settings), SOUNDS[name][variant], variant)


@pytest.mark.parametrize("name", HEARERS)
def test_what_hears_hears_what_it_did(name: str) -> None:
    _compare(tables.hear(HEARERS[name]), HEARD[name], name)


def _compare(sums: list[float], expected: list[float], what: str) -> Any:
    size = max(abs(expected[1]), 1e-9)
    np.testing.assert_allclose(sums, expected, rtol=TOLERANCE, atol=TOLERANCE * size, err_msg=what)
