"""What happens between the notes: the pitch is held and the sound fades."""

import numpy as np

from ddsp_tf.features import Features
from ddsp_tf.features.midi_pitch import to_midi
from ddsp_tf.features.voicing import QUIET_DB, SILENCE_DB, note_ratio
from ddsp_tf.inference.frame_runs import moving_median, runs
from ddsp_tf.types import BoolArray, FloatArray

ATTACK_S = 0.012
RELEASE_S = 0.06
_SHORTEST_GAP_S = 0.04
_SHORTEST_NOTE_S = 0.03
_EDGE_SHARE = 0.5
_LOUD_QUANTILE = 0.99
_LOUD_DB = -20.0
_MOST_LIFT_DB = 40.0
_CHIRP_WINDOW_S = 0.044
_CHIRP_SEMITONES = 0.8
_FAR = 1 << 40


def lift_quiet(features: Features) -> Features:
    """Raises the loudness of a quiet recording, so that its notes can be told from silence.

    What is silence is decided by absolute levels, which a low recording level must not change.

    Args:
        features: What was found in the input.

    Returns:
        Features whose loudest percent is at -20 dB or above, raised by 40 dB at most.

    Example:
        >>> from ddsp_tf.features import Features
        >>> quiet = Features(np.full(9, 440.0), np.ones(9), np.full(9, -50.0))
        >>> lift_quiet(quiet).loudness_db.max().item()
        -20.0
    """
    loud_db = float(np.quantile(features.loudness_db, _LOUD_QUANTILE))
    lift_db = min(max(_LOUD_DB - loud_db, 0.0), _MOST_LIFT_DB)
    # The floor stays: it is where digital silence is.
    sounding = features.loudness_db > SILENCE_DB
    lifted_db = np.where(sounding, features.loudness_db + lift_db, features.loudness_db)
    return features.with_columns(loudness_db=lifted_db)


def find_notes(features: Features, threshold: float, *, frame_rate: float) -> BoolArray:
    """Finds the notes of a performance, with their attacks and decays.

    A note is where `note_ratio` reaches `threshold`; it begins and ends where the ratio falls
    below half of that, so that a soft onset or a long decay isn't cut off.

    Args:
        features: What was found in the input.
        threshold: How clear and loud a frame has to be, 0 to 2. At 0 all that sounds is a note.
        frame_rate: Frames per second.

    Returns:
        Which frames belong to notes, `[n_frames]`.

    Example:
        >>> from ddsp_tf.features import Features
        >>> loud = Features(np.full(500, 440.0), np.full(500, 0.9), np.full(500, -20.0))
        >>> find_notes(loud, 1.0, frame_rate=250).all().item()
        True
    """
    sounding = features.loudness_db > QUIET_DB
    ratio = note_ratio(features, frame_rate=frame_rate)
    weak = sounding & (ratio >= _EDGE_SHARE * threshold)
    clear = sounding & (ratio >= threshold)
    starts, ends = runs(weak)
    counts = np.concatenate([[0], np.cumsum(clear)])
    kept = weak[starts] & (counts[ends] > counts[starts])
    return clean_mask(np.repeat(kept, ends - starts), frame_rate)


def clean_mask(mask: BoolArray, frame_rate: float) -> BoolArray:
    """Closes gaps under 40 ms, then removes notes under 30 ms; both are glitches of tracking.

    Args:
        mask: Which frames belong to notes, `[n_frames]`.
        frame_rate: Frames per second.

    Returns:
        The cleaned mask, `[n_frames]`.

    Example:
        >>> clean_mask(np.array([True] * 9 + [False] + [True] * 9), 250).all().item()
        True
    """
    mask = np.array(mask, bool)
    for value, shortest_s in ((False, _SHORTEST_GAP_S), (True, _SHORTEST_NOTE_S)):
        starts, ends = runs(mask)
        short = (mask[starts] == value) & (ends - starts < shortest_s * frame_rate)
        if not value:  # Silence before the first and after the last note is no gap.
            short &= (starts > 0) & (ends < mask.size)
        for start, end in zip(starts[short], ends[short], strict=True):
            mask[start:end] = not value
    return mask


