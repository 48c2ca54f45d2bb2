"""The network that hears a sound and sets a synthesiser for it."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features.trackers import get_tracker
from ddsp_tf.models.group_model import GroupModel
from ddsp_tf.models.parametric.parametric import Parametric
from ddsp_tf.nn import Gru
from ddsp_tf.processors import ProcessorGroup
from ddsp_tf.processors.shares import ends, value_at
from ddsp_tf.types import Float32Array, FloatArray, Signal

_AUDIO, _SETTINGS, _F0 = "audio", "settings", "f0_hz"
_FFT_LENGTH, _FFT_HOP_LENGTH, _N_BANDS = 1024, 256, 128
_FLOOR = 1e-5
_KERNEL, _STRIDE, _N_CONVOLUTIONS = 7, 2, 3
_TRACKER, _SURE = "crepe-tiny", 0.6
_WITHIN = 1e-3


@keras.saving.register_keras_serializable("ddsp_tf")
class SoundMatcher(GroupModel):
    """Listens to a sound, and says which settings of a synthesiser make it.

    Each frame of a log-mel spectrum (128 bands, 1024 samples every 256) goes through three
    convolutions over its bands, all of them through a GRU; of its mean over time and its last state
    two layers make each parameter's place in its range.

    It is trained on sounds that it makes itself: a batch that brings `settings` is played by them,
    over the batch's `audio`, which may be a little noise; that sound is the output `target`, and
    the places that were heard in it are the output `settings`. A batch without them is to be
    approached itself.

    The gradient of a spectrum's distance doesn't lead to where a partial lies, and is a hundred
    times as large as that of anything else. So no loss of sound moves a pitch. Where the settings
    are known the output `pitched` has the right pitches: there like is compared with like.

    Args:
        processor_group: The synthesiser: what it takes are frames and values, each of one number in
            a declared range.
        pitches: Which of these move partials: learned by the settings alone. Those that the
            synthesiser lacks don't matter.
        channels: Of each convolution.
        n_units: Of the GRU and of the layer after it.
        sample_rate: In Hz; needed if no processor has one.
        hop_length: Samples per frame; needed if no processor has one.
        name: The model's name.

    Raises:
        ArgumentError: The group takes sounds, or what has no range; there is no rate, or a size is
            below 1.

    Example:
        >>> from ddsp_tf.processors import Adsr, ProcessorGroup, SawSquare
        >>> rates = {"sample_rate": 16000, "hop_length": 64}
        >>> loud = Adsr(name="loud", **rates)
        >>> group = ProcessorGroup(dag=[
        ...     (loud, ["f0_hz", "note_s"]),
        ...     (SawSquare(**rates), ["f0_hz", "loud/signal", "loud/signal", "amplitude"])])
        >>> matcher = SoundMatcher(processor_group=group, channels=4, n_units=8)
        >>> sorted(matcher.toward(0.1 * np.sin(np.arange(16000) / 9)).parameters())
        ['amplitude', 'f0_hz', 'note_s']

    Reference:
        Masuda and Saito 2021, "Synthesizer sound matching with differentiable DSP", section 3.2,
        with a smaller network and settings that hold for the whole sound.
    """

    def __init__(
        self,
        *,
        processor_group: ProcessorGroup,
        pitches: Sequence[str] = (_F0, "ratio"),
        channels: int = 32,
        n_units: int = 128,
        sample_rate: int | None = None,
        hop_length: int | None = None,
        name: str = "sound_matcher",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.take_group(processor_group, sample_rate=sample_rate, hop_length=hop_length)
        if min(channels, n_units) < 1:
            raise ArgumentError(
                f"`channels` and `n_units` should be 1 or more. Received {channels} and {n_units}."
            )
        self.pitches = tuple(pitches)
        self.channels = channels
        self.n_units = n_units
        self.parameters = _parameters(processor_group)
        self._build()

    def _build(self) -> None:
        self.convolutions = [
            keras.layers.Conv1D(
                self.channels,
                _KERNEL,
                strides=_STRIDE,
                padding="same",
                activation="relu",
                name=f"convolution_{index}",
            )
            for index in range(_N_CONVOLUTIONS)
        ]
        n_bands = _N_BANDS
        for index, layer in enumerate(self.convolutions):
            layer.build((None, n_bands, self.channels if index else 1))
            n_bands //= _STRIDE
        self.gru = Gru(self.n_units, name="gru")
        self.gru.build((None, None, n_bands * self.channels))
        self.hidden = keras.layers.Dense(self.n_units, activation="relu", name="hidden")
        self.hidden.build((None, 2 * self.n_units))
        self.to_shares = keras.layers.Dense(len(self.parameters), name="to_shares")
        self.to_shares.build((None, self.n_units))
        self.built = True

    @property
    def jit_network(self) -> bool:
        """Whether XLA compiles the GRU and the oscillators; a trainer turns it on."""
        return bool(self.gru.jit_compile)

    @jit_network.setter
    def jit_network(self, enabled: bool) -> None:
        for part in (self.gru, *self.processor_group.processors):
            if hasattr(part, "jit_compile"):
                part.jit_compile = enabled

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, and for training the settings."""
        settings = Signal("value", width=len(self.parameters), low=0.0, high=1.0)
        return {_AUDIO: Signal("samples"), _SETTINGS: settings}

    @property
    def optional_input_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """Settings come with training alone."""
        return (_SETTINGS,)

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """Audio, and the places of the settings in their ranges."""
        return {
            _AUDIO: self.processor_group.output_signals["signal"],
            _SETTINGS: Signal("value", width=len(self.parameters)),
        }

    @property
    def why_not_streamable(self) -> str:
        """It hears a sound to its end before it plays."""
        return "it chooses its settings by the whole sound"

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Plays whole sounds.

        Args:
            batch: "audio" `[batch, n_samples]`; for training "settings" `[batch, n_parameters]`,
                places from 0 to 1.
            training: Without effect; Keras passes it.

        Returns:
            `audio`, as long as that which came; `settings` `[batch, n_parameters]`; `controls` by
            "name/controls/..."; with settings in the batch also `target`, of the same shape: what
            they play, without what is in "audio" and heard with it; and `pitched`, which is `audio`
            but for their pitches.

        Raises:
            ArgumentError: The sound is missing, or something has another shape.
        """
        del training
        inputs = self.encode(batch)
        audio = tf.cast(inputs[_AUDIO], tf.float32)
        made: dict[str, Any] = {}
        right: dict[str, tf.Tensor] = {}
        if _SETTINGS in inputs:
            wanted = self.values_of(tf.cast(inputs[_SETTINGS], tf.float32))
            # The noise is heard, but isn't to be played: a synthesiser would ring on to fill it.
            made["target"] = tf.stop_gradient(self.played(wanted, tf.shape(audio)[1])[_AUDIO])
            audio += made["target"]
            right = {key: wanted[key] for key in self.pitches if key in wanted}
        shares = self.shares(audio)
        values = self.values_of(shares)
        for key in [name for name in self.pitches if name in values]:
            values[key] = tf.stop_gradient(values[key])
        n_samples = tf.shape(audio)[1]
        played = self.played(values, n_samples)
        if right:
            made["pitched"] = self.played({**values, **right}, n_samples)[_AUDIO]
        return {**played, _SETTINGS: shares, **made}

    def shares(self, audio: tf.Tensor) -> tf.Tensor:
        """Gives the places of the parameters in their ranges, `[batch, n_parameters]`."""
        mel = dsp.mel_spectrogram(
            audio,
            sample_rate=self.sample_rate,
            fft_length=_FFT_LENGTH,
            hop_length=_FFT_HOP_LENGTH,
            n_bands=_N_BANDS,
        )
        heard = (tf.math.log(tf.maximum(mel, _FLOOR)) + 4.0) / 3.0
        shape = tf.shape(heard)
        hidden = tf.reshape(heard, [-1, _N_BANDS, 1])
        for convolution in self.convolutions:
            hidden = convolution(hidden)
        n_heard = self.channels * (_N_BANDS // _STRIDE**_N_CONVOLUTIONS)
        frames, last = self.gru(tf.reshape(hidden, [shape[0], shape[1], n_heard]))
        pooled = tf.concat([tf.reduce_mean(frames, axis=1), last], axis=1)
        return tf.sigmoid(tf.cast(self.to_shares(self.hidden(pooled)), tf.float32))

    def values_of(self, shares: tf.Tensor) -> dict[str, tf.Tensor]:
        """Gives parameters by name, `[batch, 1]`, of their places `[batch, n_parameters]`."""
        return {
            key: value_at(shares[:, index : index + 1], signal)
            for index, (key, signal) in enumerate(self.parameters.items())
        }

    def played(self, values: Mapping[str, tf.Tensor], n_samples: int | tf.Tensor) -> dict[str, Any]:
        """Plays the synthesiser.

        Args:
            values: As `values_of` gives them.
            n_samples: How long.

        Returns:
            `audio` `[batch, n_samples]` and `controls`.
        """
        n_frames = -(-n_samples // self.hop_length)
        inputs = {
            key: tf.repeat(value[:, tf.newaxis], n_frames, axis=1)
            if self.parameters[key].kind == "frames"
            else value
            for key, value in values.items()
        }
        outputs = self.processor_group(inputs, return_controls=True)
        return {_AUDIO: outputs.pop("signal")[:, :n_samples], "controls": outputs}

    def toward(self, audio: FloatArray) -> Parametric:
        """Gives the synthesiser with the settings that are heard in a sound.

        Where a tracker of pitch is sure of a note, and `f0_hz` is a parameter, the note is taken
        from it and stays: a network that hears bands is some semitones off, and no loss of spectra
        leads back from there.

        Args:
            audio: `[n_samples]`, at the model's rate.
        """
        audio = np.asarray(audio, np.float32)
        sound = tf.constant(audio[np.newaxis])
        values = {key: float(x[0, 0]) for key, x in self.values_of(self.shares(sound)).items()}
        note_hz = self._note_hz(audio) if _F0 in values else None
        if note_hz is not None:
            values[_F0] = note_hz
        initial = {key: _inside(self.parameters[key], value) for key, value in values.items()}
        rates = {"sample_rate": self.sample_rate, "hop_length": self.hop_length}
        found = Parametric(processor_group=self.processor_group, initial=initial, **rates)
        for variable in found.constant_variables:
            variable.trainable = variable.name != _F0 or note_hz is None
        return found

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments, serialised."""
        return {
            "name": self.name,
            "processor_group": keras.saving.serialize_keras_object(self.processor_group),
            "pitches": list(self.pitches),
            "channels": self.channels,
            "n_units": self.n_units,
            "sample_rate": self.sample_rate,
            "hop_length": self.hop_length,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "SoundMatcher":
        """Makes a model from `get_config`."""
        group = keras.saving.deserialize_keras_object(
            config["processor_group"], custom_objects=custom_objects
        )
        return cls(**{**config, "processor_group": group})

    def _note_hz(self, audio: Float32Array) -> float | None:
        """The pitch of most of a sound, or None where there is none."""
        f0_hz, confidence = get_tracker(_TRACKER).track(audio, int(self.sample_rate))
        sure = f0_hz[confidence >= _SURE]
        return float(np.median(sure)) if len(sure) else None


def _parameters(group: ProcessorGroup) -> dict[str, Signal]:
    found = {key: group.input_signals[key] for key in group.input_names}
    for key, signal in found.items():
        if signal.kind not in ("frames", "value") or signal.width != 1:
            raise ArgumentError(
                f"`{group.name}` takes `{key}`, {signal.kind} of {signal.width}. What is heard in "
                "a sound is one number each."
            )
        try:
            ends(signal)
        except ArgumentError as error:
            raise ArgumentError(f"`{group.name}`: `{key}`: {error}") from error
    return found


def _inside(signal: Signal, value: float) -> float:
    """Off the ends of a range, where there is hardly a slope."""
    low, high = (float(value_at(share, signal)) for share in (_WITHIN, 1.0 - _WITHIN))
    return min(max(value, low), high)
