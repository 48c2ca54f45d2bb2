"""The neural source-filter vocoder: its source, its reach, blocks, pitch, and that it learns."""

from typing import Any

import keras
import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from ddsp_tf import config
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.features.extractors.mel_db import mel_levels_db
from ddsp_tf.models import BlockPlayer, Instrument
from ddsp_tf.models.nsf.neural_source_filter import NeuralSourceFilter
from ddsp_tf.models.nsf.source_module import SourceModule
from ddsp_tf.training import Optimization, Trainer

RATE, HOP, SEED = 16000, 80, tf.constant(0)
SMALL = {"channels": 4, "n_blocks": 1, "n_layers": 3, "n_noise_layers": 2, "units": 3}
KINDS = [{}, {"mixing": "sinc", "excitation": "cyclic_noise"}]


def features(n_frames: int = 30, f0_hz: float = 200.0, confidence: float = 1.0) -> dict[str, Any]:
    ones = np.ones([1, n_frames, 1], np.float32)
    mel_db = np.random.default_rng(0).uniform(-60, -20, [1, n_frames, 80]).astype(np.float32)
    return {"f0_hz": f0_hz * ones, "f0_confidence": confidence * ones, "mel_db": mel_db}


def repeats(audio: np.ndarray, f0_hz: float) -> float:
    """The autocorrelation at a period, against the power, without what is constant."""
    audio, period = audio - np.mean(audio), round(RATE / f0_hz)
    return float(np.mean(audio[period:] * audio[:-period]) / np.mean(audio**2))


@pytest.mark.parametrize("excitation", ["sines", "cyclic_noise"])
def test_the_source_repeats_where_there_is_a_voice_and_nowhere_else(excitation: Any) -> None:
    source = SourceModule(excitation=excitation, sample_rate=RATE, hop_length=HOP)
    source.build()
    pitch, state = tf.fill([1, 401, 1], 160.0), source.initial_state(1)
    for voiced in (0.0, 1.0):
        (periodic, noise), _ = source(pitch, voiced * tf.ones_like(pitch), SEED, state)
        found = [repeats(np.asarray(x)[0, :, 0], 160.0) for x in (periodic, noise)]
        assert found[0] > 0.9 if voiced else abs(found[0]) < 0.05
        assert abs(found[1]) < 0.05


def test_the_source_has_its_peaks_at_multiples_of_the_pitch() -> None:
    source = SourceModule(n_harmonics=8, sample_rate=RATE, hop_length=HOP)
    source.build()
    pitch = tf.fill([1, 201, 1], 250.0)
    (periodic, _), _ = source(pitch, tf.ones_like(pitch), SEED, source.initial_state(1))
    spectrum = np.abs(np.fft.rfft(np.asarray(periodic)[0, :, 0]))
    highest = np.sort(np.argsort(spectrum)[-8:])
    np.testing.assert_array_equal(highest, 250 * np.arange(1, 9))


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_give_what_the_whole_gives_and_configs_survive(kind: dict[str, Any]) -> None:
    model = NeuralSourceFilter(**SMALL, **kind)
    whole = model(features())["audio"].numpy()[0]
    encoded = {key: np.asarray(x)[0] for key, x in model.encode(features()).items()}
    blocks = np.concatenate(list(BlockPlayer(model, block_frames=7).blocks(encoded)))
    np.testing.assert_allclose(blocks, whole, atol=1e-5)
    twin = NeuralSourceFilter.from_config(model.get_config())
    twin.set_weights(model.get_weights())
    np.testing.assert_allclose(twin(features())["audio"][0], whole, atol=1e-5)
    other = model({**features(), "noise_seed": tf.constant(5)})["audio"].numpy()[0]
    assert np.max(np.abs(other - whole)) > 1e-3


def test_the_receptive_field_is_the_formulas() -> None:
    model = NeuralSourceFilter(**{**SMALL, "n_layers": 6, "n_blocks": 2})
    block = model.harmonic_blocks[0]
    assert block.receptive_samples == 2 * (2**6 - 1) + 1
    signal, context = tf.zeros([1, 400, 1]), tf.zeros([1, 400, 4])
    with tf.GradientTape() as tape:
        tape.watch(signal)
        last = block(signal, context)[0][0, -1, 0]
    reached = np.flatnonzero(tape.gradient(last, signal)[0, :, 0])
    assert 400 - reached[0] == block.receptive_samples
    assert model.receptive_samples == 2 * 2 * (2**6 - 1) + 11
    assert NeuralSourceFilter(**{**SMALL, "n_layers": 10}).receptive_samples == 2046 + 11


