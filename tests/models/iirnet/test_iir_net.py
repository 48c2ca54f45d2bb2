"""IIRNet: stable whatever comes, the gain of the input, stored, and trained by its gin file."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import signal

from ddsp_tf import config, dsp, training
from ddsp_tf.data import Generated, RandomFilters
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.models import IirNet, Instrument

GIN = "papers/colonel2022/iirnet.gin"
SETTINGS = FeatureSettings(sample_rate=48000, hop_length=480, columns=())


def network(spread=1.0, **arguments):
    """One that was never trained, and whose last layer says `spread` times as much."""
    keras.utils.set_random_seed(1)
    made = IirNet(**{"order": 16, "channels": 32, **arguments})
    made.to_roots.kernel.assign(spread * made.to_roots.kernel)
    return made


def triangle(sections):
    """How far the sections lie within the triangle of stability; above 0: every pole is inside."""
    a1, a2 = np.moveaxis(np.asarray(sections).reshape(-1, 5)[:, 3:], -1, 0)
    return min(np.min(1 - a2), np.min(1 + a2 - np.abs(a1)))


@pytest.mark.parametrize("spread", [1.0, 30.0, 1e6])
def test_every_pole_is_inside_for_ten_thousand_inputs(spread):
    made = network(spread, n_points=32)
    inputs = np.random.default_rng(0).normal(0.0, 20.0, [1, 10_000, 32]).astype(np.float32)
    assert triangle(made({"magnitude_db": inputs})["sections"]) > 0


@pytest.mark.parametrize("value", [0.0, 1e6, -1e6, 3e38])
def test_every_pole_is_inside_for_absurd_inputs(value):
    made = network(30.0)
    flat = np.full([1, 2, 512], value, np.float32)
    flat[0, 1, ::2] *= -1
    outputs = made({"magnitude_db": flat})
    assert triangle(outputs["sections"]) > 0
    assert np.all(np.isfinite(outputs["sections"]))
    assert np.all(np.isfinite(outputs["magnitude_db"]))


def test_the_response_it_says_is_that_of_its_sections():
    outputs = network(10.0)({"magnitude_db": np.random.default_rng(1).normal(0, 9, [2, 3, 512])})
    sections = outputs["sections"].numpy().reshape(2, 3, 8, 5)
    assert sections.dtype == np.float64
    for row, frame in np.ndindex(2, 3):
        sos = np.insert(sections[row, frame], 3, 1.0, axis=-1)
        response = signal.freqz_sos(sos, np.linspace(0, np.pi, 512))[1]
        said = outputs["magnitude_db"][row, frame]
        np.testing.assert_allclose(20 * np.log10(np.abs(response)), said, atol=0.01)


def test_a_louder_response_is_the_same_filter_louder():
    made, quiet = network(10.0), np.random.default_rng(2).normal(0, 9, [1, 1, 512])
    sections = [made({"magnitude_db": quiet + level})["sections"].numpy() for level in (0, 20)]
    ratio = sections[1][0, 0, :3] / sections[0][0, 0, :3]
    np.testing.assert_allclose(ratio, 10.0, rtol=1e-4)
    np.testing.assert_allclose(sections[1][..., 3:], sections[0][..., 3:], atol=1e-4)


def test_it_begins_almost_flat_and_each_filter_is_on_its_own():
    made = network()
    inputs = dsp.sections_magnitude_db(
        dsp.random_filters(np.random.default_rng(0), "normal_biquads", 4), n_points=512
    ).astype(np.float32)[np.newaxis]
    whole = made({"magnitude_db": inputs})["magnitude_db"].numpy()
    assert np.max(np.ptp(whole, axis=-1)) < 12.0
    alone = made({"magnitude_db": inputs[:, 2:3]})["magnitude_db"]
    np.testing.assert_allclose(alone[0, 0], whole[0, 2], atol=1e-3)


def test_it_is_stored_and_designs_the_same(tmp_path):
    made, inputs = network(10.0), {"magnitude_db": np.full([1, 1, 512], 3.0)}
    Instrument(made, SETTINGS).save(tmp_path / "model")
    loaded = Instrument.load(tmp_path / "model").model
    assert isinstance(loaded, IirNet)
    np.testing.assert_array_equal(loaded(inputs)["sections"], made(inputs)["sections"])
    assert not loaded.streamable


def test_sizes_are_checked():
    with pytest.raises(ArgumentError, match=r"`order` should be even and 2 or more.* Received 7"):
        IirNet(order=7)
    with pytest.raises(ArgumentError, match="needs the inputs magnitude_db"):
        network()({"audio": tf.zeros([1, 100])})


def test_filters_are_generated_by_seed_and_shared_out():
    source = Generated(RandomFilters(n_points=32, order=4), features=SETTINGS)
    first, again = (
        next(iter(source.batches(batch_size=2, clip_s=0.13, seed=3)))["magnitude_db"].numpy()
        for _ in range(2)
    )
    assert first.shape == (2, 13, 32)
    np.testing.assert_array_equal(first, again)
    held_out = next(iter(source.batches("eval", batch_size=2, clip_s=0.13, seed=3)))
    assert not np.any(np.isclose(held_out["magnitude_db"], first).all(axis=-1))
    only = RandomFilters(["uniform_disk"], n_points=32)(np.random.default_rng(0), 5, SETTINGS)
    assert only["magnitude_db"].shape == (5, 32)
    with pytest.raises(ArgumentError, match="`families` should name one at least"):
        RandomFilters([])
    with pytest.raises(ArgumentError, match="`family` should be one of"):
        RandomFilters(["uniform"])


@pytest.mark.slow
def test_the_configuration_learns():
    parsed = config.parse([GIN], ["IirNet.channels=64"])
    model, data = parsed.build_model(), parsed.build(training.train, "data")
    assert config.parse([GIN]).build_model().count_params() < 1_000_000  # < 4 MB in float32
    trainer = training.Trainer(
        model, parsed.build_objective(), training.Optimization(2e-3), xla=False
    )
    held_out = next(iter(data.batches("eval", batch_size=2, clip_s=0.96)))
    trainer.build(held_out)
    before = float(trainer.losses(held_out)[0]["loss"])
    for batch in data.batches("train", batch_size=1, clip_s=0.24).take(60):
        trainer.step(batch)
    assert float(trainer.losses(held_out)[0]["loss"]) < 0.7 * before
