"""Instruments with other syntheses in the place of harmonics: stored, in blocks, exported."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf import config
from ddsp_tf.errors import ExportError
from ddsp_tf.export import export_saved_model, parity
from ddsp_tf.export.live_parts import find_live_parts
from ddsp_tf.features import FeatureSettings
from ddsp_tf.models import Autoencoder, Instrument

SIZES = [
    "RnnFcDecoder.rnn_channels=6",
    "RnnFcDecoder.channels=5",
    "N_NOISE_BANDS=9",
    "Reverb.impulse_response_length=100",
    "Reverb.initial_scale=0.1",
]
SYSTEMS = {
    "shan2022": ["AttentionWavetable.n_points=64"],
    "caspe2022": [],
    "hayes2021": ["N_HARMONICS=6", "NeuralWaveshaper.n_shapers=2", "NeuralWaveshaper.n_layers=2"],
}


def small(name: str) -> Autoencoder:
    keras.utils.set_random_seed(0)
    return config.parse([f"papers/{name}/violin.gin"], [*SIZES, *SYSTEMS[name]]).build_model()


def frames(n_frames: int) -> dict[str, Any]:
    f0_hz = np.linspace(200.0, 500.0, n_frames, dtype=np.float32).reshape(1, -1, 1)
    loudness_db = np.linspace(-20.0, -50.0, n_frames, dtype=np.float32).reshape(1, -1, 1)
    return {"f0_hz": tf.constant(f0_hz), "loudness_db": tf.constant(loudness_db)}


@pytest.mark.parametrize("name", SYSTEMS)
def test_is_stored_and_plays_in_blocks(name: str, tmp_path: Path) -> None:
    model = small(name)
    features = frames(12)
    whole = model(features)["audio"].numpy()
    assert np.std(whole) > 1e-4
    Instrument(model, FeatureSettings()).save(tmp_path / "stored")
    again = Instrument.load(tmp_path / "stored").model
    np.testing.assert_allclose(again(features)["audio"], whole, atol=1e-6)
    ahead = model.lookahead_frames
    held = {key: np.concatenate([x] + [x[:, -1:]] * ahead, 1) for key, x in features.items()}
    state, played = model.initial_state(1), []
    for start, count in ((0, 5), (5, 1), (6, 6)):
        block = {key: x[:, start : start + count + ahead] for key, x in held.items()}
        outputs, state = model.stream(block, state, count)
        played.append(outputs["audio"])
    np.testing.assert_allclose(np.concatenate(played, 1), whole, atol=1e-5)


@pytest.mark.parametrize("name", SYSTEMS)
def test_hosts_that_play_harmonics_refuse_it_by_name(name: str) -> None:
    model = small(name)
    with pytest.raises(ExportError, match=r"This model has `.*--target saved_model"):
        find_live_parts(model)


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_is_exported_as_a_saved_model(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The export itself compares what it has written with the model."""
    monkeypatch.setattr(parity, "_FRAME_CASES", ((1, 2), (3, 4)))
    monkeypatch.setattr(parity, "_AUDIO_CASES", ((1, 0.01),))
    export_saved_model(Instrument(small(name), FeatureSettings()), tmp_path / "exported")
    assert (tmp_path / "exported" / "saved_model.pb").exists()
