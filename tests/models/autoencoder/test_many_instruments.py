"""A model of several instruments: how timbres are told, heard, mixed and fixed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError, ModelError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.models import Autoencoder, Instrument, MinGruFcDecoder, RnnFcDecoder
from ddsp_tf.models.autoencoder.timbre_encoder import TimbreEncoder
from ddsp_tf.processors import Add, FilteredNoise, Harmonic, ProcessorGroup
from ddsp_tf.training.warm_start import copy_network

NAMES = ("reed", "pipe", "bell")
N_Z = 5


def make(decoder_class=RnnFcDecoder, layers: int = 1, *, timbre: bool = True, **encoder):
    keras.utils.set_random_seed(0)
    group = ProcessorGroup(
        dag=[
            (Harmonic(n_harmonics=8), ["amplitudes", "harmonic_distribution", "f0_hz"]),
            (FilteredNoise(n_bands=6), ["noise_magnitudes"]),
            (Add(), ["filtered_noise/signal", "harmonic/signal"]),
        ]
    )
    keys = ["loudness_scaled", "f0_scaled", *(["z"] if timbre else [])]
    model = Autoencoder(
        decoder=decoder_class(
            input_keys=keys, rnn_channels=12, channels=8, layers_per_stack=layers, input_cosines=2
        ),
        processor_group=group,
        encoder=TimbreEncoder(instruments=NAMES, n_z=N_Z, channels=8, **encoder)
        if timbre
        else None,
    )
    for weight in model.trainable_weights:  # Biases of 0 would hide mistakes.
        noise = np.random.default_rng(len(weight.path)).normal(0.0, 0.1, weight.shape)
        weight.assign_add(noise)
    return model


def melody(n_frames: int = 50, batch: int = 2) -> dict[str, tf.Tensor]:
    random = np.random.default_rng(1)
    return {
        "f0_hz": tf.constant(random.uniform(200, 900, [batch, n_frames, 1]), tf.float32),
        "loudness_db": tf.constant(random.uniform(-60, -10, [batch, n_frames, 1]), tf.float32),
    }


def tone(partials: list[float]) -> np.ndarray:
    """Partials in noise, so that no band is silent: that would have a level of its own."""
    time = np.arange(8000) / 16000.0
    sines = [a * np.sin(2 * np.pi * 220 * (k + 1) * time) for k, a in enumerate(partials)]
    return sum(sines) + 0.01 * np.random.default_rng(0).normal(size=8000)


def test_a_number_shares_and_z_say_the_same():
    model, notes = make(), melody()
    number = model({**notes, "instrument": tf.constant([[1.0], [2.0]])})["audio"]
    shares = model({**notes, "timbre": tf.one_hot([1, 2], 3)})["audio"]
    row = np.tanh(model.encoder.table.numpy())[[1, 2]]
    z = model({**notes, "z": tf.constant(np.repeat(row[:, None], 50, axis=1))})["audio"]
    np.testing.assert_array_equal(number, shares)
    np.testing.assert_allclose(number, z, atol=1e-6)
    assert (
        np.abs(number[0] - model({**notes, "instrument": tf.zeros([2, 1])})["audio"][0]).max()
        > 1e-4
    )
    half = model.encoder.mixed(tf.constant([[0.5, 0.5, 0.0]])).numpy()[0]
    np.testing.assert_allclose(
        half, np.tanh(model.encoder.table.numpy())[:2].mean(axis=0), atol=1e-6
    )


def test_what_is_heard_is_timbre_and_neither_level_nor_length():
    encoder = make().encoder
    dull, bright = tone([0.3]), tone([0.1, 0.1, 0.1, 0.1])
    heard = [
        encoder(tf.constant(x[np.newaxis], tf.float32)).numpy()[0]
        for x in (dull, 0.5 * dull, dull[:6000], bright)
    ]
    assert np.abs(heard[0] - heard[1]).max() < 1e-3
    assert np.abs(heard[0] - heard[3]).max() > 2 * np.abs(heard[0] - heard[2]).max()
    assert np.abs(heard).max() < 1.0


def test_training_hears_by_chance_the_same_for_the_same_seed():
    model, n = make(heard_share=0.5), 64
    audio = tf.constant(np.stack([tone([0.3, 0.1])] * n), tf.float32)
    given = {"audio": audio, "instrument": tf.ones([n, 1])}

    def encode(seed):
        return model.encoder.encode(given, n_frames=1, hop_length=64, noise_seed=seed).numpy()[:, 0]

    known = np.tanh(model.encoder.table.numpy()[1])
    heard = model.encoder(audio[:1]).numpy()[0]
    of_names = np.abs(encode(3) - known).max(axis=1) < 1e-6
    assert 20 < of_names.sum() < 44
    np.testing.assert_allclose(
        encode(3)[~of_names], np.tile(heard, [(~of_names).sum(), 1]), atol=1e-5
    )
    np.testing.assert_array_equal(encode(3), encode(3))
    assert not np.array_equal(encode(3), encode(4))
    np.testing.assert_allclose(encode(None), np.tile(known, [n, 1]), atol=1e-6)


@pytest.mark.parametrize(("decoder", "layers"), [(RnnFcDecoder, 0), (MinGruFcDecoder, 2)])
def test_a_timbre_that_stays_moves_into_the_biases(decoder, layers):
    model, notes = make(decoder, layers), melody()
    z = np.linspace(-0.9, 0.9, N_Z)
    fixed = model.with_timbre(z)
    told = {**notes, "z": tf.constant(np.tile(z, [2, 50, 1]), tf.float32)}
    np.testing.assert_allclose(fixed(notes)["audio"], model(told)["audio"], atol=2e-6)
    assert fixed.encoder is None
    assert fixed.causal
    assert not model.causal
    assert "z" not in fixed.decoder.input_keys


def test_a_fixed_timbre_is_stored_and_streams(tmp_path):
    fixed = make().with_timbre(np.full(N_Z, 0.3))
    Instrument(fixed, FeatureSettings()).save(tmp_path / "fixed")
    stored = Instrument.load(tmp_path / "fixed").model
    notes = melody(batch=1)
    whole = fixed(notes)["audio"]
    np.testing.assert_array_equal(stored(notes)["audio"], whole)
    state, ahead, parts = stored.initial_state(1), stored.lookahead_frames, []
    padded = {
        k: tf.concat([x, tf.repeat(x[:, -1:], ahead, axis=1)], axis=1) for k, x in notes.items()
    }
    for first in (0, 25):
        block = {key: x[:, first : first + 25 + ahead] for key, x in padded.items()}
        out, state = stored.stream(block, state, 25)
        parts.append(out["audio"])
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=2e-5)


def test_a_model_of_several_begins_as_one_instrument(tmp_path):
    one, several, notes = make(timbre=False), make(), melody()
    copy_network(Instrument(one, FeatureSettings()), several)
    with_any = several({**notes, "instrument": tf.constant([[0.0], [2.0]])})["audio"]
    np.testing.assert_allclose(with_any, one(notes)["audio"], atol=2e-6)
    with pytest.raises(ModelError, match=r"like this one but for `z`"):
        copy_network(Instrument(make(timbre=False, layers=2), FeatureSettings()), several)


def test_what_was_learned_of_hearing_goes_to_another_table():
    source, target = make(), make()
    for weight in source.encoder.weights:
        weight.assign(weight + 0.1)
    table = target.encoder.table.numpy()
    copy_network(Instrument(source, FeatureSettings()), target)
    sound = tf.constant(tone([0.3, 0.2])[np.newaxis], tf.float32)
    np.testing.assert_allclose(target.encoder(sound), source.encoder(sound), atol=1e-6)
    np.testing.assert_array_equal(target.encoder.table.numpy(), table)


def test_what_cannot_be_is_refused():
    with pytest.raises(ArgumentError, match=r"each once"):
        TimbreEncoder(instruments=("reed", "reed"))
    with pytest.raises(ArgumentError, match=r"`heard_share` should be 0 to 1"):
        TimbreEncoder(heard_share=2.0)
    with pytest.raises(ArgumentError, match=r"that the decoder reads, 5\. Received 3"):
        make().with_timbre([0.0] * 3)
    with pytest.raises(ArgumentError, match=r"`audio`, `instrument`, `timbre`, or `z`"):
        make()(melody())
