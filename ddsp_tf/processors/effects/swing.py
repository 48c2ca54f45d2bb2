"""What moves a chorus or a phaser: a swing of its own, or one that is given."""

from collections.abc import Mapping
from typing import Any, Literal

import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import Signal

Shape = Literal["sine", "triangle", "given"]


class Swing:
    """Moves from -1 to 1 and back: by itself at the input `rate_hz`, or as the input `swing` does.

    Args:
        shape: "sine", "triangle" or "given".
        phase: Where it begins by itself, in turns; at 0 in the middle, rising.
        sample_rate: In Hz.

    Raises:
        ArgumentError: An unknown shape.
    """

    def __init__(self, shape: Shape, phase: float, sample_rate: int) -> None:
        if shape not in ("sine", "triangle", "given"):
            raise ArgumentError(
                f'`shape` should be "sine", "triangle" or "given". Received {shape!r}.'
            )
        self.shape = shape
        self.phase = phase
        self.sample_rate = sample_rate

    @property
    def keeps_time(self) -> bool:
        """Whether it swings by itself."""
        return self.shape != "given"

    def signals(self, default_hz: float) -> dict[str, Signal]:
        """The input that it takes, by name."""
        if self.shape == "given":
            return {"swing": Signal("samples")}
        return {"rate_hz": Signal("value", unit="Hz", low=0.01, high=20.0, default=default_hz)}

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, tf.Tensor]:
        """Where it begins; nothing if it is given."""
        if self.shape == "given":
            return {}
        return {"phase": tf.fill([batch_size, 1], tf.constant(self.phase, tf.float64))}

    def __call__(
        self, controls: Mapping[str, Any], n_samples: int | tf.Tensor, state: Mapping[str, Any]
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Gives one block, `[batch, n_samples]`, and the state for the next."""
        if self.shape == "given":
            return tf.convert_to_tensor(controls["swing"]), {}
        swing, phase = dsp.low_frequency_oscillator(
            controls["rate_hz"],
            n_samples,
            state["phase"],
            sample_rate=self.sample_rate,
            shape=self.shape,
        )
        return swing, {"phase": phase}
