"""The two curves a player controls: pitch and loudness, before and after."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ddsp_tf.plotting.figure import make_figure
from ddsp_tf.plotting.palette import INPUT, MUTED, OUTPUT
from ddsp_tf.plotting.pitch_axis import use_notes


def f0_and_loudness(
    f0_hz: np.ndarray,
    loudness_db: np.ndarray,
    *,
    frame_rate: float,
    output_f0_hz: np.ndarray | None = None,
    output_loudness_db: np.ndarray | None = None,
    voiced: np.ndarray | None = None,
    labels: tuple[str, str] = ("input", "output"),
    title: str | None = None,
) -> Figure:
    """Draws pitch and loudness over time, with those of an output on top if given.

    Args:
        f0_hz: Pitch in Hz, `[n_frames]`.
        loudness_db: Loudness in dB, `[n_frames]`.
        frame_rate: Frames per second of all curves.
        output_f0_hz: Pitch of the output, `[n_frames]`.
        output_loudness_db: Loudness of the output, `[n_frames]`.
        voiced: Where pitch means something, bool `[n_frames]`; elsewhere it is not drawn.
        labels: Names of input and output in the legend.
        title: Line above the figure.

    Returns:
        The figure: pitch above (note names, logarithmic), loudness below.

    Example:
        >>> figure = f0_and_loudness(np.full(250, 440.0), np.full(250, -20.0), frame_rate=250)
        >>> figure.axes[1].get_ylabel()
        'loudness (dB)'
    """
    figure, (pitch_axes, loudness_axes) = make_figure(2, share_time=True, title=title)
    draw_pitch(pitch_axes, f0_hz, output_f0_hz, frame_rate, voiced=voiced, labels=labels)
    draw_loudness(loudness_axes, loudness_db, output_loudness_db, frame_rate, labels=labels)
    loudness_axes.set_xlabel("time (s)", fontsize=9)
    return figure


def draw_pitch(
    axes: Axes,
    f0_hz: np.ndarray,
    output_f0_hz: np.ndarray | None,
    frame_rate: float,
    *,
    voiced: np.ndarray | None = None,
    labels: tuple[str, str] = ("input", "output"),
) -> None:
    """Draws pitch tracks into `axes` on a note axis that fits their voiced parts."""
    visible = []
    for track, label, colour in ((f0_hz, labels[0], INPUT), (output_f0_hz, labels[1], OUTPUT)):
        if track is None:
            continue
        drawn = np.where(np.asarray(track) > 0, track, np.nan).astype(float).ravel()
        if voiced is not None:
            drawn = np.where(np.asarray(voiced)[: drawn.size], drawn, np.nan)
        axes.plot(np.arange(drawn.size) / frame_rate, drawn, color=colour, lw=1.4, label=label)
        visible.append(drawn)
    use_notes(axes, np.concatenate(visible))
    _finish(axes)


def draw_loudness(
    axes: Axes,
    loudness_db: np.ndarray,
    output_loudness_db: np.ndarray | None,
    frame_rate: float,
    *,
    labels: tuple[str, str] = ("input", "output"),
) -> None:
    """Draws loudness curves into `axes`."""
    curves = ((loudness_db, labels[0], INPUT), (output_loudness_db, labels[1], OUTPUT))
    for curve, label, colour in curves:
        if curve is None:
            continue
        values = np.asarray(curve, float).ravel()
        axes.plot(np.arange(values.size) / frame_rate, values, color=colour, lw=1.2, label=label)
    axes.set_ylabel("loudness (dB)", fontsize=9)
    _finish(axes)


def _finish(axes: Axes) -> None:
    axes.grid(color=MUTED, lw=0.4, alpha=0.6)
    axes.margins(x=0)
    if len(axes.get_lines()) > 1:
        # Above the curves: in a narrow figure it would hide some of them.
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            borderaxespad=0.0,
            ncols=2,
            fontsize=8,
            frameon=False,
        )
