"""The decoders without a loop: they stream exactly, are causal, remember, train, are stored."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from contracts import check_config, check_equal, check_gradients, check_modes_agree
from model_toys import SETTINGS, make_features, make_group

from ddsp_tf.errors import ArgumentError
from ddsp_tf.models import Autoencoder, DilatedConvDecoder, Instrument, MinGruFcDecoder
from ddsp_tf.models.autoencoder.fc_decoder import FcDecoder

SIZES = {"amplitudes": 1, "harmonic_distribution": 8, "noise_magnitudes": 9}
KINDS = ("min_gru", "convolutions")


def _decoder(kind: str, *, seed: int = 1) -> FcDecoder:
    keras.utils.set_random_seed(seed)
    sizes = {"output_sizes": SIZES, "channels": 5, "layers_per_stack": 1}
    if kind == "min_gru":
        return MinGruFcDecoder(rnn_channels=6, **sizes)
    return DilatedConvDecoder(conv_channels=6, dilations=(1, 3, 9, 27), **sizes)


def _model(kind: str) -> Autoencoder:
    return Autoencoder(decoder=_decoder(kind), processor_group=make_group())


def _frames(n_frames: int, *, batch: int = 2) -> dict[str, tf.Tensor]:
    shape = [batch, n_frames, 1]
    return {
        key: tf.random.stateless_uniform(shape, [1, seed])
        for seed, key in enumerate(("loudness_scaled", "f0_scaled"))
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("blocks", [(1000,), (1, 999), (1, 2, 3, 60, 934)])
def test_any_blocks_are_the_whole(kind: str, blocks: tuple[int, ...]) -> None:
    decoder = _decoder(kind)
    decoder.build_for({"loudness_scaled": 1, "f0_scaled": 1})
    decode = tf.function(decoder, autograph=False, reduce_retracing=True)
    frames = _frames(1000)
    whole, last = decode(frames, decoder.initial_state(2))
    state, pieces, start = decoder.initial_state(2), [], 0
    for count in blocks:
        block = {key: x[:, start : start + count] for key, x in frames.items()}
        controls, state = decode(block, state)
        pieces.append(controls)
        start += count
    for key, expected in whole.items():
        joined = tf.concat([piece[key] for piece in pieces], axis=1)
        check_equal(joined, expected, tolerance=1e-5, what=key)
    check_equal(state, last, tolerance=1e-5, what="the state")


@pytest.mark.parametrize("kind", KINDS)
def test_single_frames_are_the_whole(kind: str) -> None:
    model, features = _model(kind), make_features(2, 24)
    whole = model(features)["audio"]
    ahead = model.lookahead_frames
    held = {key: tf.concat([x] + [x[:, -1:]] * ahead, axis=1) for key, x in features.items()}
    state, played = model.initial_state(2), []
    for frame in range(24):
        block = {key: x[:, frame : frame + 1 + ahead] for key, x in held.items()}
        outputs, state = model.stream(block, state, 1)
        played.append(outputs["audio"])
    check_equal(tf.concat(played, axis=1), whole, tolerance=1e-5, what="the sound in frames")
    assert model.causal


@pytest.mark.parametrize("kind", KINDS)
def test_hears_the_past_for_long_and_never_the_future(kind: str) -> None:
    decoder = _decoder(kind)
    decoder.build_for({"loudness_scaled": 1, "f0_scaled": 1})
    frames = _frames(150)
    before, _ = decoder(frames, decoder.initial_state(2))
    changed = {
        key: tf.concat([x[:, :20], 1 - x[:, 20:21], x[:, 21:]], 1) for key, x in frames.items()
    }
    after, _ = decoder(changed, decoder.initial_state(2))
    change = np.abs(after["harmonic_distribution"] - before["harmonic_distribution"]).max(
        axis=(0, 2)
    )
    assert change[:20].max() < 1e-6
    assert change[20] > 0.01
    assert change[40:60].max() > 2e-5


@pytest.mark.parametrize("kind", KINDS)
def test_every_mode_and_shape(kind: str) -> None:
    decoder = _decoder(kind)
    decoder.build_for({"loudness_scaled": 1, "f0_scaled": 1})
    check_modes_agree(
        lambda **frames: decoder(frames, decoder.initial_state(tf.shape(frames["f0_scaled"])[0])),
        _frames(12),
        _frames(5, batch=1),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_is_rebuilt_by_its_config_and_can_be_trained(kind: str) -> None:
    model, features = _model(kind), make_features(2, 12)
    check_config(model, lambda twin: twin(features)["audio"])
    check_gradients(model, features, call=lambda model, inputs: model(inputs)["audio"])


@pytest.mark.parametrize("kind", KINDS)
def test_an_instrument_with_it_is_saved_and_loaded(kind: str, tmp_path: Path) -> None:
    model, features = _model(kind), make_features(1, 12)
    Instrument(model=model, features=SETTINGS).save(tmp_path / "saved")
    loaded = Instrument.load(tmp_path / "saved").model
    assert type(loaded.decoder) is type(model.decoder)
    np.testing.assert_array_equal(loaded(features)["audio"], model(features)["audio"])


def test_refuses_no_layers() -> None:
    with pytest.raises(ArgumentError, match=r"`rnn_layers` should be at least 1\. Received 0\."):
        MinGruFcDecoder(rnn_layers=0)


def test_convolutions_hear_as_far_as_they_say() -> None:
    decoder = _decoder("convolutions")
    assert isinstance(decoder, DilatedConvDecoder)
    decoder.build_for({"loudness_scaled": 1, "f0_scaled": 1})
    reach = decoder.convolutions.receptive_frames
    assert reach == 1 + 2 * (1 + 3 + 9 + 27)
    frames = _frames(120)
    before, _ = decoder(frames, decoder.initial_state(2))
    changed = {
        key: tf.concat([x[:, :9], 1 - x[:, 9:10], x[:, 10:]], 1) for key, x in frames.items()
    }
    after, _ = decoder(changed, decoder.initial_state(2))
    change = np.abs(after["noise_magnitudes"] - before["noise_magnitudes"]).max(axis=(0, 2))
    assert change[9 + reach - 1] > 1e-7
    assert change[9 + reach :].max() == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kernel_size": 0}, r"`kernel_size` should be at least 1\. Received 0\."),
        ({"dilations": (1, 0)}, r"`dilations` should be one number a block, each at least 1"),
        ({"dilations": ()}, r"`dilations` should be one number a block, each at least 1"),
    ],
)
def test_refuses_convolutions_that_read_nothing(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        DilatedConvDecoder(**arguments)


def _looking_ahead(n_frames: int) -> DilatedConvDecoder:
    keras.utils.set_random_seed(1)
    decoder = DilatedConvDecoder(
        output_sizes=SIZES,
        conv_channels=6,
        dilations=(1, 3),
        channels=5,
        lookahead_frames=n_frames,
    )
    decoder.build_for({"loudness_scaled": 1, "f0_scaled": 1})
    return decoder


@pytest.mark.parametrize("n_frames", [0, 1, 20])
def test_convolutions_look_ahead_as_far_as_they_say(n_frames: int) -> None:
    decoder = _looking_ahead(n_frames)
    frames = _frames(60)
    before, _ = decoder(frames, decoder.initial_state(2))
    changed = {key: tf.concat([x[:, :40], 1.0 - x[:, 40:]], axis=1) for key, x in frames.items()}
    after, _ = decoder(changed, decoder.initial_state(2))
    moved = np.abs(after["harmonic_distribution"] - before["harmonic_distribution"]).max((0, 2))
    assert np.flatnonzero(moved > 1e-6)[0] == 40 - n_frames
    assert decoder.causal is (n_frames == 0)


@pytest.mark.parametrize("n_frames", [3, 60, 100])
def test_beyond_the_end_the_last_frame_is_held(n_frames: int) -> None:
    frames = _frames(60)
    longer = {
        key: tf.concat([x, tf.repeat(x[:, -1:], n_frames, axis=1)], axis=1)
        for key, x in frames.items()
    }
    decoder = _looking_ahead(n_frames)
    short, _ = decoder(frames, decoder.initial_state(2))
    long, _ = decoder(longer, decoder.initial_state(2))
    check_equal(long["amplitudes"][:, :60], short["amplitudes"], tolerance=1e-6, what="amplitudes")


def test_what_looks_ahead_plays_whole_sounds_alone(tmp_path: Path) -> None:
    decoder = DilatedConvDecoder(conv_channels=6, channels=5, lookahead_frames=25)
    model = Autoencoder(decoder=decoder, processor_group=make_group())
    assert model.why_not_live == "its decoder `decoder` reads frames of the future"
    Instrument(model, features=SETTINGS).save(tmp_path / "ahead")
    again = Instrument.load(tmp_path / "ahead").model
    assert again.decoder.lookahead_frames == 25
    features = make_features(batch=1, n_frames=40)
    check_equal(again(features)["audio"], model(features)["audio"], tolerance=1e-6, what="audio")


def test_refuses_to_look_back() -> None:
    with pytest.raises(ArgumentError, match="`lookahead_frames` should not be negative"):
        DilatedConvDecoder(lookahead_frames=-1)
