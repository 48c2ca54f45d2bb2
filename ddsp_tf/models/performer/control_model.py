"""A performer learned from recordings and their scores."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import NOTE_FIELDS
from ddsp_tf.models.model import Model
from ddsp_tf.models.performer.note_frames import note_frames
from ddsp_tf.types import Signal

_DB_RANGE, _MIDI_RANGE = 80.0, 127.0
_SOFTEST = 1.0 / 127.0


@keras.saving.register_keras_serializable("ddsp_tf")
class ControlModel(Model):
    """Turns notes into pitch and loudness: what is written, and what a network adds to it.

    What is written ("flat MIDI") passes by: the pitch of the note of each frame as MIDI / 127, and
    its velocity while it is held, as loudness in dB / 80 + 1, each times a gain that begins at 1.
    A dense layer for each of pitch, velocity and onset, a bidirectional LSTM, a dense layer and one
    with a centred sigmoid, 2 sigmoid(x) - 1, give what is added. The last begins with zeros, so
    that an untrained model plays exactly what is written.

    It makes no sound: `ddsp-tf render --performer` plays an instrument by it.

    Args:
        sample_rate: Of the instruments that it plays, in Hz.
        hop_length: Their samples per frame.
        rnn_channels: Units of the LSTM, each way.
        channels: Units of the dense layers.
        stride: Frames that the network takes as one, >= 1; what it adds is joined by straight
            lines. What is written keeps its frames. The paper's is 1.
        most_semitones: How far the network may move the pitch.
        name: The model's name.

    Raises:
        ArgumentError: A number is out of its range.

    Example:
        >>> model = ControlModel(rnn_channels=4, channels=4)
        >>> note = tf.constant([[[0.1, 0.3, 69.0, 0.75, 0.0]]])
        >>> played = model.perform(note, 100)
        >>> played["f0_hz"][0, 0].numpy().round(2), played["loudness_db"][0, 50].numpy().round(2)
        (array([440.], dtype=float32), array([-20.], dtype=float32))

    Reference:
        Jonason, Sturm and Thomé 2020, "The control-synthesis approach for making expressive and
        controllable neural music synthesizers". There the sigmoid isn't centred, by which the sum
        of an untrained model would be beside what is written; the onset is ours.
    """

    def __init__(
        self,
        *,
        sample_rate: int = 16000,
        hop_length: int = 64,
        rnn_channels: int = 512,
        channels: int = 32,
        stride: int = 1,
        most_semitones: float = 2.0,
        name: str = "control_model",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if min(rnn_channels, channels, stride, sample_rate, hop_length) < 1:
            raise ArgumentError(
                "`rnn_channels`, `channels`, `stride` and the rates should be at least 1. Received "
                f"{rnn_channels}, {channels}, {stride}, {sample_rate} and {hop_length}."
            )
        if not 0.0 < most_semitones <= _MIDI_RANGE:
            raise ArgumentError(
                f"`most_semitones` should be above 0, up to 127. Received {most_semitones}."
            )
        self.sample_rate, self.hop_length = sample_rate, hop_length
        self.rnn_channels, self.channels, self.stride = rnn_channels, channels, stride
        self.most_semitones = most_semitones
        self.inputs_in = [keras.layers.Dense(channels, "relu", name=f"input_{i}") for i in range(3)]
        self.rnn = keras.layers.Bidirectional(
            keras.layers.LSTM(rnn_channels, return_sequences=True, name="lstm"), name="rnn"
        )
        self.hidden = keras.layers.Dense(channels, "relu", name="hidden")
        self.head = keras.layers.Dense(2, kernel_initializer="zeros", name="head")
        self.skip_gain = self.add_weight(name="skip_gain", shape=(2,), initializer="ones")
        for layer in self.inputs_in:
            layer.build((None, None, 1))
        self.rnn.build((None, None, 3 * channels))
        self.hidden.build((None, None, 2 * rnn_channels))
        self.head.build((None, None, channels))
        self.built = True

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """Notes, and what is to be learned of them: pitch, how sure it is, and loudness."""
        return {
            "notes": Signal("notes", len(NOTE_FIELDS)),
            "f0_hz": Signal("frames", unit="Hz", low=0.0),
            "f0_confidence": Signal("frames", low=0.0, high=1.0),
            "loudness_db": Signal("frames", unit="dB"),
        }

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """Pitch and loudness."""
        return {
            "f0_hz": Signal("frames", unit="Hz", low=0.0),
            "loudness_db": Signal("frames", unit="dB"),
        }

    @property
    def why_not_streamable(self) -> str:
        """It makes no sound."""
        return "it makes pitch and loudness of notes, and no sound"

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Plays the notes of clips, as long as their other columns.

        Returns:
            As `perform`, and `gate`, 1 where a note is held, `[batch, n_frames, 1]`.

        Raises:
            ArgumentError: A column is missing, or shapes don't fit.
        """
        inputs = self.encode(batch)
        frames = inputs["f0_hz"]
        return self._perform(inputs["notes"], frames.shape[1] or tf.shape(frames)[1], training)

    def perform(self, notes: tf.Tensor, n_frames: int | tf.Tensor) -> dict[str, tf.Tensor]:
        """Plays notes.

        Args:
            notes: `[batch, n_notes, 5]`, sorted, padded with velocity 0.
            n_frames: Frames to make.

        Returns:
            `f0_hz` and `loudness_db`, `[batch, n_frames, 1]`, within the note's pitch
            +- `most_semitones` and -80 to 0 dB; `f0_midi`, and `gate`.
        """
        return self._perform(notes, n_frames, False)

    def _perform(
        self, notes: tf.Tensor, n_frames: int | tf.Tensor, training: bool
    ) -> dict[str, tf.Tensor]:
        frames = note_frames(notes, n_frames, frame_rate=self.sample_rate / self.hop_length)
        velocity = frames.gate * tf.maximum(frames.velocity, _SOFTEST)
        written = tf.concat([frames.midi / _MIDI_RANGE, velocity], axis=-1)
        added = self._added(tf.concat([written, frames.onset], axis=-1), n_frames, training)
        reach = tf.constant([self.most_semitones / _MIDI_RANGE, 1.0])
        scaled = self.skip_gain * written + reach * added
        f0_midi = _MIDI_RANGE * scaled[..., :1]
        loudness_db = _DB_RANGE * (tf.clip_by_value(scaled[..., 1:], 0.0, 1.0) - 1.0)
        return {
            "f0_hz": dsp.midi_to_hz(f0_midi),
            "f0_midi": f0_midi,
            "loudness_db": loudness_db,
            "gate": frames.gate,
        }

    def _added(self, inputs: tf.Tensor, n_frames: int | tf.Tensor, training: bool) -> tf.Tensor:
        """What the network adds, -1 to 1, `[batch, n_frames, 2]`."""
        if self.stride > 1:
            # An onset counts in full, wherever in its stride it lies.
            inputs *= tf.constant([1.0, 1.0, float(self.stride)])
        hidden = _averaged(inputs, self.stride)
        parts = [layer(x) for layer, x in zip(self.inputs_in, tf.split(hidden, 3, -1), strict=True)]
        hidden = self.hidden(self.rnn(tf.concat(parts, axis=-1), training=training))
        return _joined(tf.tanh(0.5 * self.head(hidden)), self.stride)[:, :n_frames]

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("sample_rate", "hop_length", "rnn_channels", "channels", "stride", "most_semitones")
        return {**{key: getattr(self, key) for key in keys}, "name": self.name}


