"""An instrument that 0.1.0 wrote loads and plays as it did then (commit e8b7206)."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.models import Instrument

EVERY = 11
"""Of how many samples the file keeps one."""

FOLDER = Path(__file__).parent / "golden"
INSTRUMENTS = {"flute": FOLDER / "flute_0_1_0"}
"""As it shipped."""

with np.load(FOLDER / "presets_0_1_0.npz") as file:
    GOLDEN = {name: file[name] for name in INSTRUMENTS}


def melody(frame_rate: float) -> dict[str, tf.Tensor]:
    """Half a second: three notes with vibrato and a swell, and a fade to nothing."""
    time_s = np.arange(round(0.5 * frame_rate)) / frame_rate
    note_hz = np.where(time_s < 0.2, 293.66, np.where(time_s < 0.35, 440.0, 1480.0))
    f0_hz = note_hz * 2 ** (0.3 / 12 * np.sin(2 * np.pi * 5.5 * time_s))
    swell = -25.0 + 10.0 * np.sin(2 * np.pi * 2 * time_s)
    loudness_db = np.where(time_s < 0.45, swell, -75.0)
    return {
        "f0_hz": tf.constant(f0_hz[None, :, None], tf.float32),
        "loudness_db": tf.constant(loudness_db[None, :, None], tf.float32),
    }


@pytest.mark.parametrize("name", GOLDEN)
def test_plays_the_same_samples(name: str) -> None:
    model = Instrument.load(INSTRUMENTS[name]).model
    audio = model(melody(model.sample_rate / model.hop_length))["audio"].numpy()[0]
    assert np.max(np.abs(GOLDEN[name])) > 0.2
    np.testing.assert_allclose(audio[::EVERY], GOLDEN[name], rtol=0, atol=1e-5)
