"""Reading a track at frame positions, and filling unvoiced stretches."""

import numpy as np
import tensorflow as tf

from ddsp_tf.features import fill_unvoiced, interpolate_track


def read(f0_hz, *, sample_rate=16000, hop_length=64, n_frames=10):
    f0_hz = tf.constant([f0_hz], tf.float32)
    f0_hz, confidence = interpolate_track(
        f0_hz,
        tf.cast(tf.range(f0_hz.shape[1])[None], tf.float32) / 10,
        track_rate=100,
        sample_rate=sample_rate,
        hop_length=hop_length,
        n_frames=n_frames,
    )
    return f0_hz[0].numpy(), confidence[0].numpy()


def test_pitch_is_linear_between_frames_and_held_at_the_end():
    f0_hz, confidence = read([440.0, 440 * 2 ** (50 / 1200), 440 * 2 ** (100 / 1200)])
    expected = np.minimum(np.arange(10) * 0.4, 2.0)
    np.testing.assert_allclose(1200 * np.log2(f0_hz / 440), expected * 50, atol=0.01)
    np.testing.assert_allclose(confidence, expected / 10, atol=1e-6)


def test_a_leap_stays_a_leap():
    f0_hz, _ = read([220.0, 220.0, 440.0, 440.0])
    np.testing.assert_allclose(f0_hz[:4], 220, rtol=1e-5)
    np.testing.assert_allclose(f0_hz[4:], 440, rtol=1e-5)


def test_positions_do_not_drift_at_uneven_rates():
    pitch = 440 * 2 ** (np.arange(400000) % 50 / 1200)
    f0_hz, _ = read(pitch, sample_rate=44100, hop_length=441, n_frames=400000)
    np.testing.assert_allclose(f0_hz, pitch, rtol=1e-5)


def test_unvoiced_frames_take_the_nearest_note():
    # Two notes, whose outer frames are blurred; a lone confident frame between them.
    f0_hz = [9, 9, 1, 2, 2, 2, 1, 9, 9, 9, 9, 7, 9, 9, 9, 3, 4, 4, 4, 3, 9]
    confident = [0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0]
    expected = [2, 2, 1, 2, 2, 2, 1, 2, 2, 2, 2, 4, 4, 4, 4, 3, 4, 4, 4, 3, 4]
    filled = fill_unvoiced(
        tf.constant([f0_hz], tf.float32), tf.constant([confident], tf.float32), threshold=0.5
    )
    assert filled.numpy()[0].tolist() == expected


def test_in_the_middle_between_two_notes_the_first_goes_on():
    f0_hz = tf.constant([[1.0] * 5 + [9.0] + [2.0] * 5])
    confidence = tf.constant([[1.0] * 5 + [0.0] + [1.0] * 5])
    filled = fill_unvoiced(f0_hz, confidence, threshold=0.5)
    assert filled.numpy()[0].tolist() == [1] * 6 + [2] * 5


def test_without_a_note_the_most_confident_frame_decides():
    f0_hz = tf.constant([[5.0, 6.0, 7.0, 8.0, 9.0]])
    confidence = tf.constant([[0.0, 0.0, 0.1, 0.0, 0.0]])
    assert fill_unvoiced(f0_hz, confidence, threshold=0.5).numpy()[0].tolist() == [7] * 5
