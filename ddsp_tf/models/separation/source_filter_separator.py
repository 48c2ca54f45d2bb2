"""A mixture explained as voices of known pitch, each a source through an all-pole filter."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.all_pole_parameters import (
    all_pole_response,
    filters_from_logits,
    n_logits,
)
from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.model import Model
from ddsp_tf.nn import FcStack, Gru
from ddsp_tf.processors.synthesizers.pulse_train import PulseTrain
from ddsp_tf.types import Signal

_SLOPE_FROM_HZ, _NOISE_FROM_HZ = 200.0, 4000.0
_REST_ORDER = 6
_DB_PER_UNIT = 20.0
_QUIETEST_DB, _LOUDEST_DB = -120.0, 60.0
_AT_FIRST_DB = {"gain": -20.0, "noise": -50.0, "rest": -70.0}


@keras.saving.register_keras_serializable("ddsp_tf")
class SourceFilterSeparator(Model):
    """Hears a mixture and the pitches of its voices, and says what each voice's spectrum is.

    A voice is a train of pulses that falls by 6 dB an octave above 200 Hz, and noise that rises up
    to 4 kHz, both through an all-pole filter of line spectral frequencies. What no voice explains
    is noise through a filter of its own. A network reads the mixture's spectrum, a GRU for all and
    one for each voice with its pitch, and says filters and gains frame by frame. Nothing but the
    mixture is needed to train it: the powers of all should sum to the mixture's.

    Filters act on the spectra of the excitations, frame by frame, so that a step needs no sound to
    be made. It plays nothing: `inference.separate` turns powers into masks of the mixture.

    Args:
        n_sources: Voices, >= 1.
        order: Poles of each voice's filter.
        n_units: Of each layer.
        fft_length: Of the spectra.
        sample_rate: In Hz; what is above its half isn't heard.
        hop_length: Samples per frame.
        lowest_hz: From this pitch upwards, all partials are there.
        name: The model's name.

    Raises:
        ArgumentError: No voice, or another size that can't be.

    Example:
        >>> separator = SourceFilterSeparator(n_units=8, fft_length=512, hop_length=128)
        >>> pitches = tf.constant([[[220.0, 330.0]]]) * tf.ones([1, 8, 1])
        >>> separator({"audio": tf.zeros([1, 1024]), "f0_hz": pitches})["power"].shape
        TensorShape([1, 8, 3, 257])

    Reference:
        Schulze-Forster, Richard, Kelley, Doire and Badeau 2023, "Unsupervised Music Source
        Separation Using Differentiable Parametric Source Models", section III; there in the time
        domain, and with larger networks.
    """

    def __init__(
        self,
        *,
        n_sources: int = 2,
        order: int = 20,
        n_units: int = 64,
        fft_length: int = 1024,
        sample_rate: int = 16000,
        hop_length: int = 256,
        lowest_hz: float = 50.0,
        name: str = "source_filter_separator",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if n_sources < 1 or n_units < 1 or fft_length <= hop_length:
            raise ArgumentError(
                "`n_sources` and `n_units` should be at least 1, and `fft_length` above "
                f"`hop_length`. Received {n_sources}, {n_units}, {fft_length} and {hop_length}."
            )
        self.n_sources, self.order, self.n_units = n_sources, order, n_units
        self.fft_length, self.lowest_hz = fft_length, lowest_hz
        self.sample_rate, self.hop_length = sample_rate, hop_length
        self._pulses = PulseTrain(
            lowest_hz=lowest_hz, sample_rate=sample_rate, hop_length=hop_length
        )
        bins = fft_length // 2 + 1
        hz = np.linspace(0.0, 0.5 * sample_rate, bins)
        self._slope = np.minimum(1.0, _SLOPE_FROM_HZ / np.maximum(hz, 1.0)) ** 2
        self._noise = np.minimum(1.0, hz / _NOISE_FROM_HZ) ** 2
        self._angles = np.linspace(0.0, np.pi, bins)[np.newaxis]
        self.encoder = FcStack(n_units, 1, name="encoder")
        self.heard = Gru(n_units, name="heard")
        self.voice_stack = FcStack(n_units, 1, name="voice_stack")
        self.voice = Gru(n_units, name="voice")
        self.voice_head = keras.layers.Dense(
            2 + n_logits("lsf", order), kernel_initializer="zeros", name="voice_head"
        )
        self.rest_head = keras.layers.Dense(
            1 + n_logits("lsf", _REST_ORDER), kernel_initializer="zeros", name="rest_head"
        )
        self.encoder.build((None, None, bins))
        self.heard.build((None, None, n_units))
        self.voice_stack.build((None, None, n_units + 2 + n_sources))
        self.voice.build((None, None, n_units))
        self.voice_head.build((None, None, n_units))
        self.rest_head.build((None, None, n_units))
        self.built = True

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The mixture and its voices' pitches; 0 where a voice is silent."""
        pitches = Signal("frames", self.n_sources, "Hz", low=0.0)
        return {"audio": Signal("samples"), "f0_hz": pitches}

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """The power of each voice and of the rest."""
        width = (self.n_sources + 1) * (self.fft_length // 2 + 1)
        return {"power": Signal("frames", width, low=0.0)}

    @property
    def why_not_streamable(self) -> str:
        """It makes no sound."""
        return "it hears mixtures and makes no sound"

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Says what each voice's spectrum is.

        Args:
            batch: `audio` `[batch, n_samples]` and `f0_hz` `[batch, n_frames, n_sources]`.
            training: Without effect; Keras passes it.

        Returns:
            `power` `[batch, n_frames, n_sources + 1, n_bins]`, the last of what no voice explains.

        Raises:
            ArgumentError: An input is missing, or shapes don't fit.
        """
        del training
        inputs = self.encode(batch)
        return {"power": self.explain(*self.hear(inputs["audio"], inputs["f0_hz"]))}

    def hear(self, audio: tf.Tensor, f0_hz: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Gives what doesn't change while the network learns.

        Args:
            audio: The mixture, `[batch, n_samples]`.
            f0_hz: `[batch, n_frames, n_sources]`.

        Returns:
            The mixture's magnitudes `[batch, n_frames, n_bins]`, the power of each voice's
            excitation `[batch, n_frames, n_sources, n_bins]`, and the pitches.
        """
        rate = {"fft_length": self.fft_length, "hop_length": self.hop_length}
        scale = 4.0 / self.fft_length  # A sine's peak is its amplitude.
        magnitudes = scale * dsp.stft_magnitude(audio, **rate)
        n_frames = tf.shape(f0_hz)[1]
        rows = tf.transpose(f0_hz, [0, 2, 1])
        voiced = tf.cast(rows > 0.0, tf.float32)[..., tf.newaxis]
        flat = tf.reshape(_held(rows), [-1, n_frames, 1])
        pulses = self._pulses({"f0_hz": flat})
        excitation = tf.square(scale * dsp.stft_magnitude(pulses, **rate))
        shape = [-1, self.n_sources, n_frames, self.fft_length // 2 + 1]
        excitation = voiced * tf.reshape(excitation, shape)
        excitation = tf.transpose(excitation * self._slope.astype(np.float32), [0, 2, 1, 3])
        return magnitudes[:, :n_frames], excitation, f0_hz

    def explain(self, magnitudes: tf.Tensor, excitation: tf.Tensor, f0_hz: tf.Tensor) -> tf.Tensor:
        """Runs the network on what `hear` gives, and gives the powers of `call`."""
        level = 1.0 + dsp.amplitude_to_db(magnitudes) / 40.0
        heard, _ = self.heard(self.encoder(level))
        batch, n_frames = tf.shape(f0_hz)[0], tf.shape(f0_hz)[1]
        voiced = tf.cast(f0_hz > 0.0, tf.float32)
        pitch = voiced * dsp.scale_f0_hz(tf.maximum(f0_hz, 20.0))
        which = tf.broadcast_to(
            tf.eye(self.n_sources), [batch, n_frames, self.n_sources, self.n_sources]
        )
        alike = tf.repeat(heard[:, :, tf.newaxis], self.n_sources, axis=2)
        each = tf.concat([alike, tf.stack([pitch, voiced], axis=-1), which], axis=-1)
        each = tf.transpose(each, [0, 2, 1, 3])
        each = tf.reshape(each, [batch * self.n_sources, n_frames, each.shape[-1]])
        each, _ = self.voice(self.voice_stack(each))
        said = self.voice_head(each)
        gain, noise = (
            _power(said[..., index : index + 1], key) for index, key in enumerate(("gain", "noise"))
        )
        response = self._response(said[..., 2:])
        shape = [batch, self.n_sources, n_frames, -1]
        response, gain, noise = (
            tf.transpose(tf.reshape(x, shape), [0, 2, 1, 3]) for x in (response, gain, noise)
        )
        breath = noise * voiced[..., tf.newaxis] * self._noise.astype(np.float32)
        voices = response * (gain * excitation + breath)
        said = self.rest_head(heard)
        rest = _power(said[..., :1], "rest") * self._response(said[..., 1:])
        return tf.concat([voices, rest[:, :, tf.newaxis]], axis=2)

    def _response(self, logits: tf.Tensor) -> tf.Tensor:
        filters = filters_from_logits(logits, "lsf")
        response = all_pole_response(filters, "lsf", tf.constant(self._angles))
        return tf.cast(tf.square(tf.abs(response)), tf.float32)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        names = ("n_sources", "order", "n_units", "fft_length", "sample_rate", "hop_length")
        return {
            "name": self.name,
            "lowest_hz": self.lowest_hz,
            **{key: getattr(self, key) for key in names},
        }


def _power(raw: tf.Tensor, key: str) -> tf.Tensor:
    level_db = _AT_FIRST_DB[key] + _DB_PER_UNIT * raw
    return tf.exp(math.log(10.0) / 10.0 * tf.clip_by_value(level_db, _QUIETEST_DB, _LOUDEST_DB))


def _held(f0_hz: tf.Tensor) -> tf.Tensor:
    """Pitches `[..., n_frames]` without gaps: a gap keeps the pitch before it, or the first."""
    n_frames = tf.shape(f0_hz)[-1]
    there = tf.where(f0_hz > 0.0, tf.range(n_frames), -1)
    latest = tf.scan(
        tf.maximum, tf.transpose(there, [2, 0, 1]), initializer=-tf.ones_like(there[..., 0])
    )
    latest = tf.transpose(latest, [1, 2, 0])
    first = tf.argmax(tf.cast(there >= 0, tf.int32), axis=-1, output_type=tf.int32)
    index = tf.where(latest >= 0, latest, first[..., tf.newaxis])
    return tf.maximum(tf.gather(f0_hz, index, batch_dims=2), 1.0)
