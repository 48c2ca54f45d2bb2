"""A vocal tract that moves, below the sound that it makes."""

import numpy as np
from matplotlib.figure import Figure

from ddsp_tf.plotting.figure import make_figure
from ddsp_tf.plotting.palette import ACCENT, HEAT
from ddsp_tf.plotting.spectrograms import add_db_bar, draw_spectrogram


def tract_figure(
    audio: np.ndarray,
    sample_rate: int,
    *,
    diameters: np.ndarray,
    formants_hz: np.ndarray,
    r_d: np.ndarray,
    length_cm: float,
    frame_rate: float,
    title: str | None = None,
) -> Figure:
    """Draws a spectrogram with formants, the tract's areas over time, and R_d.

    Args:
        audio: Mono audio, `[n_samples]`.
        sample_rate: Its rate in Hz.
        diameters: From glottis to lips, in cm, `[n_frames, n_sections]`; NaN in pauses.
        formants_hz: `[n_frames, n_formants]`, NaN where there is none.
        r_d: `[n_frames]`, NaN in pauses.
        length_cm: Of the tract.
        frame_rate: Frames a second.
        title: Line above the figure.

    Returns:
        The figure.

    Example:
        >>> figure = tract_figure(
        ...     np.random.default_rng(0).normal(size=16000), 16000, diameters=np.ones([10, 44]),
        ...     formants_hz=np.full([10, 3], 500.0), r_d=np.ones(10), length_cm=17.5,
        ...     frame_rate=10.0)
        >>> figure.axes[1].get_ylabel()
        'from the glottis (cm)'
    """
    figure, (sound, tract, glottis) = make_figure(
        3, row_height=2.4, height_ratios=(3.0, 3.0, 1.2), share_time=True, title=title
    )
    times = np.arange(len(diameters)) / frame_rate
    mesh = draw_spectrogram(sound, audio, sample_rate)
    add_db_bar(figure, mesh, [sound])
    for formant in np.asarray(formants_hz).T:
        sound.plot(times, formant, ".", color="white", ms=2.0)
    areas = np.pi / 4.0 * np.asarray(diameters) ** 2
    place = np.linspace(0.0, length_cm, areas.shape[1])
    moving = tract.pcolormesh(
        times, place, areas.T, shading="nearest", cmap=HEAT, vmin=0.0, rasterized=True
    )
    tract.set_ylabel("from the glottis (cm)", fontsize=9)
    add_db_bar(figure, moving, [tract], label="area (cm²)")
    glottis.plot(times, r_d, color=ACCENT, lw=1.2)
    glottis.set_ylim(0.2, 2.8)
    glottis.set_ylabel("R_d", fontsize=9)
    glottis.set_xlabel("time (s)", fontsize=9)
    return figure
