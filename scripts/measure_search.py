"""Measures a modular voice found by search: methods side by side, with as many evaluations each.

Three chirps that it makes, and any recordings, of which the first second counts. For every method
it prints the loss reached, and the processor time. "adam" is Adam from 20 random places of the
ranges side by side, with the rate that `match` has; a step from one place, which plays the voice
once and has its gradient, counts as one evaluation. Of it the best of the 20 is the loss, and what
half of them reach is printed, too. Sounds and methods that OUTPUT holds already are left out, so it
goes on where it was stopped.

Example:
    python scripts/measure_search.py found.json effects/*.flac --method adam --method ga
"""

import json
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

SECONDS = 1.0
CHIRPS = ("falling", "rising", "trill")
N_STARTS, LEARNING_RATE, LAST_RATE, CLIP_NORM = 20, 0.1, 0.02, 3.0
GIN_FILE = "papers/hagiwara2022/voice.gin"


def chirps(rate: int) -> dict[str, Any]:
    """Calls of a bird that there is not: falling, rising, and with a trill; half a second each."""
    t = np.arange(rate // 2) / rate
    fade = np.sin(np.pi * t / t[-1]) ** 2
    rates = {
        "falling": 3000.0 * (1000.0 / 3000.0) ** (t / t[-1]),
        "rising": 800.0 * (2400.0 / 800.0) ** (t / t[-1]),
        "trill": 1500.0 + 300.0 * np.sin(2.0 * np.pi * 14.0 * t),
    }
    return {key: 0.5 * fade * np.sin(2 * np.pi * np.cumsum(x) / rate) for key, x in rates.items()}


def descend(
    model: Any, sound: Any, objective: Any, *, n_evaluations: int, seed: int
) -> dict[str, float]:
    """Adam from `N_STARTS` random places side by side: least and median of the best losses."""
    import keras
    import tensorflow as tf

    from ddsp_tf.inference.sound_search import SoundSearch
    from ddsp_tf.types import no_progress

    search = SoundSearch(model, {"audio": sound[np.newaxis]}, objective, seed, no_progress)
    n_steps = n_evaluations // N_STARTS
    drawn = np.random.default_rng(seed).random([N_STARTS, len(model.constant_names)])
    logits = keras.Variable(np.log(drawn / (1.0 - drawn)).astype(np.float32))
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, n_steps, alpha=LAST_RATE)
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build([logits])

    def losses_and_gradients() -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            losses = search.losses_of(tf.sigmoid(logits.value), search.judged)
        gradients = tape.gradient(losses, logits.value)
        return losses, tf.clip_by_norm(gradients, CLIP_NORM, axes=[1])

    graph = tf.function(losses_and_gradients, autograph=False)
    best = np.full(N_STARTS, np.inf)
    for _ in range(n_steps):
        losses, gradients = graph()
        best = np.fmin(best, losses.numpy())
        optimizer.apply([tf.where(tf.math.is_finite(gradients), gradients, 0.0)], [logits])
    return {
        "loss": float(best.min()),
        "median_loss": float(np.median(best)),
        "evaluations": n_steps * N_STARTS,
    }


@click.command()
@click.argument("output", type=click.Path(path_type=Path))
@click.argument("recordings", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--method", "methods", multiple=True, default=("ga", "adam"), show_default=True)
@click.option(
    "--chirp",
    "with_chirps",
    multiple=True,
    default=CHIRPS,
    show_default=True,
)
@click.option("--sample-rate", default=44100, show_default=True)
@click.option("--evaluations", default=4000, show_default=True)
@click.option("--seed", default=0, show_default=True)
def measure(
    output: Path,
    recordings: tuple[Path, ...],
    methods: tuple[str, ...],
    with_chirps: tuple[str, ...],
    sample_rate: int,
    evaluations: int,
    seed: int,
) -> None:
    """Writes the losses to OUTPUT as JSON, sound by sound."""
    from ddsp_tf import config
    from ddsp_tf.audio import read_audio
    from ddsp_tf.files import write_json
    from ddsp_tf.inference import match

    sounds = {key: x for key, x in chirps(sample_rate).items() if key in with_chirps}
    for path in recordings:
        sounds[path.stem] = read_audio(path, sample_rate=sample_rate)[0]
        sounds[path.stem] = sounds[path.stem][: round(SECONDS * sample_rate)]
    rates = [f"SAMPLE_RATE={sample_rate}", f"HOP_LENGTH={sample_rate // 441 or 1}"]
    parsed = config.parse([GIN_FILE], rates)
    found = json.loads(output.read_text()) if output.exists() else {}
    for name, sound in sounds.items():
        for method in methods:
            about = found.setdefault(name, {})
            if method in about:
                continue
            began, model = time.process_time(), parsed.build_model()
            mono, objective = np.asarray(sound, np.float32), parsed.build_objective()
            if method == "adam":
                reached = descend(model, mono, objective, n_evaluations=evaluations, seed=seed)
            else:
                result = match(
                    model,
                    mono,
                    objective=objective,
                    method=method,
                    n_evaluations=evaluations,
                    seed=seed,
                )
                reached = {
                    "loss": result.loss,
                    "start_loss": result.start_loss,
                    "evaluations": result.n_evaluations,
                }
            about[method] = {
                **reached,
                "processor_s": time.process_time() - began,
                "sound_s": len(sound) / sample_rate,
            }
            print(name, method, about[method], flush=True)
            write_json(output, found, overwrite=True)


if __name__ == "__main__":
    measure()
