"""Onsets against notes that are known to the sample."""

import numpy as np

from ddsp_tf.midi import refine_onsets

RATE, FRAME_RATE = 16000, 250.0


def tone(
    hz: float, start_s: float, end_s: float, *, attack_s: float, release_s: float
) -> np.ndarray:
    """A note of five partials that speaks and dies away on straight lines, 2 s in all."""
    time_s = np.arange(2 * RATE) / RATE
    shape = np.clip((time_s - start_s) / attack_s, 0, 1) * np.clip(
        1 - (time_s - end_s) / release_s, 0, 1
    )
    partials = sum(np.sin(2 * np.pi * k * hz * time_s) / k for k in range(1, 6))
    return 0.2 * shape * partials


def test_a_note_that_speaks_while_another_rings() -> None:
    audio = tone(440, 0.2, 1.0, attack_s=0.06, release_s=0.12)
    audio += tone(523.25, 1.0, 1.8, attack_s=0.06, release_s=0.12)
    # A tracker follows the first one until the second is louder.
    late = np.array([[0.25, 1.06, 69, 0.7, 0], [1.06, 1.85, 72, 0.8, 0]])
    f0_hz = np.where(np.arange(500) < 1.06 * FRAME_RATE, 440.0, 523.25)
    found = refine_onsets(late, audio, f0_hz, sample_rate=RATE, frame_rate=FRAME_RATE)
    np.testing.assert_allclose(found[:, 0], [0.2, 1.0], atol=0.02)
    np.testing.assert_array_equal(found[:, 2:], late[:, 2:])
    assert found[0, 1] == found[1, 0]
    assert found[1, 1] == late[1, 1]


def test_what_does_not_rise_stays() -> None:
    audio = tone(440, 0.2, 1.8, attack_s=0.01, release_s=0.1)
    # The second is a slip of the pitch within one sound, the third a frame after the second.
    notes = np.array([[0.2, 1.0, 69, 0.7, 0], [1.0, 1.01, 69, 0.7, 0], [1.01, 1.8, 69, 0.7, 0]])
    f0_hz = np.full(500, 440.0)
    found = refine_onsets(notes, audio, f0_hz, sample_rate=RATE, frame_rate=FRAME_RATE)
    np.testing.assert_allclose(found[:, 0], notes[:, 0], atol=0.012)
    assert (found[:, 0] <= notes[:, 0]).all()
    assert not len(refine_onsets(np.zeros([0, 5]), audio, f0_hz, sample_rate=RATE, frame_rate=250))
