"""Several players side by side: one Markdown table for what they imitate, one for melodies."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ddsp_tf.evaluation.evaluation_report import EvaluationReport
from ddsp_tf.evaluation.transfer_quality import TransferQuality

_Column = tuple[str, str, str]

_RECONSTRUCTION: tuple[_Column, ...] = (
    ("spectral distance", "spectral_distance", "{:.2f}"),
    ("log-mel L1", "log_mel_l1", "{:.2f}"),
    ("MCD, dB", "mel_cepstral_db", "{:.1f}"),
    ("loudness, dB", "loudness_db", "{:.2f}"),
    ("f0 mean, cents", "mean_cents", "{:.1f}"),
    ("f0 median, cents", "median_cents", "{:.1f}"),
    ("raw pitch accuracy", "raw_pitch_accuracy", "{:.1%}"),
    ("octave errors", "octave_error_share", "{:.2%}"),
    ("onset sharpness", "onset_sharpness", "{:.2f}"),
    ("timbre, dB", "timbre_db", "{:.2f}"),
)
_TRANSFER: tuple[_Column, ...] = (
    ("f0 mean, cents", "mean_cents", "{:.1f}"),
    ("f0 median, cents", "median_cents", "{:.1f}"),
    ("raw pitch accuracy", "raw_pitch_accuracy", "{:.1%}"),
    ("octave errors", "octave_error_share", "{:.2%}"),
    ("loudness shape, dB", "loudness_shape_db", "{:.1f}"),
    ("loudness correlation", "loudness_correlation", "{:.2f}"),
    ("timbre, dB", "timbre_db", "{:.2f}"),
)


@dataclass(frozen=True)
class Comparison:
    """What was measured of each player.

    Attributes:
        reconstruction: Their versions of the held-out recordings, by the player's name.
        transfer: Their versions of melodies.
    """

    reconstruction: Mapping[str, EvaluationReport]
    transfer: Mapping[str, TransferQuality] = field(default_factory=dict)

    def markdown(self) -> str:
        """Writes the tables: figures with their 95% intervals, one line a player."""
        played = [
            (name, len(report.recordings), report.to_dict()["overall"], report.intervals)
            for name, report in self.reconstruction.items()
        ]
        transferred = [
            (name, len(quality.melodies), quality.figures, quality.intervals)
            for name, quality in self.transfer.items()
        ]
        parts = [
            _section("Reconstruction", "recordings", _RECONSTRUCTION, played),
            _section("Transfer", "melodies", _TRANSFER, transferred),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """Returns everything as JSON values."""
        return {
            "reconstruction": {name: r.to_dict() for name, r in self.reconstruction.items()},
            "transfer": {name: q.to_dict() for name, q in self.transfer.items()},
        }


def _section(
    title: str,
    counted: str,
    columns: Sequence[_Column],
    rows: Sequence[tuple[str, int, Mapping[str, Any], Mapping[str, tuple[float, float]]]],
) -> str:
    if not rows:
        return ""
    lines = [
        f"### {title}",
        "",
        f"| | {counted} | {' | '.join(head for head, _, _ in columns)} |",
        f"|---|---|{'---|' * len(columns)}",
    ]
    for name, n_items, values, intervals in rows:
        cells = [_cell(values[key], intervals.get(key), text) for _, key, text in columns]
        lines.append(f"| {name} | {n_items} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(value: float | None, interval: tuple[float, float] | None, text: str) -> str:
    """The figure and its interval, e.g. `6.75 (6.1 to 7.3)`."""
    if value is None or not math.isfinite(value):
        return "-"
    if interval is None or not all(math.isfinite(end) for end in interval):
        return text.format(value)
    low, high = (text.format(end) for end in interval)
    return text.format(value) if low == high else f"{text.format(value)} ({low} to {high})"
