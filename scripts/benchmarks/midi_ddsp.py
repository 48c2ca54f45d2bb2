"""Measures a MIDI-DDSP of several instruments on what it was not trained on.

    python scripts/benchmarks/midi_ddsp.py RUN NAME=DATASET... [--only expression]

The datasets are those that it was trained on, in the same order; their held-out sides are taken.

- Expression: mean square of the six numbers of the notes, written note after note, with the notes'
  velocities and without, beside the mean of all training notes and that of the instrument's.
- Obedience: how the numbers that pitch and levels really have go with those that were asked for
  (those of the recordings): correlation over all held-out notes.
- Names: the held-out notes of every instrument played by every instrument, moved by octaves into
  its range: 25 sounds for five instruments. A linear discriminant says which instrument it hears,
  in the sounds, and in the held-out recordings. It was trained on the training side of the
  recordings: 40 log mel bands, means of a second where it sounds, without their level. Beside it
  the same 25 melodies put together of each instrument's held-out recorded notes, those of the
  nearest keys, which say whether the discriminant can name them at all.
"""

import click
import numpy as np

from ddsp_tf import Dataset, Instrument
from ddsp_tf.dsp.mel import mel_power
from ddsp_tf.inference import Render
from ddsp_tf.inference.key_range import KeyRange
from ddsp_tf.midi import EXPRESSION_FIELDS, measure_expression, top_line
from ddsp_tf.types import FloatArray

N_BANDS, LONGEST_S, LEAST_NOTE_S = 40, 20.0, 0.06
SHRINKAGE = 0.1


def played_notes(dataset: Dataset, split: str) -> list[tuple[FloatArray, FloatArray]]:
    """The notes of each segment, one at a time, and their expression."""
    found = []
    for _, batch in dataset.segments(split):
        notes = batch["notes"][0].astype(np.float64)
        notes = notes[(notes[:, 3] > 0) & (notes[:, 0] >= 0)]
        if len(notes):
            line = top_line(notes)
            line = line[line[:, 1] - line[:, 0] >= LEAST_NOTE_S]
            n_frames = batch["expression"].shape[1]
            middle = np.round(line[:, :2].mean(axis=1) * dataset.features.frame_rate).astype(int)
            line, middle = line[middle < n_frames], middle[middle < n_frames]
            found.append((line, batch["expression"][0][middle].astype(np.float64)))
    return [(line, expression) for line, expression in found if len(line)]


def expression_table(instrument: Instrument, datasets: dict[str, Dataset]) -> None:
    """Prints how far the written numbers are from the real ones."""
    train = {
        name: np.concatenate([expression for _, expression in played_notes(dataset, "train")])
        for name, dataset in datasets.items()
    }
    of_all = np.concatenate(list(train.values())).mean(axis=0)
    squares: dict[str, list[FloatArray]] = {}
    for number, (name, dataset) in enumerate(datasets.items()):
        for line, real in played_notes(dataset, "eval"):
            told = {
                "mean of all": of_all,
                "mean of the instrument": train[name].mean(axis=0),
                "written": instrument.model.express(line, instrument=number, with_velocity=False),
                "written, with velocities": instrument.model.express(line, instrument=number),
            }
            for how, numbers in told.items():
                squares.setdefault(how, []).append(np.square(numbers - real))
    joined = {how: np.concatenate(parts) for how, parts in squares.items()}
    worst = joined["mean of all"].mean()
    print(f"{len(joined['written'])} held-out notes")
    print(f"| | all | {' | '.join(EXPRESSION_FIELDS)} |")
    print(f"|---|---|{'---|' * len(EXPRESSION_FIELDS)}")
    for how, parts in joined.items():
        each = " | ".join(f"{x:.4f}" for x in parts.mean(axis=0))
        print(f"| {how} | {parts.mean():.4f} ({parts.mean() / worst:.2f}) | {each} |")


def obedience(instrument: Instrument, datasets: dict[str, Dataset]) -> None:
    """Prints how what is made goes with what was asked for."""
    asked, made = [], []
    for number, dataset in enumerate(datasets.values()):
        for line, real in played_notes(dataset, "eval"):
            inside = line[:, 1] < LONGEST_S
            if not inside.any():
                continue
            frame_rate = dataset.features.frame_rate
            levels = instrument.model.synthesise(
                line[inside],
                real[inside],
                n_frames=round(LONGEST_S * frame_rate),
                instrument=number,
            )
            pitch = levels.pop("f0_hz")[:, 0]
            asked.append(real[inside])
            made.append(
                measure_expression(line[inside], f0_hz=pitch, frame_rate=frame_rate, **levels)
            )
    first, second = np.concatenate(asked), np.concatenate(made)
    found = [np.corrcoef(x, y)[0, 1] for x, y in zip(first.T, second.T, strict=True)]
    print("correlation with what was asked for:", end=" ")
    print(", ".join(f"{k} {x:.2f}" for k, x in zip(EXPRESSION_FIELDS, found, strict=True)))


