"""Parts of a training with their own objective, weights and optimiser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import keras
import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import Objective, require_objective, variables_of
from ddsp_tf.training.optimization import Optimization

_N_SHOWN = 5


@dataclass(frozen=True)
class Phase:
    """Trains some of the weights with an objective and an optimiser of their own.

    Phases follow one another (`start_step`, `n_steps`), alternate (`every`), or share each batch:
    at a step, every phase that is due takes its turn with that step's batch, in the order in which
    they are given. A step is a batch, however many phases take it.

    Attributes:
        objective: What it minimises.
        name: Its name in the log: "loss_<name>", "loss_<name>_<term>", "gradient_norm_<name>".
        weights: Patterns such as `"model/*"`, `"model/*gru*"` or `"objective/*"`, of which a path
            should match one. Paths are those of Keras, with "model/" in place of the model's name;
            those of an objective's own weights, such as a discriminator's, begin with
            "objective/". A pattern that begins with "!" takes away.
        optimization: Its optimiser. Its `ema_decay` stays None: the average is of the run.
        start_step: The first step that it takes part in, counted from 0.
        n_steps: How many steps it lasts. None: to the end.
        every: It takes part in every so many of them.

    Raises:
        ArgumentError: A value is outside its range.

    Example:
        >>> def level(batch, outputs):
        ...     return {"level": tf.reduce_mean(outputs["audio"] ** 2)}
        >>> first = Phase(level, "room", weights=["model/*reverb*"], n_steps=100)
        >>> first.is_due(99), first.is_due(100)
        (True, False)
    """

    objective: Objective
    name: str
    weights: Sequence[str] = ("model/*",)
    optimization: Optimization = field(default_factory=Optimization)
    start_step: int = 0
    n_steps: int | None = None
    every: int = 1

    def __post_init__(self) -> None:
        require_objective(self.objective, f"objective` of the phase `{self.name}")
        if not self.name.isidentifier():
            raise ArgumentError(f"`name` should be letters, digits and _, but is {self.name!r}.")
        if self.start_step < 0:
            raise ArgumentError(f"`start_step` must be 0 or more, but is {self.start_step}.")
        for argument in ("n_steps", "every"):
            value = getattr(self, argument)
            if value is not None and value < 1:
                raise ArgumentError(f"`{argument}` must be 1 or more, but is {value}.")
        if self.optimization.ema_decay is not None:
            raise ArgumentError(
                f"The phase `{self.name}` has an `ema_decay` of its own. The average is of the "
                "whole run: set it in the `optimization` of `train`."
            )

    def is_due(self, step: int) -> bool:
        """Whether it takes part in a step, counted from 0."""
        since = step - self.start_step
        return (
            since >= 0
            and (self.n_steps is None or since < self.n_steps)
            and not (since % self.every)
        )

    def chosen(self, model: keras.Model) -> list[Any]:
        """Gives the trainable variables that it trains, of the model and of its objective.

        Raises:
            ArgumentError: None matches, or a pattern matches nothing. The message lists paths.
        """
        paths = weight_paths(model, self.objective)
        wanted = [pattern for pattern in self.weights if not pattern.startswith("!")]
        unwanted = [pattern[1:] for pattern in self.weights if pattern.startswith("!")]
        for pattern in (*wanted, *unwanted):
            if not any(fnmatchcase(path, pattern) for path in paths):
                raise ArgumentError(_no_match(self.name, pattern, list(paths)))
        chosen = [
            variable
            for path, variable in paths.items()
            if any(fnmatchcase(path, pattern) for pattern in wanted)
            and not any(fnmatchcase(path, pattern) for pattern in unwanted)
        ]
        if not chosen:
            raise ArgumentError(f"The phase `{self.name}` trains nothing: its `weights` are empty.")
        return chosen


def weight_paths(model: keras.Model, objective: Any) -> Mapping[str, Any]:
    """Gives the trainable variables of a model and of an objective by the paths phases name."""
    found: dict[str, Any] = {}
    for variable in model.trainable_variables:
        path = variable.path.removeprefix(f"{model.name}/")
        _put(found, f"model/{path}", variable)
    for variable in variables_of(objective):
        if variable.trainable:
            _put(found, f"objective/{variable.path}", variable)
    return found


def require_no_gap(phases: Sequence[Phase], num_steps: int) -> None:
    """Checks that some phase is due at every step of a run.

    Raises:
        ArgumentError: There is a step without any, or two phases have the same name.
    """
    names = [phase.name for phase in phases]
    if len(set(names)) < len(names):
        raise ArgumentError(f"Phases need names of their own. Received {', '.join(names)}.")
    due = np.zeros(num_steps, bool)
    for phase in phases:
        stop = None if phase.n_steps is None else phase.start_step + phase.n_steps
        due[phase.start_step : stop : phase.every] = True
    if not due.all():
        raise ArgumentError(
            f"No phase is due at step {int(np.argmin(due))}. Let one go on (`n_steps=None`), or "
            "lower `num_steps`."
        )


def _put(found: dict[str, Any], path: str, variable: Any) -> None:
    """Two weights of the same path (Keras allows it) are told apart by a number."""
    name, n = path, 1
    while name in found:
        n += 1
        name = f"{path}_{n}"
    found[name] = variable


def _no_match(phase: str, pattern: str, paths: list[str]) -> str:
    shown = ", ".join(f"`{path}`" for path in paths[:_N_SHOWN])
    more = f", and {len(paths) - _N_SHOWN} more" if len(paths) > _N_SHOWN else ""
    return (
        f"`weights` of the phase `{phase}`: `{pattern}` matches nothing. There are "
        f"{shown or 'no weights'}{more}."
    )
