"""Trains a small GELP against its critic for 500 steps, prints and draws its losses.

python scripts/measure_gelp.py SENTENCE.wav PICTURE.png

What papers/juvela2019/adversarial.gin trains, with 8 channels and 5 layers, on two clips of 0.25 s
of one sentence, without the steps by the excitation alone.
"""

import sys
import time
from pathlib import Path

import keras
import matplotlib
import numpy as np
import tensorflow as tf

from ddsp_tf import config, training
from ddsp_tf.audio import read_audio
from ddsp_tf.features import FeatureSettings, extract_features
from ddsp_tf.plotting import save_figure

N_STEPS, RATE, HOP, N_FRAMES = 500, 16000, 80, 50
FIRST_FRAMES = (60, 120)
SMALLER = (
    "Gelp.channels=8",
    "Gelp.dilations=(1, 2, 4, 8, 16)",
    "Gelp.context_channels=8",
    "critic/WaveNet.channels=8",
    "critic/WaveNet.dilations=(1, 2, 4, 8, 16)",
    "Wasserstein.crop_samples=63",
    "EXCITATION_STEPS=0",
)
CRITIC = ("real", "fake", "gradient_penalty", "r1")
MODEL = ("adversarial", "log_magnitude", "relative_magnitude")


def main(sentence: Path, picture: Path) -> None:
    """Prints a row a loss, and writes the picture, which it replaces if it is there."""
    keras.utils.set_random_seed(0)
    parsed = config.parse(["papers/juvela2019/adversarial.gin"], SMALLER)
    trainer = training.Trainer(
        parsed.build_model(),
        parsed.build_objective(),
        phases=parsed.build(training.train, "phases"),
        xla=False,
    )
    audio, _ = read_audio(sentence, sample_rate=RATE)
    columns = ("f0_hz", "f0_confidence", "mel_db")
    settings = FeatureSettings(sample_rate=RATE, hop_length=HOP, columns=columns)
    whole = {**extract_features(audio, settings).as_batch()}
    batch = {
        key: tf.concat([x[:, start : start + N_FRAMES] for start in FIRST_FRAMES], 0)
        for key, x in whole.items()
    }
    clips = [audio[start * HOP : (start + N_FRAMES) * HOP] for start in FIRST_FRAMES]
    batch["audio"] = tf.constant(np.stack(clips))
    trainer.step(batch)
    began = time.process_time()
    steps = [trainer.step(batch) for _ in range(N_STEPS)]
    curves = {key: np.array([float(step[key]) for step in steps]) for key in steps[0]}
    print(f"{(time.process_time() - began) / N_STEPS:.3f} s of a core for a step")
    draw(curves, picture)


def draw(curves: dict[str, np.ndarray], picture: Path) -> None:
    """Critic above, model below."""
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(8, 5), layout="constrained")
    axes = drawn.subplots(2, 1, sharex=True)
    phases = {"discriminator": CRITIC, "generator": MODEL}
    for axis, (phase, names) in zip(axes, phases.items(), strict=True):
        for name in names:
            curve = curves[f"loss_{phase}_{name}"]
            print(
                f"| {phase} | {name} | {curve[:25].mean():.2f} | {curve[-25:].mean():.2f} | "
                f"{curve.min():.2f} to {curve.max():.2f} | {bool(np.all(np.isfinite(curve)))} |"
            )
            axis.plot(curve, label=name.replace("_", " "), linewidth=0.8)
        axis.set_title({"discriminator": "critic", "generator": "model"}[phase])
        axis.legend(loc="upper right")
    axes[-1].set_xlabel("steps")
    save_figure(drawn, picture, overwrite=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
