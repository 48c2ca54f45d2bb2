"""The room an instrument was recorded in, as its reverb has learned it."""

import numpy as np
from matplotlib.figure import Figure

from ddsp_tf.plotting.figure import make_figure
from ddsp_tf.plotting.palette import ACCENT, INPUT, MUTED
from ddsp_tf.plotting.spectrograms import add_db_bar, draw_spectrogram

_FLOOR_DB = -80.0


def impulse_response(response: np.ndarray, sample_rate: int, *, title: str | None = None) -> Figure:
    """Draws an impulse response: waveform, decay of its energy, and spectrogram.

    Args:
        response: Impulse response, `[n_samples]`.
        sample_rate: Its rate in Hz.
        title: Line above the figure.

    Returns:
        The figure. The decay is Schroeder's backward integral, 0 dB at the start.

    Reference:
        M. R. Schroeder, "New method of measuring reverberation time", JASA 37 (1965).

    Example:
        >>> decay = np.exp(-np.arange(8000) / 800.0)
        >>> figure = impulse_response(decay, 16000)
        >>> figure.axes[1].get_ylabel()
        'remaining energy (dB)'
    """
    samples = np.asarray(response, float).reshape(-1)
    times_ms = 1000 * np.arange(samples.size) / sample_rate
    figure, (wave_axes, decay_axes, picture_axes) = make_figure(3, row_height=2.3, title=title)
    wave_axes.plot(times_ms, samples, color=INPUT, lw=0.6)
    wave_axes.set_ylabel("amplitude", fontsize=9)
    wave_axes.set_title("Impulse response", loc="left", fontsize=10)

    decay_axes.plot(times_ms, _decay_db(samples), color=ACCENT, lw=1.4)
    decay_axes.set_ylim(_FLOOR_DB, 3)
    decay_axes.set_ylabel("remaining energy (dB)", fontsize=9)
    for axes in (wave_axes, decay_axes):
        axes.margins(x=0)
        axes.grid(color=MUTED, lw=0.4, alpha=0.6)
        axes.set_xlabel("time (ms)", fontsize=9)

    mesh = draw_spectrogram(picture_axes, samples, sample_rate)
    picture_axes.set_xlabel("time (s)", fontsize=9)
    add_db_bar(figure, mesh, [picture_axes])
    return figure


def _decay_db(samples: np.ndarray) -> np.ndarray:
    remaining = np.cumsum(samples[::-1] ** 2)[::-1]
    total = remaining[0] if remaining.size and remaining[0] > 0 else 1.0
    return 10 * np.log10(np.maximum(remaining / total, 10 ** (_FLOOR_DB / 10)))
