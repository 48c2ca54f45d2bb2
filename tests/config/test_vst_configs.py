"""The configurations for DDSP-VST build what the plug-in takes, siblings at other rates too."""

import numpy as np
import pytest

from ddsp_tf import config, data, training

MODELS = {
    "models/vst.gin": (1_877_374, 24_000, 16000, 320, 60, 65),
    "models/vst_32k.gin": (1_896_135, 48_000, 32000, 640, 100, 98),
    "models/vst_48k.gin": (1_896_135, 72_000, 48000, 960, 100, 98),
    "instruments/violin_vst.gin": (1_877_374, 24_000, 16000, 320, 60, 65),
}
"""Weights of the network, taps of the room, sample rate, hop, harmonics, noise bands."""


@pytest.mark.parametrize("name", MODELS)
def test_sizes_and_rates(name: str) -> None:
    n_weights, n_taps, sample_rate, hop_length, n_harmonics, n_bands = MODELS[name]
    parsed = config.parse([name])
    model = parsed.build_model()
    assert model.processor_group.processors[-1].impulse_response_length == n_taps
    assert model.decoder.output_sizes == {
        "amplitudes": 1,
        "harmonic_distribution": n_harmonics,
        "noise_magnitudes": n_bands,
    }
    assert sum(int(np.prod(x.shape)) for x in model.decoder.weights) == n_weights
    assert (model.sample_rate, model.hop_length) == (sample_rate, hop_length)
    assert parsed.build_objective().loss.sample_rate == sample_rate
    assert model.processor_group.processors[0].amplitude_method == "linear"


@pytest.mark.parametrize("rate", ["", "_32k", "_48k"])
def test_features_and_model_agree(rate: str) -> None:
    features = config.parse([f"data/vst{rate}.gin"]).call(data.PrepareSettings).features
    model = MODELS[f"models/vst{rate}.gin"]
    assert (features.sample_rate, features.hop_length) == model[2:4]
    assert features.frame_rate == 50
    assert features.loudness == "rms"
    assert features.loudness_fft_length / features.sample_rate == 1024 / 16000


def test_the_recipe_trains_on_a_laptop() -> None:
    parsed = config.parse(["instruments/violin_vst.gin"])
    assert parsed.bound(training.Schedule)["batch_size"] == 4
    settings = parsed.bound(training.train)
    assert settings["metadata"]["licence"] == "CC BY 4.0"
    assert len(settings["metadata"]["command"]) == 3
