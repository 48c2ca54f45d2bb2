"""Draws a running training: loss, speed and time left."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ddsp_tf.cli.terminal import Terminal, duration

if TYPE_CHECKING:
    from ddsp_tf.training import TrainingStatus

_PLAIN_EVERY_S = 15.0


@contextmanager
def training_progress(terminal: Terminal) -> Iterator[Callable[["TrainingStatus"], None]]:
    """Yields a callback that shows a bar, or a line now and then where there is no terminal."""
    if terminal.quiet:
        yield lambda status: None
    elif sys.stderr.isatty():
        with _bar(terminal) as draw:
            yield draw
    else:
        yield _PlainTraining(terminal)


@contextmanager
def _bar(terminal: Terminal) -> Iterator[Callable[["TrainingStatus"], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("step {task.completed:.0f} of {task.total:.0f}"),
        BarColumn(),
        TextColumn("{task.fields[text]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("training", total=None, text="compiling the first step")

        def draw(status: "TrainingStatus") -> None:
            if status.event == "validation":
                progress.console.print(_validation_line(status), markup=False, highlight=False)
            text = _numbers(status) or "compiling the first step"
            progress.update(task, total=status.num_steps, completed=status.step, text=text)

        yield draw


class _PlainTraining:
    """A line every quarter of a minute and at each validation, for logs."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._last = 0.0

    def __call__(self, status: "TrainingStatus") -> None:
        if status.event == "validation":
            self._terminal.note(_validation_line(status))
            return
        due = time.monotonic() - self._last >= _PLAIN_EVERY_S
        if (status.event == "step" and due) or status.event == "end":
            self._last = time.monotonic()
            self._terminal.note(f"step {status.step} of {status.num_steps}  {_numbers(status)}")


def _numbers(status: "TrainingStatus") -> str:
    if not status.steps_per_s:
        return ""
    # Losses are read every few steps; a short run may end before.
    parts = [f"loss {status.loss:.3f}"] if math.isfinite(status.loss) else []
    parts.append(f"{status.steps_per_s:.2f} steps/s")
    if status.eta_minutes is not None and status.event != "end":
        parts.append(f"{duration(60.0 * status.eta_minutes)} left")
    if status.best_loss is not None:
        parts.append(f"best validation {status.best_loss:.3f}")
    return "  ".join(parts)


def _validation_line(status: "TrainingStatus") -> str:
    best = "  (best so far)" if status.best_step == status.step else ""
    loss = float("nan") if status.validation_loss is None else status.validation_loss
    return f"step {status.step}: validation loss {loss:.3f}{best}"
