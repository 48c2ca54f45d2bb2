"""The network that plays noise by a few curves."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.group_model import GroupModel
from ddsp_tf.nn import FcStack, Gru
from ddsp_tf.processors import ProcessorGroup
from ddsp_tf.processors.signal_checks import hold_frames
from ddsp_tf.types import Signal

_UNITS = {"_db": "dB", "_hz": "Hz", "_s": "s", "_ms": "ms", "_midi": "semitones"}
_LOUDNESS_AND_CENTROID = {"loudness_db": (-80.0, 0.0), "spectral_centroid_hz": (0.0, 8000.0)}


@keras.saving.register_keras_serializable("ddsp_tf")
class NoiseBandNet(GroupModel):
    """Reads curves, such as loudness and spectral centroid, and plays a processor group by them.

    Each curve has an MLP of one layer; a GRU reads them side by side; an MLP of three layers reads
    the GRU and the curves; a Dense layer makes what the group asks for. Two curves and 2,048 bands
    take 464,000 parameters. A sound made at once and the same sound made in blocks are the same.

    Args:
        processor_group: Plays; its frames are what the network makes.
        controls: The curves, `[batch, n_frames, 1]` each, with the range in which each is read:
            beyond it, as its end.
        channels: Units of each MLP layer.
        rnn_channels: Units of the GRU.
        name: The model's name.

    Raises:
        ArgumentError: There is no curve, a range is none, or the group makes no sound in frames.

    Example:
        >>> from ddsp_tf.processors import NoiseBands, ProcessorGroup
        >>> group = ProcessorGroup(dag=[(NoiseBands(n_bands=2048), ["amplitudes"])])
        >>> NoiseBandNet(processor_group=group).count_params()
        464000

    Reference:
        Barahona-Rios and Collins 2023, section III.
    """

    def __init__(
        self,
        *,
        processor_group: ProcessorGroup,
        controls: Mapping[str, tuple[float, float]] | None = None,
        channels: int = 128,
        rnn_channels: int = 128,
        name: str = "noise_band_net",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        given = _LOUDNESS_AND_CENTROID if controls is None else controls
        self.controls = {key: _checked_range(key, ends) for key, ends in given.items()}
        if not self.controls or min(channels, rnn_channels) < 1:
            raise ArgumentError(
                "`controls` should name a curve at least, and `channels` and `rnn_channels` be 1 "
                f"or more. Received {dict(given)}, {channels} and {rnn_channels}."
            )
        self.processor_group = processor_group
        self.channels = channels
        self.rnn_channels = rnn_channels
        self._jit_network = False
        signals = processor_group.input_signals
        self._besides = {
            key: signal
            for key, signal in signals.items()
            if signal.kind != "frames" or key in self.controls
        }
        self.sizes = processor_group.control_sizes(given=self._besides)
        if not self.sizes:
            raise ArgumentError(f"`{processor_group.name}` takes no frames that could be made.")
        self._build(len(self.controls))

    def _build(self, n_controls: int) -> None:
        self.stacks = [FcStack(self.channels, 1, name=f"{key}_stack") for key in self.controls]
        self.rnn = Gru(self.rnn_channels, name="rnn")
        self.stack = FcStack(self.channels, 3, name="stack")
        self.to_controls = keras.layers.Dense(sum(self.sizes.values()), name="to_controls")
        for stack in self.stacks:
            stack.build((None, None, 1))
        self.rnn.build((None, None, n_controls * self.channels))
        self.stack.build((None, None, self.rnn_channels + n_controls))
        self.to_controls.build((None, None, self.channels))
        self.built = True

    @property
    def jit_network(self) -> bool:
        """Whether XLA compiles the parts of the network that gain by it; it isn't stored."""
        return self._jit_network

    @jit_network.setter
    def jit_network(self, enabled: bool) -> None:
        self._jit_network = enabled
        parts: list[Any] = [*self.stacks, self.rnn, self.stack]
        for part in parts:
            part.jit_compile = enabled

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The curves, and what else the processors take."""
        curves = {
            key: Signal("frames", unit=_unit(key), low=low, high=high)
            for key, (low, high) in self.controls.items()
        }
        return {**self._besides, **curves}

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Plays whole sounds.

        Args:
            batch: The curves, `[batch, n_frames, 1]` each, and what else the processors take.
                Optional `noise_seed`, an integer scalar, for other noise.
            training: Without effect; Keras passes it.

        Returns:
            `audio` `[batch, n_frames * hop_length]`, and `controls`: what every processor was told.

        Raises:
            ArgumentError: A curve is missing, or shapes don't fit.
        """
        del training
        inputs, signals = self.encode(batch), self.input_signals
        first = inputs[next(iter(self.controls))]
        n_frames = first.shape[1] or tf.shape(first)[1]
        ahead = self.lookahead_frames
        held = {key: hold_frames(x, ahead, signals[key]) for key, x in inputs.items()}
        state = self.initial_state(tf.shape(first)[0])
        raw_controls, _ = self.decode(held, state["network"])
        return self.play_group({**held, **raw_controls}, state["processors"], n_frames)[0]

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, Any]:
        """Gives the state before the first frame."""
        return {
            "network": self.rnn.initial_state(batch_size),
            "processors": self.processor_group.initial_state(batch_size),
        }

    def stream(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int | tf.Tensor
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Plays one block of a longer sound.

        Args:
            inputs: As `encode` gives, for `n_frames + lookahead_frames` frames.
            state: As `initial_state` or the previous block gave.
            n_frames: Frames to play.

        Returns:
            As `call`, of the block, and the state for the next block.

        Raises:
            ArgumentError: A processor can't be played in blocks.
        """
        if not self.streamable:
            raise ArgumentError(
                f"The model can't be played in blocks: {self.why_not_streamable}. Call it on the "
                "whole sound."
            )
        curves = {key: inputs[key] for key in self.controls}
        raw_controls, network = self.decode_with_lookahead(
            self.decode, curves, state["network"], n_frames
        )
        given = {**inputs, **raw_controls}
        outputs, processors = self.play_group(given, state["processors"], n_frames)
        return outputs, {"network": network, "processors": processors}

    def decode(
        self, inputs: Mapping[str, tf.Tensor], state: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """Runs the network alone.

        Args:
            inputs: The curves.
            state: The part "network" of a state.

        Returns:
            Raw controls `[batch, n_frames, size]` by name, and the state after the last frame.
        """
        scaled = [
            tf.clip_by_value((tf.cast(inputs[key], tf.float32) - low) / (high - low), 0.0, 1.0)
            for key, (low, high) in self.controls.items()
        ]
        hidden = [stack(x) for stack, x in zip(self.stacks, scaled, strict=True)]
        sequence, state = self.rnn(tf.concat(hidden, axis=-1), state)
        outputs = self.to_controls(self.stack([sequence, *scaled]))
        parts = tf.split(outputs, list(self.sizes.values()), axis=-1)
        return dict(zip(self.sizes, parts, strict=True)), state

    def without_rooms(self) -> "NoiseBandNet":
        """Gives a model that shares all weights and plays dry; itself, if it has no room."""
        if not any(processor.is_room for processor in self.processor_group.processors):
            return self
        twin = NoiseBandNet(
            processor_group=self.processor_group.without_rooms(),
            controls=self.controls,
            channels=self.channels,
            rnn_channels=self.rnn_channels,
            name=self.name,
        )
        twin.stacks, twin.rnn, twin.stack = self.stacks, self.rnn, self.stack
        twin.to_controls = self.to_controls
        return twin

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments, serialised."""
        return {
            "name": self.name,
            "processor_group": keras.saving.serialize_keras_object(self.processor_group),
            "controls": {key: list(ends) for key, ends in self.controls.items()},
            "channels": self.channels,
            "rnn_channels": self.rnn_channels,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "NoiseBandNet":
        """Makes a model from `get_config`."""
        group = keras.saving.deserialize_keras_object(
            config["processor_group"], custom_objects=custom_objects
        )
        return cls(**{**config, "processor_group": group})


def _checked_range(key: str, ends: Any) -> tuple[float, float]:
    low, high = (float(end) for end in ends)
    if not low < high:
        raise ArgumentError(f"`controls`: the range of `{key}` should rise. Received {ends}.")
    return low, high


def _unit(key: str) -> str:
    return next((unit for suffix, unit in _UNITS.items() if key.endswith(suffix)), "")
