"""`ddsp-tf train`: gin reaches the run, a run can be resumed, wrong settings are refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli_toys import SMALL_MODEL, Run

from ddsp_tf import config, training
from ddsp_tf.cli.train import _player
from ddsp_tf.features import FeatureSettings
from ddsp_tf.models import ControlModel, Instrument


@pytest.mark.xdist_group("trained run")
def test_a_run_holds_a_model_and_its_configuration(trained: Path) -> None:
    assert (trained / "model" / "metadata.json").is_file()
    kept = config.parse([trained / "config.gin"])
    assert kept.bound(training.Limits)["num_steps"] == 2
    assert kept.bound(training.train)["xla"] is False
    assert kept.build_model().processor_group.processors[0].name == "harmonic"
    operative = config.parse([trained / "operative_config.gin"])
    assert operative.bound(training.Optimization)["learning_rate"] == 3e-4
    assert operative.build_model().count_params() == kept.build_model().count_params()
    sounds = {path.name for path in (trained / "samples").glob("*.wav")}
    assert sounds == {"target.wav", "step-00000002.wav", "melody.wav", "transfer-00000002.wav"}


@pytest.mark.slow
@pytest.mark.xdist_group("trained run")
def test_a_run_goes_on_with_resume(run: Run, trained: Path, dataset: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    result = run(
        *("train", "--run", copy, "--data", dataset, "--resume", "--json"),
        *("--gin-param", "Limits.num_steps=3", "--gin-param", "train.transfer=None"),
    )
    assert result.exit_code == 0, result.output
    assert not list((copy / "samples").glob("transfer-00000003.*")), "as it was asked for"
    assert json.loads(result.stdout)["step"] == 3
    assert "step 3 of 3" in result.stderr
    assert "loss" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ((), 2, "What should be trained? Add --gin-file"),
        (("--gin-file", "models/solo.gin"), 2, "Did you mean `models/solo_instrument.gin`"),
        (("TINY", "--gin-param", "Limits.num_step=3"), 2, "Did you mean `num_steps`?"),
        (("TINY", "--gin-param", "train.num_steps=3"), 2, "is called `Limits.num_steps` now"),
        (("TINY", "--gin-param", "Schedule.batch_size='x'"), 2, "should be a whole number"),
        (("TINY", "--gin-param", "trian.batch_size=3"), 2, "Did you mean `train`"),
        (("TINY", "--gin-param", "TransferSample.melody='no.wav'"), 1, "`no.wav` does not exist"),
        (
            ("TINY", "--gin-param", "train.transfer=True"),
            2,
            "a reference such as `@inference.TransferSample()`",
        ),
        (("TINY", "--gin-param", "Schedule.batch_size=0"), 2, "`batch_size` must be above 0"),
        (("TINY", "--gin-param", "Reverb.length=3"), 2, "`impulse_response_length`"),
        (("TINY", "--gin-param", "Schedule.batch_size=5000"), 1, "fewer than one batch of 5000"),
        (("TINY", "--gin-param", "HOP_LENGTH=128"), 1, "`hop_length` is 64 there, 128 here"),
        (("TINY", "--resume", "--gin-param", "Schedule.batch_size=1"), 1, "to resume"),
        (("--resume",), 1, "There is no run in"),
        (("TINY", "--resume", "--overwrite"), 2, "choose one"),
        (("TINY", "--data", "missing"), 1, "There is no dataset at `missing`"),
    ],
)
def test_one_clear_line_and_no_run(
    run: Run, dataset: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, text: str
) -> None:
    small = [part for binding in SMALL_MODEL for part in ("--gin-param", binding)]
    tiny = ["--gin-file", "models/tiny_instrument.gin", *small]
    flags = [part for a in arguments for part in (tiny if a == "TINY" else [a])]
    data = () if "--data" in arguments else ("--data", dataset)
    result = run("train", *data, "--run", tmp_path / "run", *flags)
    assert result.exit_code == code, result.output
    assert text in result.stderr
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error")]
    assert len(errors) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.xdist_group("trained run")
def test_an_existing_run_is_kept(run: Run, trained: Path, dataset: Path) -> None:
    result = run(
        *("train", "--data", dataset, "--run", trained),
        *("--gin-file", "models/tiny_instrument.gin", "--gin-param", "Schedule.batch_size=1"),
    )
    assert result.exit_code == 1
    assert "--resume" in result.stderr
    assert "--overwrite" in result.stderr


def test_data_is_needed(run: Run, tmp_path: Path) -> None:
    result = run("train", "--run", tmp_path / "run", "--gin-file", "models/tiny_instrument.gin")
    assert result.exit_code == 2
    assert "Add --data" in result.stderr


def test_ctrl_c_says_how_to_go_on(
    run: Run, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: config.Config, **kwargs: Any) -> training.TrainResult:
        return training.TrainResult(kwargs["run"], "interrupted", 5, 0.1, None, None)

    # Not `training.train` itself: gin would remember the replacement for all later tests.
    monkeypatch.setattr(config.Config, "train", interrupted)
    result = run(
        *("train", "--data", dataset, "--run", tmp_path / "run"),
        *("--gin-file", "models/tiny_instrument.gin"),
    )
    assert result.exit_code == 130
    assert "5 steps" in result.stdout
    assert f"--run {tmp_path / 'run'}" in result.stderr
    assert "--resume" in result.stderr


GENERATOR = """
import numpy as np


