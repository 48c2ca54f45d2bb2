"""A long response in short blocks is the response at once."""

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError


def _play(audio: np.ndarray, spectra: np.ndarray, blocks: list[int]) -> np.ndarray:
    length = spectra.shape[1] - 1
    history = dsp.initial_partition_history(len(audio), spectra)
    played, start = [], 0
    for n_blocks in blocks:
        stop = start + n_blocks * length
        sound, history = dsp.convolve_partitioned(
            tf.constant(audio[:, start:stop]), spectra, history
        )
        played.append(sound)
        start = stop
    return np.concatenate(played, axis=1)


@pytest.mark.parametrize(
    ("n_taps", "length"), [(1, 4), (4, 4), (5, 4), (130, 16), (3, 16), (7, 1), (48, 16)]
)
def test_blocks_of_any_number_are_the_whole(n_taps: int, length: int) -> None:
    rng = np.random.default_rng(n_taps)
    audio = rng.normal(size=[2, 20 * length]).astype(np.float32)
    response = rng.normal(size=n_taps)
    spectra = dsp.partition_spectra(response, length)
    assert spectra.shape == (-(-n_taps // length), length + 1)
    played = _play(audio, spectra, [1, 7, 3, 1, 8])
    expected = [scipy.signal.convolve(row, response)[: audio.shape[1]] for row in audio]
    error = np.max(np.abs(played - expected)) / np.max(np.abs(expected))
    assert error < 1e-5


def test_three_seconds_of_room_agree_with_the_one_shot_fft() -> None:
    rng = np.random.default_rng(5)
    response = rng.normal(size=48000) * np.exp(-np.arange(48000) / 8000)
    audio = rng.uniform(-1, 1, [1, 64 * 800]).astype(np.float32)
    played = _play(audio, dsp.partition_spectra(response, 64), [16] * 50)
    expected = dsp.fft_convolve(tf.constant(audio), tf.constant(response, tf.float32))
    error = np.max(np.abs(played - expected[:, : audio.shape[1]])) / np.max(np.abs(expected))
    assert error < 1e-5


def test_refuses_what_it_can_not_cut() -> None:
    with pytest.raises(ArgumentError, match=r"`impulse_response` must be \[n_taps\]; got shape"):
        dsp.partition_spectra(np.zeros([2, 3]), 4)
    with pytest.raises(ArgumentError, match="`partition_length` must be at least 1; got 0"):
        dsp.partition_spectra(np.zeros(3), 0)
    spectra = dsp.partition_spectra(np.zeros(9), 4)
    history = dsp.initial_partition_history(1, spectra)
    with pytest.raises(ArgumentError, match=r"a static multiple of 4 samples\. Received 6"):
        dsp.convolve_partitioned(tf.zeros([1, 6]), spectra, history)
