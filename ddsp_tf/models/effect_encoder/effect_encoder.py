"""The network that hears a sound and sets an effect for it."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.group_model import GroupModel
from ddsp_tf.processors import ProcessorGroup
from ddsp_tf.processors.shares import ends, share_of, value_at
from ddsp_tf.types import Signal

_AUDIO, _DRY = "audio", "dry"
_FLOOR = 1e-5
_PAUSE = 1e-3
"""Of the loudest frame's magnitude: less is a pause."""

_EDGE = 1e-3
"""How near to an end of its range a parameter may begin, in parts of the range."""


@keras.saving.register_keras_serializable("ddsp_tf")
class EffectEncoder(GroupModel):
    """Listens to a sound, and plays an effect with the settings that it finds right for it.

    Log-mel spectra of the channels' mean go through 3x3 convolutions of stride 2, their mean over
    bands and time, beside the sound's level, through a layer, and a sigmoid gives each parameter's
    place in its range (evenly spaced in the logarithm for Hz, s and ms). Pauses don't count: frames
    60 dB below the loudest. The settings hold for the whole sound and all of its channels. An
    untrained network gives about the declared defaults.

    The effect may be a black box (`processors.BlackBox`) or any other processors whose inputs are
    the sound and values in a range.

    Args:
        processor_group: The effect. It takes "audio".
        sample_rate: In Hz; needed if no processor has one.
        hop_length: Samples per frame of the data; needed if no processor has one.
        channels: Of the convolutions, one after the other.
        n_units: Of the layer before the sigmoid.
        n_bands: Mel bands.
        fft_length: Samples in a frame that is listened to.
        fft_hop_length: Samples between them.
        fixed: Parameters that stay, by name, instead of being set for each sound.
        name: The model's name.

    Raises:
        ArgumentError: The group takes no sound, has no parameter or one without a range, there is
            no rate, a size is below 1, or `fixed` names none or is out of range.

    Example:
        >>> from ddsp_tf.processors import Compressor, ProcessorGroup
        >>> group = ProcessorGroup(
        ...     dag=[(Compressor(sample_rate=16000), ["audio", "threshold_db", "ratio"])])
        >>> model = EffectEncoder(processor_group=group, hop_length=64)
        >>> settings = model.settings(tf.zeros([1, 16000]))
        >>> sorted(settings), settings["ratio"].shape
        (['ratio', 'threshold_db'], TensorShape([1, 1]))

    Reference:
        Martinez Ramirez, Wang, Smaragdis and Bryan 2021, "Differentiable signal processing with
        black-box audio effects", section 3, with a smaller network.
    """

    any_channels = True

    def __init__(
        self,
        *,
        processor_group: ProcessorGroup,
        sample_rate: int | None = None,
        hop_length: int | None = None,
        channels: Sequence[int] = (16, 32, 64, 64),
        n_units: int = 64,
        n_bands: int = 128,
        fft_length: int = 1024,
        fft_hop_length: int = 256,
        fixed: Mapping[str, float] | None = None,
        name: str = "effect_encoder",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.take_group(processor_group, sample_rate=sample_rate, hop_length=hop_length)
        if min([*channels, n_units, n_bands, fft_length, fft_hop_length], default=0) < 1:
            raise ArgumentError(
                "`channels`, `n_units`, `n_bands`, `fft_length` and `fft_hop_length` should be 1 "
                f"or more. Received {list(channels)}, {n_units}, {n_bands}, {fft_length} and "
                f"{fft_hop_length}."
            )
        self.channels = tuple(channels)
        self.n_units = n_units
        self.n_bands = n_bands
        self.fft_length = fft_length
        self.fft_hop_length = fft_hop_length
        self.fixed = dict(fixed or {})
        self.parameters = _parameters(processor_group, self.fixed)
        self._build()

    def _build(self) -> None:
        self.convolutions = [
            keras.layers.Conv2D(
                n, 3, strides=2, padding="same", activation="relu", name=f"convolution_{index}"
            )
            for index, n in enumerate(self.channels)
        ]
        self.hidden = keras.layers.Dense(self.n_units, activation="relu", name="hidden")
        self.to_shares = self.layer_to_shares()
        depths = [1, *self.channels]
        for layer, depth in zip(self.convolutions, depths, strict=False):
            layer.build((None, None, None, depth))
        self.hidden.build((None, depths[-1] + 1))
        self.to_shares.build((None, self.n_units))
        self.begin_at_defaults()
        self.built = True

    def layer_to_shares(self) -> keras.layers.Layer:
        """Makes the layer from which a sigmoid makes places in ranges."""
        return keras.layers.Dense(
            len(self.parameters),
            # Small, so that it begins at the defaults, and not 0, so that what is before learns.
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            name="to_shares",
        )

    def begin_at_defaults(self) -> None:
        """Sets that layer, once it is built, so that all begins about its default."""
        self.to_shares.bias.assign([_logit(signal) for signal in self.parameters.values()])

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound."""
        return {_DRY: self.processor_group.input_signals[_AUDIO]}

    @property
    def optional_input_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """None: what the effect can do without isn't passed on."""
        return ()

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """Audio of as many channels as the group plays."""
        return {_AUDIO: self.processor_group.output_signals["signal"]}

    @property
    def why_not_streamable(self) -> str:
        """It hears a sound to its end before it plays."""
        return "it chooses its settings by the whole sound"

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Plays whole sounds.

        Args:
            batch: "dry" `[batch, n_samples]`, or with a third axis of channels.
            training: Without effect; Keras passes it.

        Returns:
            `audio`, of the same shape; and `controls` by "name/controls/...".

        Raises:
            ArgumentError: There is no sound, or it has another shape.
        """
        del training
        dry = tf.cast(self.encode(batch)[_DRY], tf.float32)
        return self.treated(dry, self.settings(dry))

    def treated(self, dry: tf.Tensor, settings: Mapping[str, tf.Tensor]) -> dict[str, Any]:
        """Plays the effect.

        Args:
            dry: `[batch, n_samples]`, or with a third axis of channels.
            settings: As `settings` gives them.

        Returns:
            As `call`.
        """
        n_samples = dry.shape[1] or tf.shape(dry)[1]
        padding = [[0, 0], [0, -n_samples % self._padded_to]] + [[0, 0]] * (len(dry.shape) - 2)
        outputs = self.processor_group(
            {_AUDIO: tf.pad(dry, padding), **settings}, return_controls=True
        )
        return {_AUDIO: outputs.pop("signal")[:, :n_samples], "controls": outputs}

    def settings(self, dry: tf.Tensor) -> dict[str, tf.Tensor]:
        """Gives the parameters that it finds right for sounds.

        Args:
            dry: `[batch, n_samples]`, or with a third axis of channels.

        Returns:
            Values `[batch, 1]` by name, within their ranges.
        """
        mel, heard, level = self.listened(dry)
        hidden = mel[..., tf.newaxis]
        for convolution in self.convolutions:
            hidden, heard = convolution(hidden), heard[:, ::2]
        pooled = tf.reduce_sum(heard * tf.reduce_mean(hidden, axis=2), axis=1)
        pooled /= tf.reduce_sum(heard, axis=1)
        return self.values_of(
            tf.sigmoid(self.to_shares(self.hidden(tf.concat([pooled, level], axis=1))))
        )

    def listened(self, sound: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Gives what the network hears of sounds.

        Args:
            sound: `[batch, n_samples]`, or with a third axis of channels, whose mean is heard.

        Returns:
            Log-mel spectra around 0, `[batch, n_frames, n_bands]`; where there is something, 1, and
            next to 0 in pauses, `[batch, n_frames, 1]`; and the level of what isn't pauses, 0 for
            -30 dB and 1 for -20 dB full scale, `[batch, 1]`.
        """
        mono = sound if len(sound.shape) == 2 else tf.reduce_mean(sound, axis=2)
        mel = dsp.mel_spectrogram(
            mono,
            sample_rate=self.sample_rate,
            fft_length=self.fft_length,
            hop_length=self.fft_hop_length,
            n_bands=self.n_bands,
        )
        heard = _heard(mel)
        # About the middle of what there is, or what all sounds have in common would hide the rest.
        return (tf.math.log(tf.maximum(mel, _FLOOR)) + 4.0) / 3.0, heard, _level(mono, heard)

    def values_of(self, shares: tf.Tensor) -> dict[str, tf.Tensor]:
        """Gives parameters by name, `[batch, 1]`, of their places `[batch, n_parameters]`."""
        found = {
            key: value_at(shares[:, index : index + 1], signal)
            for index, (key, signal) in enumerate(self.parameters.items())
        }
        like = tf.ones_like(shares[:, :1])
        return {**found, **{key: value * like for key, value in self.fixed.items()}}

    def without_rooms(self) -> "EffectEncoder":
        """Gives itself: an effect is what it is for."""
        return self

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments, serialised."""
        return {
            "name": self.name,
            "processor_group": keras.saving.serialize_keras_object(self.processor_group),
            "sample_rate": self.sample_rate,
            "hop_length": self.hop_length,
            "channels": list(self.channels),
            "n_units": self.n_units,
            "n_bands": self.n_bands,
            "fft_length": self.fft_length,
            "fft_hop_length": self.fft_hop_length,
            "fixed": dict(self.fixed),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "EffectEncoder":
        """Makes a model from `get_config`."""
        group = keras.saving.deserialize_keras_object(
            config["processor_group"], custom_objects=custom_objects
        )
        return cls(**{**config, "processor_group": group})

    @property
    def _padded_to(self) -> int:
        """Frames are of interest to processors that have some."""
        return self.processor_group.hop_length or 1


def _heard(mel: tf.Tensor) -> tf.Tensor:
    """1 for frames in which there is something, next to 0 for pauses, `[batch, n_frames, 1]`."""
    level = tf.reduce_sum(mel, axis=2, keepdims=True)
    loudest = tf.reduce_max(level, axis=1, keepdims=True)
    return tf.stop_gradient(tf.cast(level > _PAUSE * loudest, mel.dtype) + 1e-6)


def _level(mono: tf.Tensor, heard: tf.Tensor) -> tf.Tensor:
    """The level of what isn't pauses, 0 for -30 dB and 1 for -20 dB full scale, `[batch, 1]`."""
    power = tf.reduce_mean(tf.square(mono), axis=1, keepdims=True)
    power /= tf.reduce_mean(heard, axis=1)
    return (dsp.power_to_db(power) + 30.0) / 10.0


def _parameters(group: ProcessorGroup, fixed: Mapping[str, float]) -> dict[str, Signal]:
    signals = group.input_signals
    optional = group.optional_input_names
    if _AUDIO not in signals or signals[_AUDIO].kind != "samples":
        raise ArgumentError(
            f"`{group.name}` should treat `audio`. It takes {', '.join(signals) or 'nothing'}."
        )
    found = {key: x for key, x in signals.items() if key != _AUDIO and key not in optional}
    for key, signal in found.items():
        if signal.kind != "value" or signal.width != 1:
            raise ArgumentError(
                f"`{group.name}` takes `{key}`, {signal.kind} of {signal.width}. What is set for a "
                "sound is one value each."
            )
        try:
            ends(signal)
        except ArgumentError as error:
            raise ArgumentError(f"`{group.name}`: `{key}`: {error}") from error
    for key, value in fixed.items():
        if key not in found or not found[key].holds(value):
            about = f"within {found[key].low} to {found[key].high}" if key in found else "known"
            raise ArgumentError(
                f"`fixed`: `{key}` should be {about}. Received {value}. There are: "
                f"{', '.join(found)}."
            )
    found = {key: x for key, x in found.items() if key not in fixed}
    if not found:
        raise ArgumentError(f"`{group.name}` has no parameter that could be set.")
    return found


def _logit(signal: Signal) -> float:
    """Of the place of the default in its range, or of the middle."""
    share = 0.5 if signal.default is None else float(share_of(float(signal.default), signal))
    share = float(np.clip(share, _EDGE, 1.0 - _EDGE))
    return float(np.log(share) - np.log1p(-share))
