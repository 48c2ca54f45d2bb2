"""`ddsp-tf inspect`, `instruments` and `configs`: what there is, said and drawn."""

import json
from pathlib import Path

import numpy as np
import pytest
from cli_toys import Run

from ddsp_tf.cli import instruments
from ddsp_tf.midi import write_notes


def test_audio(run: Run, melody_file: Path, tmp_path: Path) -> None:
    result = run("inspect", melody_file, "--plot", tmp_path / "melody.png")
    assert result.exit_code == 0, result.output
    for text in ("audio file", "1.0 s", "22050 Hz, 2 channel(s)", "C4 to E4"):
        assert text in result.stdout
    assert (tmp_path / "melody.png").stat().st_size > 5000


def test_score(run: Run, tmp_path: Path) -> None:
    write_notes(tmp_path / "air.mid", np.array([[0.0, 1.5, 69, 0.5, 2]]), name="Melody")
    result = run("inspect", tmp_path / "air.mid")
    assert result.exit_code == 0, result.output
    for text in ("score", "1.5 s", "part 1", "Melody (track 1, channel 3), 1 note, A4 to A4"):
        assert text in result.stdout
    parts = json.loads(run("inspect", tmp_path / "air.mid", "--json").stdout)["parts"]
    assert [(part["number"], part["most_at_once"]) for part in parts] == [(1, 1)]


def test_dataset(run: Run, dataset: Path, tmp_path: Path) -> None:
    result = run("inspect", dataset, "--plot", tmp_path / "dataset.png")
    assert result.exit_code == 0, result.output
    for text in ("dataset", "held out", "250 frames a second", "crepe-tiny", "report.txt"):
        assert text in result.stdout
    assert (tmp_path / "dataset.png").is_file()


@pytest.mark.xdist_group("trained run")
def test_run(run: Run, trained: Path, tmp_path: Path) -> None:
    result = run("inspect", trained, "--plot", tmp_path / "run.png")
    assert result.exit_code == 0, result.output
    for text in ("training run", "steps", "validation loss", str(trained / "model")):
        assert text in result.stdout
    assert (tmp_path / "run.png").is_file()


def test_model(run: Run, instrument: Path, tmp_path: Path) -> None:
    result = run("inspect", instrument, "--plot", tmp_path / "model.png")
    assert result.exit_code == 0, result.output
    for text in ("instrument", "harmonic, filtered_noise, add, reverb", "CC0", "G3 to"):
        assert text in result.stdout
    assert (tmp_path / "model.png").is_file()
    numbers = json.loads(run("inspect", instrument, "--json").stdout)
    assert numbers["kind"] == "instrument"
    assert numbers["n_parameters"] > 160


def test_what_cannot_be_inspected(run: Run, tmp_path: Path, melody_file: Path) -> None:
    (tmp_path / "text.wav").write_text("not audio")
    for path, code, text in (
        (tmp_path / "missing.wav", 1, "does not exist"),
        (tmp_path / "text.wav", 1, "is not audio"),
        (tmp_path, 2, "is neither a dataset, nor a run, nor a model"),
        ("violn", 1, "name of a shipped instrument. Did you mean `violin`? Shipped instruments: c"),
        ("nothere", 1, "`nothere` does not exist. Give a recording, a dataset, a run, a model, an"),
    ):
        result = run("inspect", path)
        assert result.exit_code == code, result.output
        assert text in result.stderr
        assert result.stderr.count("\n") == 1
    result = run("inspect", melody_file, "--plot", tmp_path / "text.wav")
    assert result.exit_code == 2
    assert "should end in .png" in result.stderr


def test_instruments_are_listed_without_loading_them(
    run: Run, instrument: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = json.loads((instrument / "metadata.json").read_text())
    monkeypatch.setattr(instruments, "shipped_instruments", lambda: {"toy": metadata})
    result = run("instruments")
    assert result.exit_code == 0, result.output
    for text in ("toy", "G3 to", "-50 to", "a glide (8.0 s)", "CC0", "loudness 2.5 dB off"):
        assert text in result.stdout
    listed = json.loads(run("instruments", "--json").stdout)
    assert listed["toy"]["licence"] == "CC0"
    assert "sha256" not in listed["toy"]


def test_shipped_instruments_are_complete(run: Run) -> None:
    for name, metadata in instruments.shipped_instruments().items():
        missing = {"licence", "training_data", "metrics", "statistics"} - set(metadata)
        assert not missing, name
    assert run("instruments").exit_code == 0


def test_configs_are_listed_and_shown(run: Run) -> None:
    listed = run("configs", "list")
    assert listed.exit_code == 0
    assert "models/solo_instrument.gin" in listed.stdout
    assert len(json.loads(run("configs", "list", "--json").stdout)) > 10
    shown = run("configs", "show", "models/tiny_instrument.gin")
    assert 'include "models/solo_instrument.gin"' in shown.stdout
    merged = run(
        "configs", "show", "models/tiny_instrument.gin", "--gin-param", "Schedule.batch_size=3"
    )
    assert merged.exit_code == 0, merged.output
    assert "training.Schedule.batch_size = 3" in merged.stdout
    assert "models.RnnFcDecoder.rnn_channels = 256" in merged.stdout
    unknown = run("configs", "show", "models/tiny.gin")
    assert unknown.exit_code == 2
    assert "Did you mean `models/tiny_instrument.gin`" in unknown.stderr
