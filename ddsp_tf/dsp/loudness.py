"""How loud a frame is: A-weighted loudness and plain power, in dB."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.framing import frame, over_frames
from ddsp_tf.dsp.shapes import require_positive_integer
from ddsp_tf.dsp.spectral import hann_window, over_powers
from ddsp_tf.dsp.units import power_to_db
from ddsp_tf.errors import ArgumentError

LoudnessMode = Literal["normalized", "magenta"]


def a_weighting_db(f_hz: np.ndarray) -> np.ndarray:
    """Gives the A-weighting in dB at frequencies in Hz: 0 dB at 1 kHz, -80 dB at the least.

    Reference:
        IEC 61672-1:2013, annex E.
    """
    square = np.square(np.asarray(f_hz, np.float64))

    def response(square: Any) -> Any:
        return (12194.217**2 * square**2) / (
            (square + 20.598997**2)
            * np.sqrt((square + 107.65265**2) * (square + 737.86223**2))
            * (square + 12194.217**2)
        )

    gain = response(square) / response(np.float64(1000.0**2))
    return 20.0 * np.log10(np.maximum(gain, 1e-4))


def a_weighted_loudness_db(
    audio: tf.Tensor,
    *,
    sample_rate: int,
    hop_length: int,
    fft_length: int = 512,
    mode: LoudnessMode = "normalized",
) -> tf.Tensor:
    """Measures A-weighted loudness in frames centred on their samples i * hop_length.

    In mode "normalized" it is 10 log10 of the A-weighted mean square under a Hann window, which is
    the sum over both halves of the spectrum of A(f)^2 |X(f)|^2 / (fft_length * sum(window^2)). A
    full-scale sine at 1 kHz has -3.01 dB, whatever the FFT size.
    In mode "magenta" it is as in the predecessor: the mean over bins of A(f)^2 |X(f)|^2, not
    normalised, so that it grows by 6 dB for a tone when the FFT size doubles twice.

    Args:
        audio: `[batch, n_samples]`.
        sample_rate: In Hz.
        hop_length: Samples between frames.
        fft_length: Samples in a frame. Loudness depends on it by less than 0.2 dB for tones from
            about 200 Hz up; below, A-weighting is steep within one bin of 512.
        mode: "normalized" or "magenta".

    Returns:
        dB, `[batch, ceil(n_samples / hop_length)]`, at least -80.

    Raises:
        ArgumentError: Unknown mode, a length or rate that isn't a positive integer, or audio that
            isn't `[batch, n_samples]`.

    Reference:
        Hantrakul et al. 2019, "Fast and flexible neural audio synthesis", for the feature.
    """
    weights = a_weighted_power_weights(sample_rate=sample_rate, fft_length=fft_length, mode=mode)
    return over_powers(
        lambda power: power_to_db(tf.linalg.matvec(power, tf.constant(weights, power.dtype))),
        audio,
        fft_length=fft_length,
        hop_length=hop_length,
    )


def a_weighted_power_weights(*, sample_rate: int, fft_length: int, mode: str) -> np.ndarray:
    """Gives what the power of each bin under a Hann window counts in the A-weighted loudness.

    Args:
        sample_rate: In Hz.
        fft_length: Samples in a frame.
        mode: "normalized" or "magenta", as for `a_weighted_loudness_db`.

    Returns:
        float64 `[fft_length // 2 + 1]`.

    Raises:
        ArgumentError: Unknown mode, a length or rate that isn't a positive integer.
    """
    require_positive_integer("sample_rate", sample_rate)
    require_positive_integer("fft_length", fft_length)
    f_hz = np.arange(fft_length // 2 + 1) * sample_rate / fft_length
    weights = 10.0 ** (a_weighting_db(f_hz) / 10.0)
    if mode == "normalized":
        # Every bin but 0 and Nyquist (which odd lengths don't have) stands for two.
        weights[1 : (fft_length + 1) // 2] *= 2.0
        weights /= fft_length * np.sum(np.square(hann_window(fft_length), dtype=np.float64))
    elif mode == "magenta":
        weights /= len(weights)
    else:
        raise ArgumentError(f'`mode` should be "normalized" or "magenta". Received {mode!r}.')
    return weights


def rms_power_db(audio: tf.Tensor, *, hop_length: int, frame_length: int = 1024) -> tf.Tensor:
    """Measures the mean square of centred frames in dB: 0 dB for a full-scale square wave.

    Args:
        audio: `[batch, n_samples]`.
        hop_length: Samples between frames.
        frame_length: Samples in a frame. Beyond the ends there are zeros.

    Returns:
        dB, `[batch, ceil(n_samples / hop_length)]`, at least -80.

    Raises:
        ArgumentError: A length that isn't a positive integer, or audio that isn't
            `[batch, n_samples]`.

    Reference:
        The level that DDSP-VST feeds its models (frames of 1024 at 16 kHz).
    """
    return over_frames(
        lambda frames: power_to_db(tf.reduce_mean(tf.square(frames), axis=-1)),
        audio,
        frame_length=frame_length,
        hop_length=hop_length,
    )


def loudness_range_db(audio: tf.Tensor, *, sample_rate: int) -> tf.Tensor:
    """Measures how far apart soft and loud parts are, in dB.

    The difference between the 10th and the 95th percentile of the levels of 400 ms, one every
    100 ms. What is 20 dB softer than the mean power doesn't count. Levels aren't weighted by
    frequency, unlike in the standard.

    Args:
        audio: `[batch, n_samples]`, of at least 400 ms.
        sample_rate: In Hz.

    Returns:
        `[batch]`, at least 0.

    Example:
        >>> tone = tf.sin(0.2 * tf.range(48000.0))
        >>> loud_and_soft = tf.concat([tone, 0.25 * tone], axis=0)[tf.newaxis]
        >>> round(float(loudness_range_db(loud_and_soft, sample_rate=16000)[0]))
        12

    Reference:
        EBU Tech 3342 (2016), "Loudness range".
    """
    hop_length = max(1, round(0.1 * sample_rate))
    frames = frame(audio, 4 * hop_length, hop_length)
    # Those that reach over the ends would be taken for soft parts; of a short sound there are only
    # such.
    last = tf.shape(audio)[1] // hop_length - 1
    ends = tf.where(last > 2, [2, last], [0, tf.shape(frames)[1]])
    power = tf.reduce_mean(tf.square(frames[:, ends[0] : ends[1]]), axis=2)
    levels = power_to_db(power + 1e-12)
    gate = power_to_db(tf.reduce_mean(power, axis=1, keepdims=True) + 1e-12) - 20.0
    low, high = tf.unstack(quantiles_where(levels, levels >= gate, (0.1, 0.95)), axis=1)
    return high - low


def quantiles_where(
    values: tf.Tensor, mask: tf.Tensor, shares: Sequence[float] | np.ndarray
) -> tf.Tensor:
    """Gives quantiles of some of the values of each row, linear between neighbours.

    Args:
        values: `[batch, n]`, below 1e4.
        mask: `[batch, n]`, boolean; at least one of each row.
        shares: 0 for the least to 1 for the greatest.

    Returns:
        `[batch, n_shares]`.

    Example:
        >>> values = tf.constant([[3.0, 1.0, 100.0, 2.0]])
        >>> quantiles_where(values, values < 50.0, [0.0, 0.75]).numpy().tolist()
        [[1.0, 2.5]]
    """
    # What doesn't count goes to the end, so that the first `count` do.
    ordered = tf.sort(tf.where(mask, values, values + 1e5), axis=1)
    count = tf.reduce_sum(tf.cast(mask, values.dtype), axis=1, keepdims=True)
    places = np.asarray(shares, values.dtype.as_numpy_dtype) * (count - 1.0)
    below = tf.floor(places)
    first, last = tf.cast(below, tf.int32), tf.cast(count, tf.int32) - 1
    low, high = (
        tf.gather(ordered, tf.minimum(index, last), axis=1, batch_dims=1)
        for index in (first, first + 1)
    )
    return low + (places - below) * (high - low)
