"""Envelopes: exact at the frames, and what the windows amount to in between."""

import dsp_oracles
import numpy as np
import pytest
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

METHODS = {"linear": dsp_oracles.interpolate, "window": dsp_oracles.hann_overlap_add}
HOPS = [1, 2, 7, 64, 160]


@pytest.mark.parametrize("hop_length", HOPS)
@pytest.mark.parametrize("method", METHODS)
def test_equals_its_oracle(method: str, hop_length: int) -> None:
    frames = np.random.default_rng(2).normal(size=[2, 13, 3]).astype(np.float32)
    samples = dsp.resample_envelope(frames, hop_length=hop_length, method=method).numpy()
    for row in range(2):
        for column in range(3):
            expected = METHODS[method](frames[row, :, column].astype(np.float64), hop_length)
            np.testing.assert_allclose(samples[row, :, column], expected, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_frames_are_met_exactly_at_their_samples(method: str) -> None:
    frames = np.random.default_rng(3).normal(size=[1, 50, 2]).astype(np.float32)
    samples = dsp.resample_envelope(frames, hop_length=48, method=method).numpy()
    np.testing.assert_array_equal(samples[:, ::48], frames)


@pytest.mark.parametrize("method", METHODS)
def test_never_leaves_the_range_of_its_neighbours(method: str) -> None:
    frames = tf.constant([[[0.0], [1.0], [1.0], [0.0], [0.0]]])
    samples = dsp.resample_envelope(frames, hop_length=16, method=method).numpy()[0, :, 0]
    assert np.all(np.diff(samples[:17]) > 0)
    np.testing.assert_array_equal(samples[16:33], 1.0)
    np.testing.assert_array_equal(samples[48:], 0.0)


@pytest.mark.parametrize("method", METHODS)
def test_every_mode(method: str) -> None:
    rng = np.random.default_rng(4)
    check_modes_agree(
        lambda frames: dsp.resample_envelope(frames, hop_length=5, method=method),
        {"frames": rng.normal(size=[2, 7, 3]).astype(np.float32)},
        {"frames": rng.normal(size=[1, 4, 3]).astype(np.float32)},
        tolerance=1e-6,
    )


@pytest.mark.parametrize("ratio", [0.5, 1.0, 0.64, 2.0])
def test_frame_rates_convert_linearly_from_a_common_start(ratio: float) -> None:
    frames = np.random.default_rng(5).normal(size=[1, 20, 2]).astype(np.float32)
    converted = dsp.resample_frames(frames, 40, ratio=ratio).numpy()
    for column in range(2):
        expected = np.interp(np.arange(40) * ratio, np.arange(20), frames[0, :, column])
        np.testing.assert_allclose(converted[0, :, column], expected, atol=1e-5)


def test_refuses_an_unknown_method() -> None:
    with pytest.raises(ArgumentError, match=r'`method` should be "linear" or "window".*spline'):
        dsp.resample_envelope(tf.ones([1, 2, 1]), hop_length=4, method="spline")


def test_nearest_takes_the_following_frame_from_the_middle_on() -> None:
    frames = tf.constant([[[0.0], [1.0], [5.0]]])
    samples = dsp.resample_envelope(frames, hop_length=4, method="nearest").numpy()[0, :, 0]
    np.testing.assert_array_equal(samples, [0, 0, 1, 1, 1, 1, 5, 5, 5, 5, 5, 5])


def test_cubic_is_a_parabola_of_a_parabola_and_meets_its_frames() -> None:
    place = np.arange(12.0)
    frames = tf.constant((0.3 * place**2 - 2.0 * place + 1.0)[np.newaxis, :, np.newaxis])
    samples = dsp.resample_envelope(frames, hop_length=8, method="cubic").numpy()[0, :, 0]
    between = np.arange(12 * 8) / 8.0
    inside = (between >= 1.0) & (between <= 10.0)
    expected = 0.3 * between**2 - 2.0 * between + 1.0
    np.testing.assert_allclose(samples[inside], expected[inside], atol=1e-12)
    np.testing.assert_array_equal(samples[::8], frames[0, :, 0])
    np.testing.assert_array_equal(samples[-8:], frames[0, -1, 0])
    fewer = dsp.resample_frames(frames, 6, ratio=2.0, method="cubic")
    np.testing.assert_allclose(fewer[0, :, 0], frames[0, ::2, 0])


@pytest.mark.parametrize("method", ["nearest", "cubic"])
def test_every_mode_of_the_others(method: str) -> None:
    rng = np.random.default_rng(6)
    check_modes_agree(
        lambda frames: dsp.resample_envelope(frames, hop_length=5, method=method),
        {"frames": rng.normal(size=[2, 7, 3]).astype(np.float32)},
        {"frames": rng.normal(size=[1, 4, 3]).astype(np.float32)},
        tolerance=1e-5,
    )
