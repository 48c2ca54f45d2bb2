"""The matrix that leads modulations to what they move."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class ModulationMatrix(Processor):
    """Sums modulations, each by an amount of its own for everything that is moved.

    Inputs: the sources, `[batch, n_frames, 1]` each; and by `source_to_target` the amounts, 0 to 1,
    `[batch, 1]` each. Plays a frame signal for each target, by its name.

    Args:
        sources: Names of what moves.
        targets: Names of what is moved.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        name: The processor's name.

    Raises:
        ArgumentError: There is no source or no target.

    Example:
        >>> matrix = ModulationMatrix(sources=("a", "b"), targets=("pitch",))
        >>> frames = {"a": tf.fill([1, 2, 1], 0.5), "b": tf.ones([1, 2, 1])}
        >>> amounts = {"a_to_pitch": tf.constant([[1.0]]), "b_to_pitch": tf.constant([[0.25]])}
        >>> matrix({**frames, **amounts})["pitch"][0, :, 0].numpy().tolist()
        [0.75, 0.75]

    Reference:
        Turian et al. 2021, "One billion audio sounds from GPU-enabled modular synthesis".
    """

    streamable = False

    def __init__(
        self,
        *,
        sources: Sequence[str],
        targets: Sequence[str],
        sample_rate: int = 44100,
        hop_length: int = 100,
        name: str = "modulation_matrix",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        if not sources or not targets:
            raise ArgumentError(
                "`sources` and `targets` should name one at least. Received "
                f"{list(sources)} and {list(targets)}."
            )
        self.sources, self.targets = tuple(sources), tuple(targets)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sources, and by how much each moves each target."""
        amount = Signal("value", low=0.0, high=1.0, default=0.0, curve=0.5)
        amounts = {f"{a}_to_{b}": amount for a in self.sources for b in self.targets}
        return {**{key: Signal("frames") for key in self.sources}, **amounts}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """One for each target."""
        return {key: Signal("frames") for key in self.targets}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], State]:
        """Sums."""
        del n_frames
        return {
            b: tf.add_n(
                [controls[f"{a}_to_{b}"][:, tf.newaxis] * controls[a] for a in self.sources]
            )
            for b in self.targets
        }, state

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        names = {"sources": list(self.sources), "targets": list(self.targets)}
        return {**super().get_config(), **names}
