"""The autoencoder: sizes, any shape, blocks, noise, and that features reach the sound."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from contracts import check_config, check_equal, check_gradients, check_modes_agree
from model_toys import RATES, make_features, make_group, make_model

from ddsp_tf.errors import ArgumentError
from ddsp_tf.models import (
    Autoencoder,
    MfccTimeDistributedRnnEncoder,
    MinGruFcDecoder,
    RnnFcDecoder,
)
from ddsp_tf.processors import Crop, FilteredNoise, Harmonic, ProcessorGroup, Reverb

HOP = RATES["hop_length"]
SIZES = {"amplitudes": 1, "harmonic_distribution": 8, "noise_magnitudes": 9}


def _size(layer: keras.layers.Layer) -> int:
    return sum(int(np.prod(w.shape)) for w in layer.weights)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, 4_801_150),
        ({"rnn_channels": 256, "layers_per_stack": 0}, 232_314),
        ({"input_keys": ("loudness_scaled", "f0_scaled", "z"), "partials": 100}, 6_407_334),
    ],
)
def test_decoders_have_the_papers_sizes(arguments: dict, expected: int) -> None:
    n_harmonics = arguments.pop("partials", 60)
    sizes = {"amplitudes": 1, "harmonic_distribution": n_harmonics, "noise_magnitudes": 65}
    decoder = RnnFcDecoder(output_sizes=sizes, **arguments)
    decoder.build_for({"loudness_scaled": 1, "f0_scaled": 1, "z": 16})
    assert _size(decoder) == expected


@pytest.mark.parametrize("decoder_type", [RnnFcDecoder, MinGruFcDecoder])
def test_with_cosines_an_untrained_decoder_tells_notes_apart(decoder_type: type) -> None:
    """After a normalisation a single number is but its sign; an octave must be more than that."""

    def change(n_cosines: int) -> float:
        keras.utils.set_random_seed(1)
        decoder = decoder_type(
            output_sizes=SIZES, rnn_channels=16, channels=16, input_cosines=n_cosines
        )
        decoder.build_for({"loudness_scaled": 1, "f0_scaled": 1})
        octave = {"f0_scaled": tf.constant([60.0, 72.0])[:, None, None] / 127.0}
        frames = {**octave, "loudness_scaled": tf.fill([2, 1, 1], 0.7)}
        controls, _ = decoder(frames, decoder.initial_state(2))
        low, high = controls["harmonic_distribution"].numpy()
        return float(np.abs(high - low).mean() / np.abs(low).mean())

    assert change(0) < 0.02
    assert change(8) > 0.2


def test_z_has_no_cosines() -> None:
    decoder = RnnFcDecoder(
        input_keys=("f0_scaled", "z"), output_sizes=SIZES, channels=4, input_cosines=3
    )
    decoder.build_for({"f0_scaled": 1, "z": 5})
    kernels = [stack.weights[0].shape[0] for stack in decoder.input_stacks]
    assert kernels == [4, 5]


def test_refuses_fewer_cosines_than_none() -> None:
    with pytest.raises(ArgumentError, match=r"`input_cosines` should be 0 or more. Received -1."):
        RnnFcDecoder(input_cosines=-1)


def test_encoder_and_reverb_have_the_papers_sizes() -> None:
    assert _size(MfccTimeDistributedRnnEncoder()) == 843_852
    assert _size(Reverb()) == 48_000


def test_a_model_has_the_weights_of_its_parts() -> None:
    model = make_model(with_encoder=True)
    parts = (model.decoder, model.encoder, model.processor_group)
    assert _size(model) == sum(map(_size, parts)) == sum(np.size(w) for w in model.get_weights())
    assert len(model.trainable_weights) == len(model.weights)


def test_every_mode_and_shape() -> None:
    model = make_model(with_encoder=True)
    check_modes_agree(
        lambda **features: model(features)["audio"],
        make_features(2, 12, with_audio=True),
        make_features(1, 5, with_audio=True),
        tolerance=5e-4,
    )


@pytest.mark.parametrize("with_encoder", [False, True])
def test_is_rebuilt_by_its_config_and_can_be_trained(with_encoder: bool) -> None:
    model = make_model(with_encoder=with_encoder)
    features = make_features(2, 12, with_audio=with_encoder)
    check_config(model, lambda twin: twin(features)["audio"])
    check_gradients(model, features, call=lambda model, inputs: model(inputs)["audio"])


@pytest.mark.parametrize(
    ("blocks", "with_encoder"),
    [((1, 7, 3, 2, 7), False), ((1, 7, 3, 2, 7), True), ((20,), False), ((1,) * 6 + (14,), False)],
)
def test_a_sound_in_blocks_is_the_sound_at_once(blocks: tuple, with_encoder: bool) -> None:
    model = make_model(with_encoder=with_encoder)
    features = make_features(2, 20, with_audio=with_encoder)
    whole = model(features)
    ahead = model.lookahead_frames
    encoded = {
        key: tf.concat([x] + [x[:, -1:]] * ahead, axis=1)
        for key, x in model.encode(features).items()
    }
    state, played, start = model.initial_state(2), [], 0
    for count in blocks:
        block = {key: x[:, start : start + count + ahead] for key, x in encoded.items()}
        outputs, state = model.stream(block, state, count)
        played.append(outputs)
        start += count
    audio = tf.concat([x["audio"] for x in played], axis=1)
    check_equal(audio, whole["audio"], tolerance=1e-5, what="the sound in blocks")
    for key in ("amplitudes", "f0_hz"):
        controls = tf.concat([x["controls"]["harmonic"]["controls"][key] for x in played], axis=1)
        expected = whole["controls"]["harmonic"]["controls"][key]
        check_equal(controls, expected, tolerance=1e-5, what=key)


def test_a_causal_model_does_not_hear_the_future() -> None:
    model = make_model()
    features = make_features(1, 20)
    before = model(features)["audio"].numpy()
    changed = {key: tf.concat([x[:, :12], x[:, 12:] * 1.3], axis=1) for key, x in features.items()}
    after = model(changed)["audio"].numpy()
    same = (12 - model.lookahead_frames) * HOP
    np.testing.assert_allclose(after[:, :same], before[:, :same], atol=1e-5)
    assert np.max(np.abs(after - before)) > 0.01
    assert model.causal
    assert not make_model(with_encoder=True).causal


def test_compiled_networks_give_the_same_numbers() -> None:
    model = make_model()
    features = make_features(2, 10)
    plain = model(features)["audio"]
    model.jit_network = True
    assert model.jit_network
    check_equal(model(features)["audio"], plain, tolerance=1e-4, what="the compiled network")
    model.jit_network = False
    check_equal(model(features)["audio"], plain, tolerance=0.0, what="the network uncompiled again")


def test_noise_seed_changes_the_noise_alone() -> None:
    model = make_model()
    features = make_features(1, 30)
    default, one, same, two = (
        model({**features, **seed})
        for seed in (
            {},
            {"noise_seed": tf.constant(1)},
            {"noise_seed": tf.constant(1)},
            {"noise_seed": tf.constant(2)},
        )
    )
    np.testing.assert_array_equal(one["audio"], same["audio"])
    np.testing.assert_array_equal(default["audio"], model(features)["audio"])
    for other in (one, two):
        np.testing.assert_array_equal(
            other["controls"]["harmonic"]["signal"], default["controls"]["harmonic"]["signal"]
        )
    noises = [x["controls"]["filtered_noise"]["signal"][0] for x in (default, one, two)]
    correlations = np.corrcoef(noises)[~np.eye(3, dtype=bool)]
    assert np.max(np.abs(correlations)) < 0.25


def test_both_features_and_z_reach_the_sound() -> None:
    model = make_model(with_encoder=True)
    features = make_features(1, 12, with_audio=True)
    before = model(features)["controls"]["filtered_noise"]["controls"]["noise_magnitudes"]
    for key in features:
        changed = {**features, key: 0.5 * features[key][:, ::-1]}
        after = model(changed)["controls"]["filtered_noise"]["controls"]["noise_magnitudes"]
        assert np.max(np.abs(after - before)) > 1e-4, key


def test_z_may_be_given_instead_of_audio() -> None:
    model = make_model(with_encoder=True)
    features = make_features(1, 12, with_audio=True)
    encoded = model.encode(features)
    assert set(encoded) == {"f0_hz", "loudness_db", "z"}
    assert encoded["z"].shape == (1, 12, 3)
    # The encoder's frames are two of the model's, and the first of both coincide.
    np.testing.assert_allclose(
        encoded["z"][:, ::2], model.encoder(features["audio"]), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(model(encoded)["audio"], model(features)["audio"], atol=1e-6)


def test_encoder_normalizes_over_time() -> None:
    encoder = make_model(with_encoder=True).encoder
    # A gain adds a constant to the log spectra, hence to the first coefficient alone.
    audio = make_features(1, 60, with_audio=True)["audio"]
    np.testing.assert_allclose(encoder(audio), encoder(0.2 * audio), atol=2e-3)


def test_without_reverb_shares_the_weights() -> None:
    model = make_model()
    features = make_features(1, 12)
    dry = model.without_reverb()
    expected = model(features)["controls"]["add"]["signal"]
    np.testing.assert_allclose(dry(features)["audio"], expected, atol=1e-6)
    assert dry.decoder is model.decoder


def test_pitch_is_what_the_feature_says() -> None:
    model = make_model()
    model.set_weights([0 * w for w in model.get_weights()])
    one = tf.ones([1, 250, 1])
    controls = model({"f0_hz": 250 * one, "loudness_db": -20 * one})["controls"]
    audio = controls["harmonic"]["signal"].numpy()[0]
    spectrum = np.abs(np.fft.rfft(audio))
    peaks = np.sort(np.argsort(spectrum)[-7:])
    # Equal partials below Nyquist at multiples of 250 Hz, in a second of sound.
    np.testing.assert_array_equal(peaks, 250 * np.arange(1, 8))


def test_names_missing_features() -> None:
    features = make_features(1, 4)
    message = r"^The model needs the inputs loudness_db\. Received: f0_hz\.$"
    with pytest.raises(ArgumentError, match=message):
        make_model()({"f0_hz": features["f0_hz"]})
    with pytest.raises(
        ArgumentError, match=r"needs the input `audio`, or `z`\. Received: f0_hz, l"
    ):
        make_model(with_encoder=True)(features)


def test_a_group_that_asks_for_more_is_refused() -> None:
    sizes = {"amplitudes": 1, "harmonic_distribution": 8}
    decoder = RnnFcDecoder(output_sizes=sizes, rnn_channels=4, channels=4)
    message = r"`processor_group` needs noise_magnitudes, which the decoder does not make\. There"
    with pytest.raises(ArgumentError, match=message):
        Autoencoder(decoder=decoder, processor_group=make_group())


def test_a_decoder_of_z_needs_an_encoder() -> None:
    decoder = RnnFcDecoder(input_keys=("f0_scaled", "z"), rnn_channels=4, channels=4)
    with pytest.raises(ArgumentError, match="The decoder reads `z`, so the model needs an"):
        Autoencoder(decoder=decoder, processor_group=make_group())


def test_a_model_that_crops_can_not_be_streamed() -> None:
    group = ProcessorGroup(
        dag=[
            (
                Harmonic(n_harmonics=4, **RATES),
                ["amplitudes", "harmonic_distribution", "f0_hz"],
            ),
            (Crop(n_samples=10), ["harmonic/signal"]),
        ]
    )
    decoder = RnnFcDecoder(rnn_channels=4, channels=4, layers_per_stack=1)
    model = Autoencoder(decoder=decoder, processor_group=group)
    features = make_features(1, 6)
    assert model(features)["audio"].shape == (1, 6 * HOP - 10)
    with pytest.raises(ArgumentError, match="its processor `crop` can't play a part of a"):
        model.stream(features, model.initial_state(1), 5)


def test_a_model_of_noise_alone_plays() -> None:
    group = ProcessorGroup(dag=[(FilteredNoise(n_bands=9, **RATES), ["noise_magnitudes"])])
    decoder = RnnFcDecoder(rnn_channels=4, channels=4)
    audio = Autoencoder(decoder=decoder, processor_group=group)(make_features(2, 5))["audio"]
    assert audio.shape == (2, 5 * HOP)
    assert np.std(audio) > 0


def test_what_reads_more_than_pitch_and_loudness_takes_no_melodies() -> None:
    assert make_model().takes_melodies
    assert make_model(with_encoder=True).takes_melodies
    columns = {"f0_hz": 1, "loudness_db": 1, "f0_confidence": 1}
    keys = ("loudness_scaled", "f0_scaled", "f0_confidence")
    decoder = RnnFcDecoder(input_keys=keys, rnn_channels=4, channels=4)
    reads_more = Autoencoder(decoder=decoder, processor_group=make_group(), columns=columns)
    assert not reads_more.takes_melodies
