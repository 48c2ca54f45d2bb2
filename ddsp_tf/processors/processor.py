"""What every synthesiser and effect has in common."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.signal_checks import (
    check_inputs,
    default_value,
    extent,
    fold_channels,
    hold_frames,
    n_extra_channels,
    unfold_channels,
)
from ddsp_tf.types import Signal

Controls = dict[str, Any]
State = dict[str, Any]


class Processor(keras.layers.Layer):
    """A layer that turns raw inputs into meaningful controls, and controls into sound.

    Subclasses declare their inputs in `input_signals` and what they make of them in
    `control_signals`, and implement `controls`, `stream` and, where they have them,
    `lookahead_frames` and `initial_state`. Playing a sound at once is streaming it as one block, so
    both give the same samples. Lengths and batch sizes come with the inputs, and are compared when
    a graph is traced.

    Audio of several channels, `[batch, n_samples, n_channels]`, goes through a processor that
    declares one as so many rows of the batch; one that declares more, or None, gets it as it is.

    Args:
        sample_rate: In Hz, or None for processors that don't need it.
        hop_length: Samples per frame, or None for processors without frames.
        name: By which a `ProcessorGroup` refers to it.

    Raises:
        ArgumentError: A sample rate or a hop that isn't above 0.
    """

    optional_input_names: tuple[str, ...] = ()
    """Inputs that may be left out, and that a graph passes on from its own where they exist."""

    streamable: bool = True
    """Whether a sound may be made in blocks."""

    is_room: bool = False
    """Whether it is a room around the sound, which players leave out on request."""

    keeps_time: bool = False
    """Whether it moves by a clock of its own, so that a clip from the middle sounds otherwise."""

    black_box: bool = False
    """Whether it computes outside TensorFlow, so that no gradient passes and no export holds it."""

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
        if sample_rate is not None and not sample_rate > 0:
            raise ArgumentError(f"`sample_rate` should be above 0. Received {sample_rate}.")
        if hop_length is not None and hop_length < 1:
            raise ArgumentError(
                f"`hop_length` should be a positive integer. Received {hop_length!r}."
            )
        # Subclasses that require them read them as integers.
        self.sample_rate: Any = sample_rate
        self.hop_length: Any = hop_length

    def build(self, input_shape: Any) -> None:
        """Does nothing: a processor's weights, if any, don't depend on its inputs' shapes."""
        del input_shape
        self.built = True

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """What it takes, in the order in which a graph lists it: kind, width, range, default."""
        return {}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """What `controls` returns."""
        return {}

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """What it plays; the width None is that of the audio that it takes, or one channel.

        A processor of several outputs gives a dict of them where others give audio.
        """
        return {"signal": Signal("samples", width=None)}

    @property
    def input_names(self) -> tuple[str, ...]:
        """Inputs that a graph has to connect, in order."""
        return tuple(key for key in self.input_signals if key not in self.optional_input_names)

    @property
    def control_names(self) -> tuple[str, ...]:
        """Keys of the dict that `controls` returns."""
        return tuple(self.control_signals)

    @property
    def lookahead_frames(self) -> int:
        """Frames after a block that its last samples depend on."""
        return 0

    def wire(self, n_inputs: int) -> None:
        """Is told by a graph how many inputs it gets; of use to who takes any number."""
        del n_inputs

    def for_live(self, hop_length: int) -> "Processor":
        """Gives what plays the same for blocks of a frame or a few, with today's weights."""
        del hop_length
        return self

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Turns raw inputs (a network's outputs, say) into the controls that `signal` takes.

        By default they are passed on as they are.
        """
        return {key: inputs[key] for key in self.input_signals if key in inputs}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Gives the state before the first sample: a dict of tensors, empty if there is none."""
        del batch_size
        return {}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[Any, State]:
        """Makes one block of sound.

        Args:
            controls: As `controls` returns, for `n_frames + lookahead_frames` frames. Audio among
                them holds `n_frames * hop_length` samples.
            state: As `initial_state` or the previous block gave.
            n_frames: Frames to play. Where there are no frames (no `hop_length`), audio alone says
                how long a block is.

        Returns:
            Audio `[batch, n_frames * hop_length]`, or a dict of `output_signals`; and the state for
            the next block.
        """
        raise NotImplementedError

    def signal(self, controls: Mapping[str, Any]) -> Any:
        """Makes the whole sound at once; the last frame is held.

        Args:
            controls: As `controls` returns; frame controls are `[batch, n_frames, n_channels]`.

        Returns:
            Audio, `[batch, n_frames * hop_length]`, or a dict of `output_signals`.

        Raises:
            ArgumentError: No control has a length, or they don't fit together.
        """
        signals = self._known_signals
        check_inputs(self.name, controls, signals, hop_length=self.hop_length)
        batch_size, n_frames = self._extent(controls)
        held = {
            key: hold_frames(x, self.lookahead_frames, signals.get(key))
            for key, x in controls.items()
        }
        audio, _ = self.stream(held, self.initial_state(batch_size), n_frames)
        return audio

    def call(self, inputs: Mapping[str, Any], return_controls: bool = False) -> Any:
        """Plays raw inputs.

        Args:
            inputs: A dict with `input_names`, and any of `optional_input_names`. An input with a
                default may be left out.
            return_controls: Whether to return `{"signal": audio, "controls": controls}` instead of
                the audio alone; of audio with several channels, the controls are those of the
                channels as rows.

        Returns:
            Audio `[batch, n_frames * hop_length]`, with the channels of the audio that came; or a
            dict of `output_signals` if there are several.

        Raises:
            ArgumentError: An input is missing, or shapes don't fit what is declared or each other.
        """
        inputs, n_channels = self._prepared(inputs)
        controls = self.controls(inputs)
        played = self._unfolded(self.signal(controls), n_channels)
        if not return_controls:
            return played
        outputs = played if isinstance(played, Mapping) else {"signal": played}
        return {**outputs, "controls": controls}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments, from which Keras makes an equal processor."""
        config = super().get_config()
        config.pop("dtype", None)
        if self.sample_rate is not None:
            config["sample_rate"] = self.sample_rate
        if self.hop_length is not None:
            config["hop_length"] = self.hop_length
        return config

    @property
    def _known_signals(self) -> dict[str, Signal]:
        return {**self.input_signals, **self.control_signals}

    def _prepared(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        """The inputs, checked and complete, and the channels that have become rows, or 0."""
        if not isinstance(inputs, Mapping):
            raise ArgumentError(
                f"`{self.name}` ({type(self).__name__}) takes a dict of its inputs, "
                f"{', '.join(self.input_names)}. Received {type(inputs).__name__}."
            )
        signals = self.input_signals
        given = {key: self._as_declared(key, x) for key, x in inputs.items()}
        missing = [
            key
            for key in self.input_names
            if key not in given and (key not in signals or signals[key].default is None)
        ]
        if missing:
            raise ArgumentError(
                f"`{self.name}` ({type(self).__name__}) needs the inputs "
                f"{', '.join(self.input_names)}. Missing: {', '.join(missing)}; "
                f"received: {', '.join(inputs) or 'nothing'}."
            )
        check_inputs(self.name, given, signals, hop_length=self.hop_length)
        n_channels = n_extra_channels(given, signals)
        if n_channels:
            given = fold_channels(given, signals, n_channels)
        absent = [key for key in self.input_names if key not in given]
        if absent:
            batch_size, n_frames = self._extent(given)
            size: dict[str, Any] = {"batch_size": batch_size, "n_frames": n_frames}
            for key in absent:
                given[key] = default_value(signals[key], hop_length=self.hop_length, **size)
        return given, n_channels

    def _as_declared(self, key: str, value: Any) -> Any:
        signal = self.input_signals.get(key)
        if signal is None or value is None:
            return value
        tensor = tf.convert_to_tensor(value)
        if not (tensor.dtype.is_floating or tensor.dtype.is_integer):
            raise ArgumentError(
                f"`{self.name}`: `{key}` should be numbers, {signal.dtype}. "
                f"Received {tensor.dtype.name}."
            )
        # An integer may choose a seed, of whatever size.
        return tf.cast(tensor, signal.dtype) if signal.dtype.startswith("float") else tensor

    def _unfolded(self, played: Any, n_channels: int) -> Any:
        if not n_channels:
            return played
        if not isinstance(played, Mapping):
            return unfold_channels(played, n_channels)
        return {
            key: unfold_channels(x, n_channels) if _is_samples(self, key) else x
            for key, x in played.items()
        }

    def _extent(self, values: Mapping[str, Any]) -> tuple[Any, Any]:
        """Batch size and number of frames."""
        size = extent(values, self._known_signals, self.hop_length)
        if size:
            return size["batch_size"], size["n_frames"]
        raise ArgumentError(
            f"`{self.name}` ({type(self).__name__}) got neither frames nor audio, so it can't know "
            f"how long to play. It has {', '.join(values) or 'nothing'}."
        )


def optional_inputs(processor: Processor, inputs: Mapping[str, Any]) -> Controls:
    """Picks the optional inputs that are there; they pass through `controls` unchanged."""
    return {key: inputs[key] for key in processor.optional_input_names if key in inputs}


def _is_samples(processor: Processor, output: str) -> bool:
    signal = processor.output_signals.get(output)
    return signal is not None and signal.kind == "samples"
