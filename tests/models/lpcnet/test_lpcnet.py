"""LPCNet: what it is told in training is what it hears when it speaks; and it is never a burst."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import Regularizer
from ddsp_tf.models import BlockPlayer
from ddsp_tf.models.lpcnet.lpcnet import Lpcnet
from ddsp_tf.models.lpcnet.sample_loop import sharpened, sharpness
from ddsp_tf.training import Optimization, Trainer

pytestmark = pytest.mark.xdist_group("lpcnet")
N_FRAMES = 7


@pytest.fixture(scope="module")
def model():
    """Untrained, but sure of what it says: which code is likely depends on the last ones."""
    keras.utils.set_random_seed(1)
    made = Lpcnet(n_units=16, n_conditioning=8, n_embedding=8)
    rng = np.random.default_rng(2)
    made.codes.assign(rng.normal(0.0, 1.0, made.codes.shape))
    made.kernel_codes.assign(rng.normal(0.0, 0.2, made.kernel_codes.shape))
    made.recurrent_a.assign(0.3 * made.recurrent_a)
    made.kernel_b.assign(rng.normal(0.0, 1.0, made.kernel_b.shape))
    made.output_layer.kernel.assign(rng.normal(0.0, 1.0, made.output_layer.kernel.shape))
    made.output_layer.factors.assign(rng.uniform(2.0, 4.0, made.output_layer.factors.shape))
    # Loud ones are rare: what is cut off at full scale is another excitation than was drawn.
    made.output_layer.bias.assign(np.tile(2.0 - np.abs(np.arange(256) - 128) / 10.0, 2))
    return made


@pytest.fixture(scope="module")
def speech():
    """Frames that change: what is taken from the wrong one is heard."""
    rng = np.random.default_rng(3)
    cepstrum = rng.normal(0.0, 0.4, [1, N_FRAMES, 18])
    cepstrum[..., :2] += [8.0, 1.0]
    f0_hz = rng.uniform(80.0, 300.0, [1, N_FRAMES, 1])
    return {
        "bark_cepstrum": cepstrum.astype(np.float32),
        "f0_hz": f0_hz.astype(np.float32),
        "pitch_correlation": np.zeros([1, N_FRAMES, 1], np.float32),
    }


@pytest.fixture(scope="module")
def said(model, speech):
    return model({key: tf.constant(x) for key, x in speech.items()})["audio"]


@pytest.mark.slow
def test_what_it_said_is_what_it_is_told(model, speech, said, monkeypatch):
    """Told its own speech, it hears the codes that it drew, and comes to the same state."""
    samples, prediction = model._predicted(tf.constant(speech["bark_cepstrum"]), said)
    codes = dsp.mu_law(samples - prediction).numpy()
    inside = np.abs(samples) < 0.999
    assert np.all(inside)
    assert np.max(np.abs(codes - np.round(codes))) < 0.05
    assert len(np.unique(np.round(codes))) > 10
    told = []
    cost = model._cost
    monkeypatch.setattr(Lpcnet, "_cost", lambda _, *args: told.append(args[0]) or cost(*args))
    nats = model({**speech, "audio": said})["nats"]
    n_said = N_FRAMES - 3  # What follows is context.
    assert nats.shape == (1, (n_said - 2) * 160)
    inputs = {key: tf.constant(x) for key, x in speech.items()}
    _, after = model.stream(inputs, model.initial_state(1), n_said)
    # It began two frames later, from nothing, and has forgotten that.
    np.testing.assert_allclose(told[0][-1], after["samples"]["gru_b"], atol=1e-3)


def test_blocks_are_the_whole(model, speech, said):
    rows = {key: x[0] for key, x in speech.items()}
    blocks = np.concatenate(list(BlockPlayer(model, block_frames=4).blocks(rows)))
    np.testing.assert_allclose(blocks, said[0], atol=1e-5)


def test_sampling_is_sharpened_as_published():
    np.testing.assert_allclose(sharpness(tf.constant([0.2, 1 / 3, 0.6, 1.0])), [1, 1, 1.4, 2])
    logits = np.random.default_rng(4).normal(0.0, 3.0, [1, 256])
    powered = np.exp(logits) ** 1.4
    expected = np.maximum(powered / powered.sum() - 0.002, 0.0)
    found = sharpened(tf.constant(logits, tf.float32), tf.constant([[1.4]]))
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.slow
def test_it_learns_what_noise_costs_and_prunes(speech):
    """White noise through the predictor: its entropy is known, and no more can be learned."""
    keras.utils.set_random_seed(5)
    sizes = {"n_units": 16, "n_conditioning": 8, "n_embedding": 8}
    model = Lpcnet(**sizes, densities=(0.5, 0.5, 0.5), start_step=2, end_step=8)
    rng = np.random.default_rng(6)
    audio = rng.normal(0.0, 0.05, [2, 7 * 160]).astype(np.float32)
    batch = {key: np.repeat(x[:, :7], 2, axis=0) for key, x in speech.items()}
    # Flat bands of the level of 16-bit noise of 0.05.
    batch["bark_cepstrum"][:] = [20.0, *17 * [0.0]]
    batch = {key: tf.constant(x) for key, x in {**batch, "audio": audio}.items()}
    trainer = Trainer(
        model, Regularizer("nats", name="cross_entropy"), Optimization(0.03), xla=False
    )
    losses = [float(trainer.step(batch)["loss"]) for _ in range(12)]
    assert abs(losses[0] - np.log(256)) < 0.2
    assert losses[-1] < 0.97 * losses[0]
    assert int(model.pruning.steps) == 12
    for gate in np.split(model.recurrent_a.numpy(), 3, axis=1):
        others = (gate - np.diag(np.diag(gate))).reshape(4, 4, 2, 8)
        assert np.count_nonzero(np.any(others, axis=(1, 3))) == 4


def test_it_is_stored_with_its_pruning(model):
    again = Lpcnet.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert again.pruning.get_config() == model.pruning.get_config()
    assert sum("steps" in weight.path for weight in again.non_trainable_weights) == 1


def test_what_cannot_be_is_refused(model, speech):
    with pytest.raises(ArgumentError, match=r"multiple of 8.*n_units=20"):
        Lpcnet(n_units=20)
    short = {key: x[:, :5] for key, x in speech.items()}
    with pytest.raises(ArgumentError, match=r"longer than 5 frames.*Received 5"):
        model({**short, "audio": np.zeros([1, 800], np.float32)})
