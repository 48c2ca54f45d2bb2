"""NANSY++'s pitch: bins that move, pitches that explain, silence that stays, and the tracker."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_config

from ddsp_tf.errors import ArgumentError, ModelError
from ddsp_tf.features import FeatureSettings, extract_features, get_tracker
from ddsp_tf.models import Instrument
from ddsp_tf.models.nansy.nansy_pitch import N_BANDS, NansyPitch, read_bins
from ddsp_tf.models.nansy.nansy_tracker import _SHIPPED
from ddsp_tf.models.nansy.pitch_encoder import pitches_hz, read_pitch

RATE = 16000


def _tone(f_hz, seconds=1.0, n_partials=10):
    """A sum of partials that fall by 6 dB an octave."""
    turns = np.outer(np.arange(1, n_partials + 1), f_hz * np.arange(round(seconds * RATE)) / RATE)
    levels = 0.2 / np.arange(1, n_partials + 1)[:, np.newaxis]
    return np.sum(levels * np.sin(2 * np.pi * turns), axis=0)[np.newaxis].astype(np.float32)


@pytest.fixture(scope="module")
def model():
    return NansyPitch(n_channels=2, n_units=4, n_harmonics=20)


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("nansy") / "model"
    Instrument(model, FeatureSettings(hop_length=160, columns=("loudness_db",))).save(path)
    return path


@pytest.mark.xdist_group("nansy")
def test_a_spectrum_moved_by_bins_is_that_of_the_sound_so_much_higher(model):
    # The classic mistake is the sign, or half an octave too many: 12 bins are half an octave up.
    shifts = (0, 12, -12, 5)
    sounds = np.concatenate([_tone(220.0 * 2.0 ** (shift / 24)) for shift in shifts])
    heard, _ = model.hear(tf.constant(sounds))
    expected = read_bins(heard)[:, 50].numpy()
    moved = read_bins(tf.repeat(heard[:1], 4, axis=0), tf.constant(shifts))[:, 50].numpy()
    loud = expected > 0.5
    assert np.all(loud.sum(axis=1) > 10)
    np.testing.assert_allclose(moved[loud], expected[loud], atol=0.02)
    outputs = model({"audio": tf.constant(sounds[:, :1600]), "noise_seed": tf.constant(3)})
    bins = 24 * outputs["shift_octaves"].numpy().ravel()
    assert np.all(np.abs(bins) <= 12)
    np.testing.assert_allclose(bins, np.round(bins), atol=1e-5)
    assert len(set(np.round(bins))) > 1


@pytest.mark.xdist_group("nansy")
@pytest.mark.parametrize("index", [20, 35, 50])
def test_the_right_pitch_explains_a_sound_best(model, index):
    # What the synthesiser itself says is what it expects to hear.
    f0_hz = tf.fill([1, 100, 1], float(pitches_hz()[index]))
    amplitudes, gains = tf.constant([[[0.3, 0.01]]] * 100), tf.ones([1, 100, 2, N_BANDS])
    amplitudes = tf.reshape(amplitudes, [1, 100, 2])
    said = model.say(f0_hz, amplitudes, gains)
    heard, peak = model.hear(said)
    errors = model._candidate_errors(read_bins(heard), peak, amplitudes, gains)[0, 40:60].numpy()
    assert set(np.argmin(errors, axis=-1)) == {index}
    assert errors[:, index].max() < 0.07  # The noise isn't where it is expected.
    # Octaves below and above come off worse too.
    apart = np.abs(np.log2(pitches_hz() / pitches_hz()[index]))
    assert errors[:, np.abs(apart - 1.0) < 0.05].min() > 1.3 * errors[:, index].max()


@pytest.mark.xdist_group("nansy")
def test_silence_says_nothing_and_gradients_are_finite(model):
    sounds = np.concatenate([np.zeros([1, 4000]), _tone(200.0, 0.25)]).astype(np.float32)
    with tf.GradientTape() as tape:
        outputs = model({"audio": tf.constant(sounds), "noise_seed": tf.constant(3)})
        names = ("audio", "candidate_errors", "log2_f0", "log2_f0_shifted")
        total = tf.add_n([tf.reduce_sum(outputs[key] ** 2) for key in names])
    assert not np.any(outputs["audio"][0])
    assert not np.any(outputs["periodic_amplitude"][0])
    assert np.any(outputs["audio"][1])
    assert np.all((outputs["f0_hz"] > 49.9) & (outputs["f0_hz"] < 1000.1))
    for gradient in tape.gradient(total, model.trainable_variables):
        assert np.all(np.isfinite(gradient))
        assert np.any(gradient)


@pytest.mark.xdist_group("nansy")
def test_config_and_refusals(model):
    check_config(model, lambda twin: twin({"audio": tf.constant(_tone(200.0, 0.1))})["audio"])
    with pytest.raises(ArgumentError, match="`sample_rate` should be 16000"):
        NansyPitch(sample_rate=44100)


@pytest.mark.xdist_group("nansy")
def test_the_tracker_is_named_by_its_run_and_answers_whatever_it_hears(model, folder):
    tracker = get_tracker(f"nansy:{folder}")
    rng = np.random.default_rng(0)
    noise = rng.normal(0.0, 0.1, 8001)
    clipped = np.clip(20 * _tone(150.0, 0.5)[0], -1.0, 1.0)
    for audio, rate in (
        (np.zeros(8000), RATE),
        (noise, RATE),
        (np.convolve(noise, np.hanning(9)), 8000),  # what a telephone leaves of a whisper
        (clipped, RATE),
        (np.zeros(1), RATE),
    ):
        f0_hz, confidence = tracker.track(audio.astype(np.float32), rate)
        assert len(f0_hz) == len(confidence) == max(1, -(-len(audio) * 100 // rate))
        assert np.all((f0_hz > 49.9) & (f0_hz < 1000.1))
        assert np.all((confidence >= 0.0) & (confidence <= 1.0))
        if not np.any(audio):
            assert not np.any(confidence)
    settings = FeatureSettings(f0_tracker=f"nansy:{folder}")
    assert FeatureSettings.from_dict(settings.to_dict()) == settings
    assert extract_features(clipped, settings).n_frames == 125


@pytest.mark.slow
@pytest.mark.xdist_group("nansy")
def test_blocks_of_a_long_recording_join(model, folder, monkeypatch):
    from ddsp_tf.models.nansy import nansy_tracker

    audio = np.tile(_tone(180.0, 1.0)[0], 6) * np.linspace(0.1, 1.0, 6 * RATE, dtype=np.float32)
    tracker = nansy_tracker.NansyTracker(str(folder))
    whole, _ = tracker.track(audio, RATE)
    monkeypatch.setattr(nansy_tracker, "N_BLOCK_FRAMES", 170)
    parts, _ = tracker.track(audio, RATE)
    np.testing.assert_allclose(parts, whole, rtol=1e-3)


def test_what_names_no_tracker_is_refused():
    with pytest.raises(ModelError, match="There is no instrument `nowhere`"):
        get_tracker("nansy:nowhere")
    with pytest.raises(ModelError, match="should hold a NansyPitch"):
        get_tracker("nansy:violin")
    with pytest.raises(
        ArgumentError,
        match="may name a folder as self_supervised:FOLDER, nansy",
    ):
        FeatureSettings(f0_tracker="crepe-tiny:runs/pitch")


def test_the_shipped_one_is_right_on_tones_and_unsure_of_noise():
    rng = np.random.default_rng(1)
    f0_hz = np.exp(rng.uniform(np.log(70.0), np.log(650.0), 12))
    sounds = [_tone(f, 0.6, rng.integers(3, 13))[0] for f in f0_hz]
    tracker = get_tracker("nansy")
    found_hz, confidence = tracker.track(np.concatenate(sounds), RATE)
    middle = (60 * np.arange(12)[:, np.newaxis] + np.arange(20, 40)).ravel()
    cents = 1200 * np.log2(found_hz[middle] / np.repeat(f0_hz, 20))
    assert np.mean(np.abs(cents) < 50.0) > 0.9
    assert np.median(confidence[middle]) > 0.7
    noise = rng.normal(0.0, 0.1, 8000).astype(np.float32)
    assert np.median(tracker.track(noise, RATE)[1]) < 0.5


def test_the_shipped_one_moves_as_far_as_the_spectrum():
    shipped = Instrument.load(_SHIPPED).model
    sounds = np.concatenate([_tone(f, 0.5) for f in np.geomspace(80.0, 600.0, 16)])
    heard, _ = shipped.hear(tf.constant(sounds))
    before, after = (
        read_pitch(shipped.encoder(read_bins(heard, shift))["pitch_logits"])[:, 20:30]
        for shift in (None, tf.fill([16], 12))
    )
    moved = (after - before).numpy()
    assert np.mean(np.abs(moved - 0.5) < 0.02) > 0.9
