"""Makes the shipped effect of a run: weights in half precision, and a card.

Example:
    python scripts/publish_effect.py runs/style ddsp_tf/presets/effects/style
"""

import dataclasses
import sys
from pathlib import Path

import click

from ddsp_tf.errors import DdspError


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--gin-file", default="papers/steinmetz2022/style.gin", help="Its recipe.")
@click.option("--overwrite", is_flag=True, help="Replace the folder.")
def publish(run: Path, output: Path, gin_file: str, overwrite: bool) -> None:
    """Writes the best model of RUN to OUTPUT."""
    from ddsp_tf import config
    from ddsp_tf.files import write_text
    from ddsp_tf.models import Instrument
    from ddsp_tf.training import train

    trained = Instrument.load(run)
    facts = config.parse([gin_file], ["RECORDINGS=''"]).bound(train)["metadata"]
    trained = dataclasses.replace(trained, metadata={**trained.metadata, **facts})
    trained.save(output, overwrite=overwrite, weights_dtype="float16")
    write_text(output / "README.md", card(trained.metadata), overwrite=overwrite)
    size = sum(path.stat().st_size for path in output.iterdir())
    print(f"{output}: {size / 1e6:.1f} MB, step {trained.metadata['training']['step']}")


def card(metadata) -> str:  # type: ignore[no-untyped-def]
    """A few lines in Markdown about the effect."""
    credits, weak = (
        "".join(f"- {line}\n" for line in metadata[key])
        for key in ("attribution", "known_weaknesses")
    )
    commands = "\n".join(metadata["command"])
    found = "".join(f"- {what}: {x:.0%}\n" for what, x in metadata.get("metrics", {}).items())
    measured = f"## Measured\n\n{found}\n" if found else ""
    return (
        f"# {metadata['title']}\n\n{metadata['description']}\n\n"
        f"- Licence: {metadata['licence']}\n- Trained on: {metadata['training_data']}\n"
        f"- Held out: {metadata['held_out_data']}\n- Steps: {metadata['training']['step']}\n\n"
        f"{measured}## Recordings by\n\n{credits}\n## Known weaknesses\n\n{weak}\n"
        f"## Made by\n\n```bash\n{commands}\n```\n"
    )


if __name__ == "__main__":
    try:
        publish()
    except DdspError as error:
        sys.exit(f"Error: {error}")
