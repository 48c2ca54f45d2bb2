"""NoiseBandNet: its size, in blocks as at once, stored, and better than filtered noise."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf import config, training
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings, extract_features
from ddsp_tf.inference import ColumnTransfer, Curves
from ddsp_tf.losses import Compare, SpectralLoss
from ddsp_tf.models import Delayed, Instrument, NoiseBandNet
from ddsp_tf.processors import FilteredNoise, NoiseBands, ProcessorGroup, Reverb

LAPTOP = "papers/barahonarios2023/noise_bands.gin"
PAPER = "papers/barahonarios2023/noise_bands_2048.gin"
COLUMNS = ("loudness_db", "spectral_centroid_hz")
RATES = {"sample_rate": 4000, "hop_length": 16}


def small(*, room=False, **arguments):
    keras.utils.set_random_seed(1)
    dag = [(NoiseBands(n_bands=12, **RATES), ["amplitudes"])]
    if room:
        dag.append((Reverb(impulse_response_length=100, initial_scale=0.1), ["noise_bands/signal"]))
    return NoiseBandNet(
        processor_group=ProcessorGroup(dag=dag), channels=8, rnn_channels=6, **arguments
    )


def curves(batch, n_frames):
    rng = np.random.default_rng(2)
    ends = {"loudness_db": (-60, -10), "spectral_centroid_hz": (100, 1900)}
    return {
        key: rng.uniform(*ends[key], [batch, n_frames, 1]).astype(np.float32) for key in COLUMNS
    }


def test_parameters_are_the_papers_and_sizes_are_asked_of_the_group():
    parsed = config.parse([PAPER])
    model = parsed.build_model()
    assert model.count_params() == 464_000
    assert (model.sample_rate, model.hop_length) == (44100, 32)
    assert parsed.build_objective().loss.fft_lengths[0] == 8192
    laptop = config.parse([LAPTOP]).build_model()
    assert laptop.sizes == {"amplitudes": 256}
    assert laptop.count_params() == 464_000 - 129 * (2048 - 256)
    assert laptop.processor_group.processors[0].loop_length == 65536


@pytest.mark.slow
def test_the_configuration_takes_a_step():
    sizes = ["N_BANDS=16", "LOOP_LENGTH=None", "NoiseBandNet.rnn_channels=8"]
    parsed = config.parse([LAPTOP], sizes)
    model = parsed.build_model()
    trainer = training.Trainer(model, parsed.build_objective(), training.Optimization(), xla=False)
    noise = np.random.default_rng(0).normal(0.0, 0.1, [1, 8000]).astype(np.float32)
    batch = {"audio": noise, **curves(1, 250)}
    trainer.build(batch)
    before = [weight.numpy() for weight in model.trainable_weights]
    assert np.isfinite(float(trainer.step(batch)["loss"]))
    changed = [
        not np.array_equal(old, new.numpy())
        for old, new in zip(before, model.trainable_weights, strict=True)
    ]
    assert all(changed)


@pytest.mark.parametrize("room", [False, True])
def test_blocks_give_what_the_whole_gives(room):
    model, batch = small(room=room), curves(2, 40)
    whole = model(batch)["audio"].numpy()
    assert whole.shape == (2, 640)
    held = {key: np.concatenate([x, x[:, -1:]], axis=1) for key, x in batch.items()}
    state, blocks, start = model.initial_state(2), [], 0
    for count in (1, 7, 20, 12):
        part = {key: x[:, start : start + count + 1] for key, x in held.items()}
        outputs, state = model.stream(part, state, count)
        blocks.append(outputs["audio"])
        start += count
    np.testing.assert_allclose(np.concatenate(blocks, axis=1), whole, atol=1e-5)
    assert isinstance(model.delayed(), Delayed)


def test_a_room_can_be_left_out_and_nothing_else_changes():
    model, batch = small(room=True), curves(1, 30)
    dry = model.without_rooms()
    np.testing.assert_allclose(
        dry(batch)["audio"], model(batch)["controls"]["noise_bands"]["signal"], atol=1e-6
    )
    plain = small()
    assert plain.without_rooms() is plain


def test_it_is_stored_and_plays_the_same(tmp_path):
    model, batch = small(room=True), curves(1, 30)
    settings = FeatureSettings(**RATES, columns=COLUMNS)
    Instrument(model, settings).save(tmp_path / "model")
    # The noises are made anew, not stored.
    assert (tmp_path / "model" / "weights.h5").stat().st_size < 200_000
    loaded = Instrument.load(tmp_path / "model").model
    assert isinstance(loaded, NoiseBandNet)
    np.testing.assert_allclose(loaded(batch)["audio"], model(batch)["audio"], atol=1e-6)


def test_curves_have_units_and_ranges_and_are_read_within_them():
    model = small(controls={"loudness_db": (-70.0, -10.0), "brightness": (0.0, 1.0)})
    loudness = model.input_signals["loudness_db"]
    assert (loudness.unit, loudness.low, loudness.high) == ("dB", -70.0, -10.0)
    assert model.input_signals["brightness"].unit == ""
    frames = {"brightness": tf.fill([1, 5, 1], 0.5)}
    ends, beyond = (
        model({**frames, "loudness_db": tf.fill([1, 5, 1], value)})["audio"]
        for value in (-70.0, -90.0)
    )
    np.testing.assert_array_equal(ends, beyond)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"controls": {}}, "should name a curve at least"),
        ({"controls": {"loudness_db": (0.0, -80.0)}}, "the range of `loudness_db` should rise"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        small(**arguments)


def struck(seconds=1.0, rate=16000):
    """Percussive noise: a struck plate, whose narrow modes are blown by noise and die away.

    Between the modes lies a floor 60 dB below them.
    """
    rng = np.random.default_rng(7)
    n_samples = round(seconds * rate)
    bins_hz = np.fft.rfftfreq(n_samples, 1 / rate)
    modes_hz = rng.uniform(200, 7500, 28)
    gain = 1e-3 + sum(np.exp(-0.5 * ((bins_hz - hz) / 12.0) ** 2) for hz in modes_hz)
    noise = np.fft.irfft(gain * np.fft.rfft(rng.standard_normal(n_samples)), n_samples)
    time_s = np.arange(n_samples) / rate
    audio = noise * np.exp(-6.0 * (time_s % 0.5))
    return (0.3 * audio / np.abs(audio).max()).astype(np.float32)


def trained(processor, key, channels, sound, *, n_steps=100):
    """The spectral loss of a model of one sound after some steps, and its parameters."""
    keras.utils.set_random_seed(0)
    model = NoiseBandNet(
        processor_group=ProcessorGroup(dag=[(processor, [key])]),
        channels=channels,
        rnn_channels=channels,
    )
    features = extract_features(sound, FeatureSettings(columns=COLUMNS))
    batch = {"audio": sound[np.newaxis], **features.as_batch()}
    optimization = training.Optimization(learning_rate=3e-3)
    trainer = training.Trainer(model, Compare(SpectralLoss()), optimization, xla=False)
    trainer.build(batch)
    for _ in range(n_steps):
        trainer.step(batch)
    losses, _ = trainer.losses(batch)
    return float(losses["loss"]), model.count_params()


@pytest.mark.slow
def test_percussive_noise_is_nearer_than_with_filtered_noise_of_as_many_parameters():
    """0.58 of the other's loss after 100 steps on a second of sound, and 0.57 after 200."""
    sound = struck()
    bands = NoiseBands(n_bands=256, hop_length=64, loop_length=65536, initial_bias=-4.0)
    bands_loss, n_bands = trained(bands, "amplitudes", 128, sound)
    filtered = FilteredNoise(n_bands=65, hop_length=64)
    filtered_loss, n_filtered = trained(filtered, "noise_magnitudes", 135, sound)
    assert n_filtered == pytest.approx(n_bands, rel=0.01)
    assert bands_loss <= 0.72 * filtered_loss


def test_curves_play_it_in_blocks_and_a_sound_does():
    settings = FeatureSettings(**RATES, columns=COLUMNS)
    instrument = Instrument(small(), settings)
    drawn = Curves(
        {
            "loudness_db": (np.array([0.0, 3.0]), np.array([-60.0, -20.0])),
            "spectral_centroid_hz": (np.zeros(1), np.full(1, 900.0)),
        }
    )
    whole, blocks = (
        ColumnTransfer(instrument, curves=drawn, chunk_s=chunk_s)().audio for chunk_s in (5.0, 0.3)
    )
    assert whole.shape == (12000,)
    np.testing.assert_allclose(blocks, whole, atol=1e-5)
    sound = np.random.default_rng(0).normal(0.0, 0.1, 4000).astype(np.float32)
    assert ColumnTransfer(instrument)(sound, 4000).audio.shape == sound.shape
