"""Where notes begin, and how suddenly."""

import numpy as np

from ddsp_tf.dsp.mel import mel_power
from ddsp_tf.evaluation.metrics import check_equally_long
from ddsp_tf.types import FloatArray

_WINDOW_S = 0.016
_HOP_S = 0.004
_RISE_S = 0.012
_NEAR_S = 0.05
_AROUND_S = 0.1
_N_BANDS = 20
_LEAST_RISE = 0.2
_AUDIBLE_BELOW_LOUDEST_DB = 40.0


def onset_sharpness(target: FloatArray, audio: FloatArray, *, sample_rate: int) -> float:
    """Returns how sharp the onsets of an imitation are against those of the recording.

    The rise at a moment is how much amplitude appears within 12 ms, summed over 20 mel bands that
    grow, divided by the largest amplitude within 100 ms: 1 for a click, 0 for a steady sound. The
    onsets are where the recording rises by a fifth or more, and most within 50 ms; at each,
    the steepest rise within 50 ms counts, so that a small delay is no fault.

    Args:
        target: The recording, `[n_samples]`.
        audio: The imitation, `[n_samples]`.
        sample_rate: Of both, in Hz.

    Returns:
        The mean rise of the imitation divided by that of the recording: 1 is as sharp, below is
        smeared, above is exaggerated. NaN if the recording has no onset.

    Raises:
        ArgumentError: The lengths differ or are 0.

    Example:
        >>> click = np.zeros(16000)
        >>> click[8000] = 1.0
        >>> smeared = np.convolve(click, np.hanning(1600), mode="same")
        >>> onset_sharpness(click, smeared, sample_rate=16000) < 0.5
        True
    """
    check_equally_long(target, audio)
    onsets = find_onsets(target, sample_rate=sample_rate)
    if not len(onsets):
        return float("nan")
    frames = np.round(onsets / _HOP_S).astype(int)
    near = round(_NEAR_S / _HOP_S)
    of_target, of_audio = (
        float(np.mean(_running_maximum(_rises(x, sample_rate)[0], near)[frames]))
        for x in (target, audio)
    )
    return of_audio / of_target


def find_onsets(audio: FloatArray, *, sample_rate: int) -> FloatArray:
    """Finds where notes begin: times in seconds, at least 50 ms apart.

    Args:
        audio: `[n_samples]`.
        sample_rate: In Hz.

    Returns:
        `[n_onsets]`, increasing, each at the begin of the steepest 12 ms.

    Raises:
        ArgumentError: `audio` is empty or not one-dimensional.

    Example:
        >>> click = np.zeros(16000)
        >>> click[8000] = 1.0
        >>> find_onsets(click, sample_rate=16000).round(2)
        array([0.49])
    """
    rises, amplitude = _rises(audio, sample_rate)
    audible = amplitude > amplitude.max() * 10 ** (-_AUDIBLE_BELOW_LOUDEST_DB / 20)
    peak = rises >= _running_maximum(rises, round(_NEAR_S / _HOP_S))
    frames = np.flatnonzero(peak & audible & (rises >= _LEAST_RISE))
    # Equal neighbours are one onset.
    first = np.diff(frames, prepend=-(10**9)) > round(_NEAR_S / _HOP_S)
    return frames[first] * _HOP_S


def _rises(audio: FloatArray, sample_rate: int) -> tuple[FloatArray, FloatArray]:
    """The rise after each frame, and the largest amplitude around it, both `[n_frames]`."""
    fft_length = 2 ** round(np.log2(_WINDOW_S * sample_rate))
    hop_length = round(_HOP_S * sample_rate)
    bands = np.sqrt(
        mel_power(
            audio,
            sample_rate=sample_rate,
            fft_length=fft_length,
            hop_length=hop_length,
            n_bands=_N_BANDS,
        )
    )
    ahead = round(_RISE_S / _HOP_S)
    later = np.concatenate([bands[ahead:], np.repeat(bands[-1:], min(ahead, len(bands)), axis=0)])
    grown = np.maximum(0.0, later[: len(bands)] - bands).sum(axis=-1)
    around = _running_maximum(bands.sum(axis=-1), round(_AROUND_S / _HOP_S))
    return grown / np.maximum(around, 1e-9), around


def _running_maximum(values: FloatArray, reach: int) -> FloatArray:
    """The largest value within `reach` frames to either side."""
    padded = np.pad(values, reach, constant_values=-np.inf)
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=-1)
