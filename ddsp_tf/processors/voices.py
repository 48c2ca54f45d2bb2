"""One processor played many times at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, Processor, State
from ddsp_tf.processors.signal_checks import kind_of
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Voices(Processor):
    """Plays several voices of one processor, which share its weights, and sums them.

    Voices stand side by side in the last axis, one after the other: where the processor takes
    frames `[batch, n_frames, width]`, this takes `[batch, n_frames, n_voices * width]`, and the
    first `width` numbers are those of the first voice. So do its controls. Audio is
    `[batch, n_samples, n_voices]`, and a value `[batch, n_voices * width]`. Inside they are rows of
    the batch, each with its own state, so voices cost what a larger batch costs. A single number
    and `shared` inputs are the same for all.

    Args:
        processor: Plays one voice; it makes one channel of sound.
        n_voices: How many, >= 1.
        shared: Inputs that all voices share, of the width that the processor takes.
        name: The processor's name.

    Raises:
        ArgumentError: No voice, an unknown shared input, or a processor of several outputs.

    Example:
        >>> from ddsp_tf.processors import Sinusoidal
        >>> chord = Voices(Sinusoidal(n_sinusoids=1, scale=False), 3)
        >>> hz = tf.ones([1, 250, 1]) * [220.0, 277.2, 329.6]
        >>> chord({"amplitudes": tf.fill([1, 250, 3], 0.2), "frequencies_hz": hz}).shape
        TensorShape([1, 16000])
    """

    def __init__(
        self,
        processor: Processor,
        n_voices: int,
        *,
        shared: Sequence[str] = (),
        name: str = "voices",
        **kwargs: Any,
    ) -> None:
        rates = {key: getattr(processor, key) for key in ("sample_rate", "hop_length")}
        super().__init__(name=name, **{**rates, **kwargs})
        if n_voices < 1:
            raise ArgumentError(f"`n_voices` should be at least 1. Received {n_voices}.")
        unknown = [key for key in shared if key not in processor.input_signals]
        if unknown:
            raise ArgumentError(
                f"`shared` should name inputs of `{processor.name}`: "
                f"{', '.join(processor.input_signals)}. Received {', '.join(unknown)}."
            )
        if list(processor.output_signals) != ["signal"]:
            raise ArgumentError(
                f"`processor` should make one signal, to be summed. `{processor.name}` makes "
                f"{', '.join(processor.output_signals)}."
            )
        self.processor = processor
        self.n_voices = n_voices
        self.shared = tuple(shared)
        self.optional_input_names = processor.optional_input_names
        self.streamable = processor.streamable
        self.is_room = processor.is_room
        self.black_box = processor.black_box

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The processor's, so many times as wide."""
        return {
            key: signal if key in self.shared else self._widened(signal)
            for key, signal in self.processor.input_signals.items()
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The processor's, so many times as wide."""
        return {key: self._widened(x) for key, x in self.processor.control_signals.items()}

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """The sum of the voices."""
        return {"signal": Signal("samples")}

    @property
    def lookahead_frames(self) -> int:
        """That of a voice."""
        return self.processor.lookahead_frames

    def for_live(self, hop_length: int) -> Processor:
        """Gives voices of what the processor gives."""
        live = self.processor.for_live(hop_length)
        return Voices(live, self.n_voices, shared=self.shared, name=self.name)

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Makes the controls of all voices, side by side."""
        signals = self.processor.input_signals
        folded = {}
        for key, value in inputs.items():
            if key in signals and value is not None:
                folded[key] = self._fold(value, signals[key], shared=key in self.shared)
        controls = self.processor.controls(folded)
        known = self.processor.control_signals
        return {key: self._unfold(x, known.get(key)) for key, x in controls.items()}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Gives a state for every voice."""
        return {"voices": self.processor.initial_state(batch_size * self.n_voices)}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block of every voice, and sums them."""
        known = self.processor.control_signals
        folded = {key: self._fold(x, known.get(key)) for key, x in controls.items()}
        audio, following = self.processor.stream(folded, state["voices"], n_frames)
        voices = tf.reshape(audio, [-1, self.n_voices, *_sizes(audio)[1:]])
        return tf.reduce_sum(voices, axis=1), {"voices": following}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments, the processor serialised."""
        config = super().get_config()
        config = {k: v for k, v in config.items() if k not in ("sample_rate", "hop_length")}
        return {
            **config,
            "processor": keras.saving.serialize_keras_object(self.processor),
            "n_voices": self.n_voices,
            "shared": list(self.shared),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Voices":
        """Makes voices from `get_config`."""
        processor = keras.saving.deserialize_keras_object(config["processor"])
        return cls(**{**config, "processor": processor})

    def _widened(self, signal: Signal) -> Signal:
        integer = not signal.dtype.startswith("float")
        if signal.width is None or integer:
            return signal
        return replace(signal, width=signal.width * self.n_voices)

    def _fold(self, value: Any, signal: Signal | None, *, shared: bool = False) -> Any:
        """Makes voices rows: `[batch * n_voices, time, width]`."""
        kind, shape = kind_of(value, signal), _shape(value)
        if len(shape) < 2:
            return value
        if shared:
            return tf.repeat(value, self.n_voices, axis=0)
        if shape[-1] is not None and shape[-1] % self.n_voices:
            raise ArgumentError(
                f"`{self.name}`: {self.n_voices} voices should stand side by side in the last "
                f"axis. Received {shape[-1]} numbers there, which can't be shared out."
            )
        if kind == "value":
            return tf.reshape(value, [-1, shape[-1] // self.n_voices])
        batch_size, length, n_channels = _sizes(value)
        width = n_channels // self.n_voices
        apart = tf.reshape(value, [batch_size, length, self.n_voices, width])
        rows = tf.transpose(apart, [0, 2, 1, 3])
        mono = kind == "samples" and width == 1
        return tf.reshape(rows, [-1, length] if mono else [-1, length, width])

    def _unfold(self, value: Any, signal: Signal | None) -> Any:
        """Takes rows back to the last axis."""
        kind, shape = kind_of(value, signal), _shape(value)
        if len(shape) < 2:
            return value
        if kind == "value":
            return tf.reshape(value, [-1, self.n_voices * shape[-1]])
        value = value[..., tf.newaxis] if len(shape) == 2 else value
        _, length, width = _sizes(value)
        apart = tf.reshape(value, [-1, self.n_voices, length, width])
        return tf.reshape(tf.transpose(apart, [0, 2, 1, 3]), [-1, length, self.n_voices * width])


def _shape(value: Any) -> tuple[Any, ...]:
    return tuple(value.shape) if hasattr(value, "shape") else ()


def _sizes(value: tf.Tensor) -> list[Any]:
    dynamic = tf.shape(value)
    return [dynamic[i] if size is None else size for i, size in enumerate(value.shape)]
