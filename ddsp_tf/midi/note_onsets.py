"""Where notes begin in the sound, before their pitch is the louder one."""

import numpy as np

from ddsp_tf.types import FloatArray

_WINDOW_S, _STEP_S = 0.032, 0.004
_BEFORE_S, _AFTER_S = 0.12, 0.08
_PITCH_S = 0.2
_SHORTEST_S = 0.048
_N_PARTIALS = 4
_HIGHEST = 0.44
"""Of the sample rate: partials above it are not heard for."""
_LEAST_RISE_DB, _MOST_RISE_DB = 6.0, 60.0
"""What is softer than the most by more is silence, half of which lies in the window's foot."""
_FLOOR = 1e-7


def refine_onsets(
    notes: FloatArray,
    audio: np.ndarray,
    f0_hz: np.ndarray,
    *,
    sample_rate: float,
    frame_rate: float,
) -> FloatArray:
    """Moves onsets back to where the partials of the notes themselves begin to sound.

    A tracker of pitch follows the note before for as long as that rings louder, and a wind
    instrument takes its time to speak, so that a note is known 20 to 50 ms after it began. Here its
    first four partials are listened for in windows of 32 ms: it begins where they are half way, in
    dB, from the least of the 120 ms before (60 dB below the most at least) to the most of the 80 ms
    after.

    Args:
        notes: `[n_notes, 5]`, one at a time, sorted, as `recognise_notes` gives them.
        audio: `[n_samples]`.
        f0_hz: Pitch, `[n_frames]`.
        sample_rate: In Hz.
        frame_rate: Frames of `f0_hz` a second.

    Returns:
        The notes with onsets that are earlier or the same, each 48 ms after the one before at
        least; a note ends before the next begins.

    Example:
        >>> time_s = np.arange(16000) / 16000
        >>> audio = np.where(time_s < 0.5, 0.0, np.sin(2 * np.pi * 440 * time_s))
        >>> late = np.array([[0.54, 1.0, 69, 1.0, 0]])
        >>> f0_hz = np.full(250, 440.0)
        >>> moved = refine_onsets(late, audio, f0_hz, sample_rate=16000, frame_rate=250.0)
        >>> abs(moved[0, 0] - 0.5) < 0.02
        np.True_
    """
    size, step = round(_WINDOW_S * sample_rate), _STEP_S * sample_rate
    window = np.hanning(size)
    padded = np.pad(np.asarray(audio, np.float64), size)
    places = np.arange(-round(_BEFORE_S / _STEP_S), round(_AFTER_S / _STEP_S))
    refined = np.array(notes, np.float64)
    begun_s = -_SHORTEST_S
    for note in refined:
        start = round(note[0] * frame_rate)
        end = max(start + 1, round(min(note[1], note[0] + _PITCH_S) * frame_rate))
        hz = float(np.median(f0_hz[start:end]))
        centres = np.round(note[0] * sample_rate + places * step).astype(int)
        inside = (centres >= (begun_s + _SHORTEST_S) * sample_rate) & (centres < len(audio))
        before = inside & (places <= 0)
        begun_s = note[0]
        if np.count_nonzero(before) < 2:
            continue
        partials_hz = hz * np.arange(1, _N_PARTIALS + 1)
        partials_hz = partials_hz[partials_hz < _HIGHEST * sample_rate]
        turns = np.outer(np.arange(size) / sample_rate, partials_hz)
        parts = padded[centres[inside, np.newaxis] + size - size // 2 + np.arange(size)]
        heard = np.abs((parts * window) @ np.exp(-2j * np.pi * turns)).sum(axis=1)
        level_db = 20.0 * np.log10(heard + _FLOOR)
        n_before = np.count_nonzero(before)
        most_db = level_db[n_before - 1 :].max()
        least = int(level_db[:n_before].argmin())
        rise_db = min(most_db - level_db[least], _MOST_RISE_DB)
        if rise_db < _LEAST_RISE_DB:
            continue
        low = np.flatnonzero(level_db[least:n_before] <= most_db - 0.5 * rise_db)
        begun_s = note[0] = centres[inside][least + low[-1]] / sample_rate
    refined[:-1, 1] = np.minimum(refined[:-1, 1], refined[1:, 0])
    return refined
