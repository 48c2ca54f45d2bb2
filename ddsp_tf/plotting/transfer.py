"""A timbre transfer on one page."""

import numpy as np
from matplotlib.figure import Figure

from ddsp_tf.plotting.figure import DPI, make_figure
from ddsp_tf.plotting.pitch_and_loudness import draw_loudness, draw_pitch
from ddsp_tf.plotting.spectrograms import add_db_bar, draw_spectrogram


def transfer_overview(
    *,
    input_audio: np.ndarray,
    input_sample_rate: int,
    output_audio: np.ndarray,
    output_sample_rate: int,
    f0_hz: np.ndarray,
    loudness_db: np.ndarray,
    output_f0_hz: np.ndarray,
    output_loudness_db: np.ndarray,
    frame_rate: float,
    voiced: np.ndarray | None = None,
    title: str | None = None,
    names: tuple[str, str] = ("Input", "Output"),
    labels: tuple[str, str] = ("input", "played"),
    level_bars: bool = True,
    width: float = 10.0,
    row_height: float = 2.3,
    dpi: float = DPI,
) -> Figure:
    """Draws both spectrograms, and pitch and loudness before and after the edits.

    Args:
        input_audio: What came in, mono, `[n_samples]`.
        input_sample_rate: Its rate in Hz.
        output_audio: What went out, mono, `[n_samples]`.
        output_sample_rate: Its rate in Hz.
        f0_hz: Pitch found in the input, in Hz, `[n_frames]`.
        loudness_db: Loudness of the input in dB, `[n_frames]`.
        output_f0_hz: Pitch the instrument was asked to play, `[n_frames]`.
        output_loudness_db: Loudness it was asked to play at, `[n_frames]`.
        frame_rate: Frames per second of the four curves.
        voiced: Frames that belong to notes, bool `[n_frames]`; pitch is drawn there only.
        title: Line above the figure.
        names: Titles of the two spectrograms.
        labels: Names of the two curves of pitch and of loudness.
        level_bars: Whether the spectrograms have a scale of dB beside them.
        width: Width in inches.
        row_height: Mean height of a panel in inches.
        dpi: Pixels per inch.

    Returns:
        The figure: four panels on one time axis.

    Example:
        >>> audio, f0_hz = np.zeros(16000), np.full(250, 440.0)
        >>> figure = transfer_overview(
        ...     input_audio=audio, input_sample_rate=16000, output_audio=audio,
        ...     output_sample_rate=16000, f0_hz=f0_hz, loudness_db=f0_hz * 0 - 30,
        ...     output_f0_hz=2 * f0_hz, output_loudness_db=f0_hz * 0 - 20, frame_rate=250)
        >>> [axes.get_title(loc="left") for axes in figure.axes[:2]]
        ['Input', 'Output']
    """
    figure, panels = make_figure(
        4,
        width=width,
        row_height=row_height,
        height_ratios=[1.3, 1.3, 1, 1],
        share_time=True,
        title=title,
        dpi=dpi,
    )
    sounds = ((input_audio, input_sample_rate), (output_audio, output_sample_rate))
    top_hz = min(input_sample_rate, output_sample_rate) / 2
    for axes, name, (audio, rate) in zip(panels, names, sounds, strict=False):
        mesh = draw_spectrogram(axes, audio, rate, maximum_hz=top_hz)
        axes.set_title(name, loc="left", fontsize=10)
        if level_bars:
            add_db_bar(figure, mesh, [axes])
    draw_pitch(panels[2], f0_hz, output_f0_hz, frame_rate, voiced=voiced, labels=labels)
    draw_loudness(panels[3], loudness_db, output_loudness_db, frame_rate, labels=labels)
    panels[3].set_xlabel("time (s)", fontsize=9)
    return figure
