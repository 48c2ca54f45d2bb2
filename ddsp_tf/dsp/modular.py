"""What modular synthesisers are made of: envelopes, slow oscillators, waves of a given pitch."""

import math
from typing import Any

import tensorflow as tf

from ddsp_tf.dsp.envelopes import resample_envelope
from ddsp_tf.dsp.units import midi_to_hz

_EPS = 1e-6
"""Of a frame, and of a ramp: so ramps of low powers begin above 0, as torchsynth's do."""

_LEAST_S = 1e-12
_HIGHEST_MIDI = 127.0
_BRIGHTNESS_HZ = 12000.0


def adsr_envelope(
    n_frames: int | tf.Tensor,
    *,
    note_s: Any,
    attack_s: Any,
    decay_s: Any,
    sustain: Any,
    release_s: Any,
    power: Any = 1.0,
    frame_rate: float,
) -> tf.Tensor:
    """Draws the envelope of a key that is pressed at the first frame, and let go once.

    It rises in `attack_s` to 1, falls in `decay_s` to `sustain`, and from the end of the note in
    `release_s` to 0: a product of three ramps from 0 to 1, each taken to `power`. A note that ends
    during the attack or the decay cuts them off.

    Args:
        n_frames: How many.
        note_s: How long the key is down, `[batch, 1]`, as all that follow.
        attack_s: >= 0.
        decay_s: >= 0.
        sustain: 0 to 1.
        release_s: >= 0.
        power: Of the ramps, > 0; 1 is straight.
        frame_rate: Frames a second.

    Returns:
        `[batch, n_frames]`, 0 to 1.

    Example:
        >>> envelope = adsr_envelope(
        ...     6, note_s=tf.constant([[4.0]]), attack_s=tf.constant([[2.0]]),
        ...     decay_s=tf.constant([[1.0]]), sustain=tf.constant([[0.5]]),
        ...     release_s=tf.constant([[2.0]]), frame_rate=1)
        >>> envelope.numpy().round(2)[0].tolist()
        [0.0, 0.5, 1.0, 0.5, 0.5, 0.25]

    Reference:
        Turian et al. 2021, "One billion audio sounds from GPU-enabled modular synthesis", and the
        released code of its torchsynth (Apache-2.0).
    """
    note_s, attack_s, decay_s, sustain, release_s, power = (
        tf.convert_to_tensor(x, getattr(note_s, "dtype", tf.float32))
        for x in (note_s, attack_s, decay_s, sustain, release_s, power)
    )
    time_s = tf.range(n_frames, dtype=note_s.dtype) / frame_rate

    def ramp(start_s: Any, length_s: tf.Tensor, *, falls: bool) -> tf.Tensor:
        passed = tf.maximum(time_s - start_s, 0.0) + _EPS / frame_rate
        risen = tf.minimum(passed / tf.maximum(length_s, _LEAST_S) + _EPS, 1.0)
        if falls:  # A ramp of no length doesn't fall: it would silence what it is multiplied with.
            risen = tf.where(length_s > 0.0, 1.0 - risen, risen)
        above = risen > 0.0  # The slope of a power at 0 may be without end.
        return tf.where(above, tf.where(above, risen, 1.0) ** power, 0.0)

    attack = tf.minimum(attack_s, note_s)
    decay = tf.minimum(tf.maximum(note_s - attack_s, 0.0), decay_s)
    to_sustain = sustain + (1.0 - sustain) * ramp(attack, decay, falls=True)
    return ramp(0.0, attack, falls=False) * to_sustain * ramp(note_s, release_s, falls=True)


def lfo_waves(rate_hz: tf.Tensor, phase: Any, *, frame_rate: float) -> tf.Tensor:
    """Gives five slow waves of one changing rate, each from 0 to 1.

    Args:
        rate_hz: `[batch, n_frames]`, >= 0.
        phase: At first, in radians, `[batch, 1]`.
        frame_rate: Frames a second.

    Returns:
        Sine (which begins at 0), triangle, saw that rises, saw that falls and square,
        `[batch, n_frames, 5]`.

    Example:
        >>> waves = lfo_waves(tf.ones([1, 4]), 0.0, frame_rate=4)
        >>> waves[0, :, 2].numpy().tolist()
        [0.25, 0.5, 0.75, 0.0]

    Reference:
        As for `adsr_envelope`.
    """
    turns = tf.cumsum(tf.cast(rate_hz, tf.float64) / frame_rate, axis=1)
    turns += tf.cast(phase, tf.float64) / (2.0 * math.pi)
    saw = tf.cast(turns - tf.floor(turns), rate_hz.dtype)
    cosine = -tf.cos(2.0 * math.pi * saw)
    sine, square = 0.5 * (cosine + 1.0), 0.5 * (tf.sign(cosine) + 1.0)
    triangle = 1.0 - tf.abs(1.0 - 2.0 * saw)
    return tf.stack([sine, triangle, saw, 1.0 - saw, square], axis=-1)


def modulated_phase(
    midi: tf.Tensor,
    modulation: tf.Tensor,
    *,
    depth: Any,
    phase: Any,
    hop_length: int,
    sample_rate: float,
) -> tf.Tensor:
    """Gives the phase of an oscillator whose pitch is moved.

    Args:
        midi: Pitch, `[batch, n_frames]`.
        modulation: What moves it, `[batch, n_frames]`.
        depth: By how many semitones a modulation of 1 moves it, `[batch, 1]`. The pitch stays
            within 0 and 127.
        phase: Before the first sample, in radians, `[batch, 1]`.
        hop_length: Samples per frame.
        sample_rate: In Hz.

    Returns:
        Radians within a turn, `[batch, n_frames * hop_length]`; the sum over a sound is made in
        float64.
    """
    glide = resample_envelope((midi + depth * modulation)[..., tf.newaxis], hop_length=hop_length)
    turns = midi_to_hz(tf.clip_by_value(glide[..., 0], 0.0, _HIGHEST_MIDI)) / sample_rate
    shape = tf.shape(turns)
    inside = tf.cumsum(tf.reshape(turns, [shape[0], -1, hop_length]), axis=2)
    ends = tf.cumsum(tf.cast(inside[..., -1:], tf.float64), axis=1, exclusive=True)
    starts = tf.cast(ends - tf.floor(ends), turns.dtype)
    return 2.0 * math.pi * tf.reshape(starts + inside, shape) + phase


def square_saw_wave(phase: tf.Tensor, highest_midi: Any, shape: Any) -> tf.Tensor:
    """Gives a wave between square (0) and saw (1), made of a saturated sine.

    The higher the pitch the less it is saturated. That keeps aliases low but is no limit of the
    band: `processors.SawSquare` has one.

    Args:
        phase: In radians, `[batch, n_samples]`.
        highest_midi: The highest pitch of the sound, `[batch, 1]`.
        shape: 0 to 1, `[batch, 1]`.

    Returns:
        `[batch, n_samples]`.

    Reference:
        Lazzarini and Timoney 2010, "New perspectives on distortion synthesis for virtual analog
        oscillators", with the saturation of torchsynth.
    """
    f0_hz = midi_to_hz(highest_midi)
    partials = _BRIGHTNESS_HZ * math.log(10.0) / (f0_hz * tf.math.log(f0_hz))
    square = tf.tanh(0.5 * math.pi * partials * tf.sin(phase))
    return (1.0 - 0.5 * shape) * square * (1.0 + shape * tf.cos(phase))