def colours(audio: FloatArray, sample_rate: int) -> FloatArray:
    """Log mel spectra of a second each, where it sounds, without their level: `[n, 40]`."""
    power = mel_power(
        audio.astype(np.float32), sample_rate=sample_rate, fft_length=1024, hop_length=256,
        n_bands=N_BANDS, per_hz=False,
    )  # fmt: skip
    level_db = 10 * np.log10(np.asarray(power) + 1e-9)
    loud = level_db.max(axis=1)
    level_db = level_db[loud > np.quantile(loud, 0.95) - 30]
    length = sample_rate // 256
    n_parts = max(1, len(level_db) // length)
    means = np.array([part.mean(axis=0) for part in np.array_split(level_db, n_parts)])
    return means - means.mean(axis=1, keepdims=True)


class Discriminant:
    """A linear discriminant with a shrunk covariance."""

    def __init__(self, examples: list[FloatArray]) -> None:
        self.means = np.array([x.mean(axis=0) for x in examples])
        apart = np.concatenate([x - x.mean(axis=0) for x in examples])
        covariance = np.cov(apart.T)
        scale = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
        self.inverse = np.linalg.inv((1 - SHRINKAGE) * covariance + SHRINKAGE * scale)

    def __call__(self, examples: FloatArray) -> int:
        """Says which class a sound is of, by all its seconds."""
        apart = examples[:, np.newaxis] - self.means
        distances = np.einsum("nci,ij,ncj->nc", apart, self.inverse, apart)
        return int(distances.sum(axis=0).argmin())


def of_recordings(dataset: Dataset, line: FloatArray) -> FloatArray:
    """A melody of recorded notes of the held-out side, each that of the nearest key."""
    pool = [
        (note[2], batch["audio"][0][round(note[0] * rate) : round(note[1] * rate)])
        for rate in [dataset.features.sample_rate]
        for (notes, _), (_, batch) in zip(
            played_notes(dataset, "eval"), dataset.segments("eval"), strict=True
        )
        for note in notes
    ]
    keys = np.array([key for key, _ in pool])
    return np.concatenate([pool[int(np.abs(keys - key).argmin())][1] for key in line[:, 2]])


def names(instrument: Instrument, datasets: dict[str, Dataset]) -> None:
    """Prints which instruments are heard."""
    rate = instrument.features.sample_rate
    heard = {
        split: [
            np.concatenate(
                [colours(batch["audio"][0], rate) for _, batch in dataset.segments(split)]
            )
            for dataset in datasets.values()
        ]
        for split in ("train", "eval")
    }
    tell = Discriminant(heard["train"])
    n_right = sum(tell(x) == number for number, x in enumerate(heard["eval"]))
    print(f"held-out recordings named rightly: {n_right} of {len(datasets)}")
    labels = list(datasets)
    print(f"| played by | {' | '.join(f'notes of {name}' for name in labels)} |")
    print(f"|---|{'---|' * len(labels)}")
    n_right = n_recorded = 0
    for number, name in enumerate(labels):
        render = Render(instrument, player=name, tail_s=0.2)
        row = []
        for dataset in datasets.values():
            line = np.concatenate([line for line, _ in played_notes(dataset, "eval")[:1]])
            line = line[line[:, 1] < LONGEST_S]
            keys = instrument.model.key_range(number)
            line = line if keys is None else KeyRange(*keys).fit(line)
            audio, _ = render(line)
            said = tell(colours(audio, rate))
            n_right += said == number
            row.append(labels[said])
            n_recorded += tell(colours(of_recordings(datasets[name], line), rate)) == number
        print(f"| {name} | {' | '.join(row)} |", flush=True)
    print(f"named rightly: {n_right} of {len(labels) ** 2}; of recorded notes {n_recorded}")


PARTS = {"expression": expression_table, "obedience": obedience, "names": names}


@click.command()
@click.argument("run")
@click.argument("pairs", metavar="NAME=DATASET...", nargs=-1, required=True)
@click.option("--only", multiple=True, default=tuple(PARTS), type=click.Choice(list(PARTS)))
def main(run: str, pairs: tuple[str, ...], only: tuple[str, ...]) -> None:
    """Prints what is asked for, or all three."""
    instrument = Instrument.load(run)
    named = (pair.split("=", 1) for pair in pairs)
    datasets = {name: Dataset.open(folder) for name, folder in named}
    for part in only:
        PARTS[part](instrument, datasets)


if __name__ == "__main__":
    main()
