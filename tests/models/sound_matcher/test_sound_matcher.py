"""The network that hears a synthesiser's settings: its contract, what it learns, what ships."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_config

from ddsp_tf import config
from ddsp_tf.data import RandomSettings
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.models import Instrument, SoundMatcher
from ddsp_tf.processors import Adsr, Harmonic, ProcessorGroup, SawSquare

RATES = {"sample_rate": 16000, "hop_length": 64}


def matcher() -> SoundMatcher:
    names = ["f0_hz", "loud/signal", "loud/signal", "amplitude", "cutoff_hz"]
    dag = [
        (Adsr(name="loud", **RATES), ["f0_hz", "note_s"]),
        (SawSquare(n_harmonics=3, **RATES), names),
    ]
    return SoundMatcher(processor_group=ProcessorGroup(dag=dag), channels=4, n_units=8)


def test_a_batch_with_settings_makes_its_own_task() -> None:
    model = matcher()
    settings = tf.constant([[0.5, 0.5, 0.9, 0.9], [0.2, 0.1, 0.3, 0.5]])
    outputs = model({"settings": settings, "audio": tf.zeros([2, 3200])})
    wanted = model.played(model.values_of(settings), 3200)["audio"]
    np.testing.assert_allclose(outputs["target"], wanted, atol=1e-6)
    noise = tf.random.stateless_normal([2, 3200], [1, 2], stddev=0.1)
    heard = model({"settings": settings, "audio": noise})
    np.testing.assert_allclose(heard["target"], wanted, atol=1e-6)
    assert np.abs(heard["settings"] - outputs["settings"]).max() > 1e-3
    assert outputs["audio"].shape == (2, 3200)
    assert outputs["settings"].shape == (2, 4)
    alone = model({"audio": wanted})
    np.testing.assert_allclose(alone["settings"], outputs["settings"], atol=1e-6)
    assert "target" not in alone
    check_config(model, lambda twin: twin({"audio": wanted})["settings"])


def test_no_loss_of_sound_moves_a_pitch_and_known_ones_can_be_heard() -> None:
    model = matcher()
    settings = tf.constant([[0.5, 0.5, 0.9, 0.9]])
    noise = tf.random.stateless_normal([1, 3200], [1, 2], stddev=0.01)
    with tf.GradientTape() as tape:
        alone = model({"audio": noise})
        loss = tf.reduce_sum(tf.square(alone["audio"]))
    of_shares = np.abs(tape.gradient(loss, model.to_shares.bias))
    assert of_shares[0] == 0.0
    assert (of_shares[2:] > 0.0).all()  # The note ends after the sound, so its length is free.
    outputs = model({"settings": settings, "audio": noise})
    heard = outputs["settings"].numpy()
    assert abs(heard[0, 0] - 0.5) > 1e-3
    for output, pitch in (("audio", heard[0, 0]), ("pitched", 0.5)):
        heard[0, 0] = pitch
        played = model.played(model.values_of(tf.constant(heard)), 3200)["audio"]
        np.testing.assert_allclose(outputs[output], played, atol=1e-6)


def test_the_note_comes_from_the_tracker_and_stays() -> None:
    sound = 0.3 * np.sin(2 * np.pi * 311.1 * np.arange(16000) / 16000)
    found = matcher().toward(sound)
    assert found.parameters()["f0_hz"][0] == pytest.approx(311.1, rel=0.005)
    moved = {x.name for x in found.trainable_variables}
    assert moved == {"note_s", "amplitude", "cutoff_hz"}


def test_what_has_no_range_is_refused() -> None:
    names = ["amplitudes", "harmonic_distribution", "f0_hz"]
    group = ProcessorGroup(dag=[(Harmonic(n_harmonics=2), names)])
    with pytest.raises(ArgumentError, match="`amplitudes`: The range should have two ends"):
        SoundMatcher(processor_group=group)
    with pytest.raises(ArgumentError, match="`noise_db` should be from and to a level"):
        RandomSettings(group, noise_db=(-20.0, -40.0))


def test_the_shipped_network_beats_the_mean() -> None:
    """On settings drawn at random, whose mean is 0.5 and whose mean distance from it 0.25."""
    shipped = Instrument.load("subtractive").model
    synthesizer = config.parse(["papers/masuda2021/subtractive.gin"]).call(ProcessorGroup)
    draw = RandomSettings(synthesizer)
    about = FeatureSettings(columns=(), **RATES)
    random = np.random.default_rng(5)
    made = [draw(random, 375, about) for _ in range(16)]
    settings = np.stack([x["settings"] for x in made])
    sound = shipped.played(shipped.values_of(tf.constant(settings)), 24000)["audio"]
    heard = shipped.shares(sound + np.stack([x["audio"] for x in made])).numpy()
    assert np.mean(np.abs(heard - settings)) < 0.95 * np.mean(np.abs(settings - 0.5))
