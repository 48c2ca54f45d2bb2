"""What the demo page says about instruments and changes."""

import dataclasses
from typing import Any

import pytest

from ddsp_tf.cli.plain_words import say_changes, say_fidelity, say_notes
from ddsp_tf.inference import TransferReport

UNCHANGED = TransferReport(
    seconds=8.0,
    octaves=0,
    semitones=0.0,
    tuning_cents=None,
    tonic=None,
    loudness_matched=True,
    loudness_change_db=0.3,
    note_share=0.9,
    n_frames=2000,
    gated_frames=0,
    share_below=0.0,
    share_above=0.0,
    trained_range_midi=(55.0, 84.0),
)


def changed(**values: Any) -> list[str]:
    return say_changes(dataclasses.replace(UNCHANGED, **values))


def test_what_is_not_changed_is_not_mentioned() -> None:
    assert changed() == []
    assert changed(loudness_change_db=-0.4, trained_range_midi=None, share_above=1.0) == []


@pytest.mark.parametrize(
    ("octaves", "words"),
    [
        (-1, "An octave lower"),
        (1, "An octave higher"),
        (2, "Two octaves higher"),
        (-8, "Eight octaves lower"),
    ],
)
def test_octaves_are_intervals(octaves: int, words: str) -> None:
    assert changed(octaves=octaves) == [words]


def test_each_change_is_a_line() -> None:
    assert changed(
        loudness_change_db=-5.6,
        gated_frames=3,
        share_below=0.124,
        share_above=0.3,
        gain_db=-2.8,
        limited_db=1.0,
    ) == [
        "6 dB softer on average",
        "Silent between the notes",
        "12 % of the notes are below G3, the lowest that it has learned: they are guesses",
        "30 % of the notes are above C6, the highest that it has learned: they are guesses",
        "Turned down by 3 dB as a whole, so that nothing distorts",
        "Its loudest moments turned down, so that nothing distorts",
    ]
    assert changed(loudness_change_db=6.2) == ["6 dB louder on average"]


@pytest.mark.parametrize(
    ("metrics", "kept"),
    [
        (
            {"median_cents": 2.75, "loudness_db": 1.03},
            "the pitch within 3 cents most of the time, and the loudness to about 1 dB",
        ),
        ({"median_cents": 0.2}, "the pitch within 1 cent most of the time"),
        ({"median_cents": None, "loudness_db": 0.3}, "the loudness to less than 1 dB"),
    ],
)
def test_fidelity_is_a_sentence(metrics: dict[str, Any], kept: str) -> None:
    assert say_fidelity(metrics) == f"Of passages that it never heard, it keeps {kept}."


@pytest.mark.parametrize(
    "metrics", [{}, {"spectral_distance": 6.8}, {"median_cents": float("nan"), "loudness_db": "1"}]
)
def test_nothing_is_said_about_what_is_unknown(metrics: dict[str, Any]) -> None:
    assert say_fidelity(metrics) is None


def test_notes_have_names() -> None:
    assert say_notes({"f0_midi_quantiles": [20.0, 55.1, 60.0, 84.2, 120.0]}) == "G3 to C6"
