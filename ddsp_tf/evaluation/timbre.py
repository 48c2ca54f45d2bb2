"""What a sound is like on the whole, and how far two are from each other."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from ddsp_tf.dsp.mel import mel_power
from ddsp_tf.evaluation.mel_metrics import cepstra_db
from ddsp_tf.types import FloatArray

_N_COEFFICIENTS = 12
_FFT_LENGTH, _HOP_LENGTH, _N_BANDS = 1024, 256, 40
_AUDIBLE_BELOW_LOUDEST_DB = 40.0
_RANGE_DB = 80.0
_LEAST = 1e-20


@dataclass(frozen=True, eq=False)
class Timbre:
    """Sums over the sounding frames of a sound: their mean and covariance are its timbre.

    A frame is described by mel-cepstral coefficients 1 to 12 of 40 bands in dB: the spectral
    envelope without the level, too coarse for single partials. Timbres add up to that of the
    sounds together.

    Attributes:
        n_frames: Frames within 40 dB of the loudest.
        total: Sum of their coefficients, `[12]`.
        products: Sum of their outer products, `[12, 12]`.
    """

    n_frames: int
    total: FloatArray
    products: FloatArray

    @classmethod
    def of(cls, audio: FloatArray, *, sample_rate: int) -> Self:
        """Describes a sound.

        Args:
            audio: `[n_samples]`.
            sample_rate: In Hz. Only timbres of the same rate can be compared.
        """
        power = mel_power(
            audio,
            sample_rate=sample_rate,
            fft_length=_FFT_LENGTH,
            hop_length=_HOP_LENGTH,
            n_bands=_N_BANDS,
        )
        level = power.sum(axis=-1)
        heard = level > level.max() * 10 ** (-_AUDIBLE_BELOW_LOUDEST_DB / 10)
        floor = max(_LEAST, power.max() * 10 ** (-_RANGE_DB / 10))
        log_power = np.log(np.maximum(power[heard], floor))
        cepstra = cepstra_db(log_power, n_coefficients=_N_COEFFICIENTS)
        return cls(len(cepstra), cepstra.sum(axis=0), cepstra.T @ cepstra)

    @classmethod
    def empty(cls) -> Self:
        """Describes no sound, to add others to."""
        n = _N_COEFFICIENTS
        return cls(0, np.zeros(n), np.zeros((n, n)))

    def __add__(self, other: "Timbre") -> "Timbre":
        return Timbre(
            self.n_frames + other.n_frames,
            self.total + other.total,
            self.products + other.products,
        )

    @property
    def mean(self) -> FloatArray:
        """Mean coefficients in dB, `[12]`."""
        return self.total / self.n_frames

    @property
    def covariance(self) -> FloatArray:
        """Their covariance in dB squared, `[12, 12]`."""
        return self.products / self.n_frames - np.outer(self.mean, self.mean)

    def distance_db(self, other: "Timbre") -> float:
        """Returns the Fréchet distance of the two distributions, taken as Gaussian, in dB.

        0 for the same distribution; a fixed filter counts with the root mean square of its gain
        in dB over the mel bands. Pitch and dynamics have some effect, so compare sounds that
        play alike, and see how far other recordings of the instrument itself are.

        Args:
            other: Of the instrument it should sound like.

        Returns:
            The distance, >= 0; NaN where one holds no more frames than coefficients.

        Example:
            >>> rng = np.random.default_rng(0)
            >>> timbre = Timbre.of(rng.normal(size=32000), sample_rate=16000)
            >>> round(timbre.distance_db(timbre), 3)
            0.0

        Reference:
            Dowson and Landau (1982), "The Fréchet distance between multivariate normal
            distributions", equation 4.
        """
        if min(self.n_frames, other.n_frames) <= _N_COEFFICIENTS:
            return float("nan")
        first, second = self.covariance, other.covariance
        root = _square_root(first)
        cross = np.trace(_square_root(root @ second @ root))
        square = np.sum(np.square(self.mean - other.mean))
        square += np.trace(first) + np.trace(second) - 2.0 * cross
        return float(np.sqrt(max(0.0, square)))


def _square_root(matrix: FloatArray) -> FloatArray:
    """Of a symmetric matrix without negative eigenvalues, but for rounding."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
