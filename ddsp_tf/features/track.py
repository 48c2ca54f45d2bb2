"""From a tracker's frames to the frames of the features."""

import tensorflow as tf

LARGEST_GLIDE_CENTS = 100.0
SHORTEST_NOTE_FRAMES = 5


def fill_unvoiced(f0_hz: tf.Tensor, confidence: tf.Tensor, *, threshold: float) -> tf.Tensor:
    """Replaces the fundamental of unvoiced frames by that of the nearest frame inside a note.

    So an unvoiced stretch holds the note before it and then the note after it, and never chirps.
    A run of fewer than 5 confident frames is taken for chance, not a note. The first and last two
    frames of a note are half noise, so no others copy them. Without any note, the most confident
    frame decides.

    Args:
        f0_hz: `[batch, n_frames]`.
        confidence: `[batch, n_frames]`, 0 to 1.
        threshold: A frame with less confidence is unvoiced.

    Returns:
        `f0_hz` with the replacements, `[batch, n_frames]`.
    """
    confident = tf.cast(confidence >= threshold, tf.float32)[:, :, tf.newaxis]
    inside = -tf.nn.max_pool1d(-confident, SHORTEST_NOTE_FRAMES, 1, "SAME")
    voiced = tf.nn.max_pool1d(inside, SHORTEST_NOTE_FRAMES, 1, "SAME")[:, :, 0] > 0
    best = tf.reduce_max(confidence, axis=1, keepdims=True)
    no_note = ~tf.reduce_any(voiced, axis=1, keepdims=True)
    sources = (inside[:, :, 0] > 0) | (no_note & (confidence == best))
    n_frames = tf.shape(f0_hz)[1]
    frames = tf.broadcast_to(tf.range(n_frames), tf.shape(f0_hz))
    far = 2 * n_frames
    sorted_sources = tf.sort(tf.where(sources, frames, far), axis=1)
    n_sources_so_far = tf.cumsum(tf.cast(sources, tf.int32), axis=1)
    before = tf.gather(sorted_sources, tf.maximum(n_sources_so_far - 1, 0), axis=1, batch_dims=1)
    after = tf.gather(
        sorted_sources, tf.minimum(n_sources_so_far, n_frames - 1), axis=1, batch_dims=1
    )
    no_later = after >= n_frames
    nearer_before = (frames - before <= after - frames) & (before <= frames)
    nearest = tf.where(nearer_before | no_later, before, after)
    return tf.gather(f0_hz, tf.where(voiced, frames, nearest), axis=1, batch_dims=1)


def interpolate_track(
    f0_hz: tf.Tensor,
    confidence: tf.Tensor,
    *,
    track_rate: int,
    sample_rate: int,
    hop_length: int,
    n_frames: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Reads a track at frame positions, exactly, by linear interpolation.

    The fundamental is interpolated in log frequency. Across a leap of more than 100 cents, the
    nearer frame decides, so that no pitch appears that nobody played. The ends are held.

    Args:
        f0_hz: `[batch, n_track_frames]`, > 0; frame k stands at `k / track_rate` seconds.
        confidence: `[batch, n_track_frames]`.
        track_rate: Frames a second of the track.
        sample_rate: Of the audio, in Hz.
        hop_length: Samples between the frames asked for; frame i stands at `i * hop_length`.
        n_frames: How many to return.

    Returns:
        `f0_hz` and `confidence`, each `[batch, n_frames]`.
    """
    last = tf.cast(tf.shape(f0_hz)[1] - 1, tf.int64)
    position = tf.range(tf.cast(n_frames, tf.int64)) * (hop_length * track_rate)
    left = position // sample_rate
    weight = tf.cast(position - left * sample_rate, tf.float32) / float(sample_rate)
    right = tf.minimum(left + 1, last)
    left = tf.minimum(left, last)
    octaves = tf.math.log(f0_hz) / tf.math.log(2.0)
    octaves_left = tf.gather(octaves, left, axis=1)
    octaves_right = tf.gather(octaves, right, axis=1)
    leaps = tf.abs(octaves_right - octaves_left) > LARGEST_GLIDE_CENTS / 1200
    weight_f0 = tf.where(leaps, tf.round(weight), weight)
    octaves = octaves_left + weight_f0 * (octaves_right - octaves_left)
    confidence_left = tf.gather(confidence, left, axis=1)
    confidence_right = tf.gather(confidence, right, axis=1)
    return 2.0**octaves, confidence_left + weight * (confidence_right - confidence_left)
