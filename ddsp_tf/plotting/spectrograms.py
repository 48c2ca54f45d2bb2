"""Spectrograms of one sound, or of two to compare."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ddsp_tf.plotting.figure import make_figure
from ddsp_tf.plotting.log_spectrogram import FLOOR_DB, log_spectrogram
from ddsp_tf.plotting.palette import HEAT
from ddsp_tf.plotting.pitch_axis import use_log_hz

RANGE_DB = 75.0


def spectrogram(
    audio: np.ndarray,
    sample_rate: int,
    *,
    f0_hz: np.ndarray | None = None,
    frame_rate: float | None = None,
    title: str | None = None,
) -> Figure:
    """Draws a spectrogram with a logarithmic frequency axis and levels in dB.

    Args:
        audio: Mono audio, `[n_samples]`.
        sample_rate: Its rate in Hz.
        f0_hz: A pitch track to draw on top, `[n_frames]`; zeros and NaN are left out.
        frame_rate: Frames per second of `f0_hz`.
        title: Line above the picture.

    Returns:
        The figure; 0 dB is a full-scale sine.

    Example:
        >>> figure = spectrogram(np.random.default_rng(0).normal(size=16000), 16000)
        >>> figure.axes[0].get_ylabel()
        'frequency (Hz)'
    """
    figure, (axes,) = make_figure(row_height=4.0)
    mesh = draw_spectrogram(axes, audio, sample_rate)
    if f0_hz is not None and frame_rate is not None:
        track = np.where(np.asarray(f0_hz) > 0, f0_hz, np.nan)
        axes.plot(np.arange(track.size) / frame_rate, track, color="white", lw=1.0, label="f0")
        axes.legend(loc="upper right", fontsize=8)
    axes.set_title(title or "Spectrogram", loc="left", fontsize=10)
    axes.set_xlabel("time (s)", fontsize=9)
    add_db_bar(figure, mesh, [axes])
    return figure


def spectrogram_pair(
    first: np.ndarray,
    second: np.ndarray,
    sample_rate: int | tuple[int, int],
    *,
    titles: tuple[str, str] = ("Input", "Output"),
    title: str | None = None,
) -> Figure:
    """Draws two spectrograms over each other, on the same time and frequency axes.

    Each has its own peak as the top of the colour scale, so that a quiet recording can
    be compared with a loud one.

    Args:
        first: Mono audio, `[n_samples]`.
        second: Mono audio, `[n_samples]`; another length is fine.
        sample_rate: Rate of both in Hz, or one for each.
        titles: Titles of the two.
        title: Line above the figure.

    Returns:
        The figure.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=16000)
        >>> figure = spectrogram_pair(noise, 0.1 * noise, 16000, titles=("Loud", "Quiet"))
        >>> figure.axes[1].get_title(loc="left")
        'Quiet'
    """
    rates = (sample_rate, sample_rate) if isinstance(sample_rate, int) else sample_rate
    figure, panels = make_figure(2, row_height=2.9, share_time=True, title=title)
    top_hz = min(rates) / 2
    for axes, audio, rate, name in zip(panels, (first, second), rates, titles, strict=True):
        mesh = draw_spectrogram(axes, audio, rate, maximum_hz=top_hz)
        axes.set_title(name, loc="left", fontsize=10)
        add_db_bar(figure, mesh, [axes])
    panels[-1].set_xlabel("time (s)", fontsize=9)
    return figure


def draw_spectrogram(
    axes: Axes, audio: np.ndarray, sample_rate: int, *, maximum_hz: float | None = None
) -> Any:
    """Draws a spectrogram into `axes` and returns the mesh, for a colour bar."""
    times_s, rows_hz, level_db = log_spectrogram(audio, sample_rate)
    top_db = max(float(level_db.max()), FLOOR_DB + RANGE_DB)
    mesh = axes.pcolormesh(
        times_s,
        rows_hz,
        level_db,
        shading="nearest",
        cmap=HEAT,
        vmin=top_db - RANGE_DB,
        vmax=top_db,
        rasterized=True,
    )
    use_log_hz(axes, rows_hz[0], maximum_hz or sample_rate / 2)
    return mesh


def add_db_bar(figure: Figure, mesh: Any, panels: list[Axes], label: str = "level (dB)") -> None:
    """Adds a colour bar in dB beside `panels`."""
    bar = figure.colorbar(mesh, ax=panels, pad=0.01, fraction=0.04, aspect=18)
    bar.set_label(label, fontsize=9)
    bar.ax.tick_params(labelsize=8)


def spectrogram_stack(
    sounds: Mapping[str, np.ndarray],
    sample_rate: int,
    *,
    f0_hz: Mapping[str, np.ndarray] | None = None,
    frame_rate: float | None = None,
    title: str | None = None,
) -> Figure:
    """Draws spectrograms above each other, on the same axes and with the same colours.

    Args:
        sounds: By title, mono audio, `[n_samples]`; the first's peak is the top of the colours.
        sample_rate: Rate of all, in Hz.
        f0_hz: Pitch tracks to draw on top, by title, `[n_frames]`; zeros are left out.
        frame_rate: Frames per second of the tracks.
        title: Line above the figure.

    Returns:
        The figure.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=16000)
        >>> len(spectrogram_stack({"One": noise, "Two": 0.1 * noise}, 16000).axes)
        3
    """
    figure, rows = make_figure(len(sounds), row_height=2.2, share_time=True, title=title)
    top_db = None
    for axes, (name, audio) in zip(rows, sounds.items(), strict=True):
        mesh = draw_spectrogram(axes, audio, sample_rate)
        top_db = mesh.get_clim()[1] if top_db is None else top_db
        mesh.set_clim(top_db - RANGE_DB, top_db)
        axes.set_title(name, loc="left", fontsize=10)
        if f0_hz is not None and frame_rate is not None and name in f0_hz:
            track = np.where(np.asarray(f0_hz[name]) > 0, f0_hz[name], np.nan)
            axes.plot(np.arange(track.size) / frame_rate, track, color="white", lw=0.8)
    rows[-1].set_xlabel("time (s)", fontsize=9)
    add_db_bar(figure, mesh, rows)
    return figure
