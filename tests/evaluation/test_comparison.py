"""Several players in one table, and melodies that are kept or lost."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from recorded_toys import NAME, SETTINGS, RecordedDataset

from ddsp_tf.errors import AudioFileError, DatasetError
from ddsp_tf.evaluation import (
    Comparison,
    SoundFolder,
    Timbre,
    TransferQuality,
    TransferredMelody,
    measure,
)
from ddsp_tf.evaluation.evaluation import held_out
from ddsp_tf.features import Features, extract_features

RATE = SETTINGS.sample_rate


def sung(notes_midi: tuple[float, ...], *, tilt: float = 1.0) -> np.ndarray:
    """Notes of half a second that swell."""
    time = np.arange(RATE // 2) / RATE
    swell = 0.2 + 0.8 * np.sin(np.pi * time / 0.5)
    notes = []
    for midi in notes_midi:
        f0_hz = 440.0 * 2 ** ((midi - 69) / 12)
        notes.append(sum(np.sin(2 * np.pi * f0_hz * k * time) * k**-tilt for k in range(1, 9)))
    return (0.1 * np.concatenate([note * swell for note in notes])).astype(np.float32)


@pytest.fixture(scope="module")
def melody() -> tuple[np.ndarray, Features]:
    audio = sung((60, 64, 67))
    return audio, extract_features(audio, SETTINGS)


def transferred(melody: tuple[np.ndarray, Features], audio: np.ndarray) -> TransferredMelody:
    return TransferredMelody.compare("tune", melody[1], audio, settings=SETTINGS)


def test_a_melody_an_octave_higher_and_softer_is_kept(melody: tuple[np.ndarray, Features]) -> None:
    moved = transferred(melody, 0.5 * sung((72, 76, 79)))
    quality = TransferQuality((moved,), moved.timbre)
    assert moved.octaves == 1
    assert quality.figures["median_cents"] < 5.0
    assert quality.figures["octave_error_share"] < 0.02
    assert quality.figures["raw_pitch_accuracy"] > 0.97
    assert quality.figures["loudness_shape_db"] < 2.0
    assert quality.figures["loudness_correlation"] > 0.95
    assert quality.figures["timbre_db"] == pytest.approx(0.0, abs=1e-3)


def test_one_note_in_another_octave_is_an_octave_error(
    melody: tuple[np.ndarray, Features],
) -> None:
    quality = TransferQuality((transferred(melody, sung((60, 76, 67))),), Timbre.empty())
    assert quality.figures["octave_error_share"] == pytest.approx(1 / 3, abs=0.05)
    assert quality.figures["raw_pitch_accuracy"] == pytest.approx(2 / 3, abs=0.05)


def test_steady_loudness_loses_the_swells(melody: tuple[np.ndarray, Features]) -> None:
    audio = melody[0]
    flat = np.concatenate([0.1 * np.sin(2 * np.pi * 262 * np.arange(len(audio)) / RATE)])
    quality = TransferQuality((transferred(melody, flat),), Timbre.empty())
    assert quality.figures["loudness_shape_db"] > 2.0
    assert json.loads(json.dumps(quality.to_dict(), allow_nan=False))["timbre_db"] is None


def test_players_share_a_table(
    recorded_dataset: RecordedDataset, melody: tuple[np.ndarray, Features]
) -> None:
    kept: dict[str, np.ndarray] = {}
    itself = measure(lambda key, audio, features: audio, recorded_dataset, keep=kept.__setitem__)
    assert list(kept) == [NAME]
    quieter = measure(
        lambda key, audio, features: 0.5 * audio, recorded_dataset, reference=itself.reference
    )
    assert quieter.timbre_db == pytest.approx(itself.timbre_db, abs=1e-3)
    tune = transferred(melody, melody[0])
    other = replace(transferred(melody, 0.5 * melody[0]), name="softer tune")
    quality = TransferQuality((tune, other), itself.reference)
    comparison = Comparison({"recording": itself, "quieter": quieter}, {"recording": quality})
    lines = comparison.markdown().splitlines()
    rows = {line.split(" | ")[0].strip("| "): line.split(" | ") for line in lines if "|" in line}
    assert lines[0] == "### Reconstruction"
    assert len({line.count("|") for line in lines[2:6]}) == 1
    assert float(rows["quieter"][5]) == pytest.approx(6.02, abs=0.1)
    assert "### Transfer" in lines
    values = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert values["reconstruction"]["quieter"]["overall"]["onset_sharpness"] == pytest.approx(1.0)
    assert values["reconstruction"]["quieter"]["intervals"]["loudness_db"] == [None, None]
    assert values["transfer"]["recording"]["intervals"]["loudness_correlation"] == pytest.approx(
        [1.0, 1.0]
    )


def test_intervals_enclose_the_figure(melody: tuple[np.ndarray, Features]) -> None:
    audio, features = melody
    levels = iter([1.0, 0.7, 0.4])

    class Takes(RecordedDataset):
        def __init__(self) -> None:
            pass

        def seconds(self, split: str = "train") -> float:
            return 3 * len(audio) / RATE

        def recordings(self, split: str = "eval") -> Any:
            for index in range(3):
                yield f"takes/{index}.flac", audio, features

    report = measure(lambda key, audio, features: next(levels) * audio, Takes())
    low, high = report.intervals["loudness_db"]
    assert 0.0 <= low < report.overall.loudness_db < high <= 8.0
    assert report.to_dict()["intervals"]["loudness_db"] == [low, high]


def test_passages_of_a_recording_have_keys_of_their_own() -> None:
    class Passages(RecordedDataset):
        def __init__(self) -> None:
            pass

        def recordings(self, split: str = "eval") -> Any:
            for name in ("a/take.flac", "a/take.flac", "take.wav"):
                yield name, np.zeros(64), None

    keys = [key for key, *_ in held_out(Passages())]
    assert keys == ["a/take", "a/take_2", "take"]


def test_a_folder_of_sounds_is_matched_by_name(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    tone = 0.3 * np.sin(np.arange(44100) * 2 * np.pi * 440 / 44100)
    soundfile.write(tmp_path / "a" / "take.wav", tone, 44100)
    folder = SoundFolder(tmp_path, sample_rate=RATE)
    assert folder("b/take", np.zeros(RATE)) is None
    found = folder("a/take", np.zeros(RATE + 100))
    assert found is not None
    assert len(found) == RATE + 100
    assert np.std(found[:RATE]) == pytest.approx(0.3 / np.sqrt(2), rel=0.01)
    with pytest.raises(AudioFileError, match=r"lasts 1\.0 s, the recording `a/take` 2\.0 s"):
        folder("a/take", np.zeros(2 * RATE))
    with pytest.raises(
        DatasetError, match=r"Expected for example `b/take\.wav`, found `take\.wav`"
    ):
        folder.check_has_any(["b/take"])
    with pytest.raises(DatasetError, match="no folder"):
        SoundFolder(tmp_path / "none", sample_rate=RATE)
