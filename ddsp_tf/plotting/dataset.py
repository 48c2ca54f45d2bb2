"""What a dataset holds, at a glance."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ddsp_tf.plotting.figure import make_figure
from ddsp_tf.plotting.palette import ACCENT, INPUT, MUTED, OUTPUT
from ddsp_tf.plotting.pitch_axis import use_notes

_MAX_FILES = 24


def dataset_report(
    *,
    f0_hz: np.ndarray,
    loudness_db: np.ndarray,
    file_names: Sequence[str],
    file_seconds: Sequence[float],
    file_voiced_shares: Sequence[float] | None,
    title: str | None = None,
) -> Figure:
    """Draws pitch and level histograms, and how much each file gives.

    Args:
        f0_hz: Pitch in Hz of the voiced frames, `[n]`; empty where pitch isn't known.
        loudness_db: Loudness in dB of the same frames, `[n]`; empty where it isn't known.
        file_names: Names of the recordings.
        file_seconds: Seconds used of each.
        file_voiced_shares: Voiced share of each, 0 to 1; None leaves both panels of pitch out.
        title: Line above the figure.

    Returns:
        The figure. Beyond 24 files the longest 23 are shown and the rest are one bar.

    Example:
        >>> figure = dataset_report(
        ...     f0_hz=np.full(10, 440.0), loudness_db=np.full(10, -20.0), file_names=["a.wav"],
        ...     file_seconds=[90.0], file_voiced_shares=[0.8])
        >>> figure.axes[0].get_xlabel()
        'pitch (note)'
    """
    with_pitch = file_voiced_shares is not None
    figure, panels = make_figure(2 if with_pitch else 1, 2, width=11, row_height=3.2, title=title)
    shares = file_voiced_shares if file_voiced_shares is not None else [0.0] * len(file_names)
    names, minutes, voiced = _fold(file_names, file_seconds, shares)
    if with_pitch:
        _draw_pitch_histogram(panels.pop(0), np.asarray(f0_hz, float))
    counted = "voiced frames (%)" if with_pitch else "frames (%)"
    _draw_level_histogram(panels.pop(0), np.asarray(loudness_db, float), counted)
    files_axes = panels.pop(0)
    _draw_bars(files_axes, minutes, names, color=INPUT)
    files_axes.set_xlabel("minutes", fontsize=9)
    files_axes.set_title(
        f"Length ({sum(file_seconds) / 60:.1f} min in all)", loc="left", fontsize=10
    )
    for voiced_axes in panels:
        _draw_bars(voiced_axes, 100 * voiced, [""] * len(names), color=ACCENT)
        voiced_axes.set_xlim(0, 100)
        voiced_axes.set_xlabel("voiced (%)", fontsize=9)
        voiced_axes.set_title("Share of frames with a pitch", loc="left", fontsize=10)
    return figure


def _draw_bars(axes: Axes, lengths: np.ndarray, labels: Sequence[str], *, color: str) -> None:
    positions = np.arange(len(lengths))
    axes.barh(positions, lengths, color=color)
    axes.set_yticks(positions, labels, fontsize=8 if len(labels) <= 12 else 6)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.grid(axis="x", color=MUTED, lw=0.4, alpha=0.6)
    axes.set_axisbelow(True)


def _draw_pitch_histogram(axes: Axes, f0_hz: np.ndarray) -> None:
    pitches = f0_hz[np.isfinite(f0_hz) & (f0_hz > 0)]
    use_notes(axes, pitches, horizontal=True)
    if pitches.size:
        lowest, highest = np.log2(pitches.min()), np.log2(pitches.max())
        edges = 2 ** (np.arange(np.floor(lowest * 12), np.ceil(highest * 12) + 2) / 12 - 1 / 24)
        axes.hist(
            pitches, edges.tolist(), weights=np.full(pitches.size, 100 / pitches.size), color=OUTPUT
        )
    axes.set_ylabel("voiced frames (%)", fontsize=9)
    axes.set_title("Pitch, in semitones", loc="left", fontsize=10)
    axes.tick_params(axis="x", rotation=45)


def _draw_level_histogram(axes: Axes, loudness_db: np.ndarray, counted: str) -> None:
    levels = loudness_db[np.isfinite(loudness_db)]
    if levels.size:
        edges = np.arange(np.floor(levels.min()), np.ceil(levels.max()) + 2)
        axes.hist(
            levels, edges.tolist(), weights=np.full(levels.size, 100 / levels.size), color=OUTPUT
        )
    axes.set_xlabel("loudness (dB)", fontsize=9)
    axes.set_ylabel(counted, fontsize=9)
    axes.set_title("Loudness", loc="left", fontsize=10)


def _fold(
    names: Sequence[str], seconds: Sequence[float], shares: Sequence[float]
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Keeps a report readable: the shortest of too many files become one bar."""
    lengths, voiced = np.asarray(seconds, float), np.asarray(shares, float)
    if len(names) <= _MAX_FILES:
        return [_shorten(name) for name in names], lengths / 60, voiced
    order = np.argsort(-lengths, kind="stable")
    kept, folded = order[: _MAX_FILES - 1], order[_MAX_FILES - 1 :]
    rest = lengths[folded].sum()
    rest_share = float((lengths[folded] * voiced[folded]).sum() / max(rest, 1e-9))
    labels = [_shorten(names[index]) for index in kept] + [f"{folded.size} more"]
    return labels, np.append(lengths[kept], rest) / 60, np.append(voiced[kept], rest_share)


def _shorten(name: str, length: int = 32) -> str:
    return name if len(name) <= length else f"{name[: length // 2 - 1]}…{name[-length // 2 :]}"
