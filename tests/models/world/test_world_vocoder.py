"""A recording said again: what stays, and what moves."""

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features.refined_pitch import refine_pitch
from ddsp_tf.features.world.cheap_trick import cheap_trick
from ddsp_tf.inference import Effect, VoiceChange
from ddsp_tf.models import Instrument
from ddsp_tf.models.world.world_vocoder import WorldVocoder

RATE, F0_HZ = 16000, 150.0
N_FRAMES = 120
FRAMES_S = np.arange(20, 100, 8) * 0.005


def _vowel():
    """Half a second with a formant at 1000 Hz."""
    time_s = np.arange(N_FRAMES * 80) / RATE
    levels = [np.exp(-(((k * F0_HZ - 1000.0) / 300.0) ** 2)) + 0.02 for k in range(1, 50)]
    return 0.1 * sum(
        level * np.sin(2 * np.pi * k * F0_HZ * time_s + k * k)
        for k, level in enumerate(levels, start=1)
    )


def _formant_hz(audio, f0_hz):
    """Where the mean of the envelope's power lies below 2.5 kHz."""
    envelope = cheap_trick(audio, np.full(len(FRAMES_S), f0_hz), FRAMES_S, sample_rate=RATE)
    power = envelope.mean(axis=0)[:160]
    return np.sum(power * np.arange(160)) / np.sum(power) * RATE / 1024


def _said(audio, **changes):
    vocoder = WorldVocoder(**changes)
    return vocoder.say(audio[:, np.newaxis], np.full(N_FRAMES, F0_HZ))[:, 0].astype(float)


def test_the_sound_itself_stays_if_nothing_is_moved():
    noise = 0.1 * np.random.default_rng(0).standard_normal([1, 5000]).astype(np.float32)
    said = WorldVocoder(excitation="sound")({"dry": noise})["audio"].numpy()
    error = np.sum(np.square(said - noise)) / np.sum(np.square(noise))
    assert 10 * np.log10(error) < -100.0


@pytest.mark.parametrize(("semitones", "formants"), [(0.0, 0.0), (4.0, 0.0), (0.0, -4.0)])
def test_pitch_and_formants_move_independently(semitones, formants):
    said = _said(_vowel(), semitones=semitones, formants=formants)
    wanted_hz = F0_HZ * 2 ** (semitones / 12)
    found = refine_pitch(said, np.full(len(FRAMES_S), wanted_hz), FRAMES_S, sample_rate=RATE)
    assert np.median(np.abs(1200 * np.log2(found / wanted_hz))) < 10.0
    semitones_moved = 12 * np.log2(_formant_hz(said, wanted_hz) / 1000.0)
    assert semitones_moved == pytest.approx(formants, abs=0.6)


def test_formants_of_the_sound_itself_move():
    said = _said(_vowel(), formants=3.0, excitation="sound")
    assert 12 * np.log2(_formant_hz(said, F0_HZ) / 1000.0) == pytest.approx(3.0, abs=0.8)


def test_silence_stays_silent_and_a_sample_is_enough():
    for length in (1, 3000):
        f0_hz = np.zeros(-(-length // 80))
        said = WorldVocoder().say(np.zeros([length, 2], np.float32), f0_hz)
        assert said.shape == (length, 2)
        assert np.max(np.abs(said)) < 1e-8


def test_it_ships_and_is_an_effect():
    effect = Effect(Instrument.load("world"))
    assert isinstance(effect.model, WorldVocoder)
    assert not effect.model.streamable


def test_what_is_out_of_range_is_named():
    for given in ({"semitones": 30.0}, {"formants": -30.0}, {"excitation": "breath"}):
        with pytest.raises(ArgumentError, match=f"`{next(iter(given))}` should be"):
            WorldVocoder(**given)
    with pytest.raises(ArgumentError, match="the 2 frames of the sound"):
        WorldVocoder().say(np.zeros([160, 1]), np.zeros(3))


def test_other_models_are_refused(tmp_path):
    import soundfile

    soundfile.write(tmp_path / "a.wav", np.zeros(100), 8000)
    with pytest.raises(ArgumentError, match="process with `world`"):
        VoiceChange(Instrument.load("style"), tmp_path / "a.wav", semitones=1.0)
