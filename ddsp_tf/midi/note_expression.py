"""How a note is played: six numbers, from pitch and levels frame by frame."""

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

EXPRESSION_FIELDS = (
    "volume",
    "volume_fluctuation",
    "volume_peak",
    "vibrato",
    "brightness",
    "attack_noise",
)
"""What is measured of each note, in the order of the columns."""

_SILENCE_DB = -100.0
_ATTACK_FRAMES = 10
_STRAY_SEMITONES = 2.0
_LEAST_VIBRATO_FRAMES = 50
_VIBRATO_HZ = (3.0, 9.0)
_LEAST_BINS = 4096


def measure_expression(
    notes: np.ndarray,
    *,
    f0_hz: np.ndarray,
    harmonics_db: np.ndarray,
    noise_db: np.ndarray,
    frame_rate: float,
) -> FloatArray:
    """Measures how each note is played.

    With amplitude a (the sum of all partials' amplitudes) and shares c_k of the partials:

    - volume: mean of a in dB, / 60 + 1.5; 0 at -90 dB, 1 at -30 dB;
    - volume_fluctuation: standard deviation of a in dB, * 2.5 / 60;
    - volume_peak: where a is greatest, 0 (the onset) to 1;
    - vibrato: 2.5 times the amplitude of the pitch's swing in semitones; 0 where the strongest
      swing is not between 3 and 9 Hz, or a note has no whole one or is shorter than 0.2 s;
    - brightness: mean of sum_k k c_k, / 12;
    - attack_noise: mean of the noise's levels in the first 10 frames, / 40 + 2.625.

    Args:
        notes: `[n_notes, 5]`, one at a time, sorted: onset and offset in seconds, MIDI number,
            velocity, channel.
        f0_hz: Pitch, `[n_frames]`.
        harmonics_db: Levels of the partials, `[n_frames, n_harmonics]`; -100 is silence.
        noise_db: Levels of the bands of noise, `[n_frames, n_bands]`.
        frame_rate: Frames a second.

    Returns:
        `[n_notes, 6]`, in the order of `EXPRESSION_FIELDS`. A note beyond the last frame is
        measured there.

    Raises:
        ArgumentError: The columns aren't equally long, or there is no frame.

    Example:
        >>> note = np.array([[0.0, 1.0, 69, 0.5, 0]])
        >>> swing = 0.3 * np.sin(2 * np.pi * 6 * np.arange(250) / 250)
        >>> found = measure_expression(note, f0_hz=440 * 2 ** (swing / 12), frame_rate=250.0,
        ...     harmonics_db=np.full([250, 1], -36.0), noise_db=np.full([250, 65], -80.0))
        >>> found[0, :5].round(2).tolist()
        [0.9, 0.0, 0.0, 0.75, 0.08]

    Reference:
        Wu et al. 2022, "MIDI-DDSP", section 3.2 and appendix; the frequencies of the transform are
        those of its bins, and brightness doesn't depend on the number of partials.
    """
    pitch = np.asarray(f0_hz, np.float64)
    partials, noise = np.asarray(harmonics_db, np.float64), np.asarray(noise_db, np.float64)
    if not len(pitch) or not len(pitch) == len(partials) == len(noise):
        raise ArgumentError(
            "`f0_hz`, `harmonics_db` and `noise_db` should be equally long, with a frame at least. "
            f"Received {len(pitch)}, {len(partials)} and {len(noise)} frames."
        )
    amplitudes = np.where(partials > _SILENCE_DB, 10.0 ** (partials / 20.0), 0.0)
    total = amplitudes.sum(axis=1)
    level_db = 20.0 * np.log10(np.maximum(total, 10.0 ** (_SILENCE_DB / 20.0)))
    numbers = np.arange(1, partials.shape[1] + 1)
    centre = (amplitudes * numbers).sum(axis=1) / np.maximum(total, 1e-9)
    noise_mean = noise.mean(axis=1)
    midi = 69.0 + 12.0 * np.log2(np.maximum(pitch, 1.0) / 440.0)
    measured = np.zeros([len(notes), len(EXPRESSION_FIELDS)])
    for row, (onset_s, offset_s, key, *_) in zip(measured, np.asarray(notes), strict=True):
        start = min(round(float(onset_s) * frame_rate), len(pitch) - 1)
        end = min(max(round(float(offset_s) * frame_rate), start + 1), len(pitch))
        levels = level_db[start:end]
        row[:] = (
            levels.mean() / 60.0 + 1.5,
            levels.std() * 2.5 / 60.0,
            levels.argmax() / len(levels),
            2.5 * vibrato_extent(midi[start:end] - key, frame_rate=frame_rate),
            centre[start:end].mean() / 12.0,
            noise_mean[start : min(start + _ATTACK_FRAMES, end)].mean() / 40.0 + 2.625,
        )
    return measured


def vibrato_extent(semitones: np.ndarray, *, frame_rate: float) -> float:
    """Measures how far the pitch of a note swings.

    Its straight trend is taken off, and what is farther than two semitones from the note; a Hann
    window fades its ends.

    Args:
        semitones: Pitch above the note, `[n_frames]`.
        frame_rate: Frames a second.

    Returns:
        Amplitude of the strongest swing in semitones, or 0 where that is no vibrato.

    Example:
        >>> swing = 0.2 * np.sin(2 * np.pi * 5.5 * np.arange(200) / 250)
        >>> round(vibrato_extent(swing, frame_rate=250.0), 2)
        0.2
    """
    swing = np.asarray(semitones, np.float64)
    if len(swing) <= _LEAST_VIBRATO_FRAMES:
        return 0.0
    near = np.abs(swing) < _STRAY_SEMITONES
    if near.sum() < len(swing) / 2:
        return 0.0
    frames = np.arange(len(swing))
    swing = np.interp(frames, frames[near], swing[near])
    swing = swing - np.polyval(np.polyfit(frames, swing, 1), frames)
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * (frames + 0.5) / len(swing))
    n_bins = max(_LEAST_BINS, 4 * len(swing))
    spectrum = np.abs(np.fft.rfft(swing * window, n_bins))
    peak = int(spectrum.argmax())
    rate_hz = float(np.fft.rfftfreq(n_bins, 1.0 / frame_rate)[peak])
    is_vibrato = _VIBRATO_HZ[0] <= rate_hz <= _VIBRATO_HZ[1]
    if not is_vibrato or rate_hz * len(swing) / frame_rate <= 1.0:
        return 0.0
    return float(2.0 * spectrum[peak] / window.sum())


def expression_frames(
    notes: np.ndarray, expression: np.ndarray, *, frame_rate: float, n_frames: int
) -> FloatArray:
    """Gives every frame the numbers of the last note that began by then.

    Args:
        notes: `[n_notes, 5]`, sorted by onset.
        expression: `[n_notes, 6]`, or any other numbers of each note.
        frame_rate: Frames a second.
        n_frames: Frames to fill; those before the first note are given its numbers.

    Returns:
        `[n_frames, 6]`; zeros if there is no note.
    """
    if not len(notes):
        return np.zeros([n_frames, np.shape(expression)[1]])
    onsets = np.round(np.asarray(notes)[:, 0] * frame_rate)
    index = np.searchsorted(onsets, np.arange(n_frames), side="right") - 1
    return np.asarray(expression, np.float64)[np.clip(index, 0, None)]
