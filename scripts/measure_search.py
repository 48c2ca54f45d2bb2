"""Measures a modular voice found by search: methods side by side, with as many evaluations each.

Three chirps that it makes, and any recordings, of which the first second counts. For every method
it prints the loss reached, and the processor time of an evaluation. A step of Adam, which plays the
voice once and has its gradient, counts as one evaluation. "adam" begins at one random place of the
ranges, "adam-20" at the defaults and 19 random places, from each of which it takes a quarter of the
steps that it takes then from the best. Sounds and methods that OUTPUT holds already are left out,
so it goes on where it was stopped.

Example:
    python scripts/measure_search.py found.json effects/*.flac --method ga --method adam-20
"""

import json
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

SECONDS = 1.0
CHIRPS = ("falling", "rising", "trill")
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


def randomly(model: Any, seed: int) -> Any:
    """Sets a model to a random place of its ranges."""
    from ddsp_tf.processors.shares import value_at

    random = np.random.default_rng(seed)
    signals = model.processor_group.input_signals
    model.set_parameters(
        {key: float(value_at(random.random(), signals[key])) for key in model.constant_names}
    )
    return model


@click.command()
@click.argument("output", type=click.Path(path_type=Path))
@click.argument("recordings", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--method", "methods", multiple=True, default=("ga", "adam", "adam-20"))
@click.option(
    "--chirp",
    "with_chirps",
    multiple=True,
    default=CHIRPS,
    show_default=True,
)
@click.option("--sample-rate", default=44100, show_default=True)
@click.option("--evaluations", default=600, show_default=True)
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
            model = parsed.build_model()
            name_of_method, _, starts = method.partition("-")
            n_starts = int(starts or 1)
            if method == "adam":
                randomly(model, seed)
            began = time.process_time()
            result = match(
                model,
                np.asarray(sound, np.float32),
                objective=parsed.build_objective(),
                method=name_of_method,
                n_evaluations=evaluations,
                n_steps=evaluations if n_starts == 1 else round(evaluations / (1 + n_starts / 4)),
                n_starts=n_starts,
                seed=seed,
            )
            about[method] = {
                "loss": result.loss,
                "start_loss": result.start_loss,
                "evaluations": result.n_steps + result.n_evaluations,
                "processor_s": time.process_time() - began,
                "sound_s": len(sound) / sample_rate,
            }
            print(name, method, about[method], flush=True)
            write_json(output, found, overwrite=True)


if __name__ == "__main__":
    measure()
