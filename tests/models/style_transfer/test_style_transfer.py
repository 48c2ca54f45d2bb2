"""A network that hears two sounds: its contract, its training, and the effect that it gives."""

from pathlib import Path

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf

from ddsp_tf import FeatureSettings, Instrument, dsp
from ddsp_tf.data import Generated, StyledRecordings
from ddsp_tf.errors import ArgumentError, AudioFileError, DatasetError
from ddsp_tf.inference import Style
from ddsp_tf.losses import Compare
from ddsp_tf.models import StyleTransfer
from ddsp_tf.models.style_transfer.style_transfer import at_rate
from ddsp_tf.processors import (
    AllPassChain,
    Compressor,
    DryWet,
    Expander,
    LearnedWaveshaper,
    ParametricEqualizer,
    ProcessorGroup,
)
from ddsp_tf.training import Limits, Optimization, Schedule, train

RATE = 8000
FIXED = {"band_1_hz": 500.0, "band_1_q": 0.7, "knee_db": 6.0, "attack_ms": 5.0, "release_ms": 60.0}
RANGES = {"band_1_db": (-12.0, 12.0), "threshold_db": (-40.0, -10.0), "gain_db": (-6.0, 6.0)}


def effect() -> ProcessorGroup:
    bands = (("high_shelf", 200.0, 2000.0),)
    return ProcessorGroup(
        dag=[
            (
                ParametricEqualizer(
                    bands=bands, method="frequency", fft_length=1024, sample_rate=RATE
                ),
                ["audio", "band_1_hz", "band_1_db", "band_1_q"],
            ),
            (
                Compressor(sample_rate=RATE),
                [
                    "equalizer/signal",
                    *("threshold_db", "ratio", "knee_db", "attack_ms", "release_ms", "gain_db"),
                ],
            ),
        ]
    )


def small_model() -> StyleTransfer:
    keras.utils.set_random_seed(1)
    return StyleTransfer(
        processor_group=effect(),
        fixed=FIXED,
        hop_length=80,
        channels=(16,),
        n_units=48,
        n_bands=32,
        fft_length=512,
        fft_hop_length=128,
    )


