"""LPCNet: what it is told in training is what it hears when it speaks; and it is never a burst."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import Regularizer
from ddsp_tf.models import BlockPlayer
from ddsp_tf.models.lpcnet import lpcnet
from ddsp_tf.models.lpcnet.lpcnet import Lpcnet
from ddsp_tf.models.lpcnet.sample_loop import Controls, say, sharpened, sharpness
from ddsp_tf.training import Optimization, Trainer

pytestmark = pytest.mark.xdist_group("lpcnet")
N_FRAMES = 7


@pytest.fixture(scope="module")
def model():
    return sure()


@pytest.fixture(scope="module")
def periodic():
    return sure(with_period=True)


def sure(**options):
    """Untrained, but sure of what it says: which code is likely depends on the last ones."""
    keras.utils.set_random_seed(1)
    made = Lpcnet(n_units=16, n_conditioning=8, n_embedding=8, **options)
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
@pytest.mark.parametrize("kind", ["model", "periodic"])
def test_speaking_it_hears_what_it_is_told_in_training(kind, speech, monkeypatch, request):
    """Told the codes that it drew as a true past, it gives the same logits, sample by sample."""
    model = request.getfixturevalue(kind)
    inputs = {key: tf.constant(x[:, :6]) for key, x in speech.items()}
    before = np.random.default_rng(8).normal(0.0, 0.02, [1, 320]).astype(np.float32)
    emphasised = before[:, 1:] - 0.85 * before[:, :-1]
    # As in training, it remembers nothing but the samples before.
    state = model.initial_state(1)
    state["features"] = model._features(inputs)[:, :2]
    state["samples"].update(history=emphasised[:, :-17:-1], sound=before[:, -1])
    # And what the predictors of its frames left of them.
    predictors = dsp.lpc_from_bark_cepstrum(inputs["bark_cepstrum"], order=16).numpy()[0]
    left = [
        emphasised[0, n - 1] + predictors[(n // 80 + 1) // 2] @ emphasised[0, n - 2 : n - 18 : -1]
        for n in range(319, 64, -1)
    ]
    state["samples"]["excitations"] = tf.constant([left], tf.float32)
    given = []
    monkeypatch.setattr(lpcnet, "say", lambda *args, **_: (given.append(args), args[2]))
    model.stream({key: x[:, 2:] for key, x in inputs.items()}, state, 1)
    controls, weights, state = given[0]
    sounds, states = [before], []
    for sample in range(160):
        now = Controls(*(control[sample // 80 :][:1] for control in controls))
        sound, state = say(now, weights, state, length=1)
        sounds.append(sound)
        states.append(state.gru_b)
    told = []
    cost = model._cost
    monkeypatch.setattr(Lpcnet, "_cost", lambda _, *args: told.extend(args) or cost(*args))
    audio = np.concatenate([*sounds, np.zeros([1, 480])], axis=1).astype(np.float32)
    model({**inputs, "audio": audio})
    assert len(np.unique(told[1])) > 10
    logits, expected = (model.output_layer(x) for x in (tf.stack(states), told[0]))
    assert np.std(expected) > 1.0
    np.testing.assert_allclose(logits, expected, atol=1e-3)


def test_training_tells_it_the_way_back_from_a_past_that_is_not_true(speech, monkeypatch):
    keras.utils.set_random_seed(7)
    model = Lpcnet(n_units=8, n_conditioning=4, n_embedding=4, dither=0.0, code_noise=0.0)
    short = {key: x[:, :6] for key, x in speech.items()}
    audio = np.random.default_rng(9).normal(0.0, 0.05, [1, 960]).astype(np.float32)
    predicted, told = [], []
    predict, cost = model._predicted, model._cost
    monkeypatch.setattr(
        model, "_predicted", lambda *x: predicted.append(predict(*x)) or predicted[-1]
    )
    monkeypatch.setattr(Lpcnet, "_cost", lambda _, *args: told.extend(args) or cost(*args))
    model({**short, "audio": audio}, training=True)
    true, wrong = predicted
    assert 0.01 < np.std(wrong - true) / np.std(true) < 0.5
    emphasised = audio - 0.85 * np.pad(audio, [[0, 0], [1, 0]])[:, :-1]
    again = wrong + dsp.mu_law_inverse(tf.transpose(told[1]))
    # Half a code is 2.2 % of what it stands for.
    bound = 0.023 * np.abs(emphasised[:, 320:-480] - wrong) + 1e-4
    assert np.all(np.abs(again - emphasised[:, 320:-480]) < bound)


def test_silence_is_dithered_in_training_alone(speech, monkeypatch):
    """Else there would be one code to draw in it, forever."""
    model = Lpcnet(n_units=8, n_conditioning=4, n_embedding=4)
    told = []
    cost = model._cost
    monkeypatch.setattr(Lpcnet, "_cost", lambda _, *args: told.append(args[1]) or cost(*args))
    for training in (True, False):
        short = {key: x[:, :6] for key, x in speech.items()}
        model({**short, "audio": np.zeros([1, 960], np.float32)}, training=training)
    shares = [np.mean(codes == 128) for codes in told]
    assert 0.1 < shares[0] < 0.6
    assert shares[1] == 1.0


def test_what_was_a_period_ago_is_heard(periodic, speech, monkeypatch):
    """Of a sound that repeats, the excitation a period ago is the excitation now."""
    told = []
    states = Lpcnet._states
    monkeypatch.setattr(
        Lpcnet, "_states", lambda self, codes, *x: told.append(codes) or states(self, codes, *x)
    )
    cepstrum = np.repeat(speech["bark_cepstrum"][:, :1], 7, axis=1)
    steady = {**speech, "bark_cepstrum": cepstrum, "f0_hz": np.full([1, 7, 1], 16000 / 90)}
    audio = np.tile(np.random.default_rng(5).normal(0.0, 0.05, 90), 13)[np.newaxis, :1120]
    periodic({**steady, "audio": audio.astype(np.float32)})
    # The code of the last sample's excitation is that of the sample before.
    now, ago = told[0][1, 1:, 0].numpy(), told[0][3, :-1, 0].numpy()
    assert len(np.unique(ago)) > 20
    assert np.mean(np.abs(now - ago) <= 1) > 0.99
    # In training it is as loud, or as soft, as anything.
    monkeypatch.setitem(periodic.noises, "code_noise", 0.0)
    periodic(
        {**steady, "audio": audio.astype(np.float32), "noise_seed": tf.constant(4)}, training=True
    )
    now, ago = (
        dsp.mu_law_inverse(told[1][place, :, 0]).numpy()[cut]
        for place, cut in ((1, slice(1, None)), (3, slice(-1)))
    )
    factor = 20 * np.log10(np.std(ago) / np.std(now))
    assert np.corrcoef(now, ago)[0, 1] > 0.9
    assert 3.0 < abs(factor) < 19.0


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


def test_it_is_stored_with_its_pruning(periodic):
    model = periodic
    again = Lpcnet.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert again.pruning.get_config() == model.pruning.get_config()
    assert sum("steps" in weight.path for weight in again.non_trainable_weights) == 1


def test_what_cannot_be_is_refused(model, speech):
    with pytest.raises(ArgumentError, match=r"multiple of 8.*n_units=20"):
        Lpcnet(n_units=20)
    with pytest.raises(ArgumentError, match=r"below 0.*'dither': -1"):
        Lpcnet(dither=-1.0)
    short = {key: x[:, :5] for key, x in speech.items()}
    with pytest.raises(ArgumentError, match=r"longer than 5 frames.*Received 5"):
        model({**short, "audio": np.zeros([1, 800], np.float32)})
