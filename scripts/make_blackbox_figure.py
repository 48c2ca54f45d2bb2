"""Makes the figure of docs/systems/blackbox.md, and prints what it measures.

Settings of a compressor of NumPy, and of pedalboard's gain, compressor and limiter, are found for
the first sound. Then a network learns from the sounds, at random levels and mastered by a rule, to
set pedalboard's effects; the last sounds are held out. It takes a quarter of an hour.

Example:
    python scripts/make_blackbox_figure.py docs/images/ 4 first.wav second.wav ... held_out.wav
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pedalboard
import soundfile
import soxr
import tensorflow as tf
from matplotlib.figure import Figure

from ddsp_tf import Dataset, Instrument, config, prepare
from ddsp_tf.black_boxes.numpy_compressor import compress
from ddsp_tf.inference import Effect
from ddsp_tf.plotting import make_figure, save_figure
from ddsp_tf.plotting.palette import ACCENT, INPUT, OUTPUT
from ddsp_tf.training import Optimization, Trainer

PAPER = "papers/martinezramirez2021"
RATE, HOP_LENGTH, PIECE_S = 44100, 196, 4
N_STEPS = 200
LOWEST_DB = -30.0
"""Of the levels at which sounds are mastered, their peak at 0 dB being the highest."""


def main(folder: Path, n_held_out: int, paths: Sequence[Path]) -> None:
    """Writes the picture, replaces it if it is there, and prints what was found."""
    sounds = [read(path) for path in paths]
    curves = {
        "compressor of NumPy": losses("numpy_compressor", sounds[0]),
        "pedalboard's gain, compressor, limiter": losses("plugin", sounds[0]),
    }
    random = np.random.default_rng(0)
    held_out = [at_some_level(sound[: PIECE_S * RATE], random) for sound in sounds[-n_held_out:]]
    with tempfile.TemporaryDirectory() as temporary:
        write_pairs(Path(temporary, "pairs"), sounds[:-n_held_out], random)
        effect = trained(Path(temporary))
    rows: list[tuple[str, float, float, float]] = []
    for path, dry in zip(paths[-n_held_out:], held_out, strict=True):
        wet, made = mastered(dry), effect(dry)[: len(dry)]
        rows.append((path.stem, level_db(dry), level_db(wet), level_db(made)))
        print("{:34} {:6.1f} dB, mastered {:6.1f}, by the network {:6.1f}".format(*rows[-1]))
    save_figure(draw(curves, rows), folder / "blackbox.png", overwrite=True)


def losses(name: str, dry: np.ndarray) -> list[float]:
    """Finds settings for one sound that was treated by known ones."""
    known = {"threshold_db": -34.0, "ratio": 6.0}
    if name == "plugin":
        wet = pedalboard.Compressor(**known)(pedalboard.Gain(6.0)(dry[np.newaxis], RATE), RATE)
        wet = pedalboard.Limiter(-8.0)(wet, RATE)[0]
    else:
        wet = compress(dry[:, np.newaxis], RATE, {**known, "gain_db": 6.0})[:, 0]
    bindings = ["Optimization.learning_rate=0.1", "BlackBox.n_pairs=8"]
    parsed = config.parse([f"{PAPER}/{name}.gin"], ["train.model=@models.Parametric()", *bindings])
    model = parsed.build_model()
    trainer = Trainer(model, parsed.build_objective(), parsed.call(Optimization))
    batch = {"dry": tf.constant(dry[np.newaxis]), "audio": tf.constant(wet[np.newaxis])}
    found = [float(trainer.step(batch)["loss"]) for _ in range(N_STEPS)]
    print(f"{name}: loss {found[0]:.3f}, after {N_STEPS} steps {found[-1]:.3f}")
    for key, (value, unit, *_) in model.parameters().items():
        print(f"  {key:24} {value:8.2f} {unit}")
    return found


def trained(folder: Path) -> Effect:
    """Prepares pairs and trains the network on them."""
    rates = [f"FeatureSettings.sample_rate={RATE}", f"FeatureSettings.hop_length={HOP_LENGTH}"]
    settings = config.parse(["data/effect_pairs.gin"], rates)
    settings.call(prepare, input_paths=folder / "pairs", output=folder / "data", n_workers=1)
    parsed = config.parse([f"{PAPER}/mastering.gin"])
    result = parsed.train(data=Dataset.open(folder / "data"), run=folder / "run")
    print(
        f"encoder: loss {result.first_loss:.3f} at first, held out at last {result.best_loss:.3f}"
    )
    return Effect(Instrument.load(folder / "run"), tail_s=0.0)


def write_pairs(folder: Path, sounds: Sequence[np.ndarray], random: np.random.Generator) -> None:
    """Writes pieces of sounds, each at three levels, and the same mastered."""
    for side in ("dry", "wet"):
        (folder / side).mkdir(parents=True)
    length = PIECE_S * RATE
    for index, sound in enumerate(sounds):
        for start in range(0, min(len(sound), 3 * length) - length // 2, length):
            for take in range(3):
                dry = at_some_level(sound[start : start + length], random)
                for side, samples in (("dry", dry), ("wet", mastered(dry))):
                    path = folder / side / f"{index}_{start // length}_{take}.wav"
                    soundfile.write(path, samples, RATE, subtype="FLOAT")


def mastered(dry: np.ndarray) -> np.ndarray:
    """As somebody does who listens: brought to -22 dB, then squeezed and limited."""
    gain = pedalboard.Gain(-22.0 - level_db(dry))
    sound = pedalboard.Compressor(threshold_db=-28.0, ratio=4.0)(gain(dry[np.newaxis], RATE), RATE)
    return pedalboard.Limiter(threshold_db=-6.0)(sound, RATE)[0]


def at_some_level(sound: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A sound, up to 30 dB below the highest level."""
    gain_db = random.uniform(LOWEST_DB, 0.0)
    return (10.0 ** (gain_db / 20.0) * sound / np.max(np.abs(sound))).astype(np.float32)


def level_db(sound: np.ndarray) -> float:
    """Of the mean square, in dB full scale."""
    return float(10.0 * np.log10(np.mean(np.square(sound)) + 1e-12))


def read(path: Path) -> np.ndarray:
    """A sound in mono, its peak at half of full scale."""
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = soxr.resample(sound.mean(axis=1), rate, RATE)
    return 0.5 * mono / np.max(np.abs(mono))


def draw(curves: dict[str, list[float]], rows: Sequence[tuple[str, float, float, float]]) -> Figure:
    """Losses by step, and levels of sounds that were held out."""
    figure, (losses_axes, levels_axes) = make_figure(2, row_height=2.4, share_time=False)
    for color, (label, values) in zip((INPUT, OUTPUT), curves.items(), strict=True):
        losses_axes.semilogy(values, color=color, lw=1.4, label=label)
    losses_axes.set_xlabel("step", fontsize=9)
    losses_axes.set_ylabel("loss", fontsize=9)
    losses_axes.legend(fontsize=8)
    places = np.arange(len(rows))
    for index, (label, color) in enumerate(
        (("dry", INPUT), ("mastered", ACCENT), ("by the network", OUTPUT))
    ):
        levels = [row[1 + index] for row in rows]
        levels_axes.plot(places, levels, "o", ms=8, color=color, label=label, alpha=0.8)
    levels_axes.set_xticks(places, [row[0].split("_")[0] for row in rows], fontsize=8)
    levels_axes.set_ylabel("level (dBFS)", fontsize=9)
    levels_axes.legend(fontsize=8)
    return figure


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), [Path(path) for path in sys.argv[3:]])
