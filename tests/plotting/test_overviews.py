"""The one-page figures, and what becomes of a figure."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ddsp_tf.plotting
from ddsp_tf.errors import OutputError
from ddsp_tf.plotting import (
    dataset_report,
    figure_to_image,
    make_figure,
    on_paper,
    save_figure,
    transfer_overview,
)


def test_a_dataset_report_counts_pitches_levels_and_files() -> None:
    figure = dataset_report(
        f0_hz=np.array([440.0] * 30 + [220.0] * 10 + [0.0]),
        loudness_db=np.array([-20.5] * 40),
        file_names=["a.wav", "a_very_long_name_of_a_recording_of_a_violin.flac"],
        file_seconds=[60.0, 120.0],
        file_voiced_shares=[0.5, 1.0],
        title="Violin",
    )
    pitch, level, files, voiced = figure.axes
    heights = {
        round(12 * np.log2(bar.get_x() * 2 ** (1 / 24) / 440)): bar.get_height()
        for bar in pitch.patches
    }
    assert heights[0] == pytest.approx(75)
    assert heights[-12] == pytest.approx(25)
    assert max(bar.get_height() for bar in level.patches) == pytest.approx(100)
    assert [bar.get_width() for bar in files.patches] == [1.0, 2.0]
    assert [bar.get_width() for bar in voiced.patches] == [50.0, 100.0]
    names = [label.get_text() for label in files.get_yticklabels()]
    assert names[0] == "a.wav"
    assert len(names[1]) <= 32
    assert "3.0 min" in files.get_title(loc="left")
    assert pitch.get_xlabel() == "pitch (note)"
    assert level.get_xlabel() == "loudness (dB)"


def test_many_files_are_folded_into_one_bar() -> None:
    seconds = [60.0] * 10 + [6.0] * 40
    figure = dataset_report(
        f0_hz=np.array([440.0]),
        loudness_db=np.array([-20.0]),
        file_names=[f"{index}.wav" for index in range(50)],
        file_seconds=seconds,
        file_voiced_shares=[0.5] * 50,
    )
    bars = figure.axes[2].patches
    assert len(bars) == 24
    assert sum(bar.get_width() for bar in bars) == pytest.approx(sum(seconds) / 60)
    assert figure.axes[2].get_yticklabels()[-1].get_text() == "27 more"
    assert figure.axes[3].patches[-1].get_width() == pytest.approx(50.0)


def test_a_dataset_without_notes_is_drawn() -> None:
    figure = dataset_report(
        f0_hz=np.zeros(0),
        loudness_db=np.zeros(0),
        file_names=["noise.wav"],
        file_seconds=[3.0],
        file_voiced_shares=[0.0],
    )
    assert not figure.axes[0].patches


def test_a_transfer_overview_has_four_panels_on_one_time_axis() -> None:
    time_s = np.arange(16000) / 16000
    f0_hz = np.full(250, 220.0)
    figure = transfer_overview(
        input_audio=np.sin(2 * np.pi * 220 * time_s),
        input_sample_rate=16000,
        output_audio=np.sin(2 * np.pi * 440 * time_s),
        output_sample_rate=16000,
        f0_hz=f0_hz,
        loudness_db=f0_hz * 0 - 30,
        output_f0_hz=2 * f0_hz,
        output_loudness_db=f0_hz * 0 - 20,
        frame_rate=250,
        title="melody.wav played by violin",
    )
    above, below, pitch, loudness = figure.axes[:4]
    assert [axes.get_title(loc="left") for axes in (above, below)] == ["Input", "Output"]
    assert pitch.get_lines()[1].get_ydata()[0] == 440
    assert loudness.get_lines()[0].get_ydata()[0] == -30
    assert len({axes.get_xlim() for axes in figure.axes[:4]}) == 1
    assert loudness.get_xlabel() == "time (s)"
    for axes, expected_hz in ((above, 220), (below, 440)):
        mesh = axes.collections[0]
        rows_hz = mesh.get_coordinates()[:-1, 0, 1]
        level_db = mesh.get_array().reshape(rows_hz.size, -1)
        assert rows_hz[level_db[:, 30].argmax()] == pytest.approx(expected_hz, rel=0.05)


def test_a_figure_is_saved_whole_and_never_over_another(tmp_path: Path) -> None:
    figure, _ = make_figure(width=3, title="x")
    path = tmp_path / "figure.png"
    save_figure(figure, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OutputError, match="exists"):
        save_figure(figure, path)
    save_figure(figure, path, overwrite=True)
    assert [child.name for child in tmp_path.iterdir()] == ["figure.png"]


def test_a_figure_has_the_colours_of_its_page() -> None:
    with on_paper("#221b17", ink="#f3e8db"):
        figure, (axes,) = make_figure(width=2, row_height=1.5, title="Title", dpi=200)
        axes.set_ylabel("level")
    # Drawn outside of it: colours belong to the figure.
    image = figure_to_image(figure)
    assert image.shape == (400, 400, 3)
    assert (image == (0x22, 0x1B, 0x17)).all(axis=-1).mean() > 0.8
    assert (image == (0xF3, 0xE8, 0xDB)).all(axis=-1).sum() > 200, "axes and text"
    assert image.max() <= 0xF3, "nothing is left of black on white"
    assert image.min() >= 0x17


def test_a_figure_becomes_pixels() -> None:
    figure, (axes,) = make_figure(width=2, row_height=1.5)
    axes.axhspan(0, 1, color="#d4572a")
    image = figure_to_image(figure)
    assert image.dtype == np.uint8
    assert image.shape == (220, 220, 3)
    assert (image == (0xD4, 0x57, 0x2A)).all(axis=-1).mean() > 0.3


def test_a_name_that_the_font_lacks_is_drawn_without_a_warning(tmp_path: Path) -> None:
    figure, _ = make_figure(title="フルート 1.wav")
    save_figure(figure, tmp_path / "flute.png")
    assert (tmp_path / "flute.png").stat().st_size > 1000


def test_every_public_name_exists_and_no_other() -> None:
    for name in ddsp_tf.plotting.__all__:
        assert callable(getattr(ddsp_tf.plotting, name))
    with pytest.raises(AttributeError, match="no attribute 'spektrogram'"):
        _ = ddsp_tf.plotting.spektrogram


def test_drawing_leaves_pyplot_alone_and_importing_costs_nothing() -> None:
    code = (
        "import sys; import ddsp_tf.plotting as p; assert 'matplotlib' not in sys.modules; "
        "import numpy as np; p.spectrogram(np.zeros(999), 8000); "
        "assert 'matplotlib.pyplot' not in sys.modules; assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
