"""What the decoder asks of the synthesisers, over time."""

import numpy as np
from matplotlib.figure import Figure

from ddsp_tf.plotting.figure import make_figure
from ddsp_tf.plotting.palette import HEAT, MUTED, OUTPUT
from ddsp_tf.plotting.spectrograms import add_db_bar

_RANGE_DB = 60.0
_TINY = 1e-7
_MAX_COLUMNS = 2000


def controls_overview(
    *,
    amplitudes: np.ndarray,
    harmonic_distribution: np.ndarray,
    noise_magnitudes: np.ndarray | None = None,
    frame_rate: float,
    sample_rate: int,
    title: str | None = None,
) -> Figure:
    """Draws the controls of harmonic synthesiser and filtered noise.

    Args:
        amplitudes: Overall linear amplitude, `[n_frames]` or `[n_frames, 1]`.
        harmonic_distribution: Share of each harmonic, `[n_frames, n_harmonics]`.
        noise_magnitudes: Linear magnitude of each noise band, `[n_frames, n_bands]`, from
            0 Hz to Nyquist.
        frame_rate: Frames per second.
        sample_rate: Rate of the audio in Hz; half of it tops the noise axis.
        title: Line above the figure.

    Returns:
        The figure: amplitude in dB, harmonics as a heat map in dB below the strongest of
        each frame's sum, noise as a heat map in dB.

    Example:
        >>> figure = controls_overview(
        ...     amplitudes=np.ones(100), harmonic_distribution=np.full((100, 4), 0.25),
        ...     frame_rate=250, sample_rate=16000)
        >>> figure.axes[1].get_ylabel()
        'harmonic number'
    """
    n_panels = 2 if noise_magnitudes is None else 3
    figure, panels = make_figure(
        n_panels, height_ratios=[1, 2, 2][:n_panels], share_time=True, title=title
    )
    level_db = _to_db(np.asarray(amplitudes).reshape(-1))
    end_s = level_db.size / frame_rate
    panels[0].plot(np.arange(level_db.size) / frame_rate, level_db, color=OUTPUT, lw=1.2)
    panels[0].set_ylim(max(level_db.max(), -_RANGE_DB) - _RANGE_DB, max(level_db.max(), -60.0) + 4)
    panels[0].set_ylabel("level (dB)", fontsize=9)
    panels[0].grid(color=MUTED, lw=0.4, alpha=0.6)
    panels[0].set_title("Harmonic amplitude", loc="left", fontsize=10)

    n_harmonics = harmonic_distribution.shape[-1]
    _heat_map(figure, panels[1], harmonic_distribution, (0, end_s, 0.5, n_harmonics + 0.5))
    panels[1].set_ylabel("harmonic number", fontsize=9)
    panels[1].set_title("Harmonic distribution", loc="left", fontsize=10)
    if noise_magnitudes is not None:
        _heat_map(figure, panels[2], noise_magnitudes, (0, end_s, 0, sample_rate / 2000))
        panels[2].set_ylabel("frequency (kHz)", fontsize=9)
        panels[2].set_title("Noise magnitudes", loc="left", fontsize=10)
    panels[-1].set_xlabel("time (s)", fontsize=9)
    return figure


def _heat_map(
    figure: Figure, axes: object, values: np.ndarray, extent: tuple[float, float, float, float]
) -> None:
    step = -(-values.shape[0] // _MAX_COLUMNS)
    picture_db = _to_db(np.asarray(values)[::step].T)
    top_db = float(picture_db.max())
    image = axes.imshow(  # type: ignore[attr-defined]
        picture_db,
        aspect="auto",
        origin="lower",
        extent=extent,
        cmap=HEAT,
        vmin=top_db - _RANGE_DB,
        vmax=top_db,
        interpolation="nearest",
    )
    add_db_bar(figure, image, [axes])  # type: ignore[list-item]


def _to_db(amplitude: np.ndarray) -> np.ndarray:
    return 20 * np.log10(np.maximum(np.abs(amplitude), _TINY))
