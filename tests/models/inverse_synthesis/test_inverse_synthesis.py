"""The model that hears sinusoids and their pitch: its contract, and what it learns."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_config

from ddsp_tf import config, dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features.self_supervised.pitch_network import (
    LOWEST_HZ,
    N_PITCHES,
    log_frequency_levels,
    pitches_hz,
)
from ddsp_tf.features.self_supervised.self_supervised_tracker import SelfSupervisedTracker
from ddsp_tf.models import Instrument, InverseSynthesis


def test_frames_outputs_and_config() -> None:
    model = InverseSynthesis(n_channels=4, n_units=4)
    noise = tf.random.stateless_normal([2, 3 * 512], [0, 1], stddev=0.1)
    outputs = model({"audio": noise})
    assert outputs["audio"].shape == (2, 1536)
    assert outputs["f0_hz"].shape == (2, 3, 1)
    assert outputs["pitch_logits"].shape == (2, 3, N_PITCHES + 1)
    check_config(model, lambda twin: twin({"audio": noise})["pitch_logits"])
    with pytest.raises(ArgumentError, match="should be 16000"):
        InverseSynthesis(sample_rate=48000)


def test_each_sinusoid_stays_within_its_two_semitones() -> None:
    model = InverseSynthesis(n_channels=4, n_units=4)
    hz = model({"audio": tf.random.stateless_normal([1, 2048], [2, 3])})["frequencies_hz"]
    place = 6 * np.log2(hz.numpy() / LOWEST_HZ)
    assert (np.floor(place + 1e-3) == np.arange(48)).all()


def test_a_sinusoid_whose_six_bins_weigh_the_same_is_in_their_middle() -> None:
    network = InverseSynthesis(n_channels=4, n_units=4).network
    heard = tf.zeros([1, 1, 288])
    network(heard)
    network.sinusoids.kernel.assign(tf.zeros_like(network.sinusoids.kernel))
    place = 36 * np.log2(network(heard)["frequencies_hz"][0, 0] / LOWEST_HZ)
    np.testing.assert_allclose(place, 6 * np.arange(48) + 2.5, atol=1e-3)


def test_levels_are_those_of_the_sines() -> None:
    """Two sines 20 dB apart, on frequencies that are read, and silence."""
    hz = pitches_hz()[[72, 130]]
    time_s = np.arange(16000) / 16000
    sound = sum(a * np.sin(2 * np.pi * f * time_s) for a, f in zip((0.5, 0.05), hz, strict=True))
    audio = tf.constant(np.stack([sound, 1e-6 * sound]), tf.float32)
    levels = log_frequency_levels(audio, hop_length=512).numpy()
    middle = levels[0, 15]
    assert abs(int(np.argmax(middle)) - 72) <= 1
    assert middle.max() == pytest.approx(1.0)
    assert middle[120:140].max() == pytest.approx(1.0 - 20.0 / 60.0, abs=0.03)
    assert not levels[1].any()


def test_higher_by_an_octave_is_the_same_an_octave_higher() -> None:
    """The network sees all pitches alike: its logits move with what it hears."""
    network = InverseSynthesis().network
    heard = np.zeros([1, 1, 288], np.float32)
    for ratio in (1, 2, 3, 4, 5):
        heard[0, 0, 90 + round(36 * np.log2(ratio))] = 1.0 - 0.1 * ratio
    one, other = (
        network(tf.constant(np.roll(heard, shift, -1)))["pitch_logits"][0, 0, :-1].numpy()
        for shift in (0, 36)
    )
    np.testing.assert_allclose(one[60:130], other[96:166], atol=1e-5)


@pytest.mark.slow
def test_it_learns_pitch_of_generated_notes_and_tracks_with_it(tmp_path: Path) -> None:
    """200 steps: wrong by chance at first, and mostly within half a semitone afterwards."""
    configuration = config.parse(
        ["papers/engel2020/pitch.gin"],
        [
            "Limits.num_steps=200",
            "Schedule.validate_every=300",
            "Schedule.checkpoint_every=300",
            "Generated.eval_seconds=4.0",
            "Schedule.batch_size=8",
            "Optimization.warmup_steps=20",
            "Optimization.ema_decay=0.95",
        ],
    )
    run = tmp_path / "run"
    configuration.train(run=run)
    model = Instrument.load(run).model
    assert isinstance(model, InverseSynthesis)
    errors = []
    for midi in np.arange(40.3, 84.0, 2.7):
        hz = 440.0 * 2.0 ** ((midi - 69) / 12)
        turns = 2 * np.pi * hz * np.arange(8192) / 16000
        tone = sum(np.sin(k * turns) / k for k in range(1, 9) if k * hz < 8000)
        f0_hz = model({"audio": tf.constant(0.2 * tone[np.newaxis], tf.float32)})["f0_hz"]
        errors.append(100 * (dsp.hz_to_midi(f0_hz[0, 4:12, 0]) - midi))
    assert np.mean(np.abs(errors) < 50) > 0.8
    tracker = SelfSupervisedTracker(run)
    f0_hz, _ = tracker.track(np.asarray(0.2 * tone, np.float32), 16000)
    assert abs(1200 * np.log2(np.median(f0_hz) / hz)) < 50
