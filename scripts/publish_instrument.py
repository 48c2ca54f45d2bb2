"""Makes a shipped instrument of a run: small weights, measured quality, model card, spectrogram.

Example:
    python scripts/publish_instrument.py runs/violin --data violin_dataset \\
        --gin_file instruments/violin.gin --output ddsp_tf/presets/violin
"""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import click

from ddsp_tf.errors import DdspError

_DRAWN = ("step", "loss", "validation_loss")


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--data", required=True, help="The dataset that the run was trained on.")
@click.option("--gin_file", "gin_file", required=True, help="Its recipe, with `train.metadata`.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--overwrite", is_flag=True, help="Replace the folder.")
def publish(run: Path, data: str, gin_file: str, output: Path, overwrite: bool) -> None:
    """Writes the best model of RUN as an instrument, evaluated on the held-out recordings."""
    write_run(run, data, gin_file, output, overwrite=overwrite)


def write_run(run: Path, data: str, gin_file: str, output: Path, *, overwrite: bool) -> None:
    """Writes the best model of a run as an instrument, evaluated on the held-out recordings."""
    from ddsp_tf import config
    from ddsp_tf.cli.given_data import GivenData
    from ddsp_tf.data import Dataset
    from ddsp_tf.files import check_writable
    from ddsp_tf.models import Instrument
    from ddsp_tf.plotting import training_curves
    from ddsp_tf.training import train

    check_writable(output, overwrite=overwrite)
    named = GivenData.parse([data]).bindings
    facts = config.parse([gin_file], named).bound(train).get("metadata", {})
    instrument = Instrument.load(run)
    instrument = dataclasses.replace(instrument, metadata={**instrument.metadata, **facts})
    write_instrument(instrument, Dataset.open(data), output, overwrite=overwrite)
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [{key: row[key] for key in row if key in _DRAWN} for row in map(json.loads, lines)]
    save_small(training_curves(rows, title="Training"), output / "training.png")


def write_instrument(instrument, dataset, output: Path, *, overwrite: bool) -> None:  # type: ignore[no-untyped-def]
    """Saves, reloads (so that what is measured is what ships), evaluates, and saves again."""
    import tempfile

    from ddsp_tf.evaluation import evaluate, model_card
    from ddsp_tf.files import write_text
    from ddsp_tf.models import Instrument

    with tempfile.TemporaryDirectory() as folder:
        instrument.save(Path(folder) / "instrument", weights_dtype="float16")
        small = Instrument.load(Path(folder) / "instrument")
    report = evaluate(small, dataset, progress=lambda share: print(f"{share:.0%}", flush=True))
    print(report.table())
    metadata = {**small.metadata, "metrics": report.overall.to_dict()}
    small = dataclasses.replace(small, metadata=metadata)
    small.save(output, overwrite=overwrite, weights_dtype="float16")
    card = model_card(
        output.name,
        metadata,
        features=small.features,
        statistics=small.statistics,
        n_parameters=small.model.count_params(),
    )
    pictures = (
        "![Above a held-out recording, below the instrument](spectrogram.png)\n\n"
        "![Losses of the training](training.png)"
    )
    write_text(output / "README.md", f"{card}\n{pictures}\n")
    save_small(report.figures()["spectrogram-0"], output / "spectrogram.png")


def save_small(figure: Any, path: Path, *, overwrite: bool = False) -> None:
    """Writes a picture of 96 colours, since it ships with the package."""
    from PIL import Image

    from ddsp_tf.files import atomic_file
    from ddsp_tf.plotting import figure_to_image

    with atomic_file(path, overwrite=overwrite) as temporary:
        Image.fromarray(figure_to_image(figure)).quantize(96).save(temporary, optimize=True)


if __name__ == "__main__":
    try:
        publish()
    except DdspError as error:
        sys.exit(f"Error: {error}")
