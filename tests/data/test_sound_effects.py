"""Sounds without notes, and channels that are kept."""

import numpy as np
import pytest
import soundfile

from ddsp_tf.data import Dataset, PrepareSettings, prepare
from ddsp_tf.features import FeatureSettings

COLUMNS = ("loudness_db", "spectral_centroid_hz")


def test_real_effects_prepare_without_a_pitch(recordings, tmp_path):
    settings = PrepareSettings(features=FeatureSettings(columns=COLUMNS), min_segment_s=0.1)
    report = prepare(recordings / "effects", tmp_path / "out", settings=settings, n_workers=1)
    assert not report.failed
    assert "notes" not in report.text()
    assert "audio, loudness_db, spectral_centroid_hz" in report.text()
    assert (tmp_path / "out" / "report.png").read_bytes().startswith(b"\x89PNG")
    dataset = Dataset.open(tmp_path / "out")
    assert dataset.statistics is None
    assert dataset.column_statistics["spectral_centroid_hz"].quantiles[4][0] > 500
    batch = next(dataset.batches(batch_size=4, clip_s=0.5).as_numpy_iterator())
    assert set(batch) == {"audio", *COLUMNS}


def test_noise_prepares_with_pitch_too_and_the_report_says_that_it_has_none(tmp_path):
    noise = np.random.default_rng(0).normal(0.0, 0.1, 32000)
    soundfile.write(tmp_path / "noise.wav", noise, 16000)
    report = prepare(tmp_path / "noise.wav", tmp_path / "out", n_workers=1)
    assert "No recording holds a note" in report.text()
    assert "--columns" in report.text()
    dataset = Dataset.open(tmp_path / "out")
    assert dataset.statistics is None
    assert next(iter(dataset.batches(batch_size=1, clip_s=1.0)))["f0_hz"].shape == (1, 250, 1)


def test_stereo_is_kept_and_resampled_on_request(tmp_path):
    time_s = np.arange(2 * 44100) / 44100
    left, right = (0.3 * np.sin(2 * np.pi * f0_hz * time_s) for f0_hz in (300, 500))
    soundfile.write(tmp_path / "stereo.wav", np.stack([left, right], axis=1), 44100)
    settings = PrepareSettings(
        features=FeatureSettings(columns=("loudness_db",)),
        channels="keep",
        sample_format="float32",
    )
    prepare(tmp_path / "stereo.wav", tmp_path / "out", settings=settings, n_workers=1)
    _, batch = next(Dataset.open(tmp_path / "out").segments("train"))
    audio = batch["audio"][0]
    time_s = np.arange(len(audio)) / 16000
    for channel, f0_hz in enumerate((300, 500)):
        expected = 0.3 * np.sin(2 * np.pi * f0_hz * time_s)
        np.testing.assert_allclose(audio[500:-500, channel], expected[500:-500], atol=1e-3)


def test_floats_beyond_full_scale_keep_their_level_on_request(tmp_path):
    noise = np.random.default_rng(0).normal(0.0, 1.0, 16000)
    noise -= noise.mean()
    soundfile.write(tmp_path / "loud.wav", noise, 16000, subtype="FLOAT")
    settings = PrepareSettings(
        features=FeatureSettings(columns=("loudness_db",)),
        sample_format="float32",
        eval_fraction=0.0,
    )
    prepare(tmp_path / "loud.wav", tmp_path / "out", settings=settings, n_workers=1)
    _, audio, _ = next(Dataset.open(tmp_path / "out").recordings("train"))
    # What is taken for an offset under half a second of noise is no more than the noise has there.
    np.testing.assert_allclose(audio - audio.mean(), noise, atol=1e-6)


def test_channels_that_do_not_fit_together_are_left_out(tmp_path):
    rng = np.random.default_rng(0)
    for n_channels in (1, 2, 6):
        sound = rng.normal(0.0, 0.1, [16000, n_channels])
        soundfile.write(tmp_path / f"{n_channels}.wav", sound, 16000)
    settings = PrepareSettings(features=FeatureSettings(columns=("loudness_db",)), channels="keep")
    report = prepare(tmp_path, tmp_path / "out", settings=settings, n_workers=1)
    assert list(report.failed) == ["2.wav"]
    assert "has 2 channels, others have 6" in report.failed["2.wav"]
    assert Dataset.open(tmp_path / "out").columns["audio"].width == 6


@pytest.mark.parametrize(
    "change", [{"source": "video"}, {"channels": "left"}, {"sample_format": "int24"}]
)
def test_settings_out_of_range_are_refused(change):
    (name,) = change
    with pytest.raises(ValueError, match=f"`{name}` must be one of"):
        PrepareSettings(**change)
