"""One z for a whole sound: of an instrument's name, or of how a recording sounds."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.autoencoder.encoder import Encoder
from ddsp_tf.nn import FcStack
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class TimbreEncoder(Encoder):
    """Gives a sound's timbre, z, which is the same for all of its frames.

    It is known in two ways. Each instrument has a row in a table, z = tanh(row); shares of several
    give the mean of theirs. And it is heard: an MLP reads the MFCCs of each frame, without the
    first, which is the level, and z is the tanh of the mean of what it says, over frames that it
    weighs itself. While it is trained, either is taken by chance, so that the decoder has to find
    the same in both: a recording's z lies among those of the table.

    Args:
        instruments: Their names, in the order of the column `instrument`.
        n_z: Numbers of z, each between -1 and 1.
        channels: Units of each MLP layer.
        n_layers: Layers of the MLP.
        heard_share: How often z is heard while it is trained, 0 to 1.
        sample_rate: Of the audio, in Hz.
        fft_length: Of the MFCCs.
        mfcc_hop_length: Samples between frames of MFCCs.
        n_coefficients: MFCCs that are read.
        name: The layer's name.

    Raises:
        ArgumentError: No instrument is named, or one twice, or a value is out of range.

    Example:
        >>> encoder = TimbreEncoder(instruments=("reed", "pipe"), n_z=4, channels=8)
        >>> encoder.encode(
        ...     {"timbre": tf.constant([[0.5, 0.5]])}, n_frames=10, hop_length=64
        ... ).shape
        TensorShape([1, 10, 4])

    Reference:
        Engel et al. 2020, section B.1.2, has a z for each frame, of MFCCs whose means are taken
        away; here it is the means that matter.
    """

    def __init__(
        self,
        *,
        instruments: Sequence[str] = ("instrument",),
        n_z: int = 16,
        channels: int = 128,
        n_layers: int = 2,
        heard_share: float = 0.5,
        sample_rate: int = 16000,
        fft_length: int = 1024,
        mfcc_hop_length: int = 256,
        n_coefficients: int = 30,
        name: str = "timbre",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.instruments = tuple(instruments)
        if not self.instruments or len(set(self.instruments)) < len(self.instruments):
            raise ArgumentError(
                f"`instruments` should name one at least, and each once. Received {instruments}."
            )
        if not 0.0 <= heard_share <= 1.0:
            raise ArgumentError(f"`heard_share` should be 0 to 1. Received {heard_share}.")
        self.n_z = n_z
        self.channels = channels
        self.n_layers = n_layers
        self.heard_share = heard_share
        self.sample_rate = sample_rate
        self.fft_length = fft_length
        self.mfcc_hop_length = mfcc_hop_length
        self.n_coefficients = n_coefficients
        self.table = self.add_weight(
            name="table",
            shape=(len(self.instruments), n_z),
            initializer=keras.initializers.RandomNormal(stddev=0.5),
        )
        self.stack = FcStack(channels, n_layers, name="stack", dtype=self.dtype_policy)
        self.to_weight = keras.layers.Dense(1, name="to_weight", dtype="float32")
        self.to_z = keras.layers.Dense(n_z, name="to_z", dtype="float32")
        self.stack.build((None, None, n_coefficients))
        heard = (None, None, self.stack.output_channels(n_coefficients))
        self.to_weight.build(heard)
        self.to_z.build(heard)

    @property
    def input_signals(self) -> Mapping[str, Signal]:  # type: ignore[override]
        """The sound; an instrument's number; or shares of all instruments."""
        n_instruments = len(self.instruments)
        return {
            "audio": Signal("samples"),
            "instrument": Signal("value", low=0.0, high=n_instruments - 1.0),
            "timbre": Signal("value", n_instruments, low=0.0, high=1.0),
        }

    def call(self, audio: tf.Tensor) -> tf.Tensor:
        """Hears the timbre of sounds.

        Args:
            audio: `[batch, n_samples]`.

        Returns:
            z, `[batch, n_z]`, -1 to 1.
        """
        coefficients = dsp.mfcc(
            audio,
            sample_rate=self.sample_rate,
            fft_length=self.fft_length,
            hop_length=self.mfcc_hop_length,
            n_coefficients=self.n_coefficients + 1,
        )[..., 1:]
        hidden = self.stack(coefficients)
        weights = tf.nn.softmax(tf.cast(self.to_weight(hidden), tf.float32), axis=1)
        said = tf.cast(self.to_z(hidden), tf.float32)
        return tf.tanh(tf.reduce_sum(weights * said, axis=1))

    def mixed(self, shares: tf.Tensor) -> tf.Tensor:
        """Gives the z of shares `[batch, n_instruments]` of the instruments, `[batch, n_z]`."""
        return tf.matmul(tf.cast(shares, tf.float32), tf.tanh(self.table))

    def encode(
        self,
        inputs: Mapping[str, tf.Tensor],
        *,
        n_frames: int | tf.Tensor,
        hop_length: int,
        noise_seed: Any = None,
    ) -> tf.Tensor:
        """Gives z for each frame; see `Encoder`. Of several inputs, shares go before a number."""
        del hop_length
        z = self._z(inputs, noise_seed)
        return tf.tile(z[:, tf.newaxis], [1, n_frames, 1])

    def _z(self, inputs: Mapping[str, tf.Tensor], noise_seed: Any) -> tf.Tensor:
        if "timbre" in inputs:
            return self.mixed(inputs["timbre"])
        if "instrument" not in inputs:
            return self(inputs["audio"])
        numbers = tf.cast(tf.round(inputs["instrument"][:, 0]), tf.int32)
        known = self.mixed(tf.one_hot(numbers, len(self.instruments)))
        if noise_seed is None or "audio" not in inputs or not self.heard_share:
            return known
        chance = tf.random.stateless_uniform([tf.shape(known)[0], 1], [noise_seed, 7])
        return tf.where(chance < self.heard_share, self(inputs["audio"]), known)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "instruments": list(self.instruments),
            "n_z": self.n_z,
            "channels": self.channels,
            "n_layers": self.n_layers,
            "heard_share": self.heard_share,
            "sample_rate": self.sample_rate,
            "fft_length": self.fft_length,
            "mfcc_hop_length": self.mfcc_hop_length,
            "n_coefficients": self.n_coefficients,
        }
