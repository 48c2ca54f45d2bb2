"""Trains the expression of a MIDI-DDSP alone, in three ways, and trees, on held-out notes.

    python scripts/benchmarks/expression_alone.py NAME=DATASET... [--steps 1800] [--only trees]

The parts of a MIDI-DDSP share no weights, and notes are few numbers: in seconds it tells whether a
way of writing expression generalises. "told" is the paper's, keys embedded, two GRUs that are told
the numbers of the note before; "neighbours" is shown two notes to either side, and "by themselves"
is shown one, and reads no others; it is that of `papers/wu2022/instruments.gin`. A step takes four
pieces of 24 notes of each instrument. "trees" are gradient-boosted trees of scikit-learn, some for
each of the six numbers, told of a note and of three to either side; "trees, phrases" are also told
its place in its phrase (notes between two rests) and how it differs from the notes around it: what
a method that has nothing in common with a network finds. Columns: mean square of the six numbers of
the held-out notes, written note after note, in parts of that of the mean of all training notes,
without the notes' velocities and with them.

`--choose` holds out the last fifth of each segment of the training side in place of the held-out
side, so that settings can be chosen without looking at that.
"""

from typing import Any

import click
import keras
import numpy as np
import tensorflow as tf
from midi_ddsp import played_notes

from ddsp_tf import Dataset
from ddsp_tf.models.midi_ddsp.expression_generator import ExpressionGenerator

N_NOTES, N_PIECES = 24, 4
N_CHOOSE = 5
RATE, HALVED_EVERY, AVERAGE = 3e-3, 500, 0.98
SIZES: dict[str, Any] = {"units": 64, "embedding": 32}
WAYS: dict[str, dict[str, Any]] = {
    "told": {},
    "neighbours": {"told_before": False, "n_neighbours": 2, "hidden_dropout": 0.2},
    "by themselves": {
        "units": 128,
        "embedding": 64,
        "told_before": False,
        "n_neighbours": 1,
        "hidden_dropout": 0.5,
        "recurrent": False,
    },
}
N_BESIDE, N_TREES, TREE_RATE, N_LEAVES, LEAST_IN_LEAF = 3, 200, 0.04, 12, 20
REST_S, SURROUNDINGS = 0.02, (5, 15, 41)


