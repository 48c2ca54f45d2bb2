"""The piano that ships: its card, that it plays what is written, in tune, and refuses the rest."""

import json

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.audio import read_audio
from ddsp_tf.errors import ArgumentError, ScoreFileError
from ddsp_tf.evaluation.inharmonicity import measure_inharmonicity
from ddsp_tf.inference import Render
from ddsp_tf.presets import MELODY

FOLDER = MELODY.parent / "piano"


@pytest.fixture(scope="module")
def render():
    return Render("piano", tail_s=0.5, normalize_peak=False)


def facts():
    return json.loads((FOLDER / "metadata.json").read_text(encoding="utf-8"))


def level_db(audio, start_s, end_s):
    part = np.float64(audio[round(16000 * start_s) : round(16000 * end_s)])
    return 10 * np.log10(np.mean(part**2) + 1e-20)


def test_its_card_holds_what_was_asked_of_it():
    metrics = facts()["metrics"]
    assert metrics["left_out_to_trained"] < 1.3
    assert metrics["inharmonicity_error"] < 0.1
    for row in facts()["measured_keys"]:
        assert row["b"] == pytest.approx(row["b_fit"], rel=0.1)
        assert abs(row["cents"] - row["cents_fit"]) < 1.0
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    for part in ("- Licence: CC0", "AKAI", "## Measured", "## Known weaknesses", "## Made by"):
        assert part in card
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 8e6


def test_its_strings_are_those_of_the_recordings(render, recordings):
    """The least-squares fit of a note that it was not trained on, MF of C4, says so."""
    audio, rate = read_audio(recordings / "piano" / "notes" / "060_MF.flac", sample_rate=16000)
    fit = measure_inharmonicity(audio[1600:33600], sample_rate=rate, expected_hz=261.6)
    f0_hz, b = render.instrument.model.tuning(tf.constant([[[60.0]]]))
    assert float(b[0, 0, 0]) == pytest.approx(fit.inharmonicity, rel=0.1)
    assert abs(1200 * np.log2(float(tf.reduce_mean(f0_hz)) / fit.f0_hz)) < 1.0


def test_it_plays_chords_pedals_repeats_and_releases(render):
    notes = np.array(
        [
            [0.0, 0.5, 48, 0.7, 0],
            [0.0, 0.5, 60, 0.7, 0],
            [1.0, 1.2, 72, 0.4, 0],
            [1.2, 1.4, 72, 0.9, 0],
            [2.0, 2.5, 110, 0.9, 0],
        ]
    )
    audio, report = render(notes)
    assert report.n_played == 4
    assert report.warnings == ("1 note was left out, as the instrument has the keys A0 to C8.",)
    assert level_db(audio, 0.05, 0.4) > -40
    assert level_db(audio, 0.05, 0.4) - level_db(audio, 0.8, 0.95) > 25
    assert level_db(audio, 1.25, 1.35) - level_db(audio, 1.05, 1.15) > 6
    for key in (48, 60):
        hz = float(tf.reduce_mean(render.instrument.model.tuning(tf.fill([1, 1, 1], key * 1.0))[0]))
        part = np.float64(audio[1600:8000]) * np.hanning(6400)
        at = [
            abs(np.sum(part * np.exp(-2j * np.pi * x / 16000 * np.arange(6400))))
            for x in (hz, 1.12 * hz)
        ]
        assert at[0] > 10 * at[1]


def test_128_keys_at_once_and_none(render):
    every = np.array([[0.0, 0.3, key, 0.5, 0] for key in range(128)])
    audio, report = render(every)
    assert np.isfinite(audio).all()
    assert report.n_played == 88
    assert any("72 notes were cut short" in warning for warning in report.warnings)
    with pytest.raises(ArgumentError, match="with a note at least"):
        render(np.zeros([0, 5]))
    with pytest.raises(ScoreFileError, match="none of these"):
        render(np.array([[0.0, 1.0, 10, 0.5, 0]]))
