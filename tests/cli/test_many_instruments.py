"""`--data NAME=FOLDER`, `--timbre` and `--timbre-from`: several instruments in one model."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from cli_toys import Run

from ddsp_tf import config
from ddsp_tf.cli.given_data import GivenData
from ddsp_tf.errors import ArgumentError, ExportError
from ddsp_tf.export.live_parts import find_live_parts
from ddsp_tf.features import FeatureSettings
from ddsp_tf.models import Instrument

pytestmark = pytest.mark.xdist_group("many")

SMALL = (
    "RnnFcDecoder.rnn_channels=8",
    "RnnFcDecoder.channels=8",
    "TimbreEncoder.channels=8",
    "N_HARMONICS=8",
    "N_NOISE_BANDS=5",
    "SpectralLoss.fft_lengths=(512, 64)",
    "Schedule.batch_size=2",
    "Schedule.clip_s=1.0",
    "Schedule.validate_every=2",
    "Schedule.checkpoint_every=2",
    "Limits.num_steps=2",
    "train.transfer=None",
    "train.xla=False",
)


def bindings(*more: str) -> list[str]:
    return [part for each in (*SMALL, *more) for part in ("--gin-param", each)]


def test_data_is_a_folder_or_folders_with_names(tmp_path: Path) -> None:
    assert not GivenData.parse([])
    named = GivenData.parse(["reed=a/", "pipe=b=c"])
    assert named.named == {"reed": "a/", "pipe": "b=c"}
    assert named.bindings == ["INSTRUMENTS=('reed', 'pipe')"]
    assert GivenData.parse([]).bindings == []  # What a configuration says of its data stands.
    odd = tmp_path / "x=y"
    odd.mkdir()
    assert GivenData.parse([str(odd)]).folder == str(odd)
    (odd / "dataset.json").write_text(json.dumps({"labels": {"instrument": ["a", "b"]}}))
    assert GivenData.parse([str(odd)]).bindings == ["INSTRUMENTS=('a', 'b')"]
    for wrong in (["a/", "b/"], ["reed=a/", "b/"], ["=a/"], ["reed="], ["reed=a", "reed=b"]):
        with pytest.raises(ArgumentError, match=r"NAME=FOLDER"):
            GivenData.parse(wrong)


def test_an_instrument_has_no_timbre_to_choose(run: Run, instrument: Path, melody_file: Path):
    result = run("transfer", instrument, melody_file, "--timbre", "violin")
    assert result.exit_code == 2
    assert "model of several instruments" in result.stderr
    both = run("transfer", instrument, melody_file, "--timbre", "a", "--timbre-from", melody_file)
    assert both.exit_code == 2
    assert "exclude each other" in both.stderr


def test_a_timbre_becomes_an_instrument_that_hosts_can_play(run: Run, tmp_path: Path) -> None:
    names = "INSTRUMENTS=('reed', 'pipe')"
    parts = [each for each in SMALL if not each.startswith("train")]
    model = config.parse(["models/many_instruments.gin"], [*parts, names]).build_model()
    several, one = tmp_path / "several", tmp_path / "one"
    Instrument(model, FeatureSettings(), metadata={"licence": "CC0"}).save(several)
    assert run("timbre", several, "-o", one).exit_code == 2
    result = run("timbre", several, "--timbre", "reed:1,pipe:3", "-o", one)
    assert result.exit_code == 0, result.output
    made = Instrument.load(one)
    assert made.metadata == {"licence": "CC0", "timbre": {"reed": 0.25, "pipe": 0.75}}
    assert find_live_parts(made.model).harmonic is not None
    with pytest.raises(ExportError, match="has an encoder"):
        find_live_parts(model)
    assert "exists" in run("timbre", several, "--timbre", "reed", "-o", one).stderr


@pytest.mark.slow
def test_several_instruments_are_trained_played_measured_and_joined_by_another(
    run: Run, dataset: Path, melody_file: Path, tmp_path: Path
) -> None:
    several, new = tmp_path / "several", tmp_path / "new"
    data = ["--data", f"reed={dataset}", "--data", f"pipe={dataset}"]
    result = run(
        *("train", "--gin-file", "models/many_instruments.gin", *data, "--run", several),
        *bindings(),
    )
    assert result.exit_code == 0, result.output
    model = Instrument.load(several)
    assert model.model.encoder.instruments == ("reed", "pipe")
    assert set(model.metadata["instruments"]) == {"reed", "pipe"}

    outputs = []
    for name, options in {
        "reed": ["--timbre", "reed"],
        "between": ["--timbre", "reed:0.5,pipe:0.5"],
        "heard": ["--timbre-from", melody_file],
        "own": [],
    }.items():
        target = tmp_path / f"{name}.wav"
        result = run("transfer", several, melody_file, "-o", target, *options)
        assert result.exit_code == 0, result.output
        outputs.append(soundfile.read(target)[0])
    assert all(np.abs(sound).max() > 1e-4 for sound in outputs)
    assert np.abs(outputs[0] - outputs[1]).max() > 1e-4
    result = run("transfer", several, melody_file, "-o", tmp_path / "x.wav", "--timbre", "bell")
    assert "no timbre bell. It has reed, pipe" in result.stderr

    result = run("evaluate", several, *data, "-o", tmp_path / "evaluation")
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "evaluation" / "evaluation.json").read_text())
    assert set(written["instruments"]) == {"reed", "pipe"}
    assert {row["instrument"] for row in written["recordings"]} == {"reed", "pipe"}
    assert [line.split()[0] for line in result.stdout.splitlines()[2:4]] == ["reed", "pipe"]
    one = run("evaluate", several, "--data", dataset, "--timbre", "pipe", "--json")
    overall = json.loads(one.stdout)["overall"]
    assert overall["loudness_db"] == pytest.approx(
        written["instruments"]["pipe"]["overall"]["loudness_db"], rel=1e-3
    )

    result = run(
        *("train", "--gin-file", "models/new_instrument.gin", "--data", f"bell={dataset}"),
        *("--run", new, *bindings(f'START_FROM="{several}"', "TIMBRE_STEPS=2")),
    )
    assert result.exit_code == 0, result.output
    added = Instrument.load(new).model
    assert added.encoder.instruments == ("bell",)
    for one, other in zip(added.decoder.weights, model.model.decoder.weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
