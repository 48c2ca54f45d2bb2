"""Sound treated by a model: any channels, rates and lengths, with its tail."""

import numpy as np
import pytest
import soundfile
from inference_toys import following_instrument
from scipy import signal

from ddsp_tf.errors import ArgumentError, AudioFileError, OutputError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.inference import Effect
from ddsp_tf.models import Instrument, Parametric, Room
from ddsp_tf.processors import Crop, DecayingNoiseReverb, ProcessorGroup, Reverb

RATE = 16000
RESPONSE = 0.3 * np.random.default_rng(1).standard_normal(800) * np.exp(-np.arange(800) / 150.0)


@pytest.fixture(scope="module")
def room() -> Instrument:
    """A room of 50 ms whose response is known."""
    reverb = Reverb(impulse_response_length=801)
    reverb.impulse_response.assign(np.concatenate([[0.0], RESPONSE]).astype(np.float32))
    group = ProcessorGroup(dag=[(reverb, ["audio"])])
    model = Parametric(processor_group=group, sample_rate=RATE, hop_length=64)
    return Instrument(model, FeatureSettings(columns=()))


def expected(dry: np.ndarray) -> np.ndarray:
    taps = np.concatenate([[1.0], RESPONSE])
    return np.stack([signal.fftconvolve(row, taps) for row in dry.T], axis=1)


@pytest.mark.parametrize("n_channels", [1, 2, 5])
@pytest.mark.parametrize("seconds", [0.01, 5.3])
def test_channels_are_treated_alike_and_the_tail_is_kept(room, n_channels, seconds):
    dry = 0.1 * np.random.default_rng(0).standard_normal((round(seconds * RATE), n_channels))
    treated = Effect(room, tail_s=0.1)(dry)
    assert treated.shape == (len(dry) + 1600, n_channels)
    whole = np.pad(expected(dry), ((0, 1600), (0, 0)))[: len(treated)]
    np.testing.assert_allclose(treated, whole, atol=1e-5)


def test_the_tail_ends_when_nothing_is_heard(room):
    dry = np.zeros((8000, 1))
    dry[-1] = 0.5
    heard = np.flatnonzero(np.abs(0.5 * RESPONSE) >= 1e-4)[-1] + 1
    assert len(Effect(room)(dry)) == 8000 + heard


def test_wet_and_dry_are_mixed(room):
    dry = 0.1 * np.random.default_rng(0).standard_normal((4000, 2))
    treated = Effect(room, wet=0.25, tail_s=0.0)(dry)
    np.testing.assert_allclose(treated, 0.75 * dry + 0.25 * expected(dry)[:4000], atol=1e-5)


def test_a_file_keeps_its_rate_and_channels(room, tmp_path):
    time_s = np.arange(2 * 48000) / 48000
    tones = np.stack([np.sin(2 * np.pi * hz * time_s) for hz in (300.0, 1000.0)], axis=1)
    soundfile.write(tmp_path / "in.wav", 0.1 * tones, 48000, subtype="FLOAT")
    done = Effect(room).process_file(tmp_path / "in.wav", tmp_path / "out.wav")
    treated, rate = soundfile.read(tmp_path / "out.wav")
    assert (rate, done.sample_rate, done.model_rate) == (48000, 48000, RATE)
    assert treated.shape[1] == done.n_channels == 2
    assert "resampled from 48000 Hz to the model's 16000 Hz and back" in done.lines()
    for channel, hz in enumerate((300.0, 1000.0)):
        gain = abs(np.sum(np.r_[1.0, RESPONSE] * np.exp(-2j * np.pi * hz * np.arange(801) / RATE)))
        part = treated[24000:72000, channel]
        level = np.sqrt(2.0 * np.mean(part**2)) / 0.1
        assert abs(20.0 * np.log10(level / gain)) < 0.1


def test_models_that_treat_no_sound_are_named():
    with pytest.raises(ArgumentError, match=r"`Autoencoder` is no effect: .* `f0_hz`"):
        Effect(following_instrument(None))


def test_a_model_that_plays_whole_sounds_alone():
    group = ProcessorGroup(dag=[(Crop(n_samples=16, location="front"), ["audio"])])
    model = Parametric(processor_group=group, sample_rate=RATE, hop_length=64)
    effect = Effect(Instrument(model, FeatureSettings(columns=())), tail_s=0.0)
    dry = np.random.default_rng(0).standard_normal(640).astype(np.float32)
    np.testing.assert_allclose(effect(dry), dry[16:], atol=1e-7)


def test_what_can_not_be_treated(room, tmp_path):
    effect = Effect(room)
    with pytest.raises(AudioFileError, match="should be finite"):
        effect(np.full(100, np.nan))
    with pytest.raises(AudioFileError, match="shape \\(0,\\)"):
        effect(np.zeros(0))
    with pytest.raises(ArgumentError, match=r"`wet` should be from 0 to 1. Received 1.5"):
        Effect(room, wet=1.5)
    with pytest.raises(ArgumentError, match="`tail_s` should be from 0 to 60"):
        Effect(room, tail_s=-1.0)
    soundfile.write(tmp_path / "in.wav", np.zeros(100), RATE)
    with pytest.raises(ArgumentError, match="is the input itself"):
        effect.process_file(tmp_path / "in.wav", tmp_path / "in.wav", overwrite=True)
    (tmp_path / "out.wav").write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        effect.process_file(tmp_path / "in.wav", tmp_path / "out.wav")
    assert (tmp_path / "out.wav").read_text() == "mine"


def test_a_room_that_can_do_without_a_dry_sound_is_an_effect():
    room = DecayingNoiseReverb(length_s=0.1, add_dry=False, sample_rate=48000)
    group = ProcessorGroup(dag=[(room, ["audio", "t60_s", "gains_db"])])
    model = Room(processor_group=group, hop_length=192)
    features = FeatureSettings(sample_rate=48000, hop_length=192, columns=())
    effect = Effect(Instrument(model, features), tail_s=0.1)
    click = np.eye(1, 4800, dtype=np.float32)[0]
    response = model({"audio": np.zeros([1, 9600], np.float32)})["audio"].numpy()[0]
    np.testing.assert_allclose(effect(click), response, atol=1e-5)
