"""The loop: it learns, resumes, stops where it should, and fails with good advice."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_toys import SETTINGS, ToyDataset, ToyModel

from ddsp_tf.errors import ArgumentError, DatasetError, ModelError, OutputError, TrainingError
from ddsp_tf.features import Column, samples_column
from ddsp_tf.training import RunDirectory, TrainingStatus
from ddsp_tf.types import Signal

Train = Callable[..., Any]


def lines(run: Path, name: str = "loss") -> dict[int, float]:
    """The values of `name` in `metrics.jsonl`, by step."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return {row["step"]: row[name] for row in rows if name in row}


def test_it_learns_and_keeps_its_papers(train_toy: Train, tmp_path: Path) -> None:
    reports: list[TrainingStatus] = []
    result = train_toy(
        num_steps=150,
        learning_rate=3e-2,
        progress=reports.append,
        texts={"config.gin": "Limits.num_steps = 150\n"},
    )
    run = tmp_path / "run"
    losses = lines(run)
    assert losses[150] < losses[5] / 3
    assert result.reason == "num_steps"
    assert result.step == 150
    assert result.best_loss == min(lines(run, "validation_loss").values())
    assert (run / "config.gin").read_text() == "Limits.num_steps = 150\n"
    session = json.loads((run / "environment.json").read_text())["sessions"][0]
    assert session["packages"]["tensorflow"].startswith("2.")
    assert session["dataset"]["seconds"] == {"train": 16.0, "eval": 4.0}
    assert len(session["dataset"]["sha256"]) == 64
    assert (run / "command.txt").read_text().strip()
    assert list((run / "tensorboard").glob("events.*"))
    assert reports[0].event == "start"
    last_step = [report for report in reports if report.event == "step"][-1]
    assert last_step.loss == losses[150]
    assert last_step.steps_per_s > 0
    assert last_step.eta_minutes == 0.0


def test_the_model_folder_holds_the_best_weights_not_the_last(
    train_toy: Train, tmp_path: Path
) -> None:
    result = train_toy(num_steps=40, learning_rate=1.0, gradient_clip_norm=None)
    curve = lines(tmp_path / "run", "validation_loss")
    assert result.best_step == min(curve, key=lambda step: curve[step])
    about = json.loads((tmp_path / "run/model/metadata.json").read_text())["training"]
    assert about["step"] == result.best_step
    assert about["validation_loss"] == result.best_loss