def _averaged(frames: tf.Tensor, stride: int) -> tf.Tensor:
    """Means of so many frames each; the last ones are held to fill up."""
    if stride == 1:
        return frames
    n_missing = -tf.shape(frames)[1] % stride
    held = tf.concat([frames, tf.repeat(frames[:, -1:], n_missing, axis=1)], axis=1)
    by_stride = tf.reshape(held, [tf.shape(held)[0], -1, stride, held.shape[2]])
    return tf.reduce_mean(by_stride, axis=2)


def _joined(steps: tf.Tensor, stride: int) -> tf.Tensor:
    """Steps as so many frames each, on straight lines between their middles."""
    if stride == 1:
        return steps
    before = tf.concat([steps[:, :1], steps[:, :-1]], axis=1)
    after = tf.concat([steps[:, 1:], steps[:, -1:]], axis=1)
    place = (tf.range(stride, dtype=steps.dtype) + 0.5) / stride - 0.5
    place = place[tf.newaxis, tf.newaxis, :, tf.newaxis]
    now, before, after = (x[:, :, tf.newaxis] for x in (steps, before, after))
    frames = now + tf.maximum(place, 0.0) * (after - now) + tf.maximum(-place, 0.0) * (before - now)
    return tf.reshape(frames, [tf.shape(steps)[0], -1, steps.shape[2]])
