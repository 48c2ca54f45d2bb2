"""Puts the tables that `ddsp-tf evaluate -o FOLDER` wrote into a page, and a spectrogram beside it.

Example:
    ddsp-tf evaluate violin --data dataset/ --baselines --transfer phrases/ -o evaluation/
    python scripts/benchmarks/quality.py evaluation/ --docs docs/quality.md
"""

import json
import shutil
import sys
from pathlib import Path

import click
from report import replace_block

from ddsp_tf.errors import DatasetError, DdspError
from ddsp_tf.files import atomic_file, write_text

BEGIN = "<!-- comparison: written by scripts/benchmarks/quality.py -->"
END = "<!-- end of the comparison -->"
PICTURE = Path("images") / "quality_spectrogram.png"


@click.command()
@click.argument("evaluation", type=click.Path(path_type=Path))
@click.option(
    "--docs",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The page, with the two markers of the table.",
)
def publish(evaluation: Path, docs: Path) -> None:
    """Writes the comparison in EVALUATION into a page."""
    if not (evaluation / "comparison.md").exists():
        raise DatasetError(
            f"`{evaluation}` holds no comparison. Make it with ddsp-tf evaluate MODEL --data "
            f"DATASET --baselines -o {evaluation}"
        )
    results = json.loads((evaluation / "evaluation.json").read_text(encoding="utf-8"))
    of_all = results["overall"]
    names = {recording["name"] for recording in results["recordings"]}
    about = (
        f"{of_all['seconds']:.0f} s of {len(names)} recordings, {of_all['voiced_s']:.0f} s of it "
        "with a pitch that the tracker is sure of. In brackets 95% confidence intervals."
    )
    table = (evaluation / "comparison.md").read_text(encoding="utf-8")
    page = docs.read_text(encoding="utf-8")
    block = f"{about}\n\n{table.strip()}"
    write_text(docs, replace_block(page, block, begin=BEGIN, end=END), overwrite=True)
    with atomic_file(docs.parent / PICTURE, overwrite=True) as picture:
        shutil.copyfile(evaluation / "spectrogram-0.png", picture)
    click.echo(f"Wrote {docs} and {docs.parent / PICTURE}")


if __name__ == "__main__":
    try:
        publish()
    except DdspError as error:
        sys.exit(f"Error: {error}")
