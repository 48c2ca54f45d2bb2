"""Loudness as the settings define it, in the graph and for recordings of any length."""

from functools import lru_cache

import tensorflow as tf

from ddsp_tf.dsp.loudness import a_weighted_loudness_db, rms_power_db
from ddsp_tf.features.blocks import measure_in_blocks
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array


def measure_loudness_db(audio: tf.Tensor, settings: FeatureSettings) -> tf.Tensor:
    """Measures loudness by the definition that `settings.loudness` names.

    Args:
        audio: At `settings.sample_rate`, `[batch, n_samples]`.
        settings: Rates and definition.

    Returns:
        dB, `[batch, ceil(n_samples / hop_length)]`, at least -80; frames are centred.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> measure_loudness_db(tf.zeros([1, 16000]), FeatureSettings()).shape
        TensorShape([1, 250])
    """
    if settings.loudness == "rms":
        return rms_power_db(
            audio, hop_length=settings.hop_length, frame_length=settings.loudness_fft_length
        )
    return a_weighted_loudness_db(
        audio,
        sample_rate=settings.sample_rate,
        hop_length=settings.hop_length,
        fft_length=settings.loudness_fft_length,
        mode="magenta" if settings.loudness == "magenta" else "normalized",
    )


def extract_loudness_db(audio: Float32Array, settings: FeatureSettings) -> Float32Array:
    """Measures the loudness of a recording of any length in bounded memory.

    Blocks are measured with enough context that the result is that of the whole.

    Args:
        audio: At `settings.sample_rate`, `[n_samples]`.
        settings: Rates and definition.

    Returns:
        dB, `[ceil(n_samples / hop_length)]`, at least -80.
    """
    window = settings.loudness_fft_length
    return measure_in_blocks(_measure_function(settings), audio, settings, window=window)


@lru_cache(maxsize=4)
def _measure_function(settings: FeatureSettings) -> tf.types.experimental.PolymorphicFunction:
    return tf.function(
        lambda audio: measure_loudness_db(audio, settings),
        input_signature=[tf.TensorSpec([1, None], tf.float32)],
        autograph=False,
    )
