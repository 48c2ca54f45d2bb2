"""Times a changing all-pole filter and a compressor beside torchlpc and torchcomp, alternating.

    python scripts/benchmarks/against_torch.py ORACLE_PYTHON

ORACLE_PYTHON is the interpreter of an environment that has what scripts/oracles/requirements-*.txt
name. 8 sounds of 4 s at 16 kHz in float32; filters of order 22 that change at every sample; a
compressor's gain with attack and release. Each cell is a median of 7 runs that take turns.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp

BATCH, N_SAMPLES, ORDER = 8, 64_000, 22
N_RUNS = 7


def main(oracle: str) -> None:
    """Prints a row a task: our median, theirs, and the ratio."""
    worker = subprocess.Popen(
        [oracle, str(Path(__file__).parents[1] / "oracles" / "speed.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if worker.stdin is None or worker.stdout is None or worker.stdout.readline() != "ready\n":
        raise SystemExit(f"`{oracle}` can't run scripts/oracles/speed.py; its message is above.")
    print("| what | ddsp_tf, ms | torchlpc or torchcomp, ms | ratio |\n|---|---|---|---|")
    for name, run in tasks().items():
        run()
        ours, theirs = [], []
        for _ in range(N_RUNS):
            start = time.perf_counter()
            run()
            ours.append(1000.0 * (time.perf_counter() - start))
            worker.stdin.write(f"{name}\n")
            worker.stdin.flush()
            theirs.append(float(worker.stdout.readline()))
        mine, other = statistics.median(ours), statistics.median(theirs)
        print(f"| {name.replace('_', ' ')} | {mine:.0f} | {other:.0f} | {mine / other:.2f} |")
    worker.stdin.close()
    worker.wait()


def tasks() -> dict[str, Callable[[], Any]]:
    """What is timed, by the names that the oracle knows."""
    random = np.random.default_rng(0)
    audio = tf.constant(0.1 * random.standard_normal([BATCH, N_SAMPLES]), tf.float32)
    poles = tf.constant(0.02 * random.standard_normal([BATCH, N_SAMPLES, ORDER]), tf.float32)
    level = tf.abs(audio) + 1e-3

    def gain(x: tf.Tensor) -> tf.Tensor:
        wanted = dsp.compressor_gain_db(dsp.amplitude_to_db(x), -20.0, 4.0, 0.0)
        return dsp.attack_release(wanted, 0.998, 0.9995)[0]

    def all_pole(x: tf.Tensor, a: tf.Tensor) -> tf.Tensor:
        return dsp.all_pole(x, a)[0]

    return {
        "all_pole": _compiled(all_pole, audio, poles),
        "all_pole_gradient": _compiled(_gradient(all_pole), audio, poles),
        "compressor": _compiled(gain, level),
        "compressor_gradient": _compiled(_gradient(gain), level),
    }


def _compiled(function: Callable[..., Any], *values: tf.Tensor) -> Callable[[], Any]:
    graph = tf.function(function, autograph=False, jit_compile=True)
    return lambda: graph(*values)


def _gradient(function: Callable[..., tf.Tensor]) -> Callable[..., Any]:
    def gradient(*values: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(values)
            total = tf.reduce_sum(function(*values))
        return tape.gradient(total, values)

    return gradient


if __name__ == "__main__":
    main(sys.argv[1])
