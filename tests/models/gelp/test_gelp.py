"""GELP: what its filters leave comes back, pitch moves where there is one, its GAN is stable."""

from typing import Any

import keras
import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.features.extractors.mel_db import mel_levels_db
from ddsp_tf.losses import (
    Compare,
    FramedLoss,
    LogMagnitude,
    RelativeMagnitude,
    Spectra,
    Wasserstein,
)
from ddsp_tf.models.gelp.gelp import Gelp
from ddsp_tf.nn.wave_net import WaveNet
from ddsp_tf.training import Optimization, Trainer, adversarial_phases

RATE, HOP = 16000, 80
SMALL = {"channels": 4, "dilations": (1, 2), "n_stacks": 1, "context_channels": 4}


def voice(n_frames: int = 50) -> dict[str, np.ndarray]:
    """A vowel of moving pitch and its columns."""
    n_samples = n_frames * HOP
    f0_hz = 120.0 * 2 ** (0.2 * np.sin(2 * np.pi * 3 * np.arange(n_samples) / RATE))
    audio = np.diff(np.floor(np.cumsum(f0_hz) / RATE), prepend=0.0)
    audio = scipy.signal.lfilter([1.0], [1.0, -0.97], audio)
    for hz, width in zip((730, 1090, 2440, 3500), (60, 90, 120, 150), strict=True):
        radius = np.exp(-np.pi * width / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * hz / RATE), radius**2]
        audio = scipy.signal.lfilter([1.0], poles, audio)
    audio = (0.1 * audio / np.std(audio)).astype(np.float32)
    mel_db = mel_levels_db(audio, FeatureSettings(sample_rate=RATE, hop_length=HOP))
    return {
        "audio": audio[np.newaxis],
        "mel_db": mel_db[np.newaxis],
        "f0_hz": f0_hz[::HOP][np.newaxis, :, np.newaxis].astype(np.float32),
        "f0_confidence": np.ones([1, n_frames, 1], np.float32),
    }


@pytest.mark.parametrize(("filtering", "least_db"), [("exact", 60.0), ("stft", 10.0)])
def test_what_the_filters_leave_gives_the_sound_back(filtering: Any, least_db: float) -> None:
    model, batch = Gelp(**SMALL, filtering=filtering), voice()
    filters = model.filters(batch["mel_db"])
    excitation = model.analyze(batch["audio"], filters)
    # Of about the power 1, where the sound has begun.
    assert np.std(excitation[0, 1600:]) == pytest.approx(1.0, abs=0.4)
    again = np.asarray(model.synthesize(excitation, filters))
    error = np.sum((batch["audio"] - again) ** 2)
    assert 10 * np.log10(np.sum(batch["audio"] ** 2) / error) > least_db


def test_it_takes_what_it_says_and_configs_survive() -> None:
    batch = voice(20)
    for with_pitch in (False, True):
        model = Gelp(**SMALL, with_pitch=with_pitch)
        assert ("f0_hz" in model.input_signals) is with_pitch
        outputs = model(batch)
        assert {key: x.shape for key, x in outputs.items()} == dict.fromkeys(
            ("audio", "excitation", "real_excitation"), (1, 1600)
        )
        twin = Gelp.from_config(model.get_config())
        twin.set_weights(model.get_weights())
        np.testing.assert_allclose(twin(batch)["audio"], outputs["audio"], atol=1e-5)
    with pytest.raises(ArgumentError, match="`filtering`"):
        Gelp(**SMALL, filtering="none")
    with pytest.raises(ArgumentError, match="`n_stacks`"):
        Gelp(**{**SMALL, "n_stacks": 0})
    for key, value in {
        "voiced_from": 1.1,
        "preemphasis": 1.0,
        "order": 0,
        "frame_length": 100,
    }.items():
        with pytest.raises(ArgumentError, match=f"`{key}`.*{value}"):
            Gelp(**SMALL, **{key: value})


def test_a_wave_net_reaches_as_far_as_it_says() -> None:
    layer = WaveNet(1, channels=3, dilations=(1, 4), kernel_size=5)
    signal = tf.random.stateless_normal([1, 60, 2], [1, 2])
    with tf.GradientTape() as tape:
        tape.watch(signal)
        middle = layer(signal)[0, 30, 0]
    reached = np.flatnonzero(np.any(tape.gradient(middle, signal)[0].numpy(), axis=-1))
    assert layer.radius == 10
    assert (reached[0], reached[-1]) == (20, 40)
    with pytest.raises(ArgumentError, match="odd"):
        WaveNet(1, kernel_size=2)


@pytest.mark.slow
def test_the_gan_is_stable_for_500_steps() -> None:
    keras.utils.set_random_seed(0)
    model = Gelp(**{**SMALL, "channels": 8, "dilations": (1, 2, 4)}, with_pitch=True)
    loss = FramedLoss([Spectra(400, [RelativeMagnitude(10.0), LogMagnitude()])])
    critic = WaveNet(1, channels=8, dilations=(1, 2, 4))
    phases = adversarial_phases(
        critic,
        Compare(loss),
        kind=lambda *args, **kwargs: Wasserstein(*args, **kwargs, n_crops=8, crop_samples=15),
        generator=Optimization(2e-3, gradient_clip_norm=3.0),
        critic=Optimization(1e-3, gradient_clip_norm=10.0),
    )
    trainer = Trainer(model, Compare(loss), phases=phases, xla=False)
    batch = voice()
    steps = [trainer.step(batch) for _ in range(500)]
    curves = {key: np.array([float(step[key]) for step in steps]) for key in steps[0]}
    assert all(np.all(np.isfinite(curve)) for curve in curves.values())
    critics = [curves[f"loss_discriminator_{key}"] for key in ("real", "fake", "gradient_penalty")]
    assert max(np.max(np.abs(curve)) for curve in critics) < 100.0
    spectral = curves["loss_generator_log_magnitude"]
    assert np.mean(spectral[-50:]) < 0.7 * spectral[0]
