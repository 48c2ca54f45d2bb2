"""Instruments small enough to export in seconds, and some that can't be exported."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.features import Features, FeatureSettings, Statistics
from ddsp_tf.models import Autoencoder, Instrument, MfccTimeDistributedRnnEncoder, RnnFcDecoder
from ddsp_tf.processors import Add, Crop, FilteredNoise, Harmonic, ProcessorGroup, Reverb

HOP = 64


def small_instrument(
    sample_rate: int = 16000,
    *,
    decoder: RnnFcDecoder | None = None,
    n_z: int | None = None,
    crop: int | None = None,
) -> Instrument:
    """An untrained instrument with GRU, partials, noise and room; optionally encoder and crop."""
    keras.utils.set_random_seed(5)
    rates = {"sample_rate": sample_rate, "hop_length": HOP}
    dag = [
        (Harmonic(n_harmonics=8, **rates), ["amplitudes", "harmonic_distribution", "f0_hz"]),
        (FilteredNoise(n_bands=17, **rates), ["noise_magnitudes"]),
        (Add(), ["harmonic/signal", "filtered_noise/signal"]),
        (Reverb(impulse_response_length=2000, initial_scale=0.02), ["add/signal"]),
    ]
    if crop is not None:
        dag.append((Crop(n_samples=crop), ["reverb/signal"]))
    keys = ["loudness_scaled", "f0_scaled", *([] if n_z is None else ["z"])]
    encoder = None
    if n_z is not None:
        encoder = MfccTimeDistributedRnnEncoder(n_z=n_z, rnn_channels=8, sample_rate=sample_rate)
    model = Autoencoder(
        decoder=decoder or small_decoder(RnnFcDecoder, keys),
        processor_group=ProcessorGroup(dag=dag),
        encoder=encoder,
    )
    return Instrument(
        model,
        FeatureSettings(sample_rate, HOP),
        glide_statistics(),
        {"title": "Toy", "licence": "CC0", "training_data": "a glide"},
    )


def small_decoder(decoder_type: type[RnnFcDecoder], keys: list[str]) -> RnnFcDecoder:
    return decoder_type(
        input_keys=keys,
        rnn_channels=8,
        channels=8,
        layers_per_stack=1,
    )


def glide_statistics() -> Statistics:
    f0_hz = np.geomspace(196.0, 1760.0, 2000).astype(np.float32)
    loudness_db = np.linspace(-50.0, -15.0, 2000).astype(np.float32)
    return Statistics.from_features([Features(f0_hz, np.full(2000, 0.95), loudness_db)])


class LouderInGraphs(RnnFcDecoder):
    """Plays something else in a graph than in Python, as a layer with a bug may."""

    def call(self, inputs: Mapping[str, tf.Tensor], state: Any) -> Any:
        controls, state = super().call(inputs, state)
        if not tf.executing_eagerly():
            controls["amplitudes"] += 0.01
        return controls, state


class OnlyOneSound(RnnFcDecoder):
    """Works for a batch of one alone."""

    def call(self, inputs: Mapping[str, tf.Tensor], state: Any) -> Any:
        controls, state = super().call(inputs, state)
        n_frames = tf.shape(controls["amplitudes"])[1]
        controls["amplitudes"] = tf.reshape(controls["amplitudes"], [1, n_frames, 1])
        return controls, state


class NeedsLength(RnnFcDecoder):
    """Can't be made into a graph without knowing the length."""

    def call(self, inputs: Mapping[str, tf.Tensor], state: Any) -> Any:
        controls, state = super().call(inputs, state)
        ramp = np.ones(int(controls["amplitudes"].shape[1]), np.float32)
        controls["amplitudes"] *= ramp[:, np.newaxis]
        return controls, state


def broken_instrument(decoder_type: type[RnnFcDecoder]) -> Instrument:
    return small_instrument(decoder=small_decoder(decoder_type, ["loudness_scaled", "f0_scaled"]))
