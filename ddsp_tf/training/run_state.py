"""What a run must remember, besides the weights, to go on as if it had never stopped."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from ddsp_tf.errors import ModelError


@dataclass
class RunState:
    """Where a run is.

    Attributes:
        step: Steps taken; also the index of the next batch.
        elapsed_s: Seconds spent so far, all sessions together.
        validated_step: Step of the newest validation.
        validation_loss: Its loss.
        best_step: Step of the lowest validation loss.
        best_loss: That loss.
        n_without_improvement: Validations since.
        first_loss: Training loss of the first step, when nothing had been learned.
        yardstick: What the validation losses were measured with, see `yardstick`; None in runs of
            older versions.
        interval: Losses of the steps since the newest line of the log, by name.
    """

    step: int = 0
    elapsed_s: float = 0.0
    validated_step: int | None = None
    validation_loss: float | None = None
    best_step: int | None = None
    best_loss: float | None = None
    n_without_improvement: int = 0
    first_loss: float | None = None
    yardstick: dict[str, Any] | None = None
    interval: dict[str, list[float]] = field(default_factory=dict)

    def add_validation(self, loss: float) -> bool:
        """Notes a validation at the current step; returns whether it is the best so far."""
        self.validated_step, self.validation_loss = self.step, loss
        improved = self.best_loss is None or loss < self.best_loss
        if improved:
            self.best_step, self.best_loss, self.n_without_improvement = self.step, loss, 0
        else:
            self.n_without_improvement += 1
        return improved

    def measure_again(self, loss: float | None) -> None:
        """Puts another validation loss in place of that of the best step; None forgets it."""
        if loss is None:
            self.best_step = None
        self.best_loss = self.validation_loss = loss
        self.validated_step = self.first_loss = None
        self.n_without_improvement = 0

    def add_losses(self, losses: Mapping[str, float]) -> None:
        """Notes the losses of one step."""
        for name, value in losses.items():
            self.interval.setdefault(name, []).append(value)

    def take_means(self) -> dict[str, float]:
        """Returns the mean losses since the last call, and forgets them."""
        means = {name: sum(values) / len(values) for name, values in self.interval.items()}
        self.interval = {}
        return means

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Makes the state from `to_dict`.

        Raises:
            ModelError: A value is missing or unknown.
        """
        try:
            return cls(**values)
        except TypeError as error:
            raise ModelError(f"The state of the checkpoint is damaged: {error}.") from error