def pieces(lines: list[list[Any]], rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Notes, instruments and expression of a step."""
    notes, players, told = [], [], []
    for number, of_instrument in enumerate(lines):
        lengths = np.array([len(line) for line, _ in of_instrument])
        for chosen in rng.choice(len(lengths), N_PIECES, p=lengths / lengths.sum()):
            line, expression = of_instrument[chosen]
            start = rng.integers(0, max(1, len(line) - N_NOTES))
            piece = slice(start, start + N_NOTES)
            missing = [(0, N_NOTES - len(line[piece])), (0, 0)]
            notes.append(np.pad(line[piece], missing))
            told.append(np.pad(expression[piece], missing))
            players.append([number])
    return (
        tf.constant(np.array(notes), tf.float32),
        tf.constant(players),
        tf.constant(np.array(told), tf.float32),
    )


def parted(lines: list[list[Any]]) -> tuple[list[list[Any]], list[list[Any]]]:
    """The notes of each segment but its last fifth, and these."""
    first, last = [], []
    for of_instrument in lines:
        ends = [len(line) - len(line) // N_CHOOSE for line, _ in of_instrument]
        pairs = [(pair, end) for pair, end in zip(of_instrument, ends, strict=True)]
        first.append([(line[:end], x[:end]) for (line, x), end in pairs])
        last.append([(line[end:], x[end:]) for (line, x), end in pairs if end < len(line)])
    return first, last


def trained(lines: list[list[Any]], n_steps: int, seed: int, **way: Any) -> ExpressionGenerator:
    """A generator after so many steps, with the average of its weights."""
    keras.utils.set_random_seed(seed)
    generator = ExpressionGenerator(n_instruments=len(lines), **{**SIZES, **way})
    rate = keras.optimizers.schedules.ExponentialDecay(RATE, HALVED_EVERY, 0.5)
    optimizer = keras.optimizers.Adam(rate, clipnorm=1.0, use_ema=True, ema_momentum=AVERAGE)
    weights = generator.trainable_variables
    optimizer.build(weights)

    @tf.function
    def step(notes: tf.Tensor, players: tf.Tensor, told: tf.Tensor, noise_seed: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            said = generator(notes, players, told, noise_seed=noise_seed)
            there = tf.cast(notes[..., 3:4] > 0.0, tf.float32)
            loss = tf.reduce_sum(there * tf.square(said - told)) / tf.reduce_sum(there)
        gradients = [tf.convert_to_tensor(x) for x in tape.gradient(loss, weights)]
        optimizer.apply(gradients, weights)

    rng = np.random.default_rng(seed)
    for number in range(n_steps):
        step(*pieces(lines, rng), tf.constant(number))
    optimizer.finalize_variable_values(weights)
    return generator


def beside(line: Any, number: int, *, with_velocity: bool, phrases: bool) -> Any:
    """What trees are told of each note: its own numbers, and how its neighbours differ."""
    onset, offset, key, velocity = line[:, :4].T
    gap = np.concatenate([[np.nan], onset[1:] - offset[:-1]])
    own = [key, np.log(offset - onset), gap, *([velocity] if with_velocity else [])]
    columns = [np.full(len(line), number), *own]
    for distance in (*range(-N_BESIDE, 0), *range(1, N_BESIDE + 1)):
        for values in own:
            moved = np.full(len(line), np.nan)
            there = slice(max(0, -distance), max(0, len(line) - max(0, distance)))
            moved[there] = values[max(0, distance) :][: len(moved[there])]
            columns.append(moved - values if values is key else moved)
    if phrases:
        columns += phrase(line)
    return np.stack(columns, axis=1)


def phrase(line: Any) -> list[Any]:
    """Where each note is between two rests, and how it differs from the notes around it."""
    onset, offset, key = line[:, :3].T
    before = np.concatenate([[np.inf], onset[1:] - offset[:-1]])
    number = np.arange(len(line))
    starts = np.flatnonzero(before > REST_S)
    of_phrase = np.searchsorted(starts, number, side="right") - 1
    first, after = starts[of_phrase], np.append(starts, len(line))[of_phrase + 1]
    slurred = (before < 0.0).astype(float)
    columns = [number - first, after - 1 - number, onset - onset[first], key % 12]
    columns += [slurred, np.append(slurred[1:], np.nan), np.append(np.diff(onset), np.nan)]
    for n_notes in SURROUNDINGS:
        for values in (key, np.log(offset - onset)):
            columns.append(around(values, n_notes) - values)
        columns.append(around(slurred, n_notes))
    return columns


def around(values: Any, n_notes: int) -> Any:
    """Means of so many notes, an odd number, with each in their middle."""
    padded = np.pad(values, n_notes // 2, mode="edge")
    return np.convolve(padded, np.full(n_notes, 1.0 / n_notes), "valid")


def of_trees(
    train: list[list[Any]],
    held_out: list[list[Any]],
    seed: int,
    *,
    with_velocity: bool,
    phrases: bool,
) -> float:
    """Mean square of what trees say of the held-out notes."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    told, real = (
        [
            np.concatenate(
                [
                    beside(pair[0], number, with_velocity=with_velocity, phrases=phrases)
                    if kind == 0
                    else pair[1]
                    for number, lines in enumerate(side)
                    for pair in lines
                ]
            )
            for side in (train, held_out)
        ]
        for kind in (0, 1)
    )
    squares = []
    for field in range(real[0].shape[1]):
        trees = HistGradientBoostingRegressor(
            max_iter=N_TREES,
            learning_rate=TREE_RATE,
            max_leaf_nodes=N_LEAVES,
            min_samples_leaf=LEAST_IN_LEAF,
            categorical_features=[0],
            random_state=seed,
        )
        trees.fit(told[0], real[0][:, field])
        squares.append(np.square(trees.predict(told[1]) - real[1][:, field]).mean())
    return float(np.mean(squares))


@click.command()
@click.argument("pairs", metavar="NAME=DATASET...", nargs=-1, required=True)
@click.option("--steps", default=1800, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--only", type=click.Choice([*WAYS, "trees"]), help="One way alone.")
@click.option("--choose", is_flag=True, help="Hold out a fifth of the training side instead.")
def main(pairs: tuple[str, ...], steps: int, seed: int, only: str | None, choose: bool) -> None:
    """Prints a row for each way."""
    datasets = [Dataset.open(pair.split("=", 1)[1]) for pair in pairs]
    train, held_out = (
        [played_notes(dataset, split) for dataset in datasets] for split in ("train", "eval")
    )
    if choose:
        train, held_out = parted(train)
    mean = np.concatenate([x for lines in train for _, x in lines]).mean(axis=0)
    worst = np.square(np.concatenate([x for lines in held_out for _, x in lines]) - mean).mean()
    print("| way | without velocities | with |\n|---|---|---|")
    for name, way in WAYS.items():
        if only not in (None, name):
            continue
        generator = trained(train, steps, seed, **way)
        write = tf.function(generator.generate, autograph=False, reduce_retracing=True)
        shares = []
        for with_velocity in (False, True):
            squares = [
                np.square(
                    write(
                        tf.constant(line[np.newaxis], tf.float32),
                        tf.constant([[number]]),
                        with_velocity=with_velocity,
                    )[0]
                    - expression
                )
                for number, lines in enumerate(held_out)
                for line, expression in lines
            ]
            shares.append(np.concatenate(squares).mean() / worst)
        print(f"| {name} | {shares[0]:.3f} | {shares[1]:.3f} |", flush=True)
    if only in (None, "trees"):
        for name, phrases in (("trees", False), ("trees, phrases", True)):
            shares = [
                of_trees(train, held_out, seed, with_velocity=known, phrases=phrases) / worst
                for known in (False, True)
            ]
            print(f"| {name} | {shares[0]:.3f} | {shares[1]:.3f} |", flush=True)


if __name__ == "__main__":
    main()
