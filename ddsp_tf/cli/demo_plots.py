"""The plots of the demo page: for light and dark pages, for wide and narrow ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ddsp_tf.inference import TransferResult

PLOTS = "plots"

# Points of text to pixels of the page: 8 points, the smallest text there is, are 11 pixels.
_PAGE_DPI = 99.0
_DARK = "(prefers-color-scheme: dark)"


@dataclass(frozen=True)
class Plot:
    """A picture, and where its time axis is, so that a line can follow the sound.

    Attributes:
        file: The WebP, from the page.
        width: Of the picture in pixels.
        height: Of the picture in pixels.
        left: Where the time axis begins, as a share of the width.
        right: Where it ends, as a share of the width.
        start_s: Time at its left end.
        end_s: Time at its right end.
        media: The CSS condition for showing it; none: if no other is to be shown.
    """

    file: str
    width: int
    height: int
    left: float
    right: float
    start_s: float
    end_s: float
    media: str = ""


@dataclass(frozen=True)
class _Shape:
    """How a plot is laid out.

    Attributes:
        name: In its files' names.
        media: The CSS condition for showing it; none: if no other is to be shown.
        page_width: Width of the place for which it is laid out, in pixels of the page.
        density: Pixels of the picture for each of them.
        row_height: Mean height of a panel in inches.
    """

    name: str
    media: str
    page_width: float
    density: float
    row_height: float


# 320 pixels is what a card leaves on a telephone of 375.
_SHAPES = (
    _Shape("narrow", "(max-width: 45rem)", 320.0, 2.0, 1.35),
    _Shape("wide", "", 800.0, 1.375, 1.7),
)


def write_plots(result: "TransferResult", folder: Path, stem: str) -> tuple[Plot, ...]:
    """Draws what an instrument has made of a melody, once for every kind of page.

    Args:
        result: What it has made.
        folder: Of the page.
        stem: What the files' names begin with.

    Returns:
        The first one whose condition holds is the one to show; the last one has none.

    Raises:
        OutputError: The disk is full or can't be written.
    """
    from ddsp_tf.export.web.web_site import theme_colours
    from ddsp_tf.plotting import on_paper, save_figure

    colours = theme_colours()
    plots = []
    for shape in _SHAPES:
        for theme in ("dark", "light"):
            file = f"{PLOTS}/{stem}-{shape.name}-{theme}.webp"
            of_theme = colours[theme]
            with on_paper(of_theme["card"], ink=of_theme["ink"]):
                figure = _draw(result, shape)
                save_figure(figure, folder / file)
            conditions = (shape.media, _DARK if theme == "dark" else "")
            plots.append(_describe(figure, file, " and ".join(filter(None, conditions))))
    return tuple(plots)


def _draw(result: "TransferResult", shape: _Shape) -> "Figure":
    return result.figure(
        names=("Before", "After"),
        labels=("before", "after"),
        level_bars=False,
        width=shape.page_width / _PAGE_DPI,
        row_height=shape.row_height,
        dpi=_PAGE_DPI * shape.density,
    )


def _describe(figure: "Figure", file: str, media: str) -> Plot:
    """Says where the time axis of a figure is; drawing it has laid it out."""
    axes = figure.axes[0]
    place, (start_s, end_s) = axes.get_position(), axes.get_xlim()
    width, height = (int(pixels) for pixels in figure.canvas.get_width_height())
    return Plot(file, width, height, place.x0, place.x1, start_s, end_s, media)