@pytest.mark.slow
def test_untrained_it_follows_the_pitch_and_whispers_without() -> None:
    keras.utils.set_random_seed(0)
    model = NeuralSourceFilter(**SMALL)
    for f0_hz in (160.0, 200.0):
        assert repeats(model(features(120, f0_hz))["audio"].numpy()[0, 800:], f0_hz) > 0.5
    for unvoiced in (features(120, 160.0, confidence=0.1), features(120, 0.0)):
        unvoiced["mel_db"] = np.full([1, 120, 80], -40.0, np.float32)
        whisper = model(unvoiced)["audio"].numpy()[0, 800:]
        assert np.all(np.isfinite(whisper))
        assert abs(repeats(whisper, 160.0)) < 0.05


def test_arguments_out_of_range_are_named() -> None:
    for arguments, message in (
        ({"mixing": "some"}, "`mixing`"),
        ({"n_blocks": 0}, "`n_blocks`"),
        ({"voiced_from": 2.0}, "`voiced_from`"),
        ({"excitation": "pulses"}, "`excitation`"),
        ({"n_harmonics": 0}, "`n_harmonics`"),
        ({"n_layers": 0}, "`n_layers`"),
    ):
        with pytest.raises(ArgumentError, match=message):
            NeuralSourceFilter(**{**SMALL, **arguments})


def test_edits_of_the_pitch_move_a_stored_voice(tmp_path: Any) -> None:
    from ddsp_tf.inference import ColumnTransfer, VoiceEdits

    keras.utils.set_random_seed(0)
    columns = ("f0_hz", "f0_confidence", "mel_db")
    settings = FeatureSettings(sample_rate=RATE, hop_length=HOP, columns=columns)
    Instrument(NeuralSourceFilter(**SMALL), settings).save(tmp_path / "voice")
    loaded = Instrument.load(tmp_path / "voice")
    buzz = 0.1 * scipy.signal.sawtooth(2 * np.pi * 200.0 * np.arange(RATE // 2) / RATE)
    play = ColumnTransfer(loaded, voice=VoiceEdits(semitones=12.0))
    audio = play(buzz.astype(np.float32), RATE).audio
    spectrum = np.abs(np.fft.rfft(audio[2000:6000] * np.hanning(4000)))
    # Of partials of 200 Hz, every other one is gone.
    assert np.sum(spectrum[50:200:100] ** 2) < 0.01 * np.sum(spectrum[100:201:100] ** 2)


@pytest.mark.slow
def test_one_small_filter_halves_the_loss_of_a_vowel_in_200_steps() -> None:
    keras.utils.set_random_seed(0)
    parsed = config.parse(["papers/wang2019/nsf.gin"], ["CHANNELS=16", "N_BLOCKS=1"])
    model, objective = parsed.build_model(), parsed.build_objective()
    n_samples = RATE // 2
    f0_hz = 120.0 * 2 ** (0.1 * np.sin(8 * np.pi * np.arange(n_samples) / RATE))
    audio = np.diff(np.floor(np.cumsum(f0_hz) / RATE), prepend=0.0)
    audio = audio + 0.003 * np.random.default_rng(0).normal(size=n_samples)
    for hz, width in zip((730, 1090, 2440, 3500, 4500), (60, 90, 120, 150, 200), strict=True):
        radius = np.exp(-np.pi * width / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * hz / RATE), radius**2]
        audio = scipy.signal.lfilter([1.0], poles, audio)
    audio = (0.1 * audio / np.std(audio)).astype(np.float32)
    settings = FeatureSettings(sample_rate=RATE, hop_length=HOP)
    batch = {
        "f0_hz": f0_hz[::HOP][np.newaxis, :, np.newaxis].astype(np.float32),
        "f0_confidence": np.ones([1, n_samples // HOP, 1], np.float32),
        "mel_db": mel_levels_db(audio, settings)[np.newaxis],
        "audio": audio[np.newaxis],
    }
    trainer = Trainer(model, objective, Optimization(2e-3, warmup_steps=20), xla=False)
    losses = [trainer.step(batch)["loss"] for _ in range(201)]
    assert float(losses[200]) < 0.5 * float(losses[0])