def gate_envelope(mask: BoolArray, frame_rate: float) -> FloatArray:
    """Makes an envelope that is 1 during notes and 0 between them, without clicks.

    It rises in the 12 ms before a note, so that no attack is lost, and falls in the 60 ms
    after it, both as half a Hann window.

    Args:
        mask: Which frames belong to notes, `[n_frames]`.
        frame_rate: Frames per second.

    Returns:
        Gain, `[n_frames]`, 0 to 1.

    Example:
        >>> envelope = gate_envelope(np.arange(500) < 250, 250)
        >>> envelope[249].item(), envelope[-1].item()
        (1.0, 0.0)
    """
    frames = np.arange(mask.size)
    if not mask.any():
        return np.zeros(mask.size)
    last = np.maximum.accumulate(np.where(mask, frames, -_FAR))
    following = np.minimum.accumulate(np.where(mask, frames, _FAR)[::-1])[::-1]
    since_s = (frames - last) / frame_rate
    until_s = (following - frames) / frame_rate
    nearness = np.maximum(1 - since_s / RELEASE_S, 1 - until_s / ATTACK_S)
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(nearness, 0.0, 1.0))


def hold_pitch(f0_hz: FloatArray, mask: BoolArray) -> FloatArray:
    """Replaces the pitch where there is none, between notes and at their noisy ends.

    A note's pitch is held until the middle of the gap after it, where the next one's begins.
    The pitch of a note's edge frames is an octave error more often than others, so what is held
    is the median over up to 5 frames.

    Args:
        f0_hz: Pitch in Hz, `[n_frames]`.
        mask: Which frames have a pitch, `[n_frames]`.

    Returns:
        Pitch in Hz, `[n_frames]`; unchanged without any note.

    Example:
        >>> hold_pitch(np.array([440.0, 90.0, 95.0, 220.0]),
        ...            np.array([True, False, False, True])).tolist()
        [440.0, 440.0, 220.0, 220.0]
    """
    held = np.array(f0_hz)
    if not mask.any():
        return held
    starts, ends = runs(mask)
    for start, end in zip(starts, ends, strict=True):
        if mask[start]:
            continue
        before = np.median(f0_hz[_note_end(mask, start)]) if start > 0 else None
        after = np.median(f0_hz[_note_start(mask, end)]) if end < mask.size else None
        middle = (start + end) // 2 if start > 0 and end < mask.size else (end if start else start)
        held[start:middle] = before if before is not None else after
        held[middle:end] = after if after is not None else before
    return held


def remove_chirps(f0_hz: FloatArray, *, frame_rate: float) -> FloatArray:
    """Takes out what leaves the pitch around it for less than 22 ms: errors of the tracker.

    Where consonants and breath let the tracker doubt, it hears another note for a frame or two,
    which an instrument plays as a chirp. No note, glide or vibrato is that short.

    Args:
        f0_hz: Pitch in Hz, `[n_frames]`.
        frame_rate: Frames per second.

    Returns:
        Pitch in Hz, `[n_frames]`: the median of 44 ms where it was more than 80 cents from that.

    Example:
        >>> f0_hz = np.array([440.0] * 9 + [880.0] + [440.0] * 9)
        >>> remove_chirps(f0_hz, frame_rate=250).max().item()
        440.0
    """
    median_hz = moving_median(f0_hz, round(_CHIRP_WINDOW_S * frame_rate))
    far = np.abs(to_midi(f0_hz) - to_midi(median_hz)) > _CHIRP_SEMITONES
    return np.where(far, median_hz, f0_hz)


def _note_end(mask: BoolArray, end: int) -> slice:
    start = max(0, end - 5)
    return slice(end - int(np.argmin(mask[start:end][::-1]) or end - start), end)


def _note_start(mask: BoolArray, start: int) -> slice:
    end = min(mask.size, start + 5)
    return slice(start, start + int(np.argmin(mask[start:end]) or end - start))
