"""A model that trains in seconds and a dataset made of two sine notes, for tests of the loop."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.data.fixed_pipeline import without_tuning
from ddsp_tf.features import FeatureSettings
from ddsp_tf.losses import Compare
from ddsp_tf.training import Limits, Optimization, Schedule, train

SETTINGS = FeatureSettings(sample_rate=4000, hop_length=40)


@keras.saving.register_keras_serializable("ddsp_tf_tests")
class ToyModel(keras.Model):
    """Plays `loudness` as noise and a tone with learnt gains; has random noise and dropout."""

    def __init__(self, n_units: int = 8, noise: float = 0.01, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n_units = n_units
        self.noise = noise
        self.sample_rate = SETTINGS.sample_rate
        self.hop_length = SETTINGS.hop_length
        self.hidden = keras.layers.Dense(n_units, activation="tanh", name="hidden")
        self.gains = keras.layers.Dense(2, name="gains")

    def call(self, features: dict[str, Any], training: bool = False) -> dict[str, Any]:
        frames = tf.concat([features["f0_hz"] / 400.0, features["loudness_db"] / 80.0], -1)
        gains = self.gains(self.hidden(frames))
        batch, n_frames = tf.unstack(tf.shape(gains)[:2])
        noise = tf.random.stateless_normal(
            [batch, n_frames, self.hop_length], tf.stack([features["noise_seed"], 7])
        )
        time = tf.range(n_frames * self.hop_length, dtype=tf.float32) / self.sample_rate
        time = tf.reshape(time, [n_frames, self.hop_length])
        tone = tf.sin(2 * np.pi * features["f0_hz"] * time)
        audio = gains[..., :1] * tone + (1 + gains[..., 1:]) * self.noise * noise
        return {"audio": tf.reshape(audio, [batch, -1])}

    def get_config(self) -> dict[str, Any]:
        return {"n_units": self.n_units, "noise": self.noise}


class ToyInstrument:
    """Stands in for `Instrument` where a test's model isn't an `Autoencoder`."""

    def __init__(self, model: Any, features: Any, statistics: Any, metadata: dict) -> None:
        self.model = model
        self.metadata = metadata

    def save(self, path: Any, *, overwrite: bool = False) -> None:
        from ddsp_tf.files import atomic_directory, write_json

        with atomic_directory(path, sort=None, overwrite=overwrite) as temporary:
            np.savez(temporary / "weights.npz", *self.model.get_weights())
            write_json(temporary / "metadata.json", self.metadata)


def run_toy(**arguments: Any) -> Any:
    """Calls `train` with a toy model, a toy dataset and small numbers unless told otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ddsp_tf.models.Instrument", ToyInstrument)
        patch.setattr("ddsp_tf.training.summaries.Summaries.validation", lambda *_: None)
        keras.utils.set_random_seed(3)
        model = arguments.pop("model", None) or ToyModel()
        objective = arguments.pop("objective", None) or Compare(arguments.pop("loss", l1))
        data = arguments.pop("data", None) or ToyDataset()
        defaults = {
            "num_steps": 20,
            "batch_size": 4,
            "clip_s": 0.2,
            "learning_rate": 1e-2,
            "log_every": 5,
            "validate_every": 10,
            "checkpoint_every": 10,
        }
        settings, others = in_settings({**defaults, **arguments})
        return train(model, objective, data=data, **settings, **others)


def in_settings(arguments: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sorts the fields of the three settings of `train` from its other arguments."""
    kinds = {"schedule": Schedule, "optimization": Optimization, "limits": Limits}
    settings = {}
    for argument, kind in kinds.items():
        names = {field.name for field in dataclasses.fields(kind)} & set(arguments)
        settings[argument] = kind(**{name: arguments.pop(name) for name in names})
    return settings, arguments


def l1(target: tf.Tensor, audio: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.abs(target - audio))


class ToyDataset:
    """Clips of tones at 200 and 300 Hz whose amplitude follows `loudness_db`."""

    features = SETTINGS

    def __init__(self, n_examples: int = 16, bad_step: int | None = None) -> None:
        self.info = {"checksum": "0" * 64}
        self._n_examples = n_examples
        self._bad_step = bad_step
        self.statistics = None

    def n_examples(self, split: str = "train", *, clip_s: float = 4.0) -> int:
        return self._n_examples if split == "train" else 4

    def seconds(self, split: str = "train") -> float:
        return float(self.n_examples(split))

    def batches(
        self,
        split: str = "train",
        *,
        batch_size: int,
        clip_s: float = 1.0,
        seed: int = 0,
        start_step: int = 0,
        repeat: bool = True,
    ) -> tf.data.Dataset:
        n_frames = round(clip_s * SETTINGS.frame_rate)
        n_samples = n_frames * SETTINGS.hop_length
        n_batches = 1000 if repeat else -(-self.n_examples(split) // batch_size)

        def generate() -> Iterator[dict[str, np.ndarray]]:
            for step in range(start_step, n_batches):
                yield self._batch(step, batch_size, n_frames, seed, split)

        signature = {
            "audio": tf.TensorSpec([batch_size, n_samples]),
            **{
                name: tf.TensorSpec([batch_size, n_frames, 1])
                for name in ("f0_hz", "f0_confidence", "loudness_db")
            },
        }
        made = tf.data.Dataset.from_generator(generate, output_signature=signature)
        return without_tuning(made)

    def _batch(self, step: int, batch_size: int, n_frames: int, seed: int, split: str) -> dict:
        generator = np.random.default_rng([seed, step, len(split)])
        shape = (batch_size, n_frames, 1)
        f0_hz = np.ones(shape) * generator.choice([200.0, 300.0], (batch_size, 1, 1))
        loudness_db = np.ones(shape) * generator.uniform(-30, -10, (batch_size, 1, 1))
        hop = SETTINGS.hop_length
        time = np.arange(n_frames * hop) / SETTINGS.sample_rate
        amplitude = np.repeat(10 ** (loudness_db / 20), hop, 1)[..., 0]
        audio = amplitude * np.sin(2 * np.pi * np.repeat(f0_hz, hop, 1)[..., 0] * time)
        if split == "train" and step == self._bad_step:
            audio[1, 5] = np.nan
        batch = {
            "audio": audio,
            "f0_hz": f0_hz,
            "f0_confidence": np.ones(shape),
            "loudness_db": loudness_db,
        }
        return {name: value.astype(np.float32) for name, value in batch.items()}
