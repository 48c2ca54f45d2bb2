"""What every synthesiser and effect has in common."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

Controls = dict[str, Any]
State = dict[str, Any]


class Processor(keras.layers.Layer):
    """A layer that turns raw inputs into meaningful controls, and controls into sound.

    Subclasses name their inputs in `input_names` and implement `controls`, `lookahead_frames`,
    `initial_state` and `stream`. Playing a sound at once is streaming it as one block, so both
    give the same samples. Lengths and batch sizes come with the inputs.

    Args:
        sample_rate: In Hz, or None for processors that don't need it.
        hop_length: Samples per frame, or None for processors without frames.
        name: By which a `ProcessorGroup` refers to it.
    """

    input_names: tuple[str, ...] = ()
    """Inputs that must be given, in the order in which a graph lists them."""

    optional_input_names: tuple[str, ...] = ()
    """Inputs that a graph passes on from its own inputs where they exist."""

    control_names: tuple[str, ...] = ()
    """Keys of the dict that `controls` returns."""

    streamable: bool = True
    """Whether a sound may be made in blocks."""

    def __init__(
        self,
        *,
        sample_rate: int | None = None,
        hop_length: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        # Sound is float32 whatever the networks compute in: phases and FFTs need its precision.
        kwargs.pop("dtype", None)
        super().__init__(name=name, dtype="float32", **kwargs)
        # Subclasses that require them read them as integers.
        self.sample_rate: Any = sample_rate
        self.hop_length: Any = hop_length

    def build(self, input_shape: Any) -> None:
        """Does nothing: a processor's weights, if any, don't depend on its inputs' shapes."""
        del input_shape
        self.built = True

    @property
    def lookahead_frames(self) -> int:
        """Frames after a block that its last samples depend on."""
        return 0

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Turns raw inputs (a network's outputs, say) into the controls that `signal` takes."""
        raise NotImplementedError

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Gives the state before the first sample: a dict of tensors, empty if there is none."""
        del batch_size
        return {}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Makes one block of sound.

        Args:
            controls: As `controls` returns, for `n_frames + lookahead_frames` frames. Audio among
                them holds `n_frames * hop_length` samples.
            state: As `initial_state` or the previous block gave.
            n_frames: Frames to play.

        Returns:
            Audio `[batch, n_frames * hop_length]`, and the state for the next block.
        """
        raise NotImplementedError

    def signal(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Makes the whole sound at once; the last frame is held.

        Args:
            controls: As `controls` returns; frame controls are `[batch, n_frames, n_channels]`.

        Returns:
            Audio, `[batch, n_frames * hop_length]`.
        """
        frames = [x for x in controls.values() if has_frames(x)]
        n_frames = tf.shape(frames[0])[1] if frames[0].shape[1] is None else frames[0].shape[1]
        batch_size = tf.shape(frames[0])[0]
        held = {key: hold_frames(x, self.lookahead_frames) for key, x in controls.items()}
        audio, _ = self.stream(held, self.initial_state(batch_size), n_frames)
        return audio

    def call(self, inputs: Mapping[str, Any], return_controls: bool = False) -> Any:
        """Plays raw inputs.

        Args:
            inputs: A dict with `input_names`, and any of `optional_input_names`.
            return_controls: Whether to return `{"signal": audio, "controls": controls}` instead of
                the audio alone.

        Raises:
            ArgumentError: An input is missing.
        """
        missing = [key for key in self.input_names if key not in inputs]
        if missing:
            raise ArgumentError(
                f"`{self.name}` ({type(self).__name__}) needs the inputs "
                f"{', '.join(self.input_names)}. Missing: {', '.join(missing)}; "
                f"received: {', '.join(inputs) or 'nothing'}."
            )
        controls = self.controls(inputs)
        audio = self.signal(controls)
        return {"signal": audio, "controls": controls} if return_controls else audio

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments, from which Keras makes an equal processor."""
        config = super().get_config()
        config.pop("dtype", None)
        if self.sample_rate is not None:
            config["sample_rate"] = self.sample_rate
        if self.hop_length is not None:
            config["hop_length"] = self.hop_length
        return config


def hold_frames(control: Any, n_extra: int) -> Any:
    """Repeats the last frame of `[batch, n_frames, n_channels]`; passes anything else on."""
    if not n_extra or not has_frames(control):
        return control
    return dsp.hold_last_frame(control, n_extra)


def optional_inputs(processor: Processor, inputs: Mapping[str, Any]) -> Controls:
    """Picks the optional inputs that are there; they pass through `controls` unchanged."""
    return {key: inputs[key] for key in processor.optional_input_names if key in inputs}


def has_frames(control: Any) -> bool:
    """Whether a control is a tensor `[batch, n_frames, n_channels]`."""
    return hasattr(control, "shape") and len(control.shape) == 3