def tones(random, n_frames, settings):
    time_s = np.arange(n_frames * settings.hop_length) / settings.sample_rate
    f0_hz = random.uniform(200.0, 400.0)
    return {
        "audio": 0.2 * np.sin(2.0 * np.pi * f0_hz * time_s),
        "f0_hz": np.full(n_frames, f0_hz),
        "f0_confidence": np.ones(n_frames),
        "loudness_db": np.full(n_frames, -20.0),
    }
"""


@pytest.mark.slow
def test_what_it_trains_on_may_be_generated(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "made_up_tones.py").write_text(GENERATOR)
    (tmp_path / "tones.gin").write_text(
        "from __gin__ import dynamic_registration\n"
        "from ddsp_tf import data\nfrom ddsp_tf import training\nimport made_up_tones\n"
        'include "models/tiny_instrument.gin"\ninclude "training/smoke_test.gin"\n'
        "training.train.data = @data.Generated()\n"
        "training.train.transfer = None\n"
        "data.Generated.generator = @made_up_tones.tones\n"
        "data.Generated.eval_seconds = 2.0\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    small = [part for binding in SMALL_MODEL for part in ("--gin-param", binding)]
    result = run(
        *("train", "--gin-file", tmp_path / "tones.gin", "--run", tmp_path / "run", *small),
        *("--gin-param", "train.xla=False", "--json"),
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["step"] == 2
    assert (tmp_path / "run" / "model" / "metadata.json").is_file()
    again = run(
        *("train", "--run", tmp_path / "run", "--resume"),
        *("--gin-param", "Limits.num_steps=3", "--json"),
    )
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["step"] == 3
    assert "measured again" not in again.stderr


@pytest.mark.parametrize(
    ("losses", "said", "silent"),
    [
        ((3.0, 2e8, 15.0), ("ended at 2e+08", "step 5", "Play the model of step 5"), "Play it"),
        ((1e8, 2e8, 15.0), ("It learned nothing", "1e+08", "learning_rate"), "Play"),
    ],
)
def test_a_run_whose_loss_exploded_does_not_end_as_if_well(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    losses: tuple[float, float, float],
    said: tuple[str, ...],
    silent: str,
) -> None:
    def exploded(self: config.Config, **kwargs: Any) -> training.TrainResult:
        (kwargs["run"] / "model").mkdir(parents=True)
        best, last, first = losses
        return training.TrainResult(kwargs["run"], "num_steps", 9, 0.1, 5, best, last, first)

    monkeypatch.setattr(config.Config, "train", exploded)
    monkeypatch.setattr(config.Config, "binds", lambda *_: True)
    result = run("train", "--run", tmp_path / "run", "--gin-file", "models/tiny_instrument.gin")
    for words in said:
        assert words in result.stdout + result.stderr
    assert silent not in result.stdout


def test_a_performer_is_played_by_render(tmp_path: Path) -> None:
    model = ControlModel(rnn_channels=4, channels=4)
    Instrument(model, FeatureSettings()).save(tmp_path / "performer")
    command = f"render song.mid violin --performer {tmp_path / 'performer'}"
    assert command in _player(tmp_path / "performer")
