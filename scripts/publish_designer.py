"""Makes the shipped network that designs filters of a run: small weights, measured error, a card.

Example:
    python scripts/publish_designer.py runs/iirnet ddsp_tf/presets/filters/iirnet
"""

import dataclasses
import sys
from pathlib import Path

import click
import numpy as np

from ddsp_tf.errors import DdspError

_SEED, _N_FILTERS = 7, 200


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--gin-file", default="papers/colonel2022/iirnet.gin", help="Its recipe.")
@click.option("--overwrite", is_flag=True, help="Replace the folder.")
def publish(run: Path, output: Path, gin_file: str, overwrite: bool) -> None:
    """Writes the best model of RUN to OUTPUT in half precision, with its error by family."""
    from ddsp_tf import config
    from ddsp_tf.files import check_writable, write_text
    from ddsp_tf.models import Instrument
    from ddsp_tf.training import train

    check_writable(output, overwrite=overwrite)
    facts = config.parse([gin_file]).bound(train)["metadata"]
    trained = Instrument.load(run)
    exact = errors_db(trained.model)
    trained.save(output, overwrite=overwrite, weights_dtype="float16")
    small = Instrument.load(output)
    found = errors_db(small.model)
    for family, error in found.items():
        print(f"{family:22} {error:.3f} dB in half precision, {exact[family]:.3f} dB before")
    metadata = {**trained.metadata, **facts, "metrics": {"error_db": found}}
    dataclasses.replace(trained, metadata=metadata).save(
        output, overwrite=True, weights_dtype="float16"
    )
    write_text(output / "README.md", card(metadata))


def errors_db(model) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """The mean over a family's filters of the root mean squared error in dB."""
    from ddsp_tf import dsp

    random = np.random.default_rng(_SEED)
    errors = {}
    for family in dsp.FILTER_FAMILIES:
        sections = dsp.random_filters(random, family, _N_FILTERS, order=model.order)
        wanted = dsp.sections_magnitude_db(sections, n_points=model.n_points)[np.newaxis]
        designed = np.asarray(model({"magnitude_db": wanted})["magnitude_db"], np.float64)
        errors[family] = float(np.mean(np.sqrt(np.mean((designed - wanted) ** 2, axis=-1))))
    return errors


def card(metadata) -> str:  # type: ignore[no-untyped-def]
    """A few lines in Markdown about the network."""
    errors = metadata["metrics"]["error_db"]
    rows = "".join(f"| {family.replace('_', ' ')} | {errors[family]:.2f} |\n" for family in errors)
    weak = "".join(f"- {weakness}\n" for weakness in metadata["known_weaknesses"])
    commands = "\n".join(metadata["command"])
    return (
        f"# {metadata['title']}\n\n{metadata['description']}\n\n"
        f"- Licence: {metadata['licence']}\n- Trained on: {metadata['training_data']}\n"
        f"- Steps: {metadata['training']['step']}\n\n"
        f"| family of {_N_FILTERS} held-out filters | error in dB |\n|---|---|\n{rows}\n"
        f"## Known weaknesses\n\n{weak}\n## Made by\n\n```bash\n{commands}\n```\n"
    )


if __name__ == "__main__":
    try:
        publish()
    except DdspError as error:
        sys.exit(f"Error: {error}")
