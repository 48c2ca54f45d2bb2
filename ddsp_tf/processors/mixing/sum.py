"""The sum of any number of sounds."""

from collections.abc import Mapping
from functools import reduce
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.processors.signal_checks import require_same_channels
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Sum(Processor):
    """Adds signals of equal length, `signal_1`, `signal_2`, ..., `[batch, n_samples]`.

    With several channels `[batch, n_samples, n_channels]`; a sound of one is added to each of them.

    Args:
        n_inputs: How many, >= 1. None: as many as a graph gives it, and two outside of one.
        name: The processor's name.

    Raises:
        ArgumentError: No input, or sounds that don't fit together.

    Example:
        >>> from ddsp_tf.processors import ProcessorGroup
        >>> group = ProcessorGroup(dag=[(Sum(), ["voice", "guitar", "drums"])])
        >>> parts = {key: tf.ones([1, 4]) for key in group.input_names}
        >>> group(parts).numpy().tolist()
        [[3.0, 3.0, 3.0, 3.0]]
    """

    def __init__(self, *, n_inputs: int | None = None, name: str = "sum", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        if n_inputs is not None and n_inputs < 1:
            raise ArgumentError(f"`n_inputs` should be at least 1. Received {n_inputs}.")
        self.n_inputs = n_inputs

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """`signal_1`, `signal_2`, ...: sounds of any number of channels."""
        n_inputs = 2 if self.n_inputs is None else self.n_inputs
        return {f"signal_{i + 1}": Signal("samples", width=None) for i in range(n_inputs)}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The same."""
        return self.input_signals

    def wire(self, n_inputs: int) -> None:
        """Takes as many inputs as there are, if it was not told another number."""
        if self.n_inputs is None:
            self.n_inputs = n_inputs

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Adds one block."""
        del n_frames
        signals = require_same_channels(self.name, *(controls[key] for key in self.input_signals))
        return reduce(lambda one, other: one + other, signals), state

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "n_inputs": self.n_inputs}
