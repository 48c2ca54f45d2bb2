"""Pitch and excitation of voices, learned by saying them again."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.constant_q import quality_factor
from ddsp_tf.features.nansy.heard_spectrum import (
    LEAST,
    SAMPLE_RATE,
    SILENT,
    hear,
    level,
    read_bins,
)
from ddsp_tf.features.nansy.pitch_encoder import (
    BINS_PER_OCTAVE,
    FIRST_BIN,
    MOST_SHIFT,
    N_BINS,
    N_HEARD,
    PitchEncoder,
    pitches_hz,
    read_pitch,
)
from ddsp_tf.models.pitch_model import PitchModel
from ddsp_tf.nn import BiGru
from ddsp_tf.processors.synthesizers.excitation import Excitation
from ddsp_tf.types import Signal

N_BANDS = 24
_BINS_PER_BAND = 8
_N_RESPONSE = 257
_COMPARED_EVERY = 4


@keras.saving.register_keras_serializable("ddsp_tf")
class NansyPitch(PitchModel):
    """Hears the pitch of a voice, how periodic it is and its envelope, and says it again.

    A constant-Q spectrum goes to the pitch encoder, twice in training: the second time moved by up
    to 12 bins, for `losses.PitchShiftConsistency`. The excitation (`processors.Excitation`) goes
    through a synthesiser that filters: GRUs read 24 bands of the spectrum and say the gains of 24
    bands for what is periodic and for what isn't. They are too wide to tell a pitch.

    Which pitch it is can't be learned by moving it: spectra say so. Given amplitudes and gains, the
    spectrum that each of the 64 pitches would have is known in closed form, and how far each is
    from the spectrum that is heard comes out for `losses.CandidateReconstruction`. No gradient
    passes from the sound to the pitch, where spectra have no useful slope.

    Args:
        n_channels: Of the encoder's convolutions.
        n_units: Of each GRU.
        n_harmonics: Partials of the excitation.
        sample_rate: 16000.
        hop_length: Samples per frame.
        name: The model's name.

    Raises:
        ArgumentError: Another rate.

    Example:
        >>> outputs = NansyPitch(n_channels=2, n_units=4)({"audio": tf.zeros([1, 1600])})
        >>> outputs["f0_hz"].shape, outputs["audio"].shape
        (TensorShape([1, 10, 1]), TensorShape([1, 1600]))

    Reference:
        Choi, Yang, Kim, Lee and Kim 2022, "NANSY++: Unified Voice Synthesis with Neural Analysis
        and Synthesis": pitch encoder, excitation and the consistency of shifted pitch. In place of
        its linguistic and timbre encoders and of its vocoder stand the bands.
    """

    def __init__(
        self,
        *,
        n_channels: int = 8,
        n_units: int = 32,
        n_harmonics: int = 60,
        sample_rate: int = SAMPLE_RATE,
        hop_length: int = 160,
        name: str = "nansy_pitch",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        self.n_channels, self.n_units, self.n_harmonics = n_channels, n_units, n_harmonics
        self.encoder = PitchEncoder(n_channels=n_channels, n_units=n_units)
        self.envelopes = BiGru(n_units, name="envelopes")
        self.gains = keras.layers.Dense(2 * N_BANDS, name="gains")
        self.excitation = Excitation(
            n_harmonics=n_harmonics, sample_rate=sample_rate, hop_length=hop_length
        )
        self.encoder.build(None)
        self.envelopes.build((None, None, N_BANDS))
        self.gains.build((None, None, 2 * n_units))
        self.built = True

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """The sound said again, its pitch and the amplitudes of its excitation."""
        amplitude = Signal("frames", low=0.0)
        return {
            "audio": Signal("samples"),
            "f0_hz": Signal("frames", unit="Hz", low=0.0),
            "periodic_amplitude": amplitude,
            "aperiodic_amplitude": amplitude,
        }

    @property
    def why_not_streamable(self) -> str:
        """It hears whole sounds."""
        return "it reads whole sounds, in both directions"

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Hears and says again.

        Args:
            batch: `audio` `[batch, n_samples]`; `noise_seed` chooses shifts and noise.
            training: Whether the pitch that is said is `log2_f0`, which is learned, or that which
                `read_pitch` reads.

        Returns:
            Of each frame, `[batch, n_frames, 1]`: `f0_hz`, `periodic_amplitude`,
            `aperiodic_amplitude`, `log2_f0`, and `log2_f0_shifted` of the spectrum that was moved
            by `shift_octaves` `[batch, 1, 1]`; `pitch_logits` `[batch, n_frames, 64]` and, of every
            fourth frame, `candidate_errors` `[batch, ceil(n_frames / 4), 64]`; `audio`, as long as
            the sound.

        Raises:
            ArgumentError: There is no sound.
        """
        audio = self.encode(batch)["audio"]
        seed = tf.cast(batch.get("noise_seed", 0), tf.int32)
        heard, peak = hear(audio, hop_length=self.hop_length)
        shift = tf.random.stateless_uniform(
            [tf.shape(audio)[0]], [seed, 1], -MOST_SHIFT, MOST_SHIFT + 1, tf.int32
        )
        slices = [read_bins(heard), read_bins(heard, shift)]
        found = self.encoder(tf.concat(slices, axis=0))
        logits, _ = tf.split(found["pitch_logits"], 2)
        log2_f0, log2_f0_shifted = tf.split(found["log2_f0"], 2)
        amplitudes = peak * tf.split(found["amplitudes"], 2)[0]
        gains = self.gains_of(heard)
        errors = self._candidate_errors(
            *(x[:, ::_COMPARED_EVERY] for x in (slices[0], peak, amplitudes, gains))
        )
        f0_hz = tf.stop_gradient(2.0 ** (log2_f0 if training else read_pitch(logits)))
        said = self.say(f0_hz, amplitudes, gains, seed)
        octaves = tf.cast(shift, tf.float32)[:, tf.newaxis, tf.newaxis] / BINS_PER_OCTAVE
        return {
            "audio": said[:, : tf.shape(audio)[1]],
            "f0_hz": f0_hz,
            "periodic_amplitude": amplitudes[..., :1],
            "aperiodic_amplitude": amplitudes[..., 1:],
            "log2_f0": log2_f0,
            "log2_f0_shifted": log2_f0_shifted,
            "shift_octaves": octaves,
            "pitch_logits": logits,
            "candidate_errors": errors,
        }

    def gains_of(self, heard: tf.Tensor) -> tf.Tensor:
        """Says the gains of the filters of both parts.

        Args:
            heard: As `features.nansy` gives it, levels `[batch, n_frames, 190]`.

        Returns:
            `[batch, n_frames, 2, 24]`, > 0, in bands of a third of an octave; the mean square of
            the 24 is 1.
        """
        lacking = N_BANDS * _BINS_PER_BAND - N_BINS
        bands = tf.pad(heard, [[0, 0], [0, 0], [0, lacking]])
        shape = tf.shape(heard)
        bands = tf.reshape(bands, [shape[0], shape[1], N_BANDS, _BINS_PER_BAND])
        raw = self.gains(self.envelopes(tf.reduce_mean(bands, axis=-1)))
        raw = tf.reshape(raw, [shape[0], shape[1], 2, N_BANDS])
        gains = tf.exp(3.0 * tf.clip_by_value(raw, -3.0, 3.0))
        return gains * tf.math.rsqrt(tf.reduce_mean(gains**2, axis=-1, keepdims=True))

    def say(
        self, f0_hz: tf.Tensor, amplitudes: tf.Tensor, gains: tf.Tensor, noise_seed: Any = 0
    ) -> tf.Tensor:
        """Plays an excitation through filters.

        Args:
            f0_hz: `[batch, n_frames, 1]`.
            amplitudes: Of what is periodic and what isn't, `[batch, n_frames, 2]`.
            gains: As `gains_of` gives them.
            noise_seed: Chooses the noise.

        Returns:
            `[batch, n_frames * hop_length]`.
        """
        played = self.excitation(
            {
                "f0_hz": f0_hz,
                "periodic_amplitude": amplitudes[..., :1],
                "aperiodic_amplitude": amplitudes[..., 1:],
                "noise_seed": tf.convert_to_tensor(noise_seed),
            }
        )
        response = gains @ tf.constant(_bands_at(np.linspace(0.0, 0.5 * SAMPLE_RATE, _N_RESPONSE)))
        parts = (
            dsp.time_varying_fir(
                played[key],
                dsp.impulse_response_from_magnitudes(response[:, :, index]),
                hop_length=self.hop_length,
            )
            for index, key in enumerate(("periodic", "aperiodic"))
        )
        return tf.add_n(list(parts))

    def _candidate_errors(
        self, heard: tf.Tensor, peak: tf.Tensor, amplitudes: tf.Tensor, gains: tf.Tensor
    ) -> tf.Tensor:
        """How far the spectrum of each pitch would be from that which is heard.

        Args:
            heard: Levels at the encoder's bins.
            peak: The loudest magnitude.
            amplitudes: Of both parts.
            gains: Of both filters.

        Returns:
            Mean differences of levels, `[batch, n_frames, 64]`.
        """
        f_hz = dsp.constant_q_frequencies_hz(N_BINS, bins_per_octave=BINS_PER_OCTAVE)
        f_hz = f_hz[FIRST_BIN : FIRST_BIN + N_HEARD]
        magnitudes = amplitudes[..., tf.newaxis] * (gains @ tf.constant(_bands_at(f_hz)))
        tone = magnitudes[:, :, :1] * tf.constant(self._combs(f_hz))
        # The mean square that white noise has in a window of Q periods.
        width = np.sqrt(2.0 * f_hz / (quality_factor(BINS_PER_OCTAVE) * self.sample_rate))
        noise = magnitudes[:, :, 1:] * tf.constant(width.astype(np.float32))
        made = tf.sqrt(tone**2 + noise**2 + LEAST**2)
        expected = level(made, tf.maximum(peak, SILENT)[:, :, tf.newaxis])
        expected = tf.nn.leaky_relu(expected, 0.1)
        sounds = tf.cast(peak > 0.0, tf.float32)
        return sounds * tf.reduce_mean(tf.abs(heard[:, :, tf.newaxis] - expected), axis=-1)

    def _combs(self, f_hz: np.ndarray) -> np.ndarray:
        """Magnitudes of an excitation of amplitude 1 at each pitch, `[64, n_bins]`."""
        rows = []
        for pitch_hz in pitches_hz():
            count = min(self.n_harmonics, math.ceil(0.5 * self.sample_rate / pitch_hz) - 1)
            partials = pitch_hz * np.arange(1, count + 1)[:, np.newaxis]
            power = dsp.constant_q_response(partials / f_hz, bins_per_octave=BINS_PER_OCTAVE) ** 2
            rows.append(np.sqrt(power.sum(axis=0) / count))
        return np.array(rows, np.float32)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("n_channels", "n_units", "n_harmonics", "sample_rate", "hop_length")
        return {"name": self.name, **{key: getattr(self, key) for key in keys}}


def _bands_at(f_hz: np.ndarray) -> np.ndarray:
    """Interpolation of the bands' gains over log frequency, `[24, n]`."""
    centres = _BINS_PER_BAND * (np.arange(N_BANDS) + 0.5) - 0.5
    place = BINS_PER_OCTAVE * np.log2(np.maximum(f_hz, 1.0) / dsp.constant_q_frequencies_hz(1)[0])
    place = np.clip((place - centres[0]) / _BINS_PER_BAND, 0.0, N_BANDS - 1.0)
    weights = 1.0 - np.abs(place - np.arange(N_BANDS)[:, np.newaxis])
    return np.maximum(weights, 0.0).astype(np.float32)
