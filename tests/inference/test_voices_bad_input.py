"""Voices that are none, or badly recorded: a clear message or a finite sound, never a burst."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf import config
from ddsp_tf.errors import AudioFileError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.inference import ColumnTransfer, trace_tract
from ddsp_tf.models import Instrument
from ddsp_tf.models.lpcnet.lpcnet import Lpcnet
from ddsp_tf.models.world.world_vocoder import WorldVocoder
from ddsp_tf.processors import AllPole

pytestmark = pytest.mark.xdist_group("voices_bad_input")
RATE, N_SAMPLES = 16000, 3200


def _buzz(f0_hz, rate=RATE):
    seconds = np.arange(N_SAMPLES * rate // RATE) / rate
    return np.sum([np.sin(2 * np.pi * k * f0_hz * seconds) / k for k in range(1, 20)], axis=0)


def _sounds():
    noise = np.random.default_rng(0).standard_normal(N_SAMPLES)
    formant = np.sin(np.arange(200) / 3) * 0.98 ** np.arange(200)
    return {
        "unvoiced": (0.1 * np.diff(noise, prepend=0.0), RATE),
        "whispered": (0.02 * np.convolve(noise, formant, "same"), RATE),
        "two at once": (0.1 * (_buzz(120.0) + _buzz(187.0)), RATE),
        "clipped": (np.clip(20.0 * _buzz(120.0), -1.0, 1.0), RATE),
        "from a telephone": (0.1 * _buzz(150.0, 8000), 8000),
    }


@pytest.fixture(scope="module", params=["lpcnet", pytest.param("golf", marks=pytest.mark.slow)])
def transfer(request):
    keras.utils.set_random_seed(0)
    model = Lpcnet(n_units=16, n_conditioning=16, n_embedding=16)
    if request.param == "golf":
        model = config.parse(["papers/yu2023/golf.gin"], ["N_UNITS=8"]).build_model()
    settings = FeatureSettings(RATE, model.hop_length, columns=tuple(model.input_signals))
    return ColumnTransfer(Instrument(model, settings), chunk_s=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("name", _sounds())
def test_networks_say_what_is_no_voice(transfer, name):
    sound, rate = _sounds()[name]
    audio = transfer(sound.astype(np.float32), rate).audio
    assert len(audio) == N_SAMPLES
    assert np.all(np.isfinite(audio))
    assert 0.0 < np.max(np.abs(audio)) <= 1.0


@pytest.mark.slow
def test_networks_name_silence(transfer):
    with pytest.raises(AudioFileError, match="holds only silence"):
        transfer(np.zeros(N_SAMPLES, np.float32), RATE)


@pytest.mark.parametrize("name", _sounds())
def test_the_vocoder_says_what_is_no_voice(name):
    sound, rate = _sounds()[name]
    hop_length = rate // 200
    vocoder = WorldVocoder(semitones=5.0, formants=-5.0, sample_rate=rate, hop_length=hop_length)
    frames = np.arange(len(sound) // hop_length)
    for f0_hz in (0.0 * frames, 60.0 + 400.0 * (frames % 2), np.where(frames % 7, 0.0, 900.0)):
        said = vocoder.say(sound[:, np.newaxis], f0_hz)
        assert np.all(np.isfinite(said))
        # What is too loud for a file is turned down as a whole.
        assert np.max(np.abs(said)) < 8.0 * np.max(np.abs(sound))


@pytest.mark.slow
@pytest.mark.parametrize("transfer", ["lpcnet"], indirect=True)
def test_a_predictor_of_no_speech_is_no_burst(transfer):
    """Whatever the cepstra say, the loop stays within full scale, de-emphasised."""
    rng = np.random.default_rng(2)
    wild = {
        "bark_cepstrum": rng.normal(0.0, 30.0, [20, 18]),
        "f0_hz": rng.choice([0.0, 1.0, 1e6], [20, 1]),
        "pitch_correlation": rng.choice([0.0, 1.0], [20, 1]),
    }
    said = np.concatenate(list(transfer._player.blocks(wild)))
    assert np.all(np.isfinite(said))
    assert np.max(np.abs(said)) <= 1.0 / (1.0 - 0.85) + 1e-3


@pytest.mark.parametrize("parameters", ["sections", "reflection", "lsf"])
def test_filters_that_a_network_drives_to_the_edge_are_no_burst(parameters):
    filters = AllPole(order=10, parameters=parameters, hop_length=160, fft_length=512)
    name = next(key for key in filters.input_signals if key != "audio")
    width = filters.input_signals[name].width
    rng = np.random.default_rng(3)
    logits = rng.choice([-1e3, 0.0, 1e3], [1, 20, width]).astype(np.float32)
    noise = 0.1 * rng.standard_normal([1, N_SAMPLES]).astype(np.float32)
    played = filters({"audio": tf.constant(noise), name: tf.constant(logits)}).numpy()
    assert np.all(np.isfinite(played))
    assert np.max(np.abs(played)) < 10 ** (24 / 20) * np.max(np.abs(noise))


def test_what_is_no_voice_is_called_by_its_file():
    model = config.parse(["papers/sudholt2023/tract.gin"]).build_model()
    hissing = 0.1 * np.random.default_rng(4).standard_normal(N_SAMPLES)
    n_frames = -(-N_SAMPLES // model.hop_length)
    with pytest.raises(AudioFileError, match=r"No voice was found in `hiss\.wav`: unvoiced"):
        trace_tract(model, hissing, f0_hz=np.zeros(n_frames), name="hiss.wav")
    with pytest.raises(AudioFileError, match=r"`still\.wav` holds only silence"):
        trace_tract(model, np.zeros(N_SAMPLES), name="still.wav")
