"""The network that hears sinusoids and the pitch that explains them."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp

SAMPLE_RATE = 16000
FFT_LENGTH = 2048
LOWEST_HZ = 440.0 * 2.0 ** (-45 / 12)  # C1
BINS_PER_OCTAVE = 36
N_PITCHES = 6 * BINS_PER_OCTAVE
N_HEARD = 8 * BINS_PER_OCTAVE
BINS_PER_SINUSOID = 6
N_SINUSOIDS = N_HEARD // BINS_PER_SINUSOID
_RATIOS = (1 / 3, 1 / 2, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12)
_RANGE_DB = 60.0
_SILENT_DB = -70.0


def pitches_hz() -> np.ndarray:
    """The pitches that the network weighs against each other, `[216]`, from C1 to nearly C7."""
    return LOWEST_HZ * 2.0 ** (np.arange(N_PITCHES) / BINS_PER_OCTAVE)


@keras.saving.register_keras_serializable("ddsp_tf")
class PitchNetwork(keras.layers.Layer):
    """Hears in each frame a set of sinusoids and a distribution over pitches.

    The spectrum of 128 ms is read on 36 bins an octave, as levels within 60 dB. Convolutions over
    frequency make of it 48 sinusoids, one in each two semitones (`dsp.frequencies_softmax`). For
    each pitch the same features are put side by side as its multiples and parts hear them, so that
    what is learned for one pitch holds for all, and further convolutions weigh it.

    Args:
        n_channels: Of the first convolutions.
        n_units: Of the later ones.
        name: The layer's name.

    Example:
        >>> heard = PitchNetwork()(tf.zeros([1, 4, 288]))
        >>> heard["pitch_logits"].shape, heard["frequencies_hz"].shape
        (TensorShape([1, 4, 217]), TensorShape([1, 4, 48]))

    Reference:
        Engel et al. 2020, "Self-supervised Pitch Detection by Inverse Audio Synthesis", for sets
        of sinusoids; Bittner et al. 2017, "Deep salience representations", for their multiples.
    """

    def __init__(
        self,
        *,
        n_channels: int = 16,
        n_units: int = 24,
        name: str = "pitch_network",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.n_channels = n_channels
        self.n_units = n_units

        def convolution(n: int, width: int, part: str, active: bool = True) -> Any:
            kind = "leaky_relu" if active else None
            return keras.layers.Conv1D(n, width, padding="same", activation=kind, name=part)

        self.first = convolution(n_channels, 5, "first")
        self.second = convolution(n_channels, 5, "second")
        self.sinusoids = convolution(2, 5, "sinusoids", False)
        self.gathered = convolution(n_units, 1, "gathered")
        self.wide = convolution(n_units, 7, "wide")
        self.wider = convolution(n_units, 7, "wider")
        self.weighed = convolution(1, 3, "weighed", False)
        self.unvoiced = keras.layers.Dense(1, name="unvoiced")

    def build(self, input_shape: Any) -> None:
        """Makes the weights."""
        del input_shape
        one, many, units = self.n_channels, self.n_channels * len(_RATIOS), self.n_units
        sizes = ((self.first, 1), (self.second, one), (self.sinusoids, one), (self.gathered, many))
        for layer, size in (*sizes, (self.wide, units), (self.wider, units), (self.weighed, units)):
            layer.build((None, None, size))
        self.unvoiced.build((None, units + 2))
        self.built = True

    def call(self, heard: tf.Tensor) -> dict[str, tf.Tensor]:
        """Weighs pitches.

        Args:
            heard: As `log_frequency_levels` gives it, `[batch, n_frames, 288]`.

        Returns:
            `pitch_logits` `[batch, n_frames, 217]`, the last of no pitch; the sinusoids'
            `frequencies_hz` and `amplitudes`, `[batch, n_frames, 48]`.
        """
        shape = tf.shape(heard)
        rows = tf.reshape(heard, [-1, N_HEARD, 1])
        features = self.second(self.first(rows))
        raw = tf.reshape(self.sinusoids(features), [-1, N_SINUSOIDS, BINS_PER_SINUSOID, 2])
        step = BINS_PER_SINUSOID / BINS_PER_OCTAVE
        within = dsp.frequencies_softmax(
            raw[..., 0], lowest_hz=1.0, highest_hz=2.0 ** (step - 1 / BINS_PER_OCTAVE)
        )
        frequencies = within * tf.constant(
            LOWEST_HZ * 2.0 ** (step * np.arange(N_SINUSOIDS)), tf.float32
        )
        amplitudes = dsp.exp_sigmoid(tf.reduce_max(raw[..., 1], axis=-1) - 2.0)
        seen = self.wider(self.wide(self.gathered(_by_multiples(features))))
        logits = self.weighed(seen)[..., 0]
        level = tf.stack([tf.reduce_mean(rows, [1, 2]), tf.reduce_max(logits, 1)], axis=1)
        unvoiced = self.unvoiced(tf.concat([tf.reduce_max(seen, axis=1), level], axis=1))
        logits = tf.concat([logits, unvoiced], axis=1)
        return {
            "pitch_logits": tf.reshape(logits, [shape[0], shape[1], N_PITCHES + 1]),
            "frequencies_hz": tf.reshape(frequencies, [shape[0], shape[1], N_SINUSOIDS]),
            "amplitudes": tf.reshape(amplitudes, [shape[0], shape[1], N_SINUSOIDS]),
        }

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "n_channels": self.n_channels, "n_units": self.n_units}


def log_frequency_levels(audio: tf.Tensor, *, hop_length: int) -> tf.Tensor:
    """Reads spectra of 128 ms at 36 frequencies an octave, from C1 to 8 kHz.

    Args:
        audio: At 16 kHz, `[batch, n_samples]`.
        hop_length: Samples from frame to frame.

    Returns:
        `[batch, n_frames, 288]`: 1 is the loudest of a frame, 0 what is 60 dB below; 0 for all of a
        frame below -70 dB.
    """
    magnitude = dsp.stft_magnitude(audio, fft_length=FFT_LENGTH, hop_length=hop_length)
    level_db = dsp.amplitude_to_db(magnitude @ tf.constant(_reader()) * (4.0 / FFT_LENGTH) + 1e-7)
    loudest = tf.reduce_max(level_db, axis=-1, keepdims=True)
    level = tf.nn.relu(1.0 + (level_db - loudest) / _RANGE_DB)
    return tf.where(loudest > _SILENT_DB, level, 0.0)


def _reader() -> np.ndarray:
    """Linear interpolation between bins of the FFT; nothing above 8 kHz."""
    f_hz = LOWEST_HZ * 2.0 ** (np.arange(N_HEARD) / BINS_PER_OCTAVE)
    place = f_hz * FFT_LENGTH / SAMPLE_RATE
    bins = np.arange(FFT_LENGTH // 2 + 1)[:, np.newaxis]
    weights = np.maximum(0.0, 1.0 - np.abs(place - bins))
    return np.where(f_hz < 0.5 * SAMPLE_RATE, weights, 0.0).astype(np.float32)


def _by_multiples(features: tf.Tensor) -> tf.Tensor:
    """For each pitch the features at its multiples and parts, side by side."""
    most = round(BINS_PER_OCTAVE * math.log2(max(_RATIOS)))
    least = round(BINS_PER_OCTAVE * math.log2(1 / min(_RATIOS)))
    padded = tf.pad(features, [[0, 0], [least, most], [0, 0]])
    starts = [least + round(BINS_PER_OCTAVE * math.log2(ratio)) for ratio in _RATIOS]
    return tf.concat([padded[:, start : start + N_PITCHES] for start in starts], axis=-1)
