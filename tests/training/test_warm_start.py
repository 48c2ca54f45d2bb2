"""A model that begins with what an instrument has learned."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from recorded_toys import SETTINGS, RecordedDataset, small_autoencoder
from training_toys import in_settings

from ddsp_tf.errors import ModelError
from ddsp_tf.losses import Compare, SpectralLoss
from ddsp_tf.models import Instrument
from ddsp_tf.training import train
from ddsp_tf.training.warm_start import copy_network


@pytest.mark.slow
def test_a_run_begins_with_the_network_of_an_instrument_and_says_so(
    recorded_dataset: RecordedDataset, tmp_path: Path
) -> None:
    taught = small_autoencoder()
    rng = np.random.default_rng(0)
    taught.decoder.set_weights(
        [weight + 0.05 * rng.normal(size=weight.shape) for weight in taught.decoder.get_weights()]
    )
    Instrument(model=taught, features=SETTINGS).save(tmp_path / "taught")

    def begin(**arguments: Any) -> None:
        small = {"batch_size": 2, "clip_s": 0.5, "validation_batches": 1}
        settings, others = in_settings({**small, **arguments})
        train(
            small_autoencoder(),
            Compare(SpectralLoss(fft_lengths=(512, 64))),
            data=recorded_dataset,  # type: ignore[arg-type]
            run=tmp_path / "run",
            xla=False,
            start_from=tmp_path / "taught",
            **settings,
            **others,
        )

    begin(num_steps=1, learning_rate=1e-6, validate_every=1)
    begun = Instrument.load(tmp_path / "run")
    for expected, weight in zip(
        taught.decoder.get_weights(), begun.model.decoder.get_weights(), strict=True
    ):
        np.testing.assert_allclose(weight, expected, atol=1e-5)
    assert begun.metadata["started_from"] == str(tmp_path / "taught")
    # What is resumed goes on from its own weights, and needs the start no more.
    shutil.rmtree(tmp_path / "taught")
    begin(num_steps=2, log_every=1, validate_every=2, resume=True)
    rows = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert max(row["step"] for row in rows) == 2


def test_the_room_is_not_copied() -> None:
    instrument = Instrument(model=small_autoencoder(), features=SETTINGS)
    instrument.model.processor_group.set_weights([np.full(2000, 0.5, np.float32)])
    model = small_autoencoder()
    before = model.processor_group.get_weights()[0]
    copy_network(instrument, model)
    np.testing.assert_array_equal(model.processor_group.get_weights()[0], before)


def test_another_network_is_refused_with_both_described() -> None:
    instrument = Instrument(model=small_autoencoder(rnn_channels=16), features=SETTINGS)
    with pytest.raises(ModelError, match=r"'rnn_channels': 16.*'rnn_channels': 32"):
        copy_network(instrument, small_autoencoder())


def test_another_frame_rate_is_refused_with_the_hop_that_fits() -> None:
    with pytest.raises(ModelError, match=r"250 times a second, and the model 125 .* of 64"):
        copy_network(Instrument.load("violin"), small_autoencoder(hop_length=128))


class Other(keras.Model):
    """A model without a decoder: a network and a room."""

    def __init__(self) -> None:
        super().__init__()
        self.network = keras.layers.Dense(3)
        self.network.build([None, 2])
        self.room = keras.layers.Dense(1)
        self.room.build([None, 4])
        self.room.is_room = True
        self.built = True


def test_any_model_begins_with_all_but_its_room() -> None:
    source, target = Other(), Other()
    before = target.room.get_weights()
    copy_network(SimpleNamespace(model=source), target)  # type: ignore[arg-type]
    for expected, weight in zip(source.network.weights, target.network.weights, strict=True):
        np.testing.assert_array_equal(expected, weight)
    np.testing.assert_array_equal(target.room.get_weights()[0], before[0])
