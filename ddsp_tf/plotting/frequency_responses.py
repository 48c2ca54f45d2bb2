"""Magnitude responses over each other."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ddsp_tf.plotting.figure import make_figure
from ddsp_tf.plotting.palette import ACCENT, INPUT, MUTED, OUTPUT

_LOWEST_HZ = 20.0
_STYLES: tuple[dict[str, Any], ...] = (
    {"color": INPUT, "lw": 4.0, "alpha": 0.5},
    {"color": OUTPUT, "lw": 1.4},
    {"color": ACCENT, "lw": 1.2},
)


def magnitude_responses(
    frequency_hz: np.ndarray, curves: Mapping[str, np.ndarray], *, title: str | None = None
) -> Figure:
    """Draws magnitude responses in dB over a logarithmic axis of frequency.

    Args:
        frequency_hz: From 0 or more to half the sample rate, `[n_points]`.
        curves: `[n_points]` each, by what they are called; the first is drawn broad.
        title: Line above the figure.

    Returns:
        The figure.

    Example:
        >>> hz = np.linspace(0, 8000, 64)
        >>> magnitude_responses(hz, {"wanted": 0 * hz}).axes[0].get_ylabel()
        'magnitude (dB)'
    """
    figure, (axes,) = make_figure(1, row_height=3.6, title=title)
    draw_magnitude_responses(axes, frequency_hz, curves)
    return figure


def draw_magnitude_responses(
    axes: Axes, frequency_hz: np.ndarray, curves: Mapping[str, np.ndarray]
) -> None:
    """Draws what `magnitude_responses` draws into given axes."""
    for index, (label, curve) in enumerate(curves.items()):
        style = _STYLES[min(index, len(_STYLES) - 1)]
        axes.plot(frequency_hz, curve, label=label, **style)
    axes.set_xscale("log")
    axes.set_xlim(max(_LOWEST_HZ, float(frequency_hz[1])), float(frequency_hz[-1]))
    axes.set_xlabel("frequency (Hz)", fontsize=9)
    axes.set_ylabel("magnitude (dB)", fontsize=9)
    axes.grid(color=MUTED, lw=0.4, alpha=0.6)
    axes.legend(fontsize=8)
