"""Draws what a model of several instruments has learned of timbre.

On the left, how partials change from one instrument to another; on the right, the timbres of the
table and those that are heard in held-out recordings, on the two axes on which they differ most.

Example:
    python scripts/many_instruments_figure.py runs/many violin flute docs/images/many.png \
        --data violin=violin_data/ --data flute=flute_data/
"""

from pathlib import Path

import click
import numpy as np
import tensorflow as tf

from ddsp_tf.cli.given_data import GivenData
from ddsp_tf.data import Dataset
from ddsp_tf.models import Instrument
from ddsp_tf.plotting import save_figure
from ddsp_tf.plotting.figure import make_figure

SHARES = np.linspace(0.0, 1.0, 21)
N_PARTIALS = 20
F0_HZ, LOUDNESS_DB = 440.0, -25.0


@click.command()
@click.argument("run")
@click.argument("first")
@click.argument("last")
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--data", multiple=True, required=True)
def main(run: str, first: str, last: str, output: Path, data: tuple[str, ...]) -> None:
    """Draws the figure."""
    model = Instrument.load(run).model
    names = model.encoder.instruments
    figure, (left, right) = make_figure(1, 2, width=9.0, row_height=2.9)

    mixed = np.zeros([len(SHARES), len(names)], np.float32)
    mixed[:, names.index(first)], mixed[:, names.index(last)] = 1.0 - SHARES, SHARES
    frames = [len(SHARES), 250, 1]
    played = model(
        {
            "f0_hz": tf.fill(frames, F0_HZ),
            "loudness_db": tf.fill(frames, LOUDNESS_DB),
            "timbre": tf.constant(mixed),
        }
    )["controls"]["harmonic"]["controls"]
    partials = played["harmonic_distribution"][:, -1, :N_PARTIALS].numpy()
    levels_db = 20.0 * np.log10(np.maximum(partials, 1e-4))
    drawn = left.pcolormesh(
        SHARES, np.arange(1, N_PARTIALS + 1), levels_db.T, vmin=-60.0, vmax=0.0, shading="nearest"
    )
    left.set(xlabel=f"{first} to {last}", ylabel="partial", title=f"{F0_HZ:g} Hz, share in dB")
    figure.colorbar(drawn, ax=left)

    table = np.tanh(model.encoder.table.numpy())
    _, _, axes = np.linalg.svd(table - table.mean(axis=0), full_matrices=False)
    for index, (name, folder) in enumerate(GivenData.parse(data).named.items()):
        heard = [
            (model.encoder(tf.constant(audio[np.newaxis])).numpy()[0] - table.mean(axis=0))
            for _, audio, _ in Dataset.open(folder).recordings("eval")
        ]
        points = np.array(heard) @ axes[:2].T
        right.plot(*points.T, ".", color=f"C{index}", markersize=4)
        place = (table[names.index(name)] - table.mean(axis=0)) @ axes[:2].T
        right.plot(*place, "o", color=f"C{index}", markersize=9, markeredgecolor="k", label=name)
    right.set(title="timbres: named (large), heard (small)", xticks=[], yticks=[])
    right.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    save_figure(figure, output, overwrite=True)


if __name__ == "__main__":
    main()
