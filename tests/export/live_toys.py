"""Instruments that live hosts can play, and files that they should refuse."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from export_toys import glide_statistics

from ddsp_tf.features import FeatureSettings
from ddsp_tf.models import (
    Autoencoder,
    DilatedConvDecoder,
    Instrument,
    MinGruFcDecoder,
    RnnFcDecoder,
)
from ddsp_tf.models.autoencoder.fc_decoder import FcDecoder
from ddsp_tf.processors import Add, FilteredNoise, Harmonic, ProcessorGroup, Reverb, Sum


def live_instrument(
    *,
    n_harmonics: int = 60,
    n_noise_bands: int = 65,
    rnn_channels: int = 512,
    sample_rate: int = 16000,
    hop_length: int = 320,
    loudness: str = "rms",
    decoder_type: type[RnnFcDecoder | MinGruFcDecoder | DilatedConvDecoder] = RnnFcDecoder,
    scale: bool = True,
    statistics: bool = True,
    layers_per_stack: int = 1,
) -> Instrument:
    """An untrained instrument with small MLPs; by default one that DDSP-VST plays."""
    keras.utils.set_random_seed(3)
    rates = {"sample_rate": sample_rate, "hop_length": hop_length}
    convolves = getattr(decoder_type, "func", decoder_type) is DilatedConvDecoder  # or partial
    width = {"conv_channels" if convolves else "rnn_channels": rnn_channels}
    decoder = decoder_type(**width, channels=16, layers_per_stack=layers_per_stack)
    dag: list[Any] = [
        (
            Harmonic(n_harmonics=n_harmonics, scale=scale, **rates),
            ["amplitudes", "harmonic_distribution", "f0_hz"],
        )
    ]
    if n_noise_bands:
        dag += [
            (FilteredNoise(n_bands=n_noise_bands, **rates), ["noise_magnitudes"]),
            (Add(), ["harmonic/signal", "filtered_noise/signal"]),
        ]
    dag.append((Reverb(impulse_response_length=50), [f"{dag[-1][0].name}/signal"]))
    model = Autoencoder(decoder=decoder, processor_group=ProcessorGroup(dag=dag))
    for weight in model.weights:
        if weight.path.endswith("bias"):
            weight.assign(np.random.default_rng(1).normal(scale=0.5, size=weight.shape))
    return Instrument(
        model,
        FeatureSettings(sample_rate, hop_length, "crepe-tiny", loudness, 1024),
        glide_statistics() if statistics else None,
        {"title": "Toy", "licence": "CC0"},
    )


class NotCausal(RnnFcDecoder):
    """Says that it needs later frames."""

    causal = False


class LouderLive(RnnFcDecoder):
    """Plays something else for a single frame than for a phrase, as a layer with a bug may."""

    def call(self, inputs: Mapping[str, tf.Tensor], state: Any) -> Any:
        controls, state = super().call(inputs, state)
        if controls["amplitudes"].shape[1] == 1:
            controls["amplitudes"] += 0.1
        return controls, state


def rewritten(content: bytes, change: Callable[[Any], None]) -> bytes:
    """A LiteRT file after a change to its object tree; an archive at its end is kept."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    archive = content[content.rfind(b"PK\x03\x04") :] if b"PK\x05\x06" in content[-400:] else b""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    change(model)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output()) + archive


def tensor_named(model: Any, name: str) -> Any:
    return next(t for t in model.subgraphs[0].tensors if t.name in (name, name.encode()))


def with_minimal_grus() -> Instrument:
    """An instrument whose state has as many numbers for each of two layers."""
    return live_instrument(decoder_type=MinGruFcDecoder, rnn_channels=24, hop_length=64)


def odd_instrument(
    decoder: FcDecoder,
    hop_length: int,
    *,
    noise: bool,
    room: bool,
    statistics: bool = True,
    n_taps: int = 333,
) -> Instrument:
    """An untrained one of sizes that no vector instruction likes, crossfaded by straight lines."""
    keras.utils.set_random_seed(4)
    rates = {"sample_rate": 16000, "hop_length": hop_length}
    dag: list[Any] = [
        (
            Harmonic(n_harmonics=7, amplitude_method="linear", **rates),
            ["amplitudes", "harmonic_distribution", "f0_hz"],
        )
    ]
    if noise:
        dag += [
            (FilteredNoise(n_bands=12, window_length=18, seed=-5, **rates), ["noise_magnitudes"]),
            (Sum(), ["harmonic/signal", "filtered_noise/signal"]),
        ]
    if room:
        reverb = Reverb(impulse_response_length=n_taps, add_dry=False, initial_scale=0.1)
        dag.append((reverb, [f"{dag[-1][0].name}/signal"]))
    model = Autoencoder(decoder=decoder, processor_group=ProcessorGroup(dag=dag))
    for weight in model.weights:
        if weight.path.endswith(("bias", "beta", "gamma")):
            drawn = np.random.default_rng(1).normal(scale=0.5, size=weight.shape)
            weight.assign(weight + drawn)
    settings = FeatureSettings(16000, hop_length)
    return Instrument(model, settings, glide_statistics() if statistics else None, {"title": "Odd"})
