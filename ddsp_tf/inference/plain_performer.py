"""A plain performer: what is written, and nothing else."""

import numpy as np

from ddsp_tf.features import Statistics
from ddsp_tf.features.midi_pitch import to_hz
from ddsp_tf.inference.gating import gate_envelope
from ddsp_tf.inference.performer import Performance, Performer, at_least_silent, level_of
from ddsp_tf.midi import note_columns

_ATTACK_S, _ATTACK_DB, _SLURRED_DB = 0.02, -18.0, -6.0
_RELEASE_DB_PER_S = 300.0


class PlainPerformer(Performer):
    """Plays steadily: no vibrato, no phrasing, and a short attack and release.

    The pitch is that of the tempered scale, A4 = 440 Hz, the loudness that of the velocity (see
    `level_of`). A note begins 18 dB softer (one that follows the last without a gap, 6 dB), is at
    its loudness after 20 ms, and falls by 300 dB a second once it is released.

    Example:
        >>> note = np.array([[0.1, 0.3, 69, 0.5, 0]])
        >>> played = PlainPerformer().perform(note, statistics=None, frame_rate=100.0, n_frames=50)
        >>> played.f0_hz[0].item(), played.loudness_db[20].item(), played.gate[49].item()
        (440.0, -30.0, 0.0)
    """

    def perform(
        self, notes: np.ndarray, *, statistics: Statistics | None, frame_rate: float, n_frames: int
    ) -> Performance:
        """Plays a line of notes."""
        rows = np.asarray(notes, np.float64)
        columns = note_columns(rows, frame_rate=frame_rate, n_frames=n_frames)
        onset_s, offset_s, midi, velocity = (rows[columns.index, i] for i in range(4))
        gaps_s = np.append(np.inf, rows[1:, 0] - rows[:-1, 1])
        begins_db = np.where(gaps_s <= 1.5 / frame_rate, _SLURRED_DB, _ATTACK_DB)[columns.index]
        attack_db = begins_db * np.clip(1.0 - columns.age_s / _ATTACK_S, 0.0, 1.0)
        time_s = np.arange(n_frames) / frame_rate
        release_db = -_RELEASE_DB_PER_S * np.maximum(time_s - np.maximum(offset_s, onset_s), 0.0)
        return Performance(
            f0_hz=to_hz(midi),
            loudness_db=at_least_silent(level_of(velocity, statistics) + attack_db + release_db),
            gate=gate_envelope(columns.gate > 0, frame_rate),
        )