def test_resuming_takes_the_steps_of_an_uninterrupted_run(train_toy: Train, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    train_toy(run=whole, num_steps=40, ema_decay=0.9, warmup_steps=15)
    # 13 is a multiple of neither interval, so half a log interval is carried over.
    train_toy(num_steps=13, ema_decay=0.9, warmup_steps=15)
    result = train_toy(num_steps=40, ema_decay=0.9, warmup_steps=15, resume=True)
    assert result.step == 40
    for name in ("loss", "gradient_norm", "learning_rate"):
        expected, resumed = lines(whole, name), lines(tmp_path / "run", name)
        assert list(resumed) == list(expected)
        np.testing.assert_allclose(list(resumed.values()), list(expected.values()), rtol=1e-5)
    resumed = lines(tmp_path / "run", "validation_loss")
    expected = lines(whole, "validation_loss")
    np.testing.assert_allclose([resumed[s] for s in expected], list(expected.values()), rtol=1e-5)
    commands = (tmp_path / "run/command.txt").read_text().splitlines()
    assert len(commands) == 2


def test_resuming_rewinds_the_log_to_the_checkpoint(train_toy: Train, finished_run: Path) -> None:
    with (finished_run / "metrics.jsonl").open("a") as file:
        file.write('{"step": 25, "loss": 99.0}\n{"step": 30, "lo')
    train_toy(num_steps=30, resume=True)
    assert list(lines(finished_run)) == [5, 10, 15, 20, 25, 30]
    assert lines(finished_run)[25] < 99.0


def test_a_damaged_checkpoint_is_passed_over(
    train_toy: Train, finished_run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    newest = finished_run / "checkpoints/step-00000020"
    shard = next(newest.glob("variables.data*"))
    shard.write_bytes(b"\0" * shard.stat().st_size)
    reports: list[TrainingStatus] = []
    train_toy(num_steps=21, resume=True, progress=reports.append)
    assert reports[0].step == 10
    assert "step-00000020` is damaged" in caplog.text
    assert "Going on from step 10" in caplog.text


def test_without_an_intact_checkpoint_it_says_so(train_toy: Train, finished_run: Path) -> None:
    for state in finished_run.glob("checkpoints/*/state.json"):
        state.write_text("{")
    with pytest.raises(ModelError, match=r"All checkpoints .* are damaged.*--overwrite"):
        train_toy(resume=True)


def test_a_run_killed_before_its_first_checkpoint_starts_again(
    train_toy: Train, finished_run: Path
) -> None:
    shutil.rmtree(finished_run / "checkpoints")
    assert train_toy(num_steps=5, resume=True).step == 5
    assert list(lines(finished_run)) == [5]


def test_a_model_folder_lost_in_a_crash_is_made_again(
    train_toy: Train, finished_run: Path, tmp_path: Path
) -> None:
    shutil.move(finished_run / "model", tmp_path / "kept")
    train_toy(num_steps=20, resume=True)
    with np.load(tmp_path / "kept/weights.npz") as kept:
        with np.load(finished_run / "model/weights.npz") as restored:
            for name in kept:
                np.testing.assert_array_equal(restored[name], kept[name])


def test_old_checkpoints_go_but_the_best_stays(train_toy: Train, tmp_path: Path) -> None:
    # A rate that grows without bound makes an early validation the best.
    result = train_toy(
        num_steps=60, keep=2, learning_rate=5e-2, gradient_clip_norm=None, validate_every=5
    )
    kept = {int(path.name[5:]) for path in (tmp_path / "run/checkpoints").iterdir()}
    assert result.best_step in kept
    assert len(kept) <= 3
    assert 60 in kept


class TestStops:
    def test_at_the_time_limit(self, train_toy: Train, tmp_path: Path) -> None:
        result = train_toy(num_steps=10**6, max_minutes=0.02, validate_every=10**6)
        assert result.reason == "max_minutes"
        assert 0.02 <= result.minutes < 0.5
        assert list(lines(tmp_path / "run", "validation_loss")) == [result.step]

    @pytest.mark.usefixtures("finished_run")
    def test_the_time_limit_counts_earlier_sessions(self, train_toy: Train) -> None:
        result = train_toy(num_steps=10**6, max_minutes=1e-6, resume=True)
        assert result.reason == "max_minutes"
        assert result.step == 20

    def test_when_patience_is_lost(self, train_toy: Train) -> None:
        result = train_toy(num_steps=10**6, learning_rate=1e-12, validate_every=1, patience=3)
        assert result.reason == "patience"
        assert result.step < 50

    def test_at_an_interrupt_between_two_steps(self, train_toy: Train, tmp_path: Path) -> None:
        def interrupt(status: TrainingStatus) -> None:
            if status.event == "step" and status.step == 15:
                signal.raise_signal(signal.SIGINT)

        result = train_toy(num_steps=10**6, progress=interrupt)
        assert result.reason == "interrupted"
        assert result.step == 15
        assert train_toy(num_steps=20, resume=True).step == 20

    def test_an_interrupt_before_any_validation_still_leaves_a_model(
        self, train_toy: Train, tmp_path: Path
    ) -> None:
        def interrupt(status: TrainingStatus) -> None:
            if status.event == "step" and status.step == 5:
                signal.raise_signal(signal.SIGINT)

        train_toy(progress=interrupt)
        assert (tmp_path / "run/model/metadata.json").exists()


class TestNonFiniteLoss:
    def test_it_names_the_batch_and_keeps_the_last_good_checkpoint(
        self, train_toy: Train, tmp_path: Path
    ) -> None:
        data = ToyDataset(bad_step=13)
        with pytest.raises(TrainingError) as caught:
            train_toy(data=data, num_steps=40)
        message = str(caught.value)
        assert "not finite at step 14 (batch 13 of seed 0" in message
        assert "`audio` not finite" in message
        assert "--resume goes on from step 10" in message
        run = tmp_path / "run"
        record = json.loads((run / "non_finite.json").read_text())
        assert record["step"] == 13
        assert record["batch"]["audio"]["examples_not_finite"] == [1]
        saved = np.load(run / "non_finite_batch.npz")
        expected = next(iter(data.batches(batch_size=4, clip_s=0.2, start_step=13)))
        np.testing.assert_array_equal(saved["audio"], expected["audio"])
        assert [path.name for path in (run / "checkpoints").iterdir()] == ["step-00000010"]

    def test_diverging_weights_get_other_advice(self, train_toy: Train) -> None:
        def exploding(target: Any, audio: Any) -> Any:
            import tensorflow as tf

            return tf.reduce_mean(tf.exp(tf.square(audio)))

        with pytest.raises(TrainingError, match=r"lower the learning rate.*--overwrite"):
            train_toy(loss=exploding, learning_rate=50.0, gradient_clip_norm=None)


def test_a_dataset_that_is_lost_costs_no_step(train_toy: Train, finished_run: Path) -> None:
    class Lost(ToyDataset):
        def _batch(self, step: int, *others: Any) -> dict:
            if step == 23:
                raise DatasetError("`train.tfrecord` cannot be read: No such file.")
            return super()._batch(step, *others)

    message = r"^`train.tfrecord` cannot be read: No such file. The 23 steps before are saved: --r"
    with pytest.raises(TrainingError, match=message):
        train_toy(num_steps=30, resume=True, data=Lost())
    assert train_toy(num_steps=25, resume=True).step == 25
    assert (finished_run / "checkpoints/step-00000023").is_dir()


class TestRefuses:
    @pytest.mark.usefixtures("finished_run")
    def test_a_folder_with_a_run_in_it(self, train_toy: Train) -> None:
        with pytest.raises(TrainingError, match=r"not empty. Pass --resume .* --overwrite"):
            train_toy()

    def test_to_overwrite_what_is_not_a_run(self, train_toy: Train, tmp_path: Path) -> None:
        (tmp_path / "run").mkdir()
        (tmp_path / "run/thesis.txt").write_text("three years")
        with pytest.raises(TrainingError, match=r"not the folder of a training run"):
            train_toy(overwrite=True)
        assert (tmp_path / "run/thesis.txt").read_text() == "three years"

    def test_to_resume_nothing(self, train_toy: Train) -> None:
        with pytest.raises(TrainingError, match=r"no run in .* to resume. Drop --resume"):
            train_toy(resume=True)

    @pytest.mark.usefixtures("finished_run")
    def test_to_resume_another_model(self, train_toy: Train) -> None:
        with pytest.raises(TrainingError, match=r"`model\.config\.n_units` is 8 there, 9 here"):
            train_toy(model=ToyModel(n_units=9), resume=True)

    def test_a_folder_in_use(self, train_toy: Train, finished_run: Path) -> None:
        held = RunDirectory(finished_run)
        held._acquire_lock()
        with pytest.raises(TrainingError, match=r"Another process is training"):
            train_toy(resume=True)
        held.close()

    def test_a_file_in_place_of_the_folder(self, train_toy: Train, tmp_path: Path) -> None:
        (tmp_path / "run").write_text("")
        with pytest.raises(OutputError, match=r"is a file"):
            train_toy()

    def test_data_at_other_rates(self, train_toy: Train, tmp_path: Path) -> None:
        model = ToyModel()
        model.hop_length = 80
        with pytest.raises(DatasetError, match=r"`hop_length` is 40 there, 80 here"):
            train_toy(model=model)
        assert not (tmp_path / "run").exists()

    @pytest.mark.parametrize(
        ("name", "signal", "message"),
        [
            (
                "mel_db",
                Signal("frames", 64),
                r"`mel_db`, which the dataset hasn't.*--columns f0_hz,",
            ),
            ("notes", Signal("notes", 5), r"it has `audio`, `f0_hz`.* Notes come with scores"),
            ("dry", Signal("samples"), r"It comes with pairs: prepare folders `dry/` and `wet/`"),
            (
                "f0_hz",
                Signal("frames", 3),
                r"is frames of width 1, but `ToyModel` takes frames of w",
            ),
        ],
    )
    def test_data_without_what_the_model_takes(
        self, train_toy: Train, tmp_path: Path, name: str, signal: Signal, message: str
    ) -> None:
        model, data = ToyModel(), ToyDataset()
        model.input_signals = {"loudness_db": Signal("frames"), name: signal}
        names = ("f0_hz", "f0_confidence", "loudness_db")
        data.columns = {n: Column(n, Signal("frames"), SETTINGS.hop_length) for n in names}
        data.columns = {"audio": samples_column("audio"), **data.columns}
        with pytest.raises(DatasetError, match=message):
            train_toy(model=model, data=data)
        assert not (tmp_path / "run").exists()
        model.optional_input_names = (name,)
        if name not in names:
            assert train_toy(model=model, data=data, num_steps=1).step == 1

    def test_fewer_examples_than_a_batch(self, train_toy: Train, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"16 training examples of 0.2 s.*of 17.*16 or"):
            train_toy(batch_size=17)
        assert not (tmp_path / "run").exists()

    @pytest.mark.parametrize("name", ["num_steps", "log_every", "clip_s", "patience"])
    def test_numbers_that_are_not_positive(self, train_toy: Train, name: str) -> None:
        with pytest.raises(ArgumentError, match=f"`{name}` must be above 0, but is 0"):
            train_toy(**{name: 0})


def test_overwriting_leaves_nothing_of_the_old_run(train_toy: Train, tmp_path: Path) -> None:
    train_toy(num_steps=20)
    train_toy(num_steps=10, overwrite=True)
    assert list(lines(tmp_path / "run")) == [5, 10]
    names = [path.name for path in (tmp_path / "run/checkpoints").iterdir()]
    assert names == ["step-00000010"]
    assert (
        SETTINGS.to_dict() == json.loads((tmp_path / "run/settings.json").read_text())["features"]
    )
