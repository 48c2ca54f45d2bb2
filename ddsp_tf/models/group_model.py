"""What every model has in common that ends in a processor group."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.model import Model
from ddsp_tf.processors import Processor, ProcessorGroup

Decode = Callable[[dict[str, tf.Tensor], Any], tuple[dict[str, tf.Tensor], Any]]


class GroupModel(Model):
    """A model whose sound a processor group makes: rates, rooms and blocks are the group's.

    Subclasses set `processor_group` when they are made, or take one with `take_group`.
    """

    _rates: Mapping[str, Any] = MappingProxyType({})

    processor_group: ProcessorGroup
    """What makes the sound."""

    @property
    def sample_rate(self) -> Any:
        """Of its audio, in Hz: the group's, or the one given."""
        return self._rates.get("sample_rate", self.processor_group.sample_rate)

    @property
    def hop_length(self) -> Any:
        """Samples per frame: the group's, or those given."""
        return self._rates.get("hop_length", self.processor_group.hop_length)

    def take_group(
        self, group: ProcessorGroup, *, sample_rate: int | None, hop_length: int | None
    ) -> None:
        """Sets the group, and the rates that its processors leave open.

        Args:
            group: What makes the sound.
            sample_rate: In Hz; needed if no processor has one.
            hop_length: Samples per frame; needed if no processor has one.

        Raises:
            ArgumentError: There is no rate, or another one than the group's is given.
        """
        rates = {"sample_rate": sample_rate, "hop_length": hop_length}
        for key, given in rates.items():
            own = getattr(group, key)
            if own is None and given is None:
                raise ArgumentError(f"No processor has a `{key}`: give one.")
            if None not in (own, given) and own != given:
                raise ArgumentError(
                    f"`{key}` should be that of the group, {own}. Received {given}."
                )
            rates[key] = given if own is None else own
        self.processor_group = group
        self._rates = rates

    @property
    def black_box(self) -> bool:  # type: ignore[override]
        """Whether a processor computes outside TensorFlow."""
        return self.processor_group.black_box

    @property
    def optional_input_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """What the processors can do without."""
        return self.processor_group.optional_input_names

    @property
    def why_not_streamable(self) -> str:
        """The processor that can't play a part of a sound."""
        for processor in self.processor_group.processors:
            if not processor.streamable:
                return f"its processor `{processor.name}` can't play a part of a sound"
        return ""

    @property
    def lookahead_frames(self) -> int:
        """Frames after a block that the processors need besides it."""
        return self.processor_group.lookahead_frames

    @property
    def last_room(self) -> Processor | None:
        """The room at the end of the processor group."""
        return self.processor_group.last_room

    def decode_with_lookahead(
        self,
        decode: Decode,
        inputs: Mapping[str, tf.Tensor],
        state: Any,
        n_frames: int | tf.Tensor,
    ) -> tuple[dict[str, tf.Tensor], Any]:
        """Runs a network over a block and the frames that the processors need after it.

        Args:
            decode: Of inputs and a state, gives raw controls and the state after the last frame.
            inputs: For `n_frames + lookahead_frames` frames.
            state: Before the block.
            n_frames: Frames of the block.

        Returns:
            Raw controls for all frames, and the state after the block alone.
        """
        controls, after = decode({key: x[:, :n_frames] for key, x in inputs.items()}, state)
        if self.lookahead_frames:
            ahead, _ = decode({key: x[:, n_frames:] for key, x in inputs.items()}, after)
            controls = {key: tf.concat([x, ahead[key]], axis=1) for key, x in controls.items()}
        return controls, after

    def play_group(
        self, controls: Mapping[str, Any], state: dict[str, Any], n_frames: int | tf.Tensor
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Plays the processors: `audio` and `controls`, and their state for the next block."""
        outputs, state = self.processor_group.play(controls, state, n_frames)
        return {"audio": outputs.pop("signal"), "controls": outputs}, state
