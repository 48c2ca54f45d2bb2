"""Frame arithmetic: who stands where, and that nothing is lost."""

import dsp_oracles
import numpy as np
import pytest
import tensorflow as tf
from contracts import check_modes_agree
from hypothesis import given, settings
from hypothesis import strategies as st

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError


@given(st.integers(1, 10**12), st.integers(1, 10**5))
def test_frames_cover_the_samples_and_no_more(n_samples: int, hop_length: int) -> None:
    count = dsp.n_frames(n_samples, hop_length)
    assert count * hop_length >= n_samples > (count - 1) * hop_length
    if n_samples < 2**31:
        assert int(dsp.n_frames(tf.constant(n_samples), hop_length)) == count


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 33), st.integers(1, 20))
def test_frames_are_centred_on_their_samples(
    n_samples: int, frame_length: int, hop_length: int
) -> None:
    audio = np.arange(1.0, n_samples + 1, dtype=np.float32)
    frames = dsp.frame(audio[np.newaxis], frame_length, hop_length).numpy()[0]
    expected = dsp_oracles.centred_frames(audio, frame_length, hop_length)
    np.testing.assert_array_equal(frames, expected)
    np.testing.assert_array_equal(frames[:, frame_length // 2], audio[::hop_length])


@pytest.mark.parametrize(("frame_length", "hop_length"), [(8, 3), (5, 8), (16, 4)])
def test_framing_in_every_mode(frame_length: int, hop_length: int) -> None:
    rng = np.random.default_rng(1)
    check_modes_agree(
        lambda audio: dsp.frame(audio, frame_length, hop_length),
        {"audio": rng.normal(size=[2, 31]).astype(np.float32)},
        {"audio": rng.normal(size=[1, 24]).astype(np.float32)},
        tolerance=0.0,
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 9))
def test_overlap_add_sums_shifted_segments(n_segments: int, n_parts: int, hop_length: int) -> None:
    rng = np.random.default_rng(n_segments)
    segments = rng.normal(size=[n_segments, n_parts * hop_length]).astype(np.float32)
    expected = np.zeros((n_segments - 1 + n_parts) * hop_length)
    for i, segment in enumerate(segments):
        expected[i * hop_length : (i + n_parts) * hop_length] += segment
    added = dsp.overlap_add(segments[np.newaxis], hop_length).numpy()[0]
    np.testing.assert_allclose(added, expected, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 200), st.integers(1, 16))
def test_hann_frames_overlap_add_to_the_audio(n_samples: int, hop_length: int) -> None:
    audio = np.random.default_rng(n_samples).normal(size=[1, n_samples]).astype(np.float32)
    # One hop of silence on each side gives every sample its two windows.
    padded = np.pad(audio, [[0, 0], [0, 2 * hop_length]])
    frames = dsp.frame(padded, 2 * hop_length, hop_length) * dsp.hann_window(2 * hop_length)
    added = dsp.overlap_add(frames, hop_length)[:, hop_length : hop_length + n_samples]
    np.testing.assert_allclose(added, audio, atol=1e-5)


@given(st.integers(1, 300), st.integers(1, 64))
def test_padding_reaches_whole_hops(n_samples: int, hop_length: int) -> None:
    padded = dsp.pad_to_frames(tf.ones([2, n_samples]), hop_length).numpy()
    assert padded.shape[1] == dsp.n_frames(n_samples, hop_length) * hop_length
    assert np.all(padded[:, :n_samples] == 1)
    assert np.all(padded[:, n_samples:] == 0)


@pytest.mark.parametrize("hop_length", [0, -4, 1.5, True, "64"])
def test_refuses_a_hop_that_is_no_positive_integer(hop_length: object) -> None:
    message = r"`hop_length` should be a positive integer, the samples per frame\. Received "
    with pytest.raises(ArgumentError, match=message):
        dsp.frame(tf.ones([1, 8]), 4, hop_length)


def test_refuses_an_empty_frame() -> None:
    with pytest.raises(ArgumentError, match="`frame_length` should be a positive integer"):
        dsp.frame(tf.ones([1, 8]), 0, 4)


def test_refuses_segments_that_are_no_whole_hops() -> None:
    with pytest.raises(ArgumentError, match="Received a length of 7 and hop_length=3"):
        dsp.overlap_add(tf.ones([1, 2, 7]), 3)


def test_hop_length_of_a_frame_rate() -> None:
    assert dsp.hop_length_for(48000, 250) == 192
    with pytest.raises(ArgumentError, match=r"sample_rate=44100, frame_rate=251\. .* 252"):
        dsp.hop_length_for(44100, 251)
