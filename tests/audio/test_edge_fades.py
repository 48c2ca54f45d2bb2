"""A sound that starts and stops in mid-wave does neither with a click."""

import numpy as np
import pytest
from inference_toys import RATE, following_instrument

from ddsp_tf.audio.edge_fades import fade_block, fade_edges
from ddsp_tf.inference import TimbreTransfer


@pytest.mark.parametrize("n_blocks", [1, 2, 7, 900])
def test_blocks_are_faded_as_the_whole_is(n_blocks: int) -> None:
    blocks = np.array_split(np.ones(1100, np.float32), n_blocks)
    faded = np.concatenate(list(fade_edges(blocks, n_samples=1000, sample_rate=RATE)))
    assert faded.dtype == np.float32
    assert faded.shape == (1000,)
    assert faded[0] == faded[-1] == 0.0
    assert (np.diff(faded[:49]) > 0).all()
    assert (np.diff(faded[-161:]) < 0).all()
    np.testing.assert_array_equal(faded[48:-161], 1.0)


def test_a_sound_whose_end_is_still_to_come_is_faded_as_if_it_were_known() -> None:
    whole = next(fade_edges([np.ones(1000)], n_samples=1000, sample_rate=RATE))
    blocks = [
        fade_block(np.ones(30), start=-10, n_samples=None, sample_rate=RATE),
        fade_block(np.ones(600), start=20, n_samples=None, sample_rate=RATE),
        fade_block(np.ones(380), start=620, n_samples=1000, sample_rate=RATE),
    ]
    np.testing.assert_array_equal(blocks[0][:10], 0.0)
    np.testing.assert_array_equal(np.concatenate(blocks)[10:], whole)


@pytest.mark.parametrize("n_samples", [2, 3, 100])
def test_a_sound_of_a_few_samples_is_faded_too(n_samples: int) -> None:
    faded = np.concatenate(list(fade_edges([np.ones(200)], n_samples=n_samples, sample_rate=RATE)))
    assert faded.shape == (n_samples,)
    assert faded[0] == faded[-1] == 0.0


def test_a_transfer_begins_and_ends_at_zero() -> None:
    wave = np.sin(2 * np.pi * 440 / RATE * np.arange(RATE) + 1.0) * 0.3
    play = TimbreTransfer(following_instrument(), octave=0)
    audio = play(wave.astype(np.float32)[: RATE - 17], RATE).audio
    assert len(audio) == RATE - 17
    assert audio[0] == audio[-1] == 0.0
    assert np.abs(audio[100:-200]).max() > 0.05
