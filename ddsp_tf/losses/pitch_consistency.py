"""What teaches pitch: labels of generated notes; where there are none, sinusoids that agree."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.kde_consistency import KdeConsistency
from ddsp_tf.losses.objective import found
from ddsp_tf.losses.spectral_loss import SpectralLoss
from ddsp_tf.losses.wasserstein_consistency import WassersteinConsistency

_N_HARMONICS = 10
_SPREAD = 1.0


@keras.saving.register_keras_serializable("ddsp_tf")
class PitchConsistency:
    """Terms for `models.InverseSynthesis`.

    A batch of generated notes brings their `f0_hz` (0 is silence) and `harmonic_amplitudes`:
    "pitch" is the cross entropy of the weighed pitches, "sinusoids" compares the sinusoids with the
    notes' (`KdeConsistency`) and "distance" says how far they are apart (`WassersteinConsistency`).
    Any other batch is sound alone: "spectrum" compares the sinusoids' sound with it, and "mismatch"
    is `dsp.two_way_mismatch` of the pitches with the sinusoids, weighted by how probable each is.
    No gradient goes from the pitch to the sinusoids.

    Args:
        lowest_hz: The first of the pitches that are weighed.
        bins_per_octave: How many there are in an octave.
        sinusoid_weight: Of "sinusoids", >= 0.
        distance_weight: Of "distance", >= 0.
        spectrum_weight: Of "spectrum", >= 0.
        mismatch_weight: Of "mismatch", >= 0.

    Raises:
        ArgumentError: A negative weight.

    Reference:
        Engel et al. 2020, "Self-supervised Pitch Detection by Inverse Audio Synthesis", where a
        softmax over pitches is trained by the L1 of its mean.
    """

    def __init__(
        self,
        *,
        lowest_hz: float = 32.70319566257483,
        bins_per_octave: int = 36,
        sinusoid_weight: float = 0.002,
        distance_weight: float = 0.1,
        spectrum_weight: float = 1.0,
        mismatch_weight: float = 0.2,
    ) -> None:
        weights = (sinusoid_weight, distance_weight, spectrum_weight, mismatch_weight)
        if min(weights) < 0.0 or lowest_hz <= 0.0 or bins_per_octave < 1:
            raise ArgumentError(
                "Weights should not be negative, `lowest_hz` and `bins_per_octave` above 0. "
                f"Received {weights}, {lowest_hz} and {bins_per_octave}."
            )
        self.lowest_hz = lowest_hz
        self.bins_per_octave = bins_per_octave
        self.sinusoid_weight = sinusoid_weight
        self.distance_weight = distance_weight
        self.spectrum_weight = spectrum_weight
        self.mismatch_weight = mismatch_weight
        self._kde = KdeConsistency(scale_semitones=0.5, total=True)
        self._distance = WassersteinConsistency()
        self._spectral = SpectralLoss(fft_lengths=[2048, 1024, 512])

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives the terms."""
        if "harmonic_amplitudes" in batch:
            return self._labelled(batch, outputs)
        return self._unlabelled(batch, outputs)

    def _labelled(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        f0_hz, logits = batch["f0_hz"], found("pitch_logits", outputs, "the model's outputs")
        n_pitches = logits.shape[-1] - 1
        silent = tf.cast(f0_hz <= 0.0, tf.float32)
        place = (
            self.bins_per_octave
            * tf.math.log(tf.maximum(f0_hz, 1.0) / self.lowest_hz)
            / tf.math.log(2.0)
        )
        apart = (tf.range(float(n_pitches)) - place) / _SPREAD
        wanted = tf.nn.softmax(-0.5 * apart**2, axis=-1) * (1.0 - silent)
        wanted = tf.concat([wanted, silent], axis=-1)
        entropy = tf.nn.softmax_cross_entropy_with_logits(wanted, logits)
        amplitudes = batch["harmonic_amplitudes"]
        numbers = tf.range(1.0, amplitudes.shape[-1] + 1.0)
        notes = {
            "amplitudes": amplitudes,
            "frequencies_hz": tf.maximum(f0_hz, self.lowest_hz) * numbers,
        }
        return {
            "pitch": tf.reduce_mean(entropy),
            "sinusoids": self.sinusoid_weight * self._kde(notes, _sinusoids(outputs)),
            "distance": self.distance_weight * self._distance(notes, _sinusoids(outputs)),
        }

    def _unlabelled(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        audio = found("audio", batch, "the columns of the batch")
        logits = found("pitch_logits", outputs, "the model's outputs")[..., :-1]
        n_pitches = logits.shape[-1]
        candidates = self.lowest_hz * 2.0 ** (tf.range(float(n_pitches)) / self.bins_per_octave)
        heard = {key: tf.stop_gradient(x) for key, x in _sinusoids(outputs).items()}
        error = dsp.two_way_mismatch(
            candidates, heard["frequencies_hz"], heard["amplitudes"], n_harmonics=_N_HARMONICS
        )
        loud = tf.cast(tf.reduce_max(heard["amplitudes"], -1) > 1e-3, tf.float32)
        expected = tf.reduce_sum(tf.nn.softmax(logits) * error, axis=-1)
        mismatch = tf.math.divide_no_nan(tf.reduce_sum(loud * expected), tf.reduce_sum(loud))
        return {
            "spectrum": self.spectrum_weight * self._spectral(audio, outputs["audio"]),
            "mismatch": self.mismatch_weight * mismatch,
        }

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            "lowest_hz": self.lowest_hz,
            "bins_per_octave": self.bins_per_octave,
            "sinusoid_weight": self.sinusoid_weight,
            "distance_weight": self.distance_weight,
            "spectrum_weight": self.spectrum_weight,
            "mismatch_weight": self.mismatch_weight,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "PitchConsistency":
        """Makes it again from `get_config`."""
        return cls(**config)


def _sinusoids(outputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {key: outputs[key] for key in ("frequencies_hz", "amplitudes")}
