"""The mu-law: sound as one of 256 codes, finer where it is quiet."""

import math

import tensorflow as tf

from ddsp_tf.dsp.shapes import floats

N_CODES = 256
SILENCE = 128
"""The code of 0."""
_MU = 255.0
_PER_CODE = math.log(256.0) / 128.0


def mu_law(audio: tf.Tensor) -> tf.Tensor:
    """Gives sound as codes that need not be whole: 128 + 128 sign(x) ln(1 + 255 |x|) / ln 256.

    Args:
        audio: Of any shape, full scale -1 to 1. What is beyond gets the last code.

    Returns:
        Codes from 0 to 255, of the same shape and precision; `mu_law_codes` rounds them. The
        gradient is that of the formula, and 0 beyond full scale.

    Example:
        >>> mu_law(tf.constant([0.0, 0.1, -1.0])).numpy().round(2).tolist() == [
        ...     np.float32(x).item() for x in (128.0, 203.65, 0.0)]
        True

    Reference:
        ITU-T recommendation G.711; Valin and Skoglund 2019, "LPCNet: Improving neural speech
        synthesis through linear prediction", section 3.1, for its form.
    """
    (audio,) = floats(audio=audio)
    codes = SILENCE + tf.sign(audio) * tf.math.log1p(_MU * tf.abs(audio)) / _PER_CODE
    return tf.clip_by_value(codes, 0.0, N_CODES - 1.0)


def mu_law_codes(audio: tf.Tensor) -> tf.Tensor:
    """Gives sound as whole codes.

    Args:
        audio: As for `mu_law`.

    Returns:
        int32, 0 to 255, of the same shape.

    Example:
        >>> mu_law_codes(tf.constant([0.0, 100.0, 32767.0, -32768.0]) / 32768.0).numpy().tolist()
        [128, 141, 255, 0]
    """
    return tf.cast(tf.round(mu_law(audio)), tf.int32)


def mu_law_inverse(codes: tf.Tensor) -> tf.Tensor:
    """Gives the sound of codes.

    Args:
        codes: Whole or not, 0 to 255, of any shape.

    Returns:
        Full scale -1 to 1, of the same shape; float32 for whole codes.

    Example:
        >>> mu_law_inverse(tf.constant([128, 0])).numpy().tolist()
        [0.0, -1.0]
    """
    codes = tf.convert_to_tensor(codes)
    values = codes if codes.dtype.is_floating else tf.cast(codes, tf.float32)
    distance = values - float(SILENCE)
    size = tf.math.expm1(_PER_CODE * tf.abs(distance)) / _MU
    return tf.sign(distance) * size
