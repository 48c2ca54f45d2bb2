"""Pairs of sounds: matched by name, checked, and laid in time."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from ddsp_tf.data import Dataset, PrepareSettings, prepare
from ddsp_tf.data.sources.delay import measure_delay, moved_earlier
from ddsp_tf.errors import DatasetError
from ddsp_tf.features import FeatureSettings

RATE = 16000


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.1, round(seconds * RATE)).astype(np.float32)


def late(sound: np.ndarray, n_samples: int) -> np.ndarray:
    return np.concatenate([np.zeros(n_samples, sound.dtype), sound])[: len(sound)]


def write(folder: Path, name: str, dry: np.ndarray, wet: np.ndarray, rates=(RATE, RATE)) -> None:
    for side, sound, rate in zip(("dry", "wet"), (dry, wet), rates, strict=True):
        (folder / side).mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / side / f"{name}.wav", sound, rate, subtype="FLOAT")


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Half as loud and 5 ms late, twice."""
    folder = tmp_path / "pairs"
    for index in range(2):
        dry = noise(2.0, index)
        write(folder, f"take_{index}", dry, 0.5 * late(dry, 80))
    return folder


def test_pairs_become_two_columns(pairs, tmp_path):
    report = prepare(pairs, tmp_path / "out", n_workers=1)
    assert report.settings.source == "pairs"
    dataset = Dataset.open(tmp_path / "out")
    assert list(dataset.columns) == ["audio", "dry"]
    assert dataset.statistics is None
    batch = next(dataset.batches(batch_size=4, clip_s=0.5).as_numpy_iterator())
    np.testing.assert_allclose(
        batch["audio"][:, 80:], 0.5 * batch["dry"][:, :-80], atol=1.5 / 32767
    )
    for name in ("take_0", "take_1"):
        measures = report.recordings[name].measures
        assert measures["delay_ms"] == 5.0
        assert measures["likeness"] > 0.9
    assert "In 2 of 2 pairs the wet sound isn't in time" in report.text()
    assert "+5.00 ms late" in report.text()
    assert "clear pitch" not in report.text()


def test_a_delay_is_taken_out_on_request(pairs, tmp_path):
    settings = PrepareSettings(compensate_delay=True, sample_format="float32")
    report = prepare(pairs, tmp_path / "out", settings=settings, n_workers=1)
    assert "It was taken out" in report.text()
    _, batch = next(Dataset.open(tmp_path / "out").segments("train"))
    np.testing.assert_allclose(batch["audio"][:, :-80], 0.5 * batch["dry"][:, :-80], atol=1e-6)


def test_features_are_of_the_dry_sound(tmp_path):
    quiet = noise(2.0)
    write(tmp_path / "in", "a", 0.01 * quiet, quiet)
    settings = PrepareSettings(features=FeatureSettings(columns=("loudness_db",)))
    prepare(tmp_path / "in", tmp_path / "out", settings=settings, n_workers=1)
    _, batch = next(Dataset.open(tmp_path / "out").segments("train"))
    assert np.median(batch["loudness_db"]) < -50


def test_one_dry_sound_through_two_effects_are_two_pairs(tmp_path):
    dry = noise(2.0) * np.linspace(0.1, 1.0, 2 * RATE)
    write(tmp_path / "in", "soft", dry, 0.5 * dry)
    write(tmp_path / "in", "hard", dry, np.tanh(4 * dry))
    settings = PrepareSettings(features=FeatureSettings(columns=("loudness_db",)))
    report = prepare(tmp_path / "in", tmp_path / "out", settings=settings, n_workers=1)
    assert sorted(report.recordings) == ["hard", "soft"]


def test_channels_are_kept_on_request(tmp_path):
    dry = noise(1.5)
    write(tmp_path / "in", "a", dry, np.stack([dry, 0.5 * dry], axis=1))
    write(tmp_path / "in", "b", dry[::-1], dry[::-1])
    for channels, shape in (("keep", (1, 24000, 2)), ("mono", (1, 24000))):
        settings = PrepareSettings(channels=channels, eval_fraction=0.0)
        out = tmp_path / channels
        prepare(tmp_path / "in", out, settings=settings, n_workers=1)
        batches = _all(out)
        assert batches["a"]["audio"].shape == shape
        assert batches["a"]["dry"].shape == (1, 24000)
    # A mono file among others is in each channel.
    both = _all(tmp_path / "keep")
    np.testing.assert_array_equal(both["b"]["audio"][..., 0], both["b"]["audio"][..., 1])
    left, right = np.moveaxis(both["a"]["audio"], -1, 0)
    np.testing.assert_allclose(right, 0.5 * left, atol=1 / 32767)


def _all(dataset: Path) -> dict[str, dict[str, np.ndarray]]:
    opened = Dataset.open(dataset)
    return {name: batch for side in ("train", "eval") for name, batch in opened.segments(side)}


