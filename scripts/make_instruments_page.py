"""Writes the page of the shipped instruments, with the card and the pictures of each.

Example:
    python scripts/make_instruments_page.py docs/instruments.md
"""

import json
import re
import sys
from pathlib import Path

import click

from ddsp_tf.errors import DdspError
from ddsp_tf.files import atomic_file, write_text

PRESETS = Path(__file__).parents[1] / "ddsp_tf" / "presets"
ORDER = (
    *("violin", "violin_48k", "cello", "cello_48k", "flute", "flute_48k", "trumpet", "trumpet_48k"),
    *("saxophone", "saxophone_48k", "saxophone_tenor", "saxophone_tenor_48k"),
    "piano",
)
INTRODUCTION = """# Instruments

What ships with the package. Play one with `ddsp-tf transfer NAME melody.wav -o out/`, hear all with
`ddsp-tf demo`, list them with `ddsp-tf instruments`. `scripts/train_instruments.py` made each of
them from the recordings that its card names; its weights may be used under the card's licence, with
the attribution given there. All figures are of the shipped weights on recordings that training did
not see, as `ddsp-tf evaluate` measures them; [How good it sounds](quality.md) says what they mean.
The piano follows no melody: it is played by notes, `ddsp-tf render song.mid piano`, and was made
and measured by scripts of its own ([A piano](systems/piano.md)).

`python scripts/make_instruments_page.py docs/instruments.md` writes this page.
"""


@click.command()
@click.argument("page", type=click.Path(path_type=Path))
def make_page(page: Path) -> None:
    """Writes PAGE, and copies the pictures into `images/` beside it."""
    write_text(page, page_text(), overwrite=True)
    for name in shipped():
        for picture in (PRESETS / name).glob("*.png"):
            with atomic_file(page.parent / _picture(name, picture.stem), overwrite=True) as copy:
                copy.write_bytes(picture.read_bytes())
    click.echo(f"Wrote {page}")


def shipped() -> list[str]:
    """Gives the names of the shipped instruments, the known ones first."""
    found = {path.parent.name for path in PRESETS.glob("*/metadata.json")}
    return [*(name for name in ORDER if name in found), *sorted(found - set(ORDER))]


def page_text() -> str:
    """Gives the whole page."""
    rows = "\n".join(map(_row, shipped()))
    table = (
        "| name | sounds like | range | recordings | spectral distance | loudness | pitch |\n"
        f"|---|---|---|---|---|---|---|\n{rows}"
    )
    return "\n".join([INTRODUCTION, table, *("\n" + _section(name) for name in shipped())])


def _row(name: str) -> str:
    facts = json.loads((PRESETS / name / "metadata.json").read_text(encoding="utf-8"))
    statistics, metrics = facts["statistics"], facts["metrics"]
    if statistics is None:
        midi, seconds = facts["key_range"], facts["training"]["dataset"]["seconds"]["train"]
    else:
        midi, seconds = statistics["f0_midi_quantiles"][1:-1], statistics["seconds"]
    lowest, highest = (440.0 * 2.0 ** ((midi[i] - 69.0) / 12.0) for i in (0, -1))
    loudness, cents = (metrics.get(key) for key in ("loudness_db", "median_cents"))
    cells = (
        f"[`{name}`](#{_anchor(facts['title'])})",
        facts["description"].split(". ")[0].rstrip("."),
        f"{lowest:.0f} to {highest:.0f} Hz",
        f"{seconds / 60:.1f} min",
        f"{metrics['spectral_distance']:.2f}",
        "by velocity" if loudness is None else f"{loudness:.1f} dB",
        "by key" if cents is None else f"{cents:.1f} cents",
    )
    return "| " + " | ".join(cells) + " |"


def _section(name: str) -> str:
    card = (PRESETS / name / "README.md").read_text(encoding="utf-8")
    shifted = re.sub(r"^(#+ )", r"#\1", card, flags=re.MULTILINE)
    # Headings that every card has would have the same anchor, and commands of a card run for hours.
    shifted = re.sub(r"^### (.*)$", r"**\1**", shifted, flags=re.MULTILINE)
    shifted = shifted.replace("```\n", "<!-- elsewhere -->\n```bash\n", 1)
    return re.sub(r"\((\w+)\.png\)", lambda found: f"({_picture(name, found[1])})", shifted)


def _picture(name: str, picture: str) -> str:
    return f"images/instrument_{name}_{picture}.png"


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


if __name__ == "__main__":
    try:
        make_page()
    except DdspError as error:
        sys.exit(f"Error: {error}")
