"""The curves hold the numbers they were given, on axes a musician reads."""

import math

import numpy as np
import pytest

from ddsp_tf.note_names import note_name
from ddsp_tf.plotting import (
    controls_overview,
    f0_and_loudness,
    impulse_response,
    training_curves,
)

FRAMES = 500
F0_HZ = np.linspace(220, 440, FRAMES)
LOUDNESS_DB = np.linspace(-60, -20, FRAMES)


@pytest.mark.parametrize(
    ("midi", "name"), [(69, "A4"), (60, "C4"), (54.4, "F♯3"), (0, "C-1"), (71.6, "C5")]
)
def test_notes_have_their_names(midi: float, name: str) -> None:
    assert note_name(midi) == name


def test_pitch_and_loudness_show_input_and_output() -> None:
    voiced = np.arange(FRAMES) < 400
    figure = f0_and_loudness(
        F0_HZ,
        LOUDNESS_DB,
        frame_rate=250,
        output_f0_hz=2 * F0_HZ,
        output_loudness_db=LOUDNESS_DB + 6,
        voiced=voiced,
    )
    pitch, loudness = figure.axes
    given, played = pitch.get_lines()
    np.testing.assert_allclose(given.get_ydata()[:400], F0_HZ[:400])
    assert np.isnan(given.get_ydata()[400:]).all()
    np.testing.assert_allclose(played.get_ydata()[:400], 2 * F0_HZ[:400])
    assert given.get_xdata()[-1] == pytest.approx((FRAMES - 1) / 250)
    np.testing.assert_allclose(loudness.get_lines()[1].get_ydata(), LOUDNESS_DB + 6)
    assert [text.get_text() for text in loudness.get_legend().get_texts()] == ["input", "output"]
    assert pitch.get_ylabel() == "pitch (note)"
    assert (
        "A4" in {label.get_text() for label in pitch.get_yticklabels()} or pitch.get_yticks().size
    )
    low, high = pitch.get_ylim()
    assert low < 220
    assert high > 2 * F0_HZ[399]


def test_pitch_without_any_voiced_frame_is_an_empty_panel() -> None:
    figure = f0_and_loudness(np.zeros(9), np.full(9, -80.0), frame_rate=250)
    assert np.isnan(figure.axes[0].get_lines()[0].get_ydata()).all()


def test_controls_are_heat_maps_in_db_over_time() -> None:
    distribution = np.full((FRAMES, 4), 1e-3)
    distribution[:, 1] = 1.0
    noise = np.full((FRAMES, 5), 0.01)
    figure = controls_overview(
        amplitudes=np.full((FRAMES, 1), 0.1),
        harmonic_distribution=distribution,
        noise_magnitudes=noise,
        frame_rate=250,
        sample_rate=16000,
    )
    level, harmonics, noises = figure.axes[:3]
    np.testing.assert_allclose(level.get_lines()[0].get_ydata(), -20.0, atol=1e-6)
    picture = harmonics.get_images()[0].get_array()
    np.testing.assert_allclose(picture[1], 0.0, atol=1e-6)
    np.testing.assert_allclose(picture[0], -60.0, atol=1e-6)
    assert harmonics.get_images()[0].get_extent() == [0, 2.0, 0.5, 4.5]
    assert noises.get_images()[0].get_extent() == [0, 2.0, 0, 8.0]
    labels = [axes.get_ylabel() for axes in figure.axes[:3]]
    assert labels == ["level (dB)", "harmonic number", "frequency (kHz)"]


def test_silent_controls_are_drawn() -> None:
    figure = controls_overview(
        amplitudes=np.zeros(9),
        harmonic_distribution=np.zeros((9, 3)),
        frame_rate=250,
        sample_rate=8,
    )
    assert np.isfinite(figure.axes[0].get_ylim()).all()


def test_the_decay_of_an_impulse_response_is_in_db() -> None:
    """An exponential that loses 60 dB a second draws a line of that slope."""
    rate = 8000
    response = 10 ** (-3 * np.arange(rate) / rate)
    figure = impulse_response(response, rate)
    decay = figure.axes[1].get_lines()[0]
    at_500_ms = np.interp(500, decay.get_xdata(), decay.get_ydata())
    assert at_500_ms == pytest.approx(-30, abs=0.1)
    np.testing.assert_array_equal(figure.axes[0].get_lines()[0].get_ydata(), response)
    assert figure.axes[1].get_xlabel() == "time (ms)"


def test_a_silent_impulse_response_is_drawn() -> None:
    assert impulse_response(np.zeros(100), 8000).axes[1].get_lines()[0].get_ydata()[0] == -80


def test_training_curves_show_losses_together_and_the_rest_apart() -> None:
    rows: list[dict[str, object]] = [
        {"step": step, "loss": 10.0 / step, "learning_rate": 1e-3, "note": "text", "resumed": True}
        for step in range(1, 20)
    ]
    rows += [{"step": 20, "loss": math.nan}, {"step": 20, "validation_loss": 1.5}, {"other": 1.0}]
    figure = training_curves(rows, title="run")
    losses, rate = figure.axes
    train, validation = losses.get_lines()
    np.testing.assert_allclose(train.get_ydata(), [10.0 / step for step in range(1, 20)])
    assert list(validation.get_xdata()) == [20.0]
    assert losses.get_yscale() == "log"
    assert rate.get_ylabel() == "learning rate"
    assert rate.get_xlabel() == "step"
    texts = [text.get_text() for text in losses.get_legend().get_texts()]
    assert texts == ["loss", "validation loss"]


def test_a_long_noisy_loss_gets_a_smooth_line() -> None:
    noise = np.random.default_rng(0).normal(size=400)
    rows = [{"step": step, "loss": 5.0 + 0.5 * noise[step]} for step in range(400)]
    raw, smooth = training_curves(rows).axes[0].get_lines()
    assert np.std(smooth.get_ydata()) < 0.5 * np.std(raw.get_ydata())
    assert smooth.get_ydata().mean() == pytest.approx(raw.get_ydata().mean(), abs=0.05)


def test_a_run_without_rows_gives_an_empty_figure() -> None:
    assert len(training_curves([]).axes) == 1
