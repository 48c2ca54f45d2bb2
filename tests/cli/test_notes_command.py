"""`ddsp-tf notes`: recordings in, MIDI files out."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from cli_toys import SAMPLE_RATE, Run, melody

from ddsp_tf.evaluation.onset_agreement import onset_agreement
from ddsp_tf.inference import transcribe
from ddsp_tf.midi import read_notes


def test_a_melody_becomes_a_score_beside_it(run: Run, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "air.wav", melody([262.0, 330.0, 294.0], 1.5), SAMPLE_RATE)
    soundfile.write(tmp_path / "rest.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    result = run("notes", tmp_path, "--json")
    assert result.exit_code == 1
    about = json.loads(result.stdout)
    assert about["files"][0]["n_notes"] == 3
    assert "silen" in next(iter(about["failed"].values()))
    found = read_notes(tmp_path / "air.mid")
    assert found[:, 2].tolist() == [60, 64, 62]
    np.testing.assert_allclose(found[1:, 0], [0.5, 1.0], atol=0.03)
    again = run("notes", tmp_path / "air.wav")
    assert again.exit_code == 1
    assert "--overwrite" in again.stderr
    wrong = run("notes", tmp_path / "air.wav", "-o", tmp_path / "air.wav")
    assert wrong.exit_code == 2
    assert "should end in .mid or .midi" in wrong.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("assembled/saxophone_alto_assembled", 0.93),
        ("assembled/trumpet_assembled", 0.93),
        ("assembled/cello_assembled", 0.90),
        ("assembled/flute_assembled", 0.85),
    ],
)
def test_onsets_of_real_recordings_are_heard(recordings: Path, name: str, least: float) -> None:
    """The others that have labels, and why they are below, are in docs/notes.md."""
    labels = np.loadtxt(recordings / f"{name}.notes.csv", delimiter=",", skiprows=1, usecols=0)
    audio, rate = soundfile.read(recordings / f"{name}.flac", dtype="float32")
    import soxr

    found = transcribe(soxr.resample(audio if audio.ndim == 1 else audio.mean(1), rate, 16000))
    assert onset_agreement(np.unique(labels), found[:, 0]).f1 > least
