"""What every model offers, whatever it is made of."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import Statistics
from ddsp_tf.processors import Processor, Rooms
from ddsp_tf.processors.signal_checks import check_inputs, default_value, extent
from ddsp_tf.types import Signal

if TYPE_CHECKING:
    from ddsp_tf.models.delayed import Delayed

_MELODY = {"f0_hz", "loudness_db"}


class Model(keras.Model):
    """A model that states what it takes and gives, at which rates, and what can be done with it.

    Storage, training, players and exports depend on what stands here alone. Subclasses declare
    `sample_rate`, `hop_length`, `input_signals` and `call`. One that can play in blocks gives an
    empty `why_not_streamable`, `initial_state` and `stream`, and `lookahead_frames` if it has any.

    It is stored by its registered Keras name, `get_config` and weights: the file bears the name of
    the class, and the class is registered under the package `ddsp_tf`.

    Example:
        >>> from ddsp_tf.types import Signal
        >>> class Amplifier(Model):
        ...     sample_rate, hop_length = 16000, 64
        ...     input_signals = {"dry": Signal("samples")}
        ...     def __init__(self, **kwargs):
        ...         super().__init__(**kwargs)
        ...         self.gain = self.add_weight(name="gain", shape=(), initializer="ones")
        ...         self.built = True
        ...     def call(self, batch, training=False):
        ...         return {"audio": self.gain * self.encode(batch)["dry"]}
        >>> amplifier = Amplifier()
        >>> amplifier({"dry": tf.ones([1, 128])})["audio"].shape
        TensorShape([1, 128])
        >>> amplifier.streamable
        False
    """

    sample_rate: Any
    """Of its audio, in Hz."""

    hop_length: Any
    """Samples per frame."""

    any_channels: bool = False
    """Whether audio of several channels may come where one is declared: each is treated alike."""

    optional_input_names: tuple[str, ...] = ()
    """Inputs without a default that may be left out."""

    black_box: bool = False
    """Whether a part computes outside TensorFlow, so that no export can hold it."""

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """What it takes from a batch, by column."""
        raise NotImplementedError

    @property
    def required_input_names(self) -> tuple[str, ...]:
        """Inputs that every batch has to have: they have no default and can't be left out."""
        return tuple(
            key
            for key, signal in self.input_signals.items()
            if signal.default is None and key not in self.optional_input_names
        )

    @property
    def takes_melodies(self) -> bool:
        """Whether pitch and loudness, and a sound, are all it needs: what a melody has."""
        needed = set(self.required_input_names)
        return _MELODY <= set(self.input_signals) and needed <= {*_MELODY, "audio", "z"}

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """What `call` gives, besides "controls" for plots."""
        return {"audio": Signal("samples")}

    @property
    def why_not_streamable(self) -> str:
        """Why `stream` can't play what `encode` gives, or "" if it can."""
        return "it plays whole sounds only"

    @property
    def why_not_live(self) -> str:
        """Why it can't be played while its inputs are still being made, or "" if it can."""
        return self.why_not_streamable

    @property
    def streamable(self) -> bool:
        """Whether `stream` can play what `encode` gives."""
        return not self.why_not_streamable

    @property
    def lookahead_frames(self) -> int:
        """Frames after a block that `stream` needs besides it."""
        return 0

    @property
    def last_room(self) -> Processor | None:
        """The room at the very end: the model is that of `without_rooms`, heard through it.

        None if there is none, or if it can't be taken apart so.
        """
        return None

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Plays whole sounds.

        Args:
            batch: Columns by name; those that `input_signals` doesn't name are left alone.
            training: Passed by Keras.

        Returns:
            What `output_signals` names; "controls", if there, is a nested dict for plots.
        """
        raise NotImplementedError

    def encode(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Makes what `stream` takes from a whole sound; by default it picks the inputs.

        Args:
            batch: As for `call`.

        Raises:
            ArgumentError: An input is missing, or shapes don't fit what is declared or each other.
        """
        signals = self.input_signals
        missing = [key for key in self.required_input_names if key not in batch]
        if missing:
            raise ArgumentError(
                f"The model needs the inputs {', '.join(missing)}. "
                f"Received: {', '.join(batch) or 'nothing'}."
            )
        inputs = {key: batch[key] for key in signals if key in batch}
        check_inputs(self.name, inputs, signals)
        absent = [key for key in signals.keys() - inputs.keys() if signals[key].default is not None]
        if absent:
            size = extent(inputs, signals, self.hop_length)
            for key in absent:
                inputs[key] = default_value(signals[key], **size, hop_length=self.hop_length)
        return inputs

    @property
    def encoded_signals(self) -> Mapping[str, Signal]:
        """What `stream` takes of what `encode` gives: by default all that can't be left out."""
        signals = self.input_signals
        return {key: x for key, x in signals.items() if key not in self.optional_input_names}

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, Any]:
        """Gives the state before the first frame, a nested dict of tensors."""
        del batch_size
        raise ArgumentError(f"The model can't be played in blocks: {self.why_not_streamable}.")

    def stream(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int | tf.Tensor
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Plays one block of a longer sound.

        Args:
            inputs: As `encode` gives: frames for `n_frames + lookahead_frames`, audio of one
                channel for `n_frames` (whoever plays several makes them rows of the batch). After
                the last frame of a sound its values are repeated.
            state: As `initial_state` or the previous block gave.
            n_frames: Frames to play.

        Returns:
            As `call`, of the block, and the state for the next block.

        Raises:
            ArgumentError: The model isn't `streamable`.
        """
        del inputs, state, n_frames
        raise ArgumentError(f"The model can't be played in blocks: {self.why_not_streamable}.")

    def delayed(self) -> "Delayed":
        """Gives what plays it live: later by `lookahead_frames`, given every frame once."""
        from ddsp_tf.models.delayed import Delayed

        return Delayed(self)

    def without_rooms(self) -> "Model":
        """Gives a model that shares all weights and plays dry; itself, if it has no room."""
        return self

    @property
    def rooms(self) -> Rooms | None:
        """The rooms that it can be heard in, if it knows more than one."""
        return None

    def in_room(self, name: str) -> "Model":
        """Gives a model that shares all weights but the rooms' and plays in one of its `rooms`.

        Raises:
            ArgumentError: It has no `rooms`, or they don't know the room.
        """
        raise ArgumentError(f"There is no room {name!r}: this model knows one room or none.")

    def adapted_to(self, statistics: Statistics | None) -> "Model":
        """Gives the model as it is to be played, knowing what it was trained on.

        Args:
            statistics: Of its training recordings; None: as while it is trained.

        Returns:
            A model that shares all weights; itself, if it makes no difference.
        """
        del statistics
        return self
