"""The optimiser: Adam with exponential decay of the learning rate and optional warm-up."""

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


def adam(
    *,
    learning_rate: float = 3e-4,
    decay_rate: float = 0.98,
    decay_steps: int = 10_000,
    warmup_steps: int = 0,
) -> keras.optimizers.Optimizer:
    """Returns the paper's optimiser: Adam with a decaying learning rate.

    Gradients are clipped by the `Trainer`, after they have been summed over the replicas.

    Raises:
        ArgumentError: As in `WarmupExponentialDecay`.

    Reference:
        Engel et al. (2020), "DDSP: Differentiable Digital Signal Processing", appendix B.
    """
    schedule = WarmupExponentialDecay(
        learning_rate, decay_rate=decay_rate, decay_steps=decay_steps, warmup_steps=warmup_steps
    )
    return keras.optimizers.Adam(learning_rate=schedule)


def _check(name: str, value: float, valid: bool, expected: str) -> None:
    if not valid:
        raise ArgumentError(f"`{name}` must be {expected}, but is {value}.")
