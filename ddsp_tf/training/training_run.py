"""The loop: steps, logs, validation, checkpoints, and when to stop."""

import math
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import tensorflow as tf

from ddsp_tf.allocator import return_freed_memory
from ddsp_tf.errors import BlackBoxError, DatasetError, TrainingError
from ddsp_tf.training.checkpoints import Checkpoints
from ddsp_tf.training.failure import non_finite_loss
from ddsp_tf.training.interruption import Interruption
from ddsp_tf.training.limits import Limits
from ddsp_tf.training.melody_player import PlayedMelody
from ddsp_tf.training.progress import Progress, TrainingStatus
from ddsp_tf.training.run_directory import RunDirectory
from ddsp_tf.training.run_state import RunState
from ddsp_tf.training.schedule import Schedule
from ddsp_tf.training.summaries import Summaries
from ddsp_tf.training.trainer import Trainer
from ddsp_tf.training.validation import Validation
from ddsp_tf.training.workers import Workers

StopReason = Literal["num_steps", "max_minutes", "patience", "interrupted"]


@dataclass(frozen=True)
class TrainResult:
    """How a training ended.

    Attributes:
        run: The run directory.
        reason: Which limit ended it.
        step: Steps taken in all.
        minutes: Time spent in all.
        best_step: Step of the best validation; its model is in `run/model`.
        best_loss: Its loss.
        last_loss: The loss of the newest validation.
        first_loss: The training loss of the first step, when nothing had been learned.
    """

    run: Path
    reason: StopReason
    step: int
    minutes: float
    best_step: int | None
    best_loss: float | None
    last_loss: float | None = None
    first_loss: float | None = None

    @property
    def learned_nothing(self) -> bool:
        """Whether the best validation is more than twice as bad as the first step was."""
        return _far_above(self.best_loss, self.first_loss)

    @property
    def diverged(self) -> bool:
        """Whether the last validation is more than twice as bad as the best."""
        return self.learned_nothing or _far_above(self.last_loss, self.best_loss)


