"""A drum: found for a recording of one stroke, stored, and played by clicks."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import AudioFileError
from ddsp_tf.evaluation.attack import attack_time_s
from ddsp_tf.inference import match
from ddsp_tf.models import Drum, Instrument
from ddsp_tf.models.parametric.drum import stroke_start
from ddsp_tf.processors import ModalBank, ProcessorGroup, StruckNoise, Sum, Transient

RATE = 16000


def drum() -> Drum:
    about = {"sample_rate": RATE}
    struck = [
        ModalBank(n_modes=4, length_s=0.4, highest_hz=3000.0, **about),
        Transient(length_s=0.02, **about),
        StruckNoise(n_room_frames=40, n_bands=17, length_s=0.4, **about),
    ]
    dag = [(processor, ["audio", *processor.room_signals]) for processor in struck]
    signals = [f"{processor.name}/signal" for processor in struck]
    return Drum(processor_group=ProcessorGroup(dag=[*dag, (Sum(), signals)]), hop_length=64)


def recording(n_samples: int = 5000, onset: int = 320) -> np.ndarray:
    """Two modes, a click and noise that fades, 20 ms after the recording begins."""
    time_s = np.arange(n_samples - onset) / RATE
    rng = np.random.default_rng(0)
    sound = 0.5 * np.exp(-time_s / 0.08) * np.sin(2 * np.pi * 180.0 * time_s)
    sound += 0.2 * np.exp(-time_s / 0.03) * np.sin(2 * np.pi * 411.0 * time_s + 1.0)
    sound += 0.05 * np.exp(-time_s / 0.05) * rng.uniform(-1, 1, len(time_s))
    sound[:3] += [0.4, -0.3, 0.1]
    return np.concatenate([np.zeros(onset), sound]).astype(np.float32)


@pytest.mark.slow
def test_analysis_finds_a_stroke_and_steps_make_it_better(tmp_path: Path) -> None:
    target = recording()
    model = drum()
    found = match(model, target, n_steps=20)
    assert found.loss <= found.start_loss
    assert abs(model.onset_samples - 320) <= 8
    assert np.sum((found.audio - target) ** 2) < 0.02 * np.sum(target**2)
    attacks = [attack_time_s(x, sample_rate=RATE) for x in (found.audio, target)]
    assert abs(attacks[0] - attacks[1]) < 0.001
    frequencies = np.array(found.parameters["mode_frequencies_hz"][0])
    assert np.min(np.abs(frequencies - 180.0)) < 0.5
    folder = tmp_path / "found.model"
    Instrument.without_features(model).save(folder)
    again = Instrument.load(folder).model
    np.testing.assert_allclose(again({"audio": target[None]})["audio"][0], found.audio, atol=1e-6)


def test_clicks_are_strokes_as_loud_as_they_are_high() -> None:
    model = drum()
    model.begin(recording())
    alone = model({"audio": tf.zeros([1, 4000])})["audio"][0].numpy()
    clicks = np.zeros([1, 8000], np.float32)
    clicks[0, [100, 5000]] = [1.0, 0.5]
    played = model({"dry": clicks})["audio"][0].numpy()
    stroke = alone[model.onset_samples :][:3000]
    np.testing.assert_allclose(played[100:3100], stroke, atol=1e-5)
    np.testing.assert_allclose(played[6600:7900], 0.5 * stroke[1600:2900], atol=0.02)


def test_where_a_stroke_begins() -> None:
    assert stroke_start(recording(), RATE) == pytest.approx(320, abs=9)


@pytest.mark.parametrize(("noise", "first"), [(0.0, 8000), (0.01, 8000)])
def test_a_swell_is_of_the_stroke_and_noise_before_it_is_not(noise: float, first: int) -> None:
    rng = np.random.default_rng(0)
    swell = np.linspace(0.0, 1.0, 480) ** 3 * rng.uniform(-1, 1, 480)
    sound = np.concatenate([np.zeros(8000), swell, np.exp(-np.arange(3000) / 500)])
    sound[:8000] += noise * rng.uniform(-1, 1, 8000)
    began = stroke_start(sound, RATE)
    # Louder than 0.3% of the peak after 69 samples, than the noise after 104, and 3% after 150.
    assert first + (40 if not noise else 80) < began < first + 140


@pytest.mark.parametrize(
    ("sound", "message"),
    [
        (
            np.tile(recording(), 4),
            "The recording has 1.23 s, and a stroke of this",
        ),
        (np.zeros(3000, np.float32), "holds only silence"),
    ],
)
def test_recordings_that_are_refused(sound: np.ndarray, message: str) -> None:
    with pytest.raises(AudioFileError, match=message):
        match(drum(), sound, n_steps=1)
