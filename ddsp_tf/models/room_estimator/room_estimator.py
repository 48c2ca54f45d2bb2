"""The network that hears in what room a sound is."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.model import Model
from ddsp_tf.types import FloatArray, Signal

SHORTEST_S, LONGEST_S = 0.05, 15.0
WEAKEST_DB, STRONGEST_DB = -40.0, 20.0

_FFT_LENGTH, _FFT_HOP_LENGTH = 512, 128
_FLOOR_DB = -80.0
_THIRDS = 3
"""Bands an octave, in which it hears."""


@keras.saving.register_keras_serializable("ddsp_tf")
class RoomEstimator(Model):
    """Hears a sound in a room, of which nothing else is known, and says how the room decays.

    It hears the levels of thirds of octaves, each below its loudest, 125 times a second. Each third
    goes through the same convolutions over time, which hear a little of its neighbours too; the
    mean, the spread and the largest of what they make say what the octave's decay is: in which time
    it falls by 60 dB, and how much energy follows the direct sound.

    It makes no sound: `inference.find_room` makes a room of what it says.

    Args:
        bands_hz: Octaves, rising.
        times_s: When `decay_db` is told, rising, above 0.
        channels: Of the convolutions over time, one after the other; each takes every second frame.
        n_units: Of the layers that make both numbers of each octave.
        sample_rate: In Hz.
        hop_length: Samples per frame of the data.
        name: The model's name.

    Raises:
        ArgumentError: Bands that don't rise by octaves or reach beyond half the sample rate, times
            that aren't above 0, or a size below 1.

    Example:
        >>> outputs = RoomEstimator(channels=(4, 4), n_units=8)({"audio": tf.zeros([1, 16000])})
        >>> outputs["t60_s"].shape
        TensorShape([1, 6])

    Reference:
        Lee, Choi and Lee 2022, "Differentiable artificial reverberation", section IV, with another
        network and fewer parameters; Gamper and Tashev 2018, "Blind reverberation time estimation
        using a convolutional neural network" (levels of bands as input).
    """

    def __init__(
        self,
        *,
        bands_hz: Sequence[float] = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0),
        times_s: Sequence[float] = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
        channels: Sequence[int] = (32, 48, 64, 64, 96),
        n_units: int = 128,
        sample_rate: int = 16000,
        hop_length: int = 128,
        name: str = "room_estimator",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if (
            not times_s
            or min(times_s) <= 0
            or min([*channels, n_units], default=0) < 1
            or not bands_hz
            or max(bands_hz) * 2**0.5 > sample_rate / 2
        ):
            raise ArgumentError(
                "`bands_hz` should be octaves below half the sample rate, `times_s` above 0, "
                f"`channels` and `n_units` at least 1. Received {list(bands_hz)} at {sample_rate} "
                f"Hz, {list(times_s)}, {list(channels)} and {n_units}."
            )
        self.bands_hz = [float(hz) for hz in bands_hz]
        self.times_s = [float(t) for t in times_s]
        self.channels = tuple(channels)
        self.n_units = n_units
        self.sample_rate = sample_rate
        self.hop_length = hop_length
        self._thirds = _thirds(self.bands_hz, sample_rate)
        self._build()

    def _build(self) -> None:
        depths = [1, *self.channels]
        self.convolutions = [
            keras.layers.Conv2D(
                n,
                (9 if index == 0 else 5, 3 if index < 3 else 1),
                strides=(2, 1),
                padding="same",
                activation="relu",
                name=f"convolution_{index}",
            )
            for index, n in enumerate(self.channels)
        ]
        for layer, depth in zip(self.convolutions, depths, strict=False):
            layer.build((None, None, None, depth))
        n_bands, n_heard = len(self.bands_hz), 3 * _THIRDS * depths[-1]
        self.first = keras.layers.Dense(self.n_units, activation="relu", name="first")
        self.second = keras.layers.Conv1D(
            self.n_units, 3, padding="same", activation="relu", name="second"
        )
        self.last = keras.layers.Dense(
            2, kernel_initializer=keras.initializers.RandomNormal(stddev=0.02), name="last"
        )
        self.first.build((None, n_bands, n_heard + n_bands))
        self.second.build((None, n_bands, self.n_units))
        self.last.build((None, n_bands, self.n_units))
        self.built = True

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound in the room."""
        return {"audio": Signal("samples")}

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """What is said of each octave."""
        n_bands = len(self.bands_hz)
        return {
            "t60_s": Signal("value", n_bands, "s", low=SHORTEST_S, high=LONGEST_S),
            "late_db": Signal("value", n_bands, "dB", low=WEAKEST_DB, high=STRONGEST_DB),
            "decay_db": Signal("value", n_bands * len(self.times_s), "dB"),
        }

    @property
    def why_not_streamable(self) -> str:
        """It makes no sound."""
        return "it hears rooms and makes no sound"

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Hears whole sounds.

        Args:
            batch: `audio` `[batch, n_samples]`, at any level.
            training: Without effect; Keras passes it.

        Returns:
            Of the octaves, `[batch, n_bands]` each: `t60_s`, 0.05 to 15; `late_db`, the energy of
            all that follows the direct sound beside that of the direct sound, -40 to 20; and
            `decay_db` `[batch, n_bands * n_times]`, what both say of the energy that is still to
            come, octave after octave, in dB of all of it.

        Raises:
            ArgumentError: The sound is missing or has another shape.
        """
        del training
        hidden = self._listened(tf.cast(self.encode(batch)["audio"], tf.float32))
        for convolution in self.convolutions:
            hidden = convolution(hidden)
        mean, variance = tf.nn.moments(hidden, axes=1)
        pooled = [mean, tf.sqrt(variance + 1e-6), tf.reduce_max(hidden, axis=1)]
        n_bands = len(self.bands_hz)
        heard = tf.concat(pooled, axis=-1)
        heard = tf.reshape(heard, [-1, n_bands, _THIRDS * heard.shape[-1]])
        which = tf.eye(n_bands, batch_shape=[tf.shape(heard)[0]])
        units = self.first(tf.concat([heard, which], axis=-1))
        raw = self.last(units + self.second(units))
        t60_s = tf.exp(tf.clip_by_value(raw[..., 0], np.log(SHORTEST_S), np.log(LONGEST_S)))
        late_db = tf.clip_by_value(10.0 * raw[..., 1], WEAKEST_DB, STRONGEST_DB)
        decay_db = tf.reshape(
            exponential_decay_db(t60_s, late_db, self.times_s), [-1, n_bands * len(self.times_s)]
        )
        return {"t60_s": t60_s, "late_db": late_db, "decay_db": decay_db}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            "name": self.name,
            "bands_hz": self.bands_hz,
            "times_s": self.times_s,
            "channels": list(self.channels),
            "n_units": self.n_units,
            "sample_rate": self.sample_rate,
            "hop_length": self.hop_length,
        }

    def _listened(self, audio: tf.Tensor) -> tf.Tensor:
        """Levels of thirds of octaves below their loudest, `[batch, n_frames, n_thirds, 1]`."""
        spectrum = dsp.stft_magnitude(audio, fft_length=_FFT_LENGTH, hop_length=_FFT_HOP_LENGTH)
        power = tf.matmul(tf.square(spectrum), tf.constant(self._thirds))
        level = dsp.power_to_db(power + 1e-14)
        level -= tf.reduce_max(level, axis=1, keepdims=True)
        return (tf.maximum(level, _FLOOR_DB) / 20.0 + 1.5)[..., tf.newaxis]


def exponential_decay_db(t60_s: tf.Tensor, late_db: tf.Tensor, times_s: Sequence[float]) -> Any:
    """Gives the energy that is still to come after a direct sound, when what follows decays evenly.

    Args:
        t60_s: `[...]`, above 0.
        late_db: Energy of what follows, in dB of the direct sound's, `[...]`.
        times_s: After the direct sound, above 0, `[n_times]`.

    Returns:
        In dB of all energy, `[..., n_times]`.

    Example:
        >>> exponential_decay_db(tf.constant([0.6]), tf.constant([60.0]), [0.3])[0].numpy().round(1)
        array([-30.], dtype=float32)
    """
    falls = -60.0 * tf.constant(times_s, t60_s.dtype) / t60_s[..., tf.newaxis]
    # The share of what follows in all: 1 / (1 + 10^(-late / 10)).
    bel = np.log(10.0) / 10.0
    share_db = -tf.math.softplus(-bel * late_db) / bel
    return share_db[..., tf.newaxis] + falls


def _thirds(bands_hz: Sequence[float], sample_rate: float) -> FloatArray:
    """Weights of the spectrum's points in each third of an octave, `[n_points, n_thirds]`."""
    hz = np.fft.rfftfreq(_FFT_LENGTH, 1 / sample_rate)
    at = np.arange(_THIRDS) / _THIRDS - 0.5 + 0.5 / _THIRDS
    centres = (np.asarray(bands_hz)[:, np.newaxis] * 2.0**at).ravel()
    # No narrower than a point of the spectrum.
    widths = np.maximum(0.1 * centres, 0.6 * sample_rate / _FFT_LENGTH)
    weights = np.exp(-0.5 * ((hz[:, np.newaxis] - centres) / widths) ** 2)
    return (weights / weights.sum(axis=0)).astype(np.float32)
