"""The worker that times ddsp_tf. Each task prepares one measurement.

Every measured function reads a value of its result, so that work which a GPU does later is counted.
"""

import importlib.metadata
import platform
from typing import Any

import numpy as np
import tensorflow as tf
from feature_tasks import pitch_tracking
from profile_tasks import profile_part
from synthesis_tasks import chunked_playing, harmonic, playing_batch
from training_tasks import recurrence, training_step
from worker_loop import Task, Work, serve

_MATMUL_S = 0.05


def matmul(m: int, k: int, n: int) -> tuple[Work, dict[str, Any]]:
    """A float32 product `[m, k] x [k, n]`, repeated until it takes long enough to be timed."""
    rng = np.random.default_rng(0)
    left, right = (
        tf.constant(rng.standard_normal(shape), tf.float32) for shape in ([m, k], [k, n])
    )

    def multiply(times: int) -> None:
        product = left
        for _ in range(times):
            product = tf.matmul(left, right)
        float(product[0, 0])

    multiply(1)
    start = tf.timestamp()
    multiply(1)
    times = max(1, int(_MATMUL_S / max(float(tf.timestamp() - start), 1e-6)))
    return lambda: multiply(times), {"flop": 2.0 * m * k * n * times}


def describe() -> dict[str, Any]:
    """Gives versions and devices."""
    names = ("ddsp-tf", "tensorflow", "keras", "numpy")
    gpus = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    return {
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in names},
        },
        "gpus": [str(detail.get("device_name", "unknown")) for detail in details],
        "tensor_float_32": bool(gpus)
        and bool(tf.config.experimental.tensor_float_32_execution_enabled()),
    }


TASKS: dict[str, Task] = {
    "matmul": matmul,
    "training_step": training_step,
    "recurrence": recurrence,
    "profile_part": profile_part,
    "harmonic": harmonic,
    "chunked_playing": chunked_playing,
    "playing_batch": playing_batch,
    "pitch_tracking": pitch_tracking,
}

if __name__ == "__main__":
    serve(TASKS, describe)
