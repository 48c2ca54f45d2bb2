"""Extractors against librosa and NumPy, on real notes, tones and noise."""

import numpy as np
import pytest
import scipy.fft
import soundfile
import soxr
from signals import tone

from ddsp_tf.features import FeatureSettings, blocks, extract_features
from ddsp_tf.features.extractors import analysis_window
from ddsp_tf.features.pyin.compiled_librosa import load_librosa

RATES = [(16000, 64), (48000, 480)]
COLUMNS = ("mel_db", "mfcc", "spectral_centroid_hz", "periodicity", "onset_strength")


def settings_for(rate: int, hop_length: int) -> FeatureSettings:
    return FeatureSettings(rate, hop_length, columns=COLUMNS)


def frames_of(audio: np.ndarray, rate: int, hop_length: int) -> np.ndarray:
    """Windows of 64 ms around the frames, cut here once more and in another way."""
    length = 2 * round(0.032 * rate)
    n_frames = -(-len(audio) // hop_length)
    padded = np.concatenate([np.zeros(length // 2), audio, np.zeros(length)])
    return np.stack([padded[i * hop_length : i * hop_length + length] for i in range(n_frames)])


@pytest.fixture(scope="module")
def violin(recordings) -> np.ndarray:
    audio, rate = soundfile.read(recordings / "reference_notes" / "violin-B3.flac")
    return soxr.resample(audio, rate, 48000)[: 48000 + 77].astype(np.float32)


def at_rate(audio: np.ndarray, rate: int) -> np.ndarray:
    return audio if rate == 48000 else soxr.resample(audio, 48000, rate)


@pytest.mark.parametrize(("rate", "hop_length"), RATES)
def test_mel_levels_are_librosas(violin, rate, hop_length):
    audio = at_rate(violin, rate)
    length = 2 * round(0.032 * rate)
    power = (
        load_librosa()
        .feature.melspectrogram(
            y=audio.astype(np.float64),
            sr=rate,
            n_fft=length,
            hop_length=hop_length,
            n_mels=80,
            norm=None,
        )
        .T
    )
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    expected = 10 * np.log10(np.maximum(2 * power / (length * np.sum(hann**2)), 1e-10))
    found = extract_features(audio, settings_for(rate, hop_length)).mel_db
    np.testing.assert_allclose(found, expected[: len(found)], atol=1e-3)


def test_the_bands_hold_the_power_of_the_sound():
    noise = np.random.default_rng(0).normal(0.0, 0.1, 32000)
    levels = extract_features(noise, settings_for(16000, 64)).mel_db
    total_db = 10 * np.log10(np.sum(10 ** (levels / 10), axis=1))
    # The triangles leave out a little at both ends of the spectrum.
    np.testing.assert_allclose(np.median(total_db), -20.0, atol=0.5)


@pytest.mark.parametrize(("rate", "hop_length"), RATES)
def test_mfcc_are_the_cosine_transform_of_log_mel(violin, rate, hop_length):
    audio = at_rate(violin, rate)
    frames = frames_of(audio, rate, hop_length)
    length = frames.shape[1]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    magnitudes = np.abs(np.fft.rfft(frames * hann))
    to_mel = lambda hz: 1127.0 * np.log1p(np.asarray(hz) / 700.0)  # noqa: E731
    edges = np.linspace(to_mel(20.0), to_mel(8000.0), 130)
    mel = to_mel(np.arange(length // 2 + 1) * rate / length)[:, np.newaxis]
    rising = (mel - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - mel) / (edges[2:] - edges[1:-1])
    bands = np.maximum(0.0, np.minimum(rising, falling))
    bands[0] = 0.0
    log_mel = np.log(np.maximum(magnitudes @ bands, 1e-5))
    expected = scipy.fft.dct(log_mel, type=2)[:, :30] / np.sqrt(2 * 128)
    found = extract_features(audio, settings_for(rate, hop_length)).mfcc
    np.testing.assert_allclose(found, expected, atol=2e-2)


@pytest.mark.parametrize(("rate", "hop_length"), RATES)
def test_the_centroid_is_librosas(violin, rate, hop_length):
    audio = at_rate(violin, rate)
    expected = load_librosa().feature.spectral_centroid(
        y=audio.astype(np.float64), sr=rate, n_fft=2 * round(0.032 * rate), hop_length=hop_length
    )[0]
    features = extract_features(
        audio, FeatureSettings(rate, hop_length, columns=("spectral_centroid_hz", "loudness_db"))
    )
    heard = features.loudness_db > -60
    assert heard.mean() > 0.5
    found = features.spectral_centroid_hz
    np.testing.assert_allclose(found[heard], expected[: len(found)][heard], rtol=1e-4)


def test_the_centroid_holds_through_silence():
    silence = np.zeros(8000, np.float32)
    audio = np.concatenate([silence, 0.5 * tone(1000, 8000, n_harmonics=1), silence])
    centroid = extract_features(audio, settings_for(16000, 64)).spectral_centroid_hz
    assert np.ptp(centroid[:115]) == 0
    assert np.ptp(centroid[-110:]) == 0
    np.testing.assert_allclose(centroid[140:235], 1000, rtol=0.01)
    nothing = extract_features(np.zeros(1000), settings_for(16000, 64)).spectral_centroid_hz
    np.testing.assert_array_equal(nothing, 4000)


@pytest.mark.parametrize("f0_hz", [40, 98, 440, 2500])
def test_tones_are_periodic(f0_hz):
    periodicity = extract_features(tone(f0_hz, 16000), settings_for(16000, 64)).periodicity
    assert periodicity[10:-10].min() > 0.97


def test_noise_and_silence_are_not():
    noise = np.random.default_rng(0).normal(0.0, 0.1, 16000)
    periodicity = extract_features(noise, settings_for(16000, 64)).periodicity
    assert np.quantile(periodicity, 0.95) < 0.2
    assert extract_features(np.zeros(4000), settings_for(16000, 64)).periodicity.max() == 0
    # Slow movement isn't a pitch: it doesn't come back within 31 ms.
    drift = np.linspace(-0.5, 0.5, 16000)
    assert extract_features(drift, settings_for(16000, 64)).periodicity[20:-20].max() < 1e-3


def test_periodicity_is_what_its_definition_says(violin):
    audio = at_rate(violin, 16000)
    found = extract_features(audio, settings_for(16000, 64)).periodicity
    for frame in (30, 120, 200):
        centre = frame * 64
        heard = audio[centre - 375 : centre + 625].astype(np.float64)
        heard -= heard.mean()
        first = heard[:500]
        values = []
        for lag in range(501):
            later = heard[lag : lag + 500]
            energies = (first @ first + 500e-8) * (later @ later + 500e-8)
            values.append(first @ later / np.sqrt(energies))
        dip = next(lag for lag, value in enumerate(values) if value <= 0)
        assert found[frame] == pytest.approx(max(values[dip:]), abs=1e-4)


def test_onset_strength_is_librosas_centred(violin):
    audio = at_rate(violin, 16000)
    features = extract_features(audio, settings_for(16000, 64))
    lag = 6  # 24 ms at 250 frames a second.
    expected = load_librosa().onset.onset_strength(
        S=features.mel_db.T, sr=16000, hop_length=64, lag=lag, center=False
    )
    n_frames = features.n_frames
    found = features.onset_strength[lag // 2 : n_frames - lag // 2]
    np.testing.assert_allclose(found, expected[lag:], atol=1e-3)


def test_onsets_of_real_piano_stand_where_the_score_has_them(recordings):
    from ddsp_tf.midi import read_notes

    folder = recordings / "piano"
    audio, rate = soundfile.read(folder / "bach_chorales_assembled_1.flac", dtype="float32")
    audio = soxr.resample(audio[: 20 * rate], rate, 16000)
    strength = extract_features(audio, FeatureSettings(columns=("onset_strength",))).onset_strength
    onsets = read_notes(folder / "bach_chorales_assembled_1.mid")[:, 0]
    frames = np.unique(np.round(onsets[onsets < 19.5] * 250).astype(int))
    near = np.stack([strength[frames + shift] for shift in range(-10, 11)]).max(axis=0)
    assert np.median(near) > 8 * np.median(strength)


@pytest.mark.parametrize("name", ["spectral_centroid_hz", "periodicity"])
def test_frames_are_centred(name):
    """A window sees more of what is louder; both ways round it sees it equally early and late."""
    noise = np.random.default_rng(3).normal(0.0, 0.2, 16000)
    low = 0.3 * tone(150, 16000, n_harmonics=1)
    places = []
    for first, second in ((low, noise), (noise, low)):
        audio = np.where(np.arange(16000) < 8000, first, second)
        values = extract_features(audio, settings_for(16000, 64))[name][50:200]
        middle = (np.median(values[:50]) + np.median(values[-50:])) / 2
        places.append(50 + int(np.argmax((values > middle) == (values[-1] > middle))))
    assert abs(places[0] - places[1]) < 16
    assert abs(np.mean(places) - 125) <= (2 if name == "periodicity" else 1)


def test_what_begins_shows_at_its_onset_or_just_before():
    noise = np.random.default_rng(3).normal(0.0, 0.2, 16000)
    audio = np.where(np.arange(16000) < 8000, 0.0, noise)
    strength = extract_features(audio, settings_for(16000, 64)).onset_strength
    assert 125 - 6 <= int(strength.argmax()) <= 125
    assert strength[150:].max() < 0.2 * strength.max()


def test_blocks_do_not_show(monkeypatch):
    audio = np.random.default_rng(0).normal(0, 0.1, 8190).astype(np.float32)
    settings = FeatureSettings(hop_length=100, columns=COLUMNS)
    whole = extract_features(audio, settings)
    monkeypatch.setattr(analysis_window, "N_BLOCK_FRAMES", 7)
    monkeypatch.setattr(blocks, "N_BLOCK_FRAMES", 7)
    in_blocks = extract_features(audio, settings)
    for name in COLUMNS:
        np.testing.assert_allclose(in_blocks[name], whole[name], atol=2e-3, rtol=1e-4)
