"""Mel-frequency cepstral coefficients."""

from functools import lru_cache

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.features.blocks import measure_in_blocks
from ddsp_tf.features.column import Column
from ddsp_tf.features.extractors.analysis_window import window_length
from ddsp_tf.features.extractors.extractor import Extractor
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array, Progress, Signal

N_COEFFICIENTS = 30


class Mfcc(Extractor):
    """`mfcc`: 30 coefficients of 64 ms, those of `dsp.mfcc`, which also models compute.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> Mfcc().extract(np.zeros(640, np.float32), FeatureSettings())["mfcc"].shape
        (10, 30)

    Reference:
        Engel et al. (2020), section B.1.2, where they are the input of the encoder of timbre.
    """

    columns = ("mfcc",)

    def describe(self, settings: FeatureSettings) -> dict[str, Column]:
        """30 numbers a frame. What follows a sound has those of its last frame."""
        return {"mfcc": Column("mfcc", Signal("frames", N_COEFFICIENTS), settings.hop_length)}

    def extract(
        self, audio: Float32Array, settings: FeatureSettings, *, progress: Progress | None = None
    ) -> dict[str, Float32Array]:
        """Measures them."""
        values = measure_in_blocks(
            _measure_function(settings.sample_rate, settings.hop_length, window_length(settings)),
            audio,
            settings,
            window=window_length(settings),
        )
        return {"mfcc": np.asarray(values, np.float32)}


@lru_cache(maxsize=4)
def _measure_function(
    sample_rate: int, hop_length: int, fft_length: int
) -> tf.types.experimental.PolymorphicFunction:
    return tf.function(
        lambda audio: dsp.mfcc(
            audio,
            sample_rate=sample_rate,
            fft_length=fft_length,
            hop_length=hop_length,
            n_coefficients=N_COEFFICIENTS,
        ),
        input_signature=[tf.TensorSpec([1, None], tf.float32)],
        autograph=False,
    )
