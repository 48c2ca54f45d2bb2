"""The report's numbers and warnings, against a set whose content is known."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
from recorded_sounds import numbered_recording, tone
from rich.cells import cell_len

from ddsp_tf.data import PrepareReport, PrepareSettings, prepare
from ddsp_tf.data.dataset_warnings import find_warnings
from ddsp_tf.data.duplicates import same_sound
from ddsp_tf.data.recording import Recording
from ddsp_tf.data.split import Split
from ddsp_tf.features import Features

GOOD = {
    "n_failed": 0,
    "eval_fraction": 0.1,
    "train_seconds": 700.0,
    "eval_seconds": 70.0,
    "voiced_share": 0.85,
    "polyphonic_share": 0.02,
    "octave_share": 0.01,
    "clipped_share": 0.0,
    "silent_share": 0.1,
    "loud_db": -18.0,
    "loud_spread_db": 5.0,
    "pitch_low_midi": 55.0,
    "pitch_high_midi": 88.0,
    "f0_histogram": {str(note): 1.0 / 34.0 for note in range(55, 89)},
    "loudness_low_db": -45.0,
    "loudness_high_db": -15.0,
    "lowest_sample_rate": 44100,
    "sample_rate": 16000,
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> PrepareReport:
    """Of 4 s clean at A3, 3 s at A4 clipped for a tenth, and 2 s sound with 5 s silence."""
    folder = tmp_path_factory.mktemp("known")
    soundfile.write(folder / "clean.wav", tone(4.0, f0_hz=220), 16000)
    clipped = tone(3.0, f0_hz=440)
    clipped[::100] = np.where(np.arange(480) < 480, 0.1, 0)
    clipped = clipped.reshape(-1, 100)
    clipped[::2, 40:50] = 1.0
    clipped[1::2, 40:50] = -1.0
    soundfile.write(folder / "clipped.wav", clipped.reshape(-1), 16000, subtype="FLOAT")
    silence = np.zeros(5 * 16000, np.float32)
    sparse = np.concatenate([tone(1.0, f0_hz=330), silence, tone(1.0, f0_hz=330)])
    soundfile.write(folder / "sparse.wav", sparse, 16000)
    soundfile.write(folder / "sparse_again.wav", sparse, 16000)
    resampled = tone(4.0, f0_hz=220, sample_rate=22050, amplitude=0.15)
    soundfile.write(folder / "steady copy.flac", resampled, 22050)
    (folder / "text.wav").write_text("text")
    return prepare(
        folder,
        tmp_path_factory.mktemp("out") / "known",
        settings=PrepareSettings(split_by="file"),
        n_workers=1,
    )


def test_minutes_silence_and_clipping_are_what_was_recorded(report):
    numbers = report.numbers
    assert numbers["n_files"] == 4
    assert numbers["source_seconds"] == pytest.approx(4 + 3 + 7 + 4)
    # Of the 5 s silence 0.25 s stay at either side.
    assert numbers["cut_seconds"] == pytest.approx(4.5, abs=0.1)
    assert numbers["train_seconds"] + numbers["eval_seconds"] == pytest.approx(13.5, abs=0.1)
    measures = report.recordings["clipped.wav"].measures
    assert measures["clipped_share"] == pytest.approx(0.1, abs=0.002)
    assert measures["peak_db"] == pytest.approx(0.0, abs=0.01)
    assert numbers["clipped_share"] == pytest.approx(0.1 * 3 / 18, rel=0.05)
    assert report.recordings["sparse.wav"].measures["silent_share"] == pytest.approx(
        5 / 7, abs=0.02
    )
    assert report.recordings["clean.wav"].measures["loud_db"] == pytest.approx(
        20 * np.log10(np.sqrt(np.mean(tone(4.0) ** 2))), abs=0.5
    )


def test_the_f0_histogram_has_the_notes_played(report):
    histogram = report.numbers["f0_histogram"]
    assert sum(histogram.values()) == pytest.approx(1, abs=1e-3)
    assert {note for note, share in histogram.items() if share > 0.1} >= {"57", "64"}
    assert histogram["57"] > histogram["64"]


def test_left_out_files_are_named(report):
    assert report.duplicates == {"sparse_again.wav": "sparse.wav"}
    assert list(report.failed) == ["text.wav"]
    text = report.text()
    assert "is the same sound as" in text
    assert "text.wav` is not audio" in text


def test_the_text_holds_table_and_warnings(report):
    text = report.text()
    for expected in (
        "Dataset known: 18 s of recordings in 4 files",
        "clipped.wav",
        "10 %",
        "too little for a model. Record 10 to 20 minutes",
        "of the samples are clipped",
    ):
        assert expected in text
    assert (report.path / "report.txt").read_text() == text + "\n"


def test_the_table_is_straight_whatever_the_files_are_called(report):
    names = ["ヴァイオリンの練習.wav", "e\u0301tude.wav", "録音" * 25 + "一.wav", "x" * 60 + ".wav"]
    renamed = dict(zip(names, report.recordings.values(), strict=True))
    lines = replace(report, recordings=renamed, split=Split("file", {}, {})).text().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("  file"))
    table = lines[first : first + 5]
    assert {cell_len(line) for line in table} == {cell_len(table[0])}
    assert table[1].startswith("  ヴァイオリンの練習.wav  ")
    assert table[3].split(" ")[2].startswith("録音録音")
    assert "…" in table[3]
    assert "録音一.wav " in table[3]
    assert f"  {'x' * 19}…{'x' * 16}.wav " in table[4]


def test_a_good_set_has_no_warnings():
    assert find_warnings(GOOD) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"train_seconds": 30.0}, "Only 0.5 min of sound to train on is too little"),
        ({"train_seconds": 200.0}, "Only 3.3 min of sound to train on is little"),
        ({"voiced_share": 0.3}, "Only 30 % of the sound has a clear pitch"),
        ({"polyphonic_share": 0.4}, "one note at a time"),
        ({"octave_share": 0.2}, "an octave too high, or another harmonic"),
        ({"above_share": 0.2}, "20 % of the sound has a pitch above 2,005 Hz"),
        ({"below_share": 0.1}, "10 % of the sound has a pitch below 32 Hz"),
        ({"clipped_share": 0.003}, "0.3 % of the samples are clipped"),
        ({"silent_share": 0.6}, "60 % of the recordings is silence"),
        ({"loud_db": -50.0}, "The recordings are quiet"),
        ({"loud_spread_db": 25.0}, "levels differ by 25 dB"),
        ({"pitch_high_midi": 58.0}, "only 3 semitones"),
        (
            {"f0_histogram": {str(note): 1.0 / 30.0 for note in range(55, 85)}},
            "than a second each: C♯6, D6, D♯6, E6. The instrument has to guess them",
        ),
        ({"pitch_low_midi": None}, "No pitch was found at all"),
        ({"loudness_low_db": -18.0}, "Loudness varies by 3 dB only"),
        ({"lowest_sample_rate": 8000}, "nothing above 4000 Hz can be learnt"),
        ({"eval_seconds": 0.0}, "Nothing could be held out"),
        ({"n_failed": 3}, "3 of the files could not be used"),
    ],
)
def test_each_trouble_is_said_in_words_with_a_remedy(change, expected):
    (warning,) = find_warnings({**GOOD, **change})
    assert expected in warning


def with_loudness(loudness_db: np.ndarray, *, f0_hz: float = 440.0) -> Recording:
    recording = numbered_recording(len(loudness_db))
    ones = np.ones(len(loudness_db))
    features = Features(f0_hz * ones, ones, loudness_db)
    return replace(recording, features=features, measures={})


def test_the_same_take_at_another_gain_is_found_and_another_take_is_not():
    rng = np.random.default_rng(0)
    take = -30 + np.cumsum(rng.standard_normal(3000)) * 0.3
    other = -30 + np.cumsum(rng.standard_normal(3000)) * 0.3
    near = (take - 6 + 0.2 * rng.standard_normal(3000))[:2990]
    recordings = {"a": take, "b": other, "c": near, "d": take[:1500], "e": np.full(3000, -30.0)}
    found = same_sound({name: with_loudness(values) for name, values in recordings.items()})
    assert found == {"c": "a"}
    another_note = {"a": with_loudness(take), "c": with_loudness(near, f0_hz=466.2)}
    assert same_sound(another_note) == {}
    steady = {"x": np.full(3000, -30.0), "y": np.full(3000, -20.0)}
    assert same_sound({name: with_loudness(values) for name, values in steady.items()}) == {}


@pytest.mark.timeout(30)
def test_copies_are_found_among_thousands_without_comparing_each_with_each():
    rng = np.random.default_rng(0)
    takes = {f"{i:04d}": rng.normal(-30.0, 3.0, rng.integers(20, 40)) for i in range(3000)}
    # A copy may lack the last two tenths of a second.
    copies = {f"copy of {i:04d}": takes[f"{i:04d}"][: 18 + i % 3] + 4.0 for i in range(0, 3000, 30)}
    for name, copy in copies.items():
        takes[name.removeprefix("copy of ")] = np.append(copy - 4.0, [-30.0, -30.0])
    tenths = {**takes, **copies}
    found = same_sound({name: with_loudness(np.repeat(x, 25)) for name, x in tenths.items()})
    assert found == {name: name.removeprefix("copy of ") for name in copies}