def test_loud_pairs_are_turned_down_together(tmp_path):
    dry = noise(1.5)
    write(tmp_path / "in", "a", dry, 8 * dry)
    settings = PrepareSettings(eval_fraction=0.0)
    report = prepare(tmp_path / "in", tmp_path / "out", settings=settings, n_workers=1)
    assert report.recordings["a"].source["gain_db"] < -6
    _, batch = next(Dataset.open(tmp_path / "out").segments("train"))
    assert np.abs(batch["audio"]).max() == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_allclose(batch["audio"], 8 * batch["dry"], atol=6 / 32767)


def test_a_tail_is_kept_and_a_lack_is_said(tmp_path):
    dry = noise(2.0)
    write(tmp_path / "in", "tail", dry, np.concatenate([dry, noise(1.0, 5)]))
    write(tmp_path / "in", "lack", dry[::-1], dry[::-1][: round(1.5 * RATE)])
    settings = PrepareSettings(eval_fraction=0.0)
    report = prepare(tmp_path / "in", tmp_path / "out", settings=settings, n_workers=1)
    found = _all(tmp_path / "out")
    assert found["tail"]["audio"].shape == (1, 3 * RATE)
    assert not found["tail"]["dry"][0, 2 * RATE :].any()
    assert found["lack"]["audio"].shape == (1, 1.5 * RATE)
    assert "In 1 pairs the wet sound ends before the dry one, by 0.50 s" in report.text()


def test_rates_that_differ_are_said(tmp_path):
    dry = noise(2.0)
    write(tmp_path / "in", "a", dry, soxr.resample(dry, RATE, 48000), rates=(RATE, 48000))
    report = prepare(tmp_path / "in", tmp_path / "out", n_workers=1)
    assert report.recordings["a"].measures["delay_ms"] == 0.0
    assert "In 1 pairs the files have different sample rates, the first `a`" in report.text()


def test_sounds_that_have_nothing_in_common_are_said(tmp_path):
    write(tmp_path / "in", "a", noise(3.0, 1), noise(3.0, 2))
    settings = PrepareSettings(compensate_delay=True)
    report = prepare(tmp_path / "in", tmp_path / "out", settings=settings, n_workers=1)
    assert "sounds of 1 pairs hardly resemble each other" in report.text()


def test_what_has_no_counterpart_is_named(pairs, tmp_path):
    shutil.move(pairs / "wet" / "take_1.wav", pairs / "wet" / "take_2.wav")
    soundfile.write(pairs / "dry" / "take_0.flac", noise(1.0), RATE)
    shutil.copy(pairs / "dry" / "take_1.wav", pairs / "wet" / "take_1.wav")
    write(pairs, "long", noise(1.0), noise(30.0))
    report = prepare(pairs, tmp_path / "out", n_workers=1)
    assert list(report.recordings) == ["take_1"]
    assert "no counterpart in the folder `dry`" in report.failed["take_2"]
    assert "there several times in the folder `dry`" in report.failed["take_0"]
    assert "lasts 1.00 s and" in report.failed["long"]


def test_what_is_no_pair_at_all(tmp_path):
    settings = PrepareSettings(source="pairs")
    with pytest.raises(DatasetError, match="one folder that holds the folders `dry` and `wet`"):
        prepare(tmp_path, tmp_path / "out", settings=settings)
    for side in ("dry", "wet"):
        (tmp_path / "in" / side).mkdir(parents=True)
        soundfile.write(tmp_path / "in" / side / f"{side}.wav", noise(1.0), RATE)
    with pytest.raises(DatasetError, match="No two files belong together"):
        prepare(tmp_path / "in", tmp_path / "out")


def test_the_delay_of_real_effects(recordings):
    for number in ("07", "10"):
        dry, rate = soundfile.read(recordings / "fx_pairs" / f"egfx_{number}_dry.flac")
        for effect in ("chorus", "phaser"):
            path = recordings / "fx_pairs" / f"egfx_{number}_{effect}.flac"
            wet = soundfile.read(path)[0][: len(dry)]
            first = measure_delay(dry, wet, rate)
            second = measure_delay(dry, late(wet, 1000), rate)
            assert first.likeness > 0.1
            assert abs(first.samples) < 0.002 * rate
            assert second.samples - first.samples == 1000
    other, _ = soundfile.read(recordings / "fx_pairs" / "egfx_08_dry.flac")
    assert measure_delay(dry, other, rate).likeness < 0.06


@pytest.mark.parametrize("shift", [0, 37, -37])
def test_delays_of_either_sign_and_polarity(shift):
    sound = noise(1.0)
    moved = -np.roll(sound, shift)
    assert measure_delay(sound, moved, RATE).samples == shift
    restored = moved_earlier(moved, shift)
    np.testing.assert_array_equal(restored[50:-50], -sound[50:-50])
