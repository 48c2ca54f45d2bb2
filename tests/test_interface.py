"""What a class takes, refuses, declares and plays stays, or is changed on purpose.

Models are stored by their settings, gin files leave out what stands by itself, hosts show the
ranges that processors declare, and an instrument has to sound tomorrow as it does today. The tables
in `golden/` say what is so; `python tests/interface_tables.py` writes them.
"""

from typing import Any

import interface_tables as tables
import numpy as np
import pytest
from dsp_calls import calls

CLASSES = tables.public_classes()
PLAYERS = tables.processor_classes()
HEARERS = tables.hearers()
CALLS, ROOMS = calls(), tables.estimating_classes()
SETTINGS, SIGNALS, SOUNDS = map(tables.table, (tables.SETTINGS, tables.SIGNALS, tables.SOUNDS))
HEARD, OF_CALLS, ESTIMATES = map(tables.table, (tables.HEARD, tables.CALLS, tables.ESTIMATES))
TOLERANCE = 2e-3
"""Of sums, relative to the sound's size: what float32 and another processor may differ by."""


def test_the_tables_are_of_all_classes() -> None:
    assert list(SETTINGS) == list(CLASSES)
    assert list(SIGNALS) == list(PLAYERS)
    assert list(SOUNDS) == list(PLAYERS)
    assert list(HEARD) == list(HEARERS)
    assert list(OF_CALLS) == list(CALLS)
    assert list(ESTIMATES) == list(ROOMS)
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


@pytest.mark.parametrize("name", ROOMS)
def test_rooms_are_estimated_as_they_were(name: str) -> None:
    _compare(tables.estimate(name, ROOMS[name]), ESTIMATES[name], name)


@pytest.mark.parametrize("name", CALLS)
def test_functions_give_what_they_did(name: str) -> None:
    _compare(tables.hear(CALLS[name]), OF_CALLS[name], name)


def _compare(sums: list[float], expected: list[float], what: str) -> Any:
    size = max(abs(expected[1]), 1e-9)
    np.testing.assert_allclose(sums, expected, rtol=TOLERANCE, atol=TOLERANCE * size, err_msg=what)
