"""Notes over the sound that was made of them."""

from collections.abc import Mapping

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ddsp_tf.plotting.figure import make_figure
from ddsp_tf.plotting.pitch_axis import use_notes
from ddsp_tf.plotting.spectrograms import add_db_bar, draw_spectrogram

_COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#ffffff")
"""Okabe and Ito's, which people with any colour vision tell apart, on a dark ground."""
_FAINTEST = 0.35


def piano_roll_overview(
    *,
    audio: np.ndarray,
    sample_rate: int,
    notes: Mapping[str, np.ndarray],
    title: str | None = None,
) -> Figure:
    """Draws the notes of each player as bars over the spectrogram of all, at their fundamentals.

    Args:
        audio: Mono audio, `[n_samples]`.
        sample_rate: Its rate in Hz.
        notes: By player, `[n_notes, 5]`: onset and offset in seconds, MIDI number, velocity (0 to
            1; softer notes are fainter), channel.
        title: Line above the figure.

    Returns:
        The figure: the whole spectrum, and below it the range of the notes.

    Example:
        >>> chord = np.array([[0.0, 1.0, 60, 0.5, 0], [0.0, 1.0, 67, 0.9, 0]])
        >>> figure = piano_roll_overview(audio=np.zeros(16000), sample_rate=16000,
        ...                              notes={"violin": chord})
        >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        ['violin']
    """
    figure, panels = make_figure(2, row_height=3.4, share_time=True, title=title)
    for axes in panels:
        mesh = draw_spectrogram(axes, audio, sample_rate)
        add_db_bar(figure, mesh, [axes])
        for place, rows in enumerate(notes.values()):
            axes.add_collection(_bars(np.asarray(rows, np.float64), _COLOURS[place % 6]))
    handles = [
        Line2D([], [], color=_COLOURS[place % 6], lw=3.0, label=name)
        for place, name in enumerate(notes)
    ]
    panels[0].legend(
        handles=handles, loc="upper right", fontsize=8, facecolor="#303030", labelcolor="white"
    )
    panels[0].set_title("Spectrogram", loc="left", fontsize=10)
    panels[1].set_title("Notes", loc="left", fontsize=10)
    every = np.concatenate([np.asarray(rows, np.float64) for rows in notes.values()])
    use_notes(panels[1], _hz(every[:, 2]))
    panels[1].set_xlabel("time (s)", fontsize=9)
    return figure


def _bars(rows: np.ndarray, colour: str) -> LineCollection:
    hz = _hz(rows[:, 2])
    ends = np.stack([np.stack([rows[:, 0], hz], 1), np.stack([rows[:, 1], hz], 1)], 1)
    opacity = _FAINTEST + (1.0 - _FAINTEST) * np.clip(rows[:, 3], 0.0, 1.0)
    colours = [(*to_rgba(colour)[:3], float(x)) for x in opacity]
    return LineCollection(list(ends), colors=colours, linewidths=2.5, capstyle="butt")


def _hz(midi: np.ndarray) -> np.ndarray:
    return 440.0 * 2.0 ** ((midi - 69.0) / 12.0)
