"""A real model on a real violin: it learns, shows what it does, and can be played."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from recorded_toys import RecordedDataset, small_autoencoder

from ddsp_tf.audio import read_audio
from ddsp_tf.evaluation import evaluate
from ddsp_tf.evaluation.rendering import Renderer
from ddsp_tf.features import extract_features
from ddsp_tf.inference import TransferSample
from ddsp_tf.losses import Compare, SpectralLoss
from ddsp_tf.models import Instrument
from ddsp_tf.training import Limits, Optimization, Schedule, train

# What they share takes longest: one run of training.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real training")]


@pytest.fixture(scope="module")
def run(recorded_dataset: RecordedDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("violin") / "run"
    train(
        small_autoencoder(),
        Compare(SpectralLoss()),
        data=recorded_dataset,  # type: ignore[arg-type]
        run=path,
        schedule=Schedule(
            batch_size=4, clip_s=0.5, log_every=1, validate_every=50, checkpoint_every=50
        ),
        optimization=Optimization(5e-3),
        limits=Limits(num_steps=50),
        transfer=TransferSample(seconds=3.0),
        xla=False,
        metadata={"licence": "CC0-1.0"},
    )
    return path


def rows(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_the_loss_falls_on_data_it_has_not_seen(run: Path) -> None:
    training = [row["loss"] for row in rows(run) if "loss" in row]
    validation = [row["validation_loss"] for row in rows(run) if "validation_loss" in row]
    assert np.mean(training[-5:]) < 0.5 * training[0]
    assert validation[-1] < 0.6 * training[0]
    last = rows(run)[-2]
    assert last["loss"] == pytest.approx(last["loss_magnitude"] + last["loss_log_magnitude"])


def test_the_saved_model_is_the_one_that_was_validated(
    run: Path, recorded_dataset: RecordedDataset
) -> None:
    instrument = Instrument.load(run)
    assert instrument.metadata["licence"] == "CC0-1.0"
    assert instrument.metadata["training"]["step"] == 50
    assert instrument.statistics == recorded_dataset.statistics
    report = evaluate(instrument, recorded_dataset)  # type: ignore[arg-type]
    # Whole recordings, not crops of half a second: near, not equal.
    loss = instrument.metadata["training"]["validation_loss"]
    assert report.overall.spectral_distance == pytest.approx(loss, rel=0.35)


def test_one_can_hear_and_see_it_learn(run: Path, recorded_dataset: RecordedDataset) -> None:
    names = {path.name for path in (run / "samples").iterdir()}
    assert names == {
        "target.wav",
        "step-00000050.wav",
        "step-00000050.png",
        "melody.wav",
        "transfer-00000050.wav",
        "transfer-00000050.png",
    }
    target, rate = read_audio(run / "samples/target.wav")
    output, _ = read_audio(run / "samples/step-00000050.wav")
    assert rate == 16_000
    assert len(output) == len(target) == 2 * (8_000 + 4_000)
    assert np.sqrt(np.mean(output**2)) > 1e-3
    _, audio, features = next(recorded_dataset.recordings())
    assert np.isfinite(Renderer(Instrument.load(run).model)(features, audio)).all()


def test_the_model_plays_a_melody_that_is_none_of_its_recordings(run: Path) -> None:
    melody, rate = read_audio(run / "samples/melody.wav")
    played, _ = read_audio(run / "samples/transfer-00000050.wav")
    assert len(played) == len(melody) == 3.0 * rate
    before, after = (extract_features(sound) for sound in (melody, played))
    sure = (before.f0_confidence > 0.8) & (after.f0_confidence > 0.5)
    assert sure.mean() > 0.5
    cents = 1200.0 * np.log2(after.f0_hz[sure] / before.f0_hz[sure])
    octaves = np.round(np.median(cents) / 1200.0)
    assert np.median(np.abs(cents - 1200.0 * octaves)) < 20.0


def test_tensorboard_has_curves_sounds_and_pictures(run: Path) -> None:
    tags: dict[str, set[int]] = {}
    for path in (run / "tensorboard").iterdir():
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                tags.setdefault(value.tag, set()).add(event.step)
    assert tags["train/loss"] == set(range(1, 51))
    for tag in ("validation/validation_loss", "target/0", "output/1", "spectrogram/1", "transfer"):
        assert tags[tag] == {50}
    assert tags["f0_and_loudness/0"] == {50}