class TrainingRun:
    """Trains in a run directory until a limit is reached.

    Args:
        trainer: Takes the steps. It has been built, and restored when resuming.
        state: Where the run is.
        workers: The processes that train together.
        directory: Where it writes.
        checkpoints: Of the trainer's variables.
        validation: The held-out losses.
        summaries: For TensorBoard, or None in workers other than the chief.
        batches: Start step -> the dataset from that batch on.
        save_model: Writes the model to a folder, given what to say of it.
        schedule: How often to do what.
        limits: How long to train.
        play_melody: Plays a melody that is none of the recordings, or None.
        progress: Is told how it goes.
    """

    def __init__(
        self,
        trainer: Trainer,
        state: RunState,
        *,
        workers: Workers,
        directory: RunDirectory,
        checkpoints: Checkpoints,
        validation: Validation,
        summaries: Summaries | None,
        batches: Callable[[int], tf.data.Dataset],
        save_model: Callable[[Path, dict[str, Any]], None],
        schedule: Schedule,
        limits: Limits,
        play_melody: Callable[[], PlayedMelody] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._trainer = trainer
        self._state = state
        self._workers = workers
        self._directory = directory
        self._checkpoints = checkpoints
        self._validation = validation
        self._summaries = summaries
        self._batches = batches
        self._save_model = save_model
        self._schedule = schedule
        self._limits = limits
        self._play_melody = play_melody
        self._progress = progress
        self._unread: list[dict[str, tf.Tensor]] = []
        self._means: dict[str, float] = {}
        self._saved_step = state.step or None
        self._elapsed_before = state.elapsed_s
        self._started = time.monotonic()
        self._rate_from = (self._started, state.step)
        self._steps_per_s = 0.0

    def run(self) -> TrainResult:
        """Trains until a limit is reached or the user interrupts.

        Raises:
            TrainingError: The loss stopped being finite, an effect outside TensorFlow failed, or
                the dataset can't be read any more.
        """
        try:
            return self._run()
        except (BlackBoxError, DatasetError) as error:
            raise self._stopped_by(error) from error
        except tf.errors.OpError as error:
            # What a reader raises within tf.data comes as text alone.
            said = re.search(r"DatasetError: (.+)", error.message)
            if said is None:
                raise
            raise self._stopped_by(DatasetError(said[1])) from error

    def _run(self) -> TrainResult:
        self._report("start")
        with Interruption() as interruption:
            iterator = iter(self._trainer.distribute(self._batches(self._state.step)))
            first = True
            while (reason := self._reason_to_stop(interruption)) is None:
                self._step(iterator)
                if first:
                    # Tracing and compiling say nothing about the speed.
                    self._read_losses()
                    return_freed_memory()
                    self._restart_clock()
                    first = False
                self._do_what_is_due()
            self._finish(reason)
        self._report("end")
        state = self._state
        return TrainResult(
            self._directory.path,
            reason,
            state.step,
            self._minutes(),
            state.best_step,
            state.best_loss,
            state.validation_loss,
            state.first_loss,
        )

    def _stopped_by(self, error: BlackBoxError | DatasetError) -> TrainingError:
        """Saves the steps taken, of which the one that failed is none."""
        if self._workers.are_several:
            # They save together, and the others don't know of it.
            return TrainingError(f"{error} --resume goes on from the last checkpoint.")
        if not self._state.step:
            return TrainingError(f"{error} No step had been taken yet; start with --overwrite.")
        if self._saved_step != self._state.step:
            self._save_checkpoint()
        return TrainingError(
            f"{error} The {self._state.step} steps before are saved: --resume goes on from there."
        )

    def _step(self, iterator: Iterator[Any]) -> None:
        try:
            batch = next(iterator)
        except StopIteration as error:
            raise TrainingError("The training data ended early: it holds no full batch.") from error
        self._unread.append(self._trainer.step(batch))
        self._state.step += 1

    def _do_what_is_due(self) -> None:
        step, schedule = self._state.step, self._schedule
        if step % schedule.log_every == 0:
            self._log()
        improved = False
        if step % schedule.validate_every == 0:
            improved = self._validate()
        if improved or step % schedule.checkpoint_every == 0:
            self._save_checkpoint()

    def _reason_to_stop(self, interruption: Interruption) -> StopReason | None:
        state, limits = self._state, self._limits
        if state.step >= limits.num_steps:
            return "num_steps"
        if limits.patience is not None and state.n_without_improvement >= limits.patience:
            return "patience"
        if self._workers.are_several and state.step % self._schedule.log_every:
            return None
        # Several workers must stop at the same step, though only one may have been told to.
        if self._workers.any(interruption.requested):
            return "interrupted"
        # However short the time, one step is taken: a run without any has nothing to show.
        limit = limits.max_minutes if state.step else None
        late = limit is not None and self._minutes() >= limit
        return "max_minutes" if self._workers.any(late) else None

    def _finish(self, reason: StopReason) -> None:
        state = self._state
        self._read_losses()
        if reason != "interrupted" and state.validated_step != state.step and state.step:
            self._validate()
        if self._saved_step != state.step and state.step:
            self._save_checkpoint()
        if self._workers.is_chief and not self._directory.model.exists():
            self._save_best({})
        if self._summaries is not None:
            self._summaries.close()

    def _minutes(self) -> float:
        return (self._elapsed_before + time.monotonic() - self._started) / 60

    def _restart_clock(self) -> None:
        self._rate_from = (time.monotonic(), self._state.step)

    def _measure_rate(self) -> None:
        since, step = self._rate_from
        if self._state.step > step:
            self._steps_per_s = (self._state.step - step) / max(time.monotonic() - since, 1e-9)
            self._restart_clock()

    def _read_losses(self) -> None:
        """Waits for the steps taken, and stops at the first whose loss isn't finite."""
        first = self._state.step - len(self._unread)
        unread, self._unread = self._unread, []
        for index, tensors in enumerate(unread):
            losses = {name: float(value) for name, value in tensors.items()}
            if not all(math.isfinite(value) for value in losses.values()):
                if not self._workers.is_chief:
                    raise TrainingError(
                        f"The loss is not finite at step {first + index + 1}; "
                        f"{self._workers.names[0]} says more."
                    )
                raise non_finite_loss(
                    self._directory.path,
                    self._batches(first + index),
                    step=first + index,
                    seed=self._schedule.seed,
                    batch_size=self._schedule.batch_size,
                    resume_step=max(self._checkpoints.steps(), default=None),
                )
            if self._state.first_loss is None and not self._trainer.has_phases:
                self._state.first_loss = losses["loss"]
            self._state.add_losses(losses)

    def _log(self) -> None:
        self._read_losses()
        self._measure_rate()
        self._means = self._state.take_means()
        extra = {
            "learning_rate": self._trainer.learning_rate,
            "steps_per_s": self._steps_per_s,
            "minutes": self._minutes(),
        }
        self._write_line("train", {**self._means, **extra})
        self._report("step")

    def _validate(self) -> bool:
        self._read_losses()
        self._measure_rate()
        losses, examples = self._validation.run(self._trainer)
        # Each measures it; whether it is the best is the same for all.
        losses["loss"] = self._workers.of_chief(losses["loss"])
        if not math.isfinite(losses["loss"]):
            raise TrainingError(
                f"The loss on held-out data is not finite at step {self._state.step}, though it "
                "is on the training data. Lower the learning rate, or look for damaged "
                "recordings in the dataset; --resume goes on from the last checkpoint."
            )
        improved = self._state.add_validation(losses["loss"])
        line = {f"validation_{name}": value for name, value in losses.items()}
        self._write_line("validation", {**line, "minutes": self._minutes()})
        if self._summaries is not None:
            self._summaries.validation(self._state.step, examples)
            self._sample_melody(self._summaries)
        if improved:
            self._save_best(losses)
        self._report("validation")
        self._restart_clock()
        return improved

    def _sample_melody(self, summaries: Summaries) -> None:
        if self._play_melody is not None:
            with self._trainer.averaged():
                played = self._play_melody()
            summaries.melody(self._state.step, played)

    def _write_line(self, group: str, values: dict[str, float]) -> None:
        if self._summaries is not None:
            self._directory.append_metrics({"step": self._state.step, **values})
            self._summaries.scalars(self._state.step, values, group=group)

    def _save_best(self, losses: dict[str, float]) -> None:
        if self._workers.is_chief:
            metrics = {f"validation_{name}": value for name, value in losses.items()}
            about = {
                "step": self._state.step,
                "minutes": self._minutes(),
                "seed": self._schedule.seed,
                **metrics,
            }
            with self._trainer.averaged():
                self._save_model(self._directory.model, about)

    def _save_checkpoint(self) -> None:
        self._read_losses()
        self._measure_rate()
        state = self._state
        state.elapsed_s = 60 * self._minutes()
        self._checkpoints.save(state.step, state.to_dict(), best_step=state.best_step)
        self._saved_step = state.step
        self._report("checkpoint")
        self._restart_clock()

    def _report(self, event: Literal["start", "step", "validation", "checkpoint", "end"]) -> None:
        if self._progress is None:
            return
        state = self._state
        self._progress(
            TrainingStatus(
                event=event,
                step=state.step,
                num_steps=self._limits.num_steps,
                loss=self._means.get("loss", math.nan),
                losses=self._means,
                learning_rate=self._trainer.learning_rate,
                steps_per_s=self._steps_per_s,
                minutes=self._minutes(),
                eta_minutes=self._eta_minutes(),
                validation_loss=state.validation_loss,
                best_loss=state.best_loss,
                best_step=state.best_step,
            )
        )

    def _eta_minutes(self) -> float | None:
        left = []
        if self._steps_per_s:
            n_steps = self._limits.num_steps - self._state.step
            left.append(n_steps / self._steps_per_s / 60)
        if self._limits.max_minutes is not None:
            left.append(self._limits.max_minutes - self._minutes())
        return max(0.0, min(left)) if left else None


def _far_above(loss: float | None, reference: float | None) -> bool:
    return loss is not None and reference is not None and loss > 2.0 * max(reference, -reference)
