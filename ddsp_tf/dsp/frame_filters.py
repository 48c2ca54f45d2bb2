"""Filters with one frequency response a frame, of any phase, as all-poles have."""

import tensorflow as tf

from ddsp_tf.dsp.envelopes import crossfade
from ddsp_tf.dsp.framing import n_frames, overlap_add, require_hop
from ddsp_tf.dsp.shapes import size
from ddsp_tf.dsp.spectral import padded_rfft
from ddsp_tf.errors import ArgumentError


def filter_frames(
    audio: tf.Tensor, responses: tf.Tensor, *, hop_length: int, tail: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Filters audio by sampled responses, cross-faded from frame to frame.

    Each hop goes through its own frame's filter and through the next one's, by Hann windows that
    sum to one; each filter rings on alone. So whatever they do from frame to frame, nothing rings
    louder than one of them. What rings longer than the transform, less the hop, comes in too early:
    see `fft_length_for_radius`.

    Args:
        audio: `[batch, n_frames * hop_length]`.
        responses: Complex, at the frequencies of a real FFT of an even length above the hop,
            `[batch, n_frames + 1, fft_length // 2 + 1]`: the last is of the frame after the block.
        hop_length: Samples per frame.
        tail: What still rings of the block before, as it returned it; None: nothing.

    Returns:
        Audio, `[batch, n_frames * hop_length]`, and what rings after it.

    Raises:
        ArgumentError: A transform that isn't longer than the hop, or counts that don't fit.

    Example:
        >>> audio, tail = filter_frames(tf.ones([1, 8]), tf.ones([1, 3, 5], tf.complex64),
        ...                             hop_length=4)
        >>> audio.numpy().round(3).tolist()
        [[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]]

    Reference:
        Yu and Fazekas 2023, "Singing Voice Synthesis Using Differentiable LPC and
        Glottal-Flow-Inspired Wavetables", section 3.2 (there with the recursion inside a frame).
    """
    require_hop(hop_length)
    audio = tf.convert_to_tensor(audio)
    n_bins = responses.shape[-1]
    fft_length = 2 * (n_bins - 1)
    count = audio.shape[1]
    known = count is not None and responses.shape[1] is not None
    if fft_length <= hop_length or (known and count != (responses.shape[1] - 1) * hop_length):
        raise ArgumentError(
            "`responses` should be [batch, n_frames + 1, n_bins] of more than "
            f"{hop_length // 2 + 1} bins for audio of n_frames * {hop_length} samples. "
            f"Received {responses.shape} for audio of the shape {audio.shape}."
        )
    weight = tf.constant(crossfade(hop_length, "window", dtype=audio.dtype.as_numpy_dtype))
    hops = tf.reshape(audio, [size(audio, 0), size(responses, 1) - 1, hop_length])
    spectra = (
        padded_rfft(hops * (1.0 - weight), fft_length) * responses[:, :-1]
        + padded_rfft(hops * weight, fft_length) * responses[:, 1:]
    )
    ringing = tf.signal.irfft(spectra, [fft_length])
    length = n_frames(fft_length, hop_length) * hop_length
    summed = overlap_add(tf.pad(ringing, [[0, 0], [0, 0], [0, length - fft_length]]), hop_length)
    if tail is not None:
        n_more = tf.shape(summed)[1] - tf.shape(tail)[1]
        summed += tf.pad(tail, [[0, 0], [0, n_more]])
    n_played = tf.shape(audio)[1]
    return tf.ensure_shape(summed[:, :n_played], audio.shape), summed[:, n_played:]


def silent_tail(batch_size: int | tf.Tensor, *, fft_length: int, hop_length: int) -> tf.Tensor:
    """Gives the tail before the first block, `[batch, n]`, float32."""
    length = n_frames(fft_length, hop_length) * hop_length
    return tf.zeros([batch_size, length - hop_length])
