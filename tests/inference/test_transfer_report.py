"""The report says in words what was done."""

import json

import numpy as np
from inference_toys import FRAME_RATE, features_of, range_statistics

from ddsp_tf.inference import Edits, TransferReport


def report(edits: Edits, midi: np.ndarray, **changes: object) -> TransferReport:
    statistics = range_statistics()
    edited = edits.apply(features_of(midi), statistics, frame_rate=FRAME_RATE)
    facts = {"seconds": 4.0, "gain_db": 0.0, "warnings": (), **changes}
    return TransferReport.from_edits(edits, edited, statistics, **facts)  # type: ignore[arg-type]


def test_everything_that_was_done_is_a_line() -> None:
    midi = np.repeat([38.1, 42.1, 45.1, 43.1], 250)
    edits = Edits(octave=1, semitones=-2.5, autotune=0.5, scale="major")
    lines = report(edits, midi, gain_db=-1.26).lines()
    assert lines[0] == "pitch: +1 octave, -2.5 semitones"
    assert lines[1].startswith("autotune: tuned +10 cents off A4 = 440 Hz, ")
    assert lines[1].endswith(" major")
    assert lines[2].startswith("loudness: matched to the instrument, ")
    assert lines[3].startswith("range: 75 % of the notes are below what the instrument was trained")
    assert lines[3].endswith("(G3 to F♯6)") or lines[3].endswith("(G3 to G6)")
    assert lines[4] == "level: -1.3 dB, so that nothing clips"


def test_a_plain_transfer_is_two_lines() -> None:
    lines = report(Edits(match_loudness=False), np.full(500, 69.0)).lines()
    assert lines == ["pitch: 0 octaves", "loudness: +0.0 dB on average"]


def test_a_report_is_json() -> None:
    content = report(Edits(), np.full(500, 45.0), warnings=("Careful.",)).to_dict()
    assert json.loads(json.dumps(content))["octaves"] == 2
    assert content["n_frames"] == 500
    assert content["warnings"] == ("Careful.",)
