"""What a run says about itself while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class TrainingStatus:
    """One report of a running training.

    Attributes:
        event: "start", "step" (a log interval has passed), "validation", "checkpoint",
            or "end".
        step: Steps taken so far.
        num_steps: Steps to take in all.
        loss: Mean training loss since the last report, NaN before the first.
        losses: Its terms.
        learning_rate: Of the next step.
        steps_per_s: Steps a second, lately; 0 before the first.
        minutes: Time spent training, earlier sessions included.
        eta_minutes: Time left until `num_steps` or the time limit, or None if unknown.
        validation_loss: Newest loss on held-out data, or None.
        best_loss: Lowest loss on held-out data, or None.
        best_step: Its step, or None.
    """

    event: Literal["start", "step", "validation", "checkpoint", "end"]
    step: int
    num_steps: int
    loss: float = float("nan")
    losses: dict[str, float] = field(default_factory=dict)
    learning_rate: float = 0.0
    steps_per_s: float = 0.0
    minutes: float = 0.0
    eta_minutes: float | None = None
    validation_loss: float | None = None
    best_loss: float | None = None
    best_step: int | None = None


Progress = Callable[[TrainingStatus], None]
"""Draws, logs or ignores a `TrainingStatus`. It is called in the training thread."""
