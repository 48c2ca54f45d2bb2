"""The residual encoder of z: what it hears, how far, its codes, and that they are trained."""

import keras
import numpy as np
import pytest
from contracts import check_config, check_gradients, check_modes_agree
from model_toys import make_features, make_group

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import Compare, SpectralLoss
from ddsp_tf.models import Autoencoder, ResNetEncoder, RnnFcDecoder
from ddsp_tf.training import Trainer

HOP = 32


def _encoder(**arguments) -> ResNetEncoder:
    keras.utils.set_random_seed(4)
    sizes = {"n_z": 3, "channels": 2, "blocks": (1, 1), "n_bands": 16, "fft_length": 128}
    return ResNetEncoder(**sizes, sample_rate=4000, z_hop_length=HOP, **arguments)


def _model(**arguments) -> Autoencoder:
    decoder = RnnFcDecoder(
        input_keys=("loudness_scaled", "f0_scaled", "z"),
        rnn_channels=6,
        channels=5,
        layers_per_stack=1,
    )
    return Autoencoder(decoder=decoder, processor_group=make_group(), encoder=_encoder(**arguments))


def test_z_is_what_the_network_makes_of_mel_bands_in_decibels() -> None:
    encoder = _encoder()
    audio = np.random.default_rng(1).uniform(-1, 1, [2, 640]).astype(np.float32)
    audio[1] *= 1e-9  # floored
    bands = dsp.mel_spectrogram(
        audio, sample_rate=4000, fft_length=128, hop_length=HOP, n_bands=16
    ).numpy()
    db = 20 * np.log10(np.maximum(bands, 1e-5))
    left = encoder.network(db / 100 + 1).numpy().reshape([2, 20, -1])
    expected = left @ encoder.to_z.kernel.numpy() + encoder.to_z.bias.numpy()
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(encoder(audio), expected, atol=1e-4)
    z = encoder.encode({"audio": audio}, n_frames=40, hop_length=16)
    np.testing.assert_allclose(z[:, ::2], expected, atol=1e-4)
    np.testing.assert_allclose(z[:, 1], (expected[:, 0] + expected[:, 1]) / 2, atol=1e-4)


def test_a_model_with_it_runs_everywhere_and_can_be_trained() -> None:
    model = _model()
    features = make_features(2, 12, with_audio=True)
    check_modes_agree(
        lambda **given: model(given)["audio"],
        features,
        make_features(1, 6, with_audio=True),
        tolerance=5e-4,
    )
    check_config(model, lambda twin: twin(features)["audio"])
    check_gradients(model, features, call=lambda model, given: model(given)["audio"])
    assert not model.causal


def test_codes_are_chosen_and_follow_what_chose_them() -> None:
    model = _model(n_codes=4)
    codes = model.encoder.codes
    codes.codebook.assign(np.random.default_rng(0).normal(size=[4, 3]))
    codes.sums.assign(codes.codebook)
    features = make_features(2, 12, with_audio=True)
    z = model.encoder(features["audio"]).numpy().reshape([-1, 3])
    book = codes.codebook.numpy()
    apart = np.linalg.norm(z[:, np.newaxis] - book, axis=-1).min(axis=1)
    np.testing.assert_allclose(apart, 0.0, atol=1e-6)
    check_config(model, lambda twin: twin(features)["audio"])

    loss = SpectralLoss(fft_lengths=(64,))
    trainer = Trainer(model, Compare(loss))
    before = [w.numpy() for w in (*model.encoder.network.trainable_weights, codes.codebook)]
    told = {key: float(x) for key, x in trainer.step(features).items()}
    after = [*model.encoder.network.trainable_weights, codes.codebook]
    assert all(np.any(x != y.numpy()) for x, y in zip(before, after, strict=True))
    assert told["loss_added"] > 0.0
    parts = [value for key, value in told.items() if key.startswith("loss_")]
    assert told["loss"] == pytest.approx(sum(parts), rel=1e-5)
    # Outside training nothing follows, and nothing is added.
    resting = codes.codebook.numpy()
    losses, _ = trainer.losses(features)
    assert "loss_added" not in losses
    np.testing.assert_array_equal(codes.codebook, resting)


@pytest.mark.parametrize("sizes", [{"n_z": 0}, {"n_bands": 0}])
def test_nonsense_is_refused(sizes: dict) -> None:
    with pytest.raises(ArgumentError, match="`n_z` and `n_bands` should be at least 1"):
        ResNetEncoder(**{"channels": 1, "blocks": (1,), **sizes})