def sound(seconds: float, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    swell = 0.3 * np.exp(-4.0 * (t % 0.4))
    return (swell * random.standard_normal(len(t))).astype(np.float32)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for number in range(3):
        soundfile.write(folder / f"{number}.wav", sound(4.0, number), RATE)
    return folder


def test_an_untrained_one_sets_about_the_defaults() -> None:
    model = small_model()
    assert list(model.parameters) == ["band_1_db", "threshold_db", "ratio", "gain_db"]
    settings = model.settings_toward(sound(1.0)[np.newaxis], sound(2.0)[np.newaxis])
    assert settings["band_1_db"] == pytest.approx(0.0, abs=2.0)
    assert settings["threshold_db"] == pytest.approx(-20.0, abs=3.0)
    assert {key: settings[key] for key in FIXED} == pytest.approx(FIXED)


def test_a_batch_with_settings_makes_its_own_task() -> None:
    model = small_model()
    shares = tf.constant([[0.75, 0.5, 0.2, 0.6], [0.2, 0.9, 0.5, 0.4]])
    dry = np.stack([sound(1.0), sound(1.0, 1)])
    batch = {"dry": dry, "reference": dry[:, ::-1], "settings": shares}
    outputs = model(batch)
    assert outputs["audio"].shape == outputs["target"].shape == (2, RATE)
    assert outputs["settings"].shape == (2, 4)
    known = model.treated(tf.constant(dry), model.values_of(shares))["audio"]
    np.testing.assert_allclose(outputs["target"], known, atol=1e-6)
    treated = model.treated(tf.constant(batch["reference"].copy()), model.values_of(shares))
    found = model({"dry": dry, "reference": treated["audio"]})
    np.testing.assert_allclose(found["settings"], outputs["settings"], atol=1e-5)
    assert "target" not in found


def test_it_is_stored_and_loaded(tmp_path: Path) -> None:
    model = small_model()
    features = FeatureSettings(sample_rate=RATE, hop_length=80, columns=())
    Instrument(model, features).save(tmp_path / "model")
    again = Instrument.load(tmp_path / "model").model
    batch = {"dry": sound(1.0)[np.newaxis], "reference": sound(1.5, 2)[np.newaxis]}
    np.testing.assert_allclose(again(batch)["audio"], model(batch)["audio"], atol=1e-6)


def test_its_effect_plays_at_any_rate_in_blocks() -> None:
    model = small_model()
    settings = {**FIXED, "band_1_db": 9.0, "threshold_db": 0.0, "ratio": 1.0, "gain_db": 0.0}
    for rate in (RATE, 22050):
        playing = model.with_settings(settings, sample_rate=rate)
        assert playing.sample_rate == rate
        assert playing.streamable
        click = np.eye(1, rate, dtype=np.float32)
        gains = np.abs(np.fft.rfft(playing({"dry": click})["audio"][0]))
        # The sound stays below the threshold but for the click itself, which the knee leaves.
        assert 20 * np.log10(gains[rate * 3 // 8] / gains[20]) == pytest.approx(9.0, abs=0.5)
    with pytest.raises(ArgumentError, match="`initial` names loudness"):
        model.with_settings({"loudness": 1.0})


def test_a_rate_reaches_what_is_inside_and_weights_keep_theirs() -> None:
    mixed = DryWet(AllPassChain(sample_rate=RATE), name="mixed")
    moved = at_rate(ProcessorGroup(dag=[(mixed, ["audio", "wet"])]), 22050)
    assert moved.processors[0].effect.sample_rate == 22050
    bent = LearnedWaveshaper(oversampling=1)
    tone = Compressor(sample_rate=RATE)
    group = ProcessorGroup(dag=[(bent, ["audio"]), (tone, ["learned_waveshaper/signal"])])
    with pytest.raises(ArgumentError, match="should be 8000: the effect has learned weights"):
        at_rate(group, 22050)


@pytest.mark.slow
def test_it_learns_what_a_reference_tells(recordings: Path, tmp_path: Path) -> None:
    """The shelf of sounds that it never heard, within 3 dB; untrained it is 6 dB off."""
    model = small_model()
    data = Generated(
        StyledRecordings(recordings, effect(), ranges=RANGES, fixed=FIXED),
        features=FeatureSettings(sample_rate=RATE, hop_length=80, columns=()),
    )
    loss = keras.losses.MeanAbsoluteError()
    train(
        model,
        Compare(loss, target="settings", output="settings"),
        data=data,
        run=tmp_path / "run",
        schedule=Schedule(batch_size=16, clip_s=1.0, validate_every=150),
        optimization=Optimization(learning_rate=3e-3, gradient_clip_norm=1.0),
        limits=Limits(num_steps=150),
    )
    random, errors = np.random.default_rng(5), []
    for number in range(12):
        wanted = {
            **{key: random.uniform(*RANGES[key]) for key in ("band_1_db", "threshold_db")},
            **{"ratio": 3.0, "gain_db": 0.0, **FIXED},
        }
        other = sound(2.0, 100 + number)[np.newaxis]
        styled = model.with_settings(wanted)({"dry": other})["audio"]
        found = model.settings_toward(sound(2.0, 200 + number)[np.newaxis], styled)
        errors.append(abs(found["band_1_db"] - wanted["band_1_db"]))
    assert np.mean(errors) < 3.0


@pytest.mark.slow
def test_steps_by_gradient_find_what_the_network_did_not(tmp_path: Path) -> None:
    model, dry = small_model(), sound(2.0)
    wanted = {**FIXED, "band_1_db": -8.0, "threshold_db": -30.0, "ratio": 4.0, "gain_db": 3.0}
    styled = model.with_settings(wanted)({"dry": dry[np.newaxis]})["audio"].numpy()[0]
    soundfile.write(tmp_path / "like.wav", styled, RATE, subtype="FLOAT")
    features = FeatureSettings(sample_rate=RATE, hop_length=80, columns=())
    style = Style(Instrument(model, features), tmp_path / "like.wav", n_steps=150)
    found = style.settings_for(dry)
    assert found["band_1_db"] == pytest.approx(-8.0, abs=0.2)
    assert found["threshold_db"] == pytest.approx(-30.0, abs=5.0)
    assert found["ratio"] > 2.0
    assert {key: found[key] for key in FIXED} == pytest.approx(FIXED, rel=1e-5)


def with_expander() -> StyleTransfer:
    """One whose steps may make a sound less even."""
    keras.utils.set_random_seed(1)
    bands, compressor = effect().processors
    names = [f"expander_{key}" for key in ("threshold_db", "ratio", "range_db")]
    knobs = [*names[:2], "knee_db", names[2], "attack_ms", "release_ms"]
    group = ProcessorGroup(
        dag=[
            (bands, ["audio", "band_1_hz", "band_1_db", "band_1_q"]),
            (Expander(sample_rate=RATE), ["equalizer/signal", *knobs, "expander_gain_db"]),
            (
                compressor,
                [
                    "expander/signal",
                    *("threshold_db", "ratio", "knee_db", "attack_ms", "release_ms", "gain_db"),
                ],
            ),
        ]
    )
    off = dict(zip(names, (-40.0, 1.0, 24.0), strict=True)) | {"expander_gain_db": 0.0}
    return StyleTransfer(
        processor_group=group,
        fixed=FIXED | off,
        widening={"expander_threshold_db": -25.0, "expander_ratio": 1.5},
        hop_length=80,
        channels=(16,),
        n_units=48,
        n_bands=32,
        fft_length=512,
        fft_hop_length=128,
    )


@pytest.mark.slow
def test_a_less_even_reference_makes_a_sound_less_even(tmp_path: Path) -> None:
    """Which a compressor can't; and an even one leaves the expander off."""
    model = with_expander()
    features = FeatureSettings(sample_rate=RATE, hop_length=80, columns=())
    fall = np.arange(3 * RATE) / RATE
    dry = (10 ** (-0.15 * fall) * sound(3.0)).astype(np.float32)
    uneven = (10 ** (-0.3 * fall) * sound(3.0, 4)).astype(np.float32)
    even = sound(3.0, 2)[::-1]

    def range_db(x: np.ndarray) -> float:
        return float(dsp.loudness_range_db(x[np.newaxis], sample_rate=RATE)[0])

    for name, like, wider in (("uneven", uneven, True), ("even", 0.5 * even, False)):
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, like, RATE, subtype="FLOAT")
        style = Style(Instrument(model, features), path, n_steps=60)
        found = style.settings_for(dry)
        played = model.with_settings(found)({"dry": dry[np.newaxis]})["audio"].numpy()[0]
        off_before, off_after = (abs(range_db(x) - range_db(like)) for x in (dry, played))
        if wider:
            assert range_db(like) > range_db(dry) + 2.0
            assert found["expander_ratio"] > 1.2
            assert off_after < 0.7 * off_before
        else:
            assert found["expander_ratio"] == pytest.approx(1.0, abs=0.02)


def test_what_is_refused(recordings: Path, tmp_path: Path) -> None:
    model = small_model()
    with pytest.raises(ArgumentError, match=r"needs two sounds, dry and reference\. Missing: ref"):
        model({"dry": sound(1.0)[np.newaxis]})
    with pytest.raises(ArgumentError, match=r"`fixed`: `band_9_hz` should be known\. Received 9"):
        StyleTransfer(processor_group=effect(), fixed={"band_9_hz": 9.0}, hop_length=80)
    with pytest.raises(ArgumentError, match=r"`widening`: `ratio` should be one of those that are"):
        StyleTransfer(processor_group=effect(), fixed=FIXED, widening={"ratio": 2.0}, hop_length=80)
    with pytest.raises(ArgumentError, match="`ranges` names loudness, and the effect's"):
        StyledRecordings(recordings, effect(), ranges={"loudness": (0.0, 1.0)}, fixed=FIXED)
    with pytest.raises(ArgumentError, match="`ratio` should be from and to a value within 1"):
        StyledRecordings(recordings, effect(), ranges={"ratio": (0.0, 1.0)}, fixed=FIXED)
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE), RATE)
    silent = StyledRecordings(tmp_path / "silence.wav", effect(), fixed=FIXED)
    features = FeatureSettings(sample_rate=RATE, hop_length=80, columns=())
    with pytest.raises(DatasetError, match="The recordings are silent"):
        silent(np.random.default_rng(0), 10, features)
    instrument = Instrument(model, features)
    with pytest.raises(AudioFileError, match="silence"):
        Style(instrument, tmp_path / "silence.wav")
    soundfile.write(tmp_path / "short.wav", sound(0.2), RATE)
    with pytest.raises(AudioFileError):
        Style(instrument, tmp_path / "short.wav")
    plain = Instrument(model.toward(sound(1.0)[np.newaxis], sound(1.0)[np.newaxis]), features)
    with pytest.raises(ArgumentError, match="`Parametric` does not take a reference"):
        Style(plain, tmp_path / "short.wav")
