"""How a step moves the weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError


class WarmupExponentialDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises linearly, then decays by `decay_rate` every `decay_steps`.

    The decay counts from step 0, so that a warm-up changes nothing after it.

    Args:
        learning_rate: Rate at step 0 without warm-up, > 0.
        decay_rate: Factor per `decay_steps`, in (0, 1].
        decay_steps: Steps after which one full factor has been applied, > 0.
        warmup_steps: Steps over which the rate rises from near 0. 0 switches it off.

    Raises:
        ArgumentError: A value is outside its range.

    Example:
        >>> schedule = WarmupExponentialDecay(1e-3, decay_rate=0.5, decay_steps=10)
        >>> round(float(schedule(10)), 6)
        0.0005
    """

    def __init__(
        self,
        learning_rate: float,
        *,
        decay_rate: float = 0.98,
        decay_steps: int = 10_000,
        warmup_steps: int = 0,
    ) -> None:
        super().__init__()
        _check("learning_rate", learning_rate, learning_rate > 0, "above 0")
        _check("decay_rate", decay_rate, 0 < decay_rate <= 1, "in (0, 1]")
        _check("decay_steps", decay_steps, decay_steps > 0, "above 0")
        _check("warmup_steps", warmup_steps, warmup_steps >= 0, "0 or more")
        self.learning_rate = learning_rate
        self.decay_rate = decay_rate
        self.decay_steps = decay_steps
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate of `step`, a float32 scalar."""
        step = tf.cast(step, tf.float32)
        rate = self.learning_rate * self.decay_rate ** (step / self.decay_steps)
        if self.warmup_steps:
            rate *= tf.minimum(1.0, (step + 1.0) / self.warmup_steps)
        return rate

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the constructor."""
        return {
            "learning_rate": self.learning_rate,
            "decay_rate": self.decay_rate,
            "decay_steps": self.decay_steps,
            "warmup_steps": self.warmup_steps,
        }


@dataclass(frozen=True)
class Optimization:
    """How a step moves the weights: an optimiser, its learning rate, and what bounds the step.

    The defaults are the paper's: Adam whose learning rate decays slowly.

    Attributes:
        learning_rate: At the start, after a warm-up if there is one; > 0.
        decay_rate: The factor that it takes every `decay_steps` steps, in (0, 1].
        decay_steps: Steps of one factor, > 0; between them it goes smoothly.
        warmup_steps: Steps over which the rate rises from near 0. 0: none.
        gradient_clip_norm: A gradient whose global norm is larger is scaled down to it. None: no
            limit.
        ema_decay: Validate and save a moving average of the weights with this decay, in (0, 1).
            None: no average.
        optimizer: Makes the Keras optimiser from `learning_rate`, for example
            `keras.optimizers.AdamW`. None: Adam.

    Raises:
        ArgumentError: A value is outside its range.

    Example:
        >>> type(Optimization(learning_rate=1e-3).make_optimizer()).__name__
        'Adam'

    Reference:
        Engel et al. (2020), "DDSP: Differentiable Digital Signal Processing", appendix B.
    """

    learning_rate: float = 3e-4
    decay_rate: float = 0.98
    decay_steps: int = 10_000
    warmup_steps: int = 0
    gradient_clip_norm: float | None = 3.0
    ema_decay: float | None = None
    optimizer: Callable[..., keras.optimizers.Optimizer] | None = None

    def __post_init__(self) -> None:
        self.learning_rates()
        clip, ema = self.gradient_clip_norm, self.ema_decay
        _check("gradient_clip_norm", clip, clip is None or clip > 0, "above 0 or None")
        _check("ema_decay", ema, ema is None or 0 < ema < 1, "between 0 and 1, or None")

    def learning_rates(self) -> WarmupExponentialDecay:
        """Gives the learning rate by step."""
        return WarmupExponentialDecay(
            self.learning_rate,
            decay_rate=self.decay_rate,
            decay_steps=self.decay_steps,
            warmup_steps=self.warmup_steps,
        )

    def make_optimizer(self) -> keras.optimizers.Optimizer:
        """Makes a new optimiser, in the scope of the current strategy.

        It does not clip: the `Trainer` does, after gradients are summed over the replicas.
        """
        make = self.optimizer or keras.optimizers.Adam
        return make(learning_rate=self.learning_rates())


def _check(name: str, value: float | None, valid: bool, expected: str) -> None:
    if not valid:
        raise ArgumentError(f"`{name}` must be {expected}, but is {value}.")
