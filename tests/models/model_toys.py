"""Small models that play loudly enough to be measured."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.features import FeatureSettings
from ddsp_tf.models import Autoencoder, Instrument, MfccTimeDistributedRnnEncoder, RnnFcDecoder
from ddsp_tf.processors import Add, FilteredNoise, Harmonic, ProcessorGroup, Reverb

RATES = {"sample_rate": 4000, "hop_length": 16}
SETTINGS = FeatureSettings(**RATES)


def make_group(*, n_bands: int = 9) -> ProcessorGroup:
    return ProcessorGroup(
        dag=[
            (Harmonic(n_harmonics=8, **RATES), ["amplitudes", "harmonic_distribution", "f0_hz"]),
            (FilteredNoise(n_bands=n_bands, initial_bias=0.0, **RATES), ["noise_magnitudes"]),
            (Add(), ["filtered_noise/signal", "harmonic/signal"]),
            (Reverb(impulse_response_length=50, initial_scale=0.1), ["add/signal"]),
        ]
    )


def make_model(*, with_encoder: bool = False, seed: int = 1) -> Autoencoder:
    keras.utils.set_random_seed(seed)
    z = ("z",) if with_encoder else ()
    encoder = MfccTimeDistributedRnnEncoder(
        n_z=3, rnn_channels=5, sample_rate=4000, fft_length=128, z_hop_length=32
    )
    return Autoencoder(
        decoder=RnnFcDecoder(
            input_keys=("loudness_scaled", "f0_scaled", *z),
            rnn_channels=6,
            channels=5,
            layers_per_stack=1,
            input_cosines=2,
        ),
        processor_group=make_group(),
        encoder=encoder if with_encoder else None,
    )


def make_features(batch: int, n_frames: int, *, with_audio: bool = False) -> dict[str, tf.Tensor]:
    rng = np.random.default_rng(2)
    drawn = {
        "f0_hz": rng.uniform(100, 400, [batch, n_frames, 1]),
        "loudness_db": rng.uniform(-60, 0, [batch, n_frames, 1]),
    }
    if with_audio:
        drawn["audio"] = rng.uniform(-1, 1, [batch, n_frames * RATES["hop_length"]])
    return {key: tf.constant(x, tf.float32) for key, x in drawn.items()}


def make_instrument(**metadata: object) -> Instrument:
    return Instrument(model=make_model(), features=SETTINGS, metadata=metadata)


def edit_json(path: Path, edit: Callable[[Any], Any]) -> None:
    content = json.loads(path.read_text())
    path.write_text(json.dumps(edit(content)))


def sign(folder: Path) -> None:
    """Gives a saved instrument's files fitting checksums, as one who means harm would."""
    names = ("model.json", "weights.h5", "features.json")
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    edit_json(folder / "metadata.json", lambda content: {**content, "sha256": sums})
