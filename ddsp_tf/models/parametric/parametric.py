"""A graph of processors whose controls are constants that training finds."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.group_model import GroupModel
from ddsp_tf.processors import ProcessorGroup
from ddsp_tf.processors.shares import share_of, value_at
from ddsp_tf.processors.signal_checks import extent
from ddsp_tf.types import FloatArray, Signal

Parameter = tuple[float | list[float], str, float | None, float | None]
"""Value, unit, lowest and highest."""

_AUDIO, _DRY = "audio", "dry"
EDGE = 1e-4
"""How near to an end of its range a constant may begin, in parts of the range: at the very end its
gradient would be none."""


@keras.saving.register_keras_serializable("ddsp_tf")
class Parametric(GroupModel):
    """Plays a processor group whose controls don't change: an effect's settings, or a sound's.

    Every input of the group that doesn't come with the batch is a trainable constant of its
    declared width, which stays within its declared range: it is learned as the logit of its place
    in the range (of its logarithm, where the unit is Hz, s or ms; see `Signal.curve`). Where only
    one end is declared, it stays on that side of it. It begins at the declared default; where there
    is none, in the middle of the range, or at 0.

    Audio that the group takes comes from the column of its name, and its "audio" from the column
    "dry", since "audio" is what is to be approached. Without audio and columns the batch's "audio"
    says how long to play.

    Args:
        processor_group: What to play.
        columns: Inputs of the group that come with the batch, frame by frame.
        initial: Where constants begin, if not at their defaults: a number, or one for each.
        sample_rate: In Hz; needed if no processor has one.
        hop_length: Samples per frame; needed if no processor has one.
        name: The model's name.

    Raises:
        ArgumentError: A column or a start is none of the group's inputs, a start is outside its
            range, a constant has no width, or there is no rate.

    Example:
        >>> from ddsp_tf.processors import DryWet, ProcessorGroup, Reverb
        >>> room = DryWet(Reverb(impulse_response_length=400, add_dry=False), initial_wet=0.25)
        >>> group = ProcessorGroup(dag=[(room, ["audio", "wet"])])
        >>> model = Parametric(processor_group=group, sample_rate=16000, hop_length=64)
        >>> model({"dry": tf.ones([1, 1000])})["audio"].shape
        TensorShape([1, 1000])
        >>> value, unit, low, high = model.parameters()["wet"]
        >>> round(value, 5), unit, low, high
        (0.25, '', 0.0, 1.0)
    """

    any_channels = True

    def __init__(
        self,
        *,
        processor_group: ProcessorGroup,
        columns: Sequence[str] = (),
        initial: Mapping[str, float | Sequence[float]] | None = None,
        sample_rate: int | None = None,
        hop_length: int | None = None,
        name: str = "parametric",
        **kwargs: Any,
    ) -> None:
        shared: Mapping[str, Any] = kwargs.pop("_constants", {})
        super().__init__(name=name, **kwargs)
        group = processor_group
        self.take_group(group, sample_rate=sample_rate, hop_length=hop_length)
        self.columns = tuple(columns)
        self.initial = dict(initial or {})
        self._check_names()
        self._constants = {
            key: shared[key] if key in shared else self._new_constant(key)
            for key in self.constant_names
        }
        self.built = True

    @property
    def constant_names(self) -> tuple[str, ...]:
        """Inputs of the group that are constants, in its order."""
        signals = self.processor_group.input_signals
        return tuple(
            key
            for key in self.processor_group.input_names
            if key not in self.columns and signals[key].kind in ("frames", "value")
        )

    @property
    def constant_variables(self) -> list[Any]:
        """What the constants are learned as; the other trainable variables are the processors'."""
        return list(self._constants.values())

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The columns, the sounds that the group treats, and, without either, "audio"."""
        group = self.processor_group
        signals = {
            _DRY if key == _AUDIO else key: group.input_signals[key]
            for key in (*group.input_names, *group.optional_input_names)
            if key not in self.constant_names and key in group.input_signals
        }
        timed = [key for key in signals if key not in group.optional_input_names]
        return signals if timed else {_AUDIO: Signal("samples", width=None), **signals}

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """Audio of as many channels as the group plays."""
        return {_AUDIO: self.processor_group.output_signals["signal"]}

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Plays whole sounds.

        Args:
            batch: "dry" `[batch, n_samples]`, or with a third axis of channels, if the group treats
                a sound; the columns `[batch, n_frames, width]`.
            training: Without effect; Keras passes it.

        Returns:
            `audio`, as long as the dry sound, or `n_frames * hop_length` samples; and `controls` by
            "name/controls/...".

        Raises:
            ArgumentError: An input is missing, or shapes don't fit.
        """
        del training
        return self.play(batch, {key: x[tf.newaxis] for key, x in self.constants().items()})

    def play(self, batch: Mapping[str, Any], constants: Mapping[str, Any]) -> dict[str, Any]:
        """Plays whole sounds with given constants, for each sound its own.

        Args:
            batch: As for `call`.
            constants: By name, `[batch, width]`, or `[1, width]` for all.

        Returns:
            As `call`.

        Raises:
            ArgumentError: As for `call`.
        """
        inputs = self.encode(batch)
        size = extent(inputs, self.input_signals, self.hop_length)
        sounds = [x for key, x in inputs.items() if self.input_signals[key].kind == "samples"]
        n_samples = _length(sounds[0]) if sounds else size["n_frames"] * self.hop_length
        padded = {key: self._padded(key, x, size["n_frames"]) for key, x in inputs.items()}
        outputs = self.processor_group(
            self._with_constants(padded, constants, size["batch_size"], size["n_frames"]),
            return_controls=True,
        )
        audio = outputs.pop("signal")[:, :n_samples]
        return {_AUDIO: audio, "controls": outputs}

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, Any]:
        """Gives the group's state."""
        return self.processor_group.initial_state(batch_size)

    def stream(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int | tf.Tensor
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Plays one block of a longer sound, see `Model.stream`."""
        if not self.streamable:
            return super().stream(inputs, state, n_frames)
        batch_size = extent(inputs, self.input_signals, self.hop_length)["batch_size"]
        ahead = n_frames + self.lookahead_frames
        constants = {key: x[tf.newaxis] for key, x in self.constants().items()}
        complete = self._with_constants(inputs, constants, batch_size, ahead)
        return self.play_group(complete, state, n_frames)

    def without_rooms(self) -> "Parametric":
        """Gives a model that shares all weights and plays dry."""
        group = self.processor_group.without_rooms()
        kept = [key for key in self.columns if key in group.input_names]
        rates = {"sample_rate": self.sample_rate, "hop_length": self.hop_length}
        shared: dict[str, Any] = {"_constants": self._constants}
        return Parametric(processor_group=group, columns=kept, name=self.name, **rates, **shared)

    def constants(self) -> dict[str, tf.Tensor]:
        """Gives the constants `[width]` as the group takes them, by name."""
        signals = self.processor_group.input_signals
        return {key: _value(raw, signals[key]) for key, raw in self._constants.items()}

    def parameters(self) -> dict[str, Parameter]:
        """Gives the constants as numbers: value (a list if there are several), unit, low, high."""
        found: dict[str, Parameter] = {}
        for key, tensor in self.constants().items():
            signal = self.processor_group.input_signals[key]
            numbers = [float(x) for x in np.asarray(tensor)]
            value: float | list[float] = numbers[0] if len(numbers) == 1 else numbers
            found[key] = (value, signal.unit, signal.low, signal.high)
        return found

    def set_parameters(self, values: Mapping[str, float | Sequence[float]]) -> None:
        """Sets constants, given as `parameters` gives their values.

        Raises:
            ArgumentError: A name is unknown, or a value is outside its range or of another size.
        """
        signals = self.processor_group.input_signals
        for key, value in values.items():
            if key not in self._constants:
                raise ArgumentError(
                    f"There is no parameter `{key}`. There are: {', '.join(self._constants)}."
                )
            self._constants[key].assign(_raw(_start(key, signals[key], value), signals[key]))

    def begin(self, target: FloatArray, dry: FloatArray | None = None) -> None:
        """Moves the constants to where an analysis of a sound says, before `match`; here nowhere.

        Args:
            target: The sound to be matched, `[n_samples]`.
            dry: The sound before the effect, if there is one.
        """
        del target, dry

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments, serialised."""
        return {
            "name": self.name,
            "processor_group": keras.saving.serialize_keras_object(self.processor_group),
            "columns": list(self.columns),
            "initial": {
                key: np.asarray(value, np.float64).tolist() for key, value in self.initial.items()
            },
            "sample_rate": self.sample_rate,
            "hop_length": self.hop_length,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Parametric":
        """Makes a model from `get_config`."""
        group = keras.saving.deserialize_keras_object(
            config["processor_group"], custom_objects=custom_objects
        )
        return cls(**{**config, "processor_group": group})

    def _new_constant(self, key: str) -> Any:
        signal = self.processor_group.input_signals[key]
        raw = _raw(_start(key, signal, self.initial.get(key)), signal).astype(np.float32)
        return self.add_weight(name=key, shape=raw.shape, initializer=_Given(raw), dtype="float32")

    def _check_names(self) -> None:
        group = self.processor_group
        for what, names, known in (
            ("columns", self.columns, group.input_names),
            ("initial", self.initial, self.constant_names),
        ):
            unknown = [key for key in names if key not in known]
            if unknown:
                raise ArgumentError(
                    f"`{what}` names {', '.join(unknown)}, and `{group.name}` takes "
                    f"{', '.join(known) or 'nothing'}."
                )

    def _with_constants(
        self,
        inputs: Mapping[str, Any],
        constants: Mapping[str, Any],
        batch_size: Any,
        n_frames: Any,
    ) -> dict[str, Any]:
        """The group's inputs: what came, and the constants for as many examples and frames."""
        group = self.processor_group
        complete = {
            key: inputs[_DRY if key == _AUDIO else key]
            for key in (*group.input_names, *group.optional_input_names)
            if (_DRY if key == _AUDIO else key) in inputs and key not in self._constants
        }
        for key, value in constants.items():
            width = value.shape[-1]
            if group.input_signals[key].kind == "frames":
                shape = [batch_size, n_frames, width]
                complete[key] = tf.broadcast_to(value[:, tf.newaxis], shape)
            else:
                complete[key] = tf.broadcast_to(value, [batch_size, width])
        return complete

    def _padded(self, key: str, value: Any, n_frames: Any) -> Any:
        """Audio made as long as its frames, by zeros."""
        if self.input_signals[key].kind != "samples":
            return value
        missing = n_frames * self.hop_length - _length(value)
        return tf.pad(value, [[0, 0], [0, missing]] + [[0, 0]] * (len(value.shape) - 2))


class _Given(keras.initializers.Initializer):
    """Gives an array."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        del shape
        return tf.constant(self._values, dtype)


def _length(sound: Any) -> Any:
    return tf.shape(sound)[1] if sound.shape[1] is None else sound.shape[1]


def _start(key: str, signal: Signal, given: float | Sequence[float] | None) -> np.ndarray:
    """Where a constant begins, `[width]`."""
    if signal.width is None:
        raise ArgumentError(
            f"`{key}` may have any width, so it can't be a constant. Say how many in the processor "
            "that takes it, such as `Harmonic(n_harmonics=60)`, or give it with the batch."
        )
    if given is None:
        given = signal.default
    if given is None:
        given = _middle(signal)
    values = np.asarray(given, np.float64)
    values = np.broadcast_to(values, [signal.width]) if values.ndim == 0 else values
    if values.shape != (signal.width,) or not all(signal.holds(float(x)) for x in values):
        raise ArgumentError(
            f"`{key}` should be {signal.width} numbers within {signal.low} to {signal.high}. "
            f"Received {np.asarray(given).tolist()}."
        )
    return values


def _middle(signal: Signal) -> float:
    """The middle of a range; where an end is open, what is nearest to 0."""
    low, high = signal.low, signal.high
    if low is not None and high is not None:
        return float(value_at(0.5, signal))
    nearest = 0.0 if low is None else max(low, 0.0)
    return nearest if high is None else min(high, nearest)


def _raw(values: np.ndarray, signal: Signal) -> np.ndarray:
    """The number that is learned for a value."""
    low, high = signal.low, signal.high
    if low is not None and high is not None:
        share = np.clip(share_of(values, signal).numpy(), EDGE, 1.0 - EDGE)
        return np.log(share) - np.log1p(-share)
    if low is not None or high is not None:
        beyond = values - low if low is not None else float(high or 0.0) - values
        beyond = np.maximum(beyond, EDGE)
        return beyond + np.log(-np.expm1(-beyond))
    return values


def _value(raw: Any, signal: Signal) -> tf.Tensor:
    """The value for a number that is learned."""
    low, high = signal.low, signal.high
    raw = tf.convert_to_tensor(raw)
    if low is not None and high is not None:
        return value_at(tf.sigmoid(raw), signal)
    if low is not None:
        return low + tf.nn.softplus(raw)
    if high is not None:
        return high - tf.nn.softplus(raw)
    return raw
