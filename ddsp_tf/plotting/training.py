"""How a training run went."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ddsp_tf.plotting.figure import make_figure
from ddsp_tf.plotting.palette import CURVES, MUTED

_NOT_DRAWN = frozenset({"step", "time", "time_s", "wall_time", "seconds", "elapsed_s", "epoch"})
_SMOOTHED_FROM = 50


def training_curves(rows: Iterable[Mapping[str, Any]], *, title: str | None = None) -> Figure:
    """Draws what a run logged, one panel for the losses and one for each other number.

    Args:
        rows: Rows of `metrics.jsonl`: each has `step` and some numbers. A name that holds
            "loss" goes to the first panel, which is logarithmic when all are positive;
            a long, noisy loss gets a smoothed line over its raw one. Rows may differ in
            what they hold; anything but a finite number is left out.
        title: Line above the figure.

    Returns:
        The figure.

    Example:
        >>> rows = [{"step": s, "loss": 5.0 / s, "learning_rate": 1e-3} for s in range(1, 20)]
        >>> [axes.get_ylabel() for axes in training_curves(rows).axes]
        ['loss', 'learning rate']
    """
    curves = _collect(rows)
    losses = {name: curve for name, curve in curves.items() if "loss" in name}
    others = {name: curve for name, curve in curves.items() if name not in losses}
    n_panels = max(1, bool(losses) + len(others))
    ratios = [2.0] + [1.0] * (n_panels - 1) if losses else None
    figure, panels = make_figure(
        n_panels, row_height=2.0, height_ratios=ratios, share_time=True, title=title
    )
    remaining = list(panels)
    if losses:
        axes = remaining.pop(0)
        for colour, (name, (steps, values)) in zip(_colours(), losses.items(), strict=False):
            _draw_loss(axes, _readable(name), steps, values, colour)
        if all((values > 0).all() for _, values in losses.values()):
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(_format_plain))
            axes.yaxis.set_minor_formatter(FuncFormatter(_format_plain))
            axes.tick_params(which="minor", labelsize=7)
        axes.set_ylabel("loss", fontsize=9)
        axes.legend(fontsize=8)
    for axes, (name, (steps, values)) in zip(remaining, others.items(), strict=False):
        axes.plot(steps, values, color=CURVES[1], lw=1.2)
        axes.set_ylabel(_readable(name), fontsize=9)
    for axes in panels:
        axes.grid(color=MUTED, lw=0.4, alpha=0.6, which="both")
        axes.margins(x=0)
    panels[-1].set_xlabel("step", fontsize=9)
    return figure


def _collect(rows: Iterable[Mapping[str, Any]]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    points: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        for name, value in row.items():
            if name in _NOT_DRAWN or isinstance(value, bool) or "step" not in row:
                continue
            if isinstance(value, int | float) and np.isfinite(value):
                points.setdefault(name, []).append((float(row["step"]), float(value)))
    return {
        name: (np.array([step for step, _ in pairs]), np.array([value for _, value in pairs]))
        for name, pairs in points.items()
    }


def _draw_loss(axes: Any, name: str, steps: np.ndarray, values: np.ndarray, colour: str) -> None:
    if values.size < _SMOOTHED_FROM:
        axes.plot(steps, values, color=colour, lw=1.4, label=name)
        return
    axes.plot(steps, values, color=colour, lw=0.5, alpha=0.35)
    length = max(3, values.size // 40) | 1
    padded = np.pad(values, length // 2, mode="edge")
    smooth = np.convolve(padded, np.full(length, 1 / length), mode="valid")
    axes.plot(steps, smooth, color=colour, lw=1.6, label=name)


def _colours() -> list[str]:
    return [*CURVES, *CURVES]


def _readable(name: str) -> str:
    return name.replace("_", " ").replace("/", ": ")


def _format_plain(value: float, _: int | None = None) -> str:
    """Labels a logarithmic axis at 1, 2, 3, 4, 6 and 8 only; more would touch each other."""
    digit = value / 10 ** np.floor(np.log10(value) + 1e-9)
    return f"{value:g}" if round(digit) in (1, 2, 3, 4, 6, 8) else ""
