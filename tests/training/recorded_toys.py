"""A real violin in a dataset of three seconds, and a real model small enough for tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.audio import read_audio
from ddsp_tf.data.fixed_pipeline import without_tuning
from ddsp_tf.features import Features, FeatureSettings, Statistics, extract_features
from ddsp_tf.models import Autoencoder, RnnFcDecoder
from ddsp_tf.processors import Add, FilteredNoise, Harmonic, ProcessorGroup, Reverb

SETTINGS = FeatureSettings()
NAME = "medleysolos_training_0a06ba1f"


class RecordedDataset:
    """A recording split by time, two thirds to train on, behind the interface of `Dataset`."""

    features = SETTINGS

    def __init__(self, folder: Path) -> None:
        self.info = {"recordings": [NAME]}
        audio, _ = read_audio(folder / f"{NAME}.flac", sample_rate=SETTINGS.sample_rate)
        hop = SETTINGS.hop_length
        audio = audio[: len(audio) // hop * hop]
        features = extract_features(audio, SETTINGS)
        split = features.n_frames * 2 // 3
        self._audio = {"train": audio[: split * hop], "eval": audio[split * hop :]}
        self._features = {"train": features[:split], "eval": features[split:]}
        self.statistics = Statistics.from_features([self._features["train"]])

    def seconds(self, split: str = "train") -> float:
        return len(self._audio[split]) / SETTINGS.sample_rate

    def n_examples(self, split: str = "train", *, clip_s: float = 4.0) -> int:
        return int(np.ceil(self.seconds(split) / clip_s))

    def recordings(self, split: str = "eval") -> Iterator[tuple[str, np.ndarray, Features]]:
        yield NAME, self._audio[split], self._features[split]

    def batches(
        self,
        split: str = "train",
        *,
        batch_size: int,
        clip_s: float,
        seed: int = 0,
        start_step: int = 0,
        repeat: bool = True,
    ) -> tf.data.Dataset:
        n_frames = round(clip_s * SETTINGS.frame_rate)
        n_samples = n_frames * SETTINGS.hop_length
        names = ("f0_hz", "f0_confidence", "loudness_db")

        def generate() -> Iterator[dict[str, np.ndarray]]:
            for step in range(start_step, 10_000 if repeat else 1):
                generator = np.random.default_rng([seed, step])
                last = self._features[split].n_frames - n_frames
                starts = generator.integers(0, last, batch_size)
                audio = [self._audio[split][s * SETTINGS.hop_length :][:n_samples] for s in starts]
                features = [self._features[split][s : s + n_frames] for s in starts]
                frames = {
                    name: np.stack([getattr(f, name)[:, None] for f in features]) for name in names
                }
                yield {"audio": np.stack(audio), **frames}

        signature = {
            "audio": tf.TensorSpec([batch_size, n_samples]),
            **{name: tf.TensorSpec([batch_size, n_frames, 1]) for name in names},
        }
        made = tf.data.Dataset.from_generator(generate, output_signature=signature)
        return without_tuning(made)


def small_autoencoder(
    *, hop_length: int = SETTINGS.hop_length, n_harmonics: int = 20, **decoder: Any
) -> Autoencoder:
    """Everything that a model can have, in small."""
    keras.utils.set_random_seed(5)
    rates = {"sample_rate": SETTINGS.sample_rate, "hop_length": hop_length}
    group = ProcessorGroup(
        dag=[
            (
                Harmonic(n_harmonics=n_harmonics, **rates),
                ["amplitudes", "harmonic_distribution", "f0_hz"],
            ),
            (FilteredNoise(n_bands=17, **rates), ["noise_magnitudes"]),
            (Add(), ["harmonic/signal", "filtered_noise/signal"]),
            (Reverb(impulse_response_length=2000), ["add/signal"]),
        ]
    )
    sizes = {"rnn_channels": 32, "channels": 32}
    return Autoencoder(
        decoder=RnnFcDecoder(**{**sizes, "layers_per_stack": 1, **decoder}), processor_group=group
    )
