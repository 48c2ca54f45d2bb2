"""Frequency axes as a musician reads them: logarithmic, in Hz or in note names."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ddsp_tf.note_names import note_name

_HZ_TICKS = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000)
_A4_MIDI = 69
_A4_HZ = 440.0


def use_log_hz(axes: Axes, minimum_hz: float, maximum_hz: float) -> None:
    """Makes the vertical axis logarithmic in Hz, with ticks at 1, 2 and 5."""
    axes.set_yscale("log")
    axes.set_ylim(minimum_hz, maximum_hz)
    axes.yaxis.set_major_locator(FixedLocator([float(tick) for tick in _HZ_TICKS]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(_format_hz))
    axes.set_ylabel("frequency (Hz)", fontsize=9)


def use_notes(axes: Axes, f0_hz: np.ndarray, *, horizontal: bool = False) -> None:
    """Makes an axis logarithmic in Hz with note names, fitted to the pitches `f0_hz`.

    Args:
        axes: Axes to set up.
        f0_hz: Pitches in Hz that must be visible; others than finite, positive ones are ignored.
        horizontal: Set up the horizontal axis rather than the vertical one.
    """
    pitches = f0_hz[np.isfinite(f0_hz) & (f0_hz > 0)]
    midi = _A4_MIDI + 12 * np.log2(pitches / _A4_HZ) if pitches.size else np.array([60.0, 72.0])
    lowest, highest = int(np.floor(midi.min())) - 1, int(np.ceil(midi.max())) + 1
    span = highest - lowest
    step = next((step for step in (1, 2, 3, 6) if span / step <= 9), 12)
    first = lowest + (-lowest) % step
    ticks = [_midi_to_hz(note) for note in range(first, highest + 1, step)]
    axis = axes.xaxis if horizontal else axes.yaxis
    if horizontal:
        axes.set_xscale("log")
        axes.set_xlim(_midi_to_hz(lowest), _midi_to_hz(highest))
        axes.set_xlabel("pitch (note)", fontsize=9)
    else:
        axes.set_yscale("log")
        axes.set_ylim(_midi_to_hz(lowest), _midi_to_hz(highest))
        axes.set_ylabel("pitch (note)", fontsize=9)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(_format_note))


def _midi_to_hz(midi: float) -> float:
    return float(_A4_HZ * 2.0 ** ((midi - _A4_MIDI) / 12))


def _format_hz(hz: float, _: int | None = None) -> str:
    return f"{hz / 1000:g}k" if hz >= 1000 else f"{hz:g}"


def _format_note(hz: float, _: int | None = None) -> str:
    return note_name(_A4_MIDI + 12 * np.log2(hz / _A4_HZ)) if hz > 0 else ""
