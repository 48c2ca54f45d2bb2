"""The worker that times ddsp 3.7.0. Runs under that library's Python, without ddsp_tf."""

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from typing import Any

from stand_ins import StandInFinder
from worker_loop import Task, Work, serve

_UNUSED = (
    *("crepe", "note_seq", "tflite_support", "hypertune", "tensorflow_datasets", "mir_eval"),
    *("matplotlib", "pkg_resources", "soundfile"),
)
StandInFinder(_UNUSED).install()
try:
    import google.cloud.storage  # noqa: F401
except ImportError:
    # The package `google` may be there for protobuf, so just this part of it is replaced.
    import sys

    from stand_ins import StandIn

    sys.modules["google.cloud"] = StandIn("google.cloud")
    sys.modules["google.cloud.storage"] = StandIn("google.cloud.storage")

import ddsp  # noqa: E402
import ddsp.training  # noqa: E402
import gin  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

SAMPLE_RATE, HOP_LENGTH, N_FRAMES = 16000, 64, 1000

gin.add_config_file_search_path(os.path.join(os.path.dirname(ddsp.training.__file__), "gin"))


def training_step(batch_size: int, bindings: Sequence[str] = ()) -> tuple[Work, dict[str, Any]]:
    """One step: model, loss, gradient, clipping and Adam."""
    with gin.unlock_config():
        gin.clear_config()
        files = ["models/solo_instrument.gin", "optimization/base.gin"]
        gin.parse_config_files_and_bindings(files, list(bindings))
    model = ddsp.training.models.get_model()
    optimizer = tf.keras.optimizers.legacy.Adam(3e-4)
    rng = np.random.default_rng(0)
    frames = (batch_size, N_FRAMES)
    batch = {
        "audio": tf.constant(
            0.1 * rng.standard_normal((batch_size, N_FRAMES * HOP_LENGTH)), tf.float32
        ),
        "f0_hz": tf.constant(rng.uniform(100.0, 800.0, frames), tf.float32),
        "f0_confidence": tf.ones(frames),
        "loudness_db": tf.constant(rng.uniform(-80.0, -20.0, frames), tf.float32),
    }

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            _, losses = model(batch, return_losses=True, training=True)
        weights = model.trainable_variables
        gradients = tape.gradient(losses["total_loss"], weights)
        clipped, _ = tf.clip_by_global_norm(gradients, 3.0)
        optimizer.apply_gradients(zip(clipped, weights, strict=True))
        return losses["total_loss"]

    def work() -> None:
        float(step())
        np.asarray(min(model.trainable_variables, key=lambda weight: weight.shape[0]))

    return work, {}


def harmonic(
    batch_size: int, n_frames: int, n_harmonics: int, gradient: bool
) -> tuple[Work, dict[str, Any]]:
    """The additive synthesiser, forward or with the gradient of its energy."""
    rng = np.random.default_rng(0)
    amplitudes = tf.constant(rng.standard_normal((batch_size, n_frames, 1)), tf.float32)
    shape = (batch_size, n_frames, n_harmonics)
    distribution = tf.constant(rng.standard_normal(shape), tf.float32)
    f0_hz = tf.constant(rng.uniform(100.0, 800.0, (batch_size, n_frames, 1)), tf.float32)
    processor = ddsp.synths.Harmonic(n_samples=n_frames * HOP_LENGTH, sample_rate=SAMPLE_RATE)

    @tf.function
    def forward() -> tf.Tensor:
        return processor(amplitudes, distribution, f0_hz)

    @tf.function
    def backward() -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch([amplitudes, distribution])
            energy = tf.reduce_sum(tf.square(processor(amplitudes, distribution, f0_hz)))
        return tape.gradient(energy, [amplitudes, distribution])[1]

    def work() -> None:
        float(tf.reshape((backward if gradient else forward)(), [-1])[0])

    return work, {}


def describe() -> dict[str, Any]:
    """Gives versions and devices."""
    gpus = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    return {
        "versions": {
            "python": platform.python_version(),
            "ddsp": importlib.metadata.version("ddsp"),
            "tensorflow": tf.__version__,
            "numpy": np.__version__,
        },
        "gpus": [str(detail.get("device_name", "unknown")) for detail in details],
    }


TASKS: dict[str, Task] = {"training_step": training_step, "harmonic": harmonic}

if __name__ == "__main__":
    serve(TASKS, describe)
