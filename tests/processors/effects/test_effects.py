"""Reverb, Sum, Add, Mix, Crop and DryWet."""

import re

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import Add, Crop, DryWet, Mix, ProcessorGroup, Reverb, Sum


def _reverb(response: np.ndarray, **kwargs: object) -> Reverb:
    reverb = Reverb(impulse_response_length=len(response), **kwargs)
    reverb.set_weights([response])
    return reverb


@pytest.mark.parametrize("add_dry", [True, False])
def test_reverb_is_dry_plus_convolution_without_the_first_tap(add_dry: bool) -> None:
    rng = np.random.default_rng(1)
    audio = rng.normal(size=[2, 500])
    response = rng.normal(size=90)
    played = _reverb(response.astype(np.float32), add_dry=add_dry)({"audio": audio.astype("f4")})
    response[0] = 0.0
    for row in range(2):
        expected = scipy.signal.convolve(audio[row], response)[:500] + add_dry * audio[row]
        np.testing.assert_allclose(played[row], expected, atol=1e-4)


def test_reverb_of_an_impulse_is_the_impulse_and_the_response() -> None:
    response = np.float32([9.0, 0.5, 0.25])
    audio = np.zeros([1, 8], np.float32)
    audio[0, 3] = 1.0
    expected = [0, 0, 0, 1, 0.5, 0.25, 0, 0]
    np.testing.assert_allclose(_reverb(response)({"audio": audio})[0], expected, atol=1e-6)


def test_reverb_rings_on_through_blocks_shorter_than_its_tail() -> None:
    response = np.exp(-np.arange(100) / 20).astype(np.float32)
    reverb = _reverb(response, add_dry=False)
    controls = {"impulse_response": reverb.controls({"audio": None})["impulse_response"]}
    state, played = reverb.initial_state(1), []
    for block in range(15):
        audio = tf.one_hot([0], 8) if block == 0 else tf.zeros([1, 8])
        sound, state = reverb.stream({**controls, "audio": audio}, state, 1)
        played.append(sound[0])
    expected = np.concatenate([[0], response[1:], np.zeros(20)])
    np.testing.assert_allclose(np.concatenate(played), expected, atol=1e-6)


def test_untrained_reverb_is_inaudible_and_seeded_by_keras() -> None:
    audio = dsp.uniform_noise(1, 4000, seed=1)
    played = Reverb(impulse_response_length=2000)({"audio": audio})
    np.testing.assert_allclose(played, audio, atol=1e-3)
    taps = Reverb(impulse_response_length=48000).get_weights()[0]
    assert taps.std() == pytest.approx(1e-6, rel=0.05)


def test_reverb_learns_every_tap_but_the_first() -> None:
    reverb = Reverb(impulse_response_length=50)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(reverb({"audio": dsp.uniform_noise(1, 200, seed=1)}) ** 2)
    gradient = tape.gradient(loss, reverb.trainable_weights[0].value).numpy()
    assert gradient[0] == 0
    assert np.all(gradient[1:] != 0)


def test_freezing_the_reverb_does_not_change_it() -> None:
    reverb = _reverb(np.float32([0.0, 0.5]))
    before = reverb({"audio": tf.ones([1, 4])}).numpy()
    reverb.trainable = False
    np.testing.assert_array_equal(reverb({"audio": tf.ones([1, 4])}), before)
    assert reverb.trainable_weights == []


def test_a_decaying_response_falls_by_60_db_over_its_length() -> None:
    reverb = Reverb(impulse_response_length=401, decay_s=0.05, sample_rate=4000)
    reverb.impulse_response.assign(np.ones(401))
    impulse = np.zeros([1, 401], np.float32)
    impulse[0, 0] = 1.0
    wet = reverb({"audio": impulse})[0].numpy() - impulse[0]
    decay = 10.0 ** (-3.0 * np.arange(401) / 200)
    np.testing.assert_allclose(wet[1:], decay[1:], atol=1e-6)
    assert wet[0] == pytest.approx(0.0, abs=1e-6)
    again = Reverb.from_config(reverb.get_config())
    again.set_weights(reverb.get_weights())
    np.testing.assert_array_equal(again({"audio": impulse}), reverb({"audio": impulse}))


def test_refuses_a_response_of_one_tap() -> None:
    with pytest.raises(ArgumentError, match=r"should be at least 2 taps. Received 1."):
        Reverb(impulse_response_length=1)


@pytest.mark.parametrize(("decay_s", "sample_rate"), [(0.0, 16000), (1.0, None)])
def test_refuses_a_decay_over_nothing(decay_s: float, sample_rate: int | None) -> None:
    message = f"`decay_s` should be above 0 and come with `sample_rate`. Received {decay_s} s"
    with pytest.raises(ArgumentError, match=re.escape(message)):
        Reverb(decay_s=decay_s, sample_rate=sample_rate)


def test_add_adds() -> None:
    one, two = tf.constant([[1.0, 2.0]]), tf.constant([[10.0, -2.0]])
    np.testing.assert_array_equal(Add()({"signal_one": one, "signal_two": two}), [[11.0, 0.0]])


@pytest.mark.parametrize("level", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_mix_keeps_the_power_constant(level: float) -> None:
    noise = dsp.uniform_noise(2, 64 * 400, seed=2).numpy()
    mixed = Mix(scale=False)(
        {
            "signal_one": noise[:1],
            "signal_two": noise[1:],
            "mix_level": tf.fill([1, 400, 1], level),
        }
    ).numpy()
    assert np.mean(mixed**2) == pytest.approx(1 / 3, rel=0.03)
    gains = np.linalg.lstsq(noise.T, mixed[0], rcond=None)[0]
    assert np.sum(gains**2) == pytest.approx(1.0, abs=1e-4)
    # 0 is the first signal, 1 the second, and the gains of both halves mirror each other.
    assert gains[1] == pytest.approx(np.sin(level * np.pi / 2), abs=1e-4)


def test_mix_scales_any_number_to_a_level() -> None:
    signals = {"signal_one": tf.ones([1, 64 * 3]), "signal_two": tf.zeros([1, 64 * 3])}
    mixed = [
        float(Mix()({**signals, "mix_level": tf.fill([1, 3, 1], raw)})[0, 0])
        for raw in (-100.0, 0.0, 100.0)
    ]
    np.testing.assert_allclose(mixed, [1.0, np.sqrt(0.5), 0.0], atol=1e-6)


def test_mix_glides_from_frame_to_frame() -> None:
    mixed = Mix(hop_length=4, scale=False)(
        {
            "signal_one": tf.zeros([1, 8]),
            "signal_two": tf.ones([1, 8]),
            "mix_level": tf.constant([[[0.0], [1.0]]]),
        }
    )
    expected = np.sin(np.pi / 2 * np.array([0, 0.25, 0.5, 0.75, 1, 1, 1, 1]))
    np.testing.assert_allclose(mixed[0], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("location", "n_samples", "expected"),
    [
        ("front", 3, [3, 4, 5, 6, 7, 8, 9]),
        ("back", 3, [0, 1, 2, 3, 4, 5, 6]),
        ("center", 3, [1, 2, 3, 4, 5, 6, 7]),
        ("back", 0, list(range(10))),
        ("center", 0, list(range(10))),
    ],
)
def test_crop_takes_what_it_says(location: str, n_samples: int, expected: list[int]) -> None:
    audio = tf.range(10, dtype=tf.float32)[tf.newaxis]
    cropped = Crop(n_samples=n_samples, location=location)({"audio": audio})
    np.testing.assert_array_equal(cropped, [expected])


def test_crop_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ArgumentError, match=r'"front", "back" or "center". Received \'middle\''):
        Crop(n_samples=3, location="middle")
    with pytest.raises(ArgumentError, match=r"`n_samples` should be >= 0. Received -1."):
        Crop(n_samples=-1)


def test_sum_adds_any_number_and_spreads_one_channel_over_several() -> None:
    group = ProcessorGroup(dag=[(Sum(), ["a", "b", "c"])])
    sounds = {key: tf.fill([1, 4], value) for key, value in (("a", 1.0), ("b", 2.0), ("c", 4.0))}
    np.testing.assert_array_equal(group(sounds), tf.fill([1, 4], 7.0))
    stereo = tf.stack([tf.ones([1, 4]), tf.zeros([1, 4])], axis=2)
    np.testing.assert_array_equal(
        Sum()({"signal_1": stereo, "signal_2": tf.ones([1, 4])})[0, 0], [2.0, 1.0]
    )
    with pytest.raises(ArgumentError, match=r"takes 2 inputs \(signal_1, signal_2\)\. Received 1"):
        ProcessorGroup(dag=[(Sum(n_inputs=2), ["a"])])


@pytest.mark.parametrize(("shape_one", "shape_two"), [([1, 8], [1, 7]), ([1, 8, 2], [1, 8, 3])])
def test_sounds_that_do_not_fit_are_not_added(shape_one: list, shape_two: list) -> None:
    with pytest.raises(ArgumentError, match=r"samples|Received the shapes"):
        Add()({"signal_one": tf.ones(shape_one), "signal_two": tf.ones(shape_two)})


def test_mix_of_stereo_is_that_of_each_channel() -> None:
    rng = np.random.default_rng(4)
    one, two = (tf.constant(rng.normal(size=[2, 12, 2]), tf.float32) for _ in range(2))
    mix, level = (
        Mix(hop_length=4),
        {"mix_level": tf.constant(rng.normal(size=[2, 3, 1]), "float32")},
    )
    both = mix({"signal_one": one, "signal_two": two, **level})
    for channel in range(2):
        mono = {"signal_one": one[..., channel], "signal_two": two[..., channel]}
        np.testing.assert_allclose(both[..., channel], mix({**mono, **level}), atol=1e-6)


def test_reverb_of_stereo_is_that_of_each_channel() -> None:
    audio = np.random.default_rng(4).normal(size=[2, 60, 2]).astype(np.float32)
    reverb = _reverb(np.float32([0.0, 0.5, -0.25]))
    both = reverb({"audio": audio})
    for channel in range(2):
        np.testing.assert_allclose(
            both[..., channel], reverb({"audio": audio[..., channel]}), atol=1e-6
        )


@pytest.mark.parametrize("location", ["front", "back", "center"])
@pytest.mark.parametrize("n_samples", [100, 96, 150])
def test_a_crop_of_more_than_there_is_is_refused(location: str, n_samples: int) -> None:
    crop = Crop(n_samples=n_samples, location=location)
    message = f"`crop` takes {n_samples} samples away, so `audio` should be longer. Received 96"
    with pytest.raises(ArgumentError, match=message):
        crop({"audio": tf.ones([1, 96])})
    unknown = tf.function(crop, input_signature=[{"audio": tf.TensorSpec([None, None])}])
    assert unknown({"audio": tf.ones([1, 96])}).shape == (1, 0)
    assert unknown({"audio": tf.ones([1, 151])}).shape == (1, 151 - n_samples)


@pytest.mark.parametrize("wet", [0.0, 0.3, 1.0])
def test_dry_wet_is_a_straight_line_between_both(wet: float) -> None:
    audio = dsp.uniform_noise(1, 400, seed=1)
    effect = _reverb(np.float32([0.0, 0.5, -0.25]), add_dry=False)
    played = DryWet(effect, initial_wet=wet)({"audio": audio})
    expected = (1 - wet) * audio + wet * effect({"audio": audio})
    np.testing.assert_allclose(played, expected, atol=1e-6)


def test_dry_wet_moves_with_its_frames() -> None:
    level = tf.constant([[[0.0], [1.0], [1.0]]])
    effect = DryWet(_reverb(np.float32([0.0, 1.0]), add_dry=False), hop_length=4)
    played = effect({"audio": tf.concat([tf.ones([1, 1]), tf.zeros([1, 11])], 1), "wet": level})
    # The one sample of sound is dry at first, and a quarter of it comes a sample later.
    np.testing.assert_allclose(played[0, :3], [1.0, 0.25, 0.0], atol=1e-6)


def test_dry_wet_takes_effects_of_one_sound_alone() -> None:
    with pytest.raises(ArgumentError, match="`effect` should treat one sound, play one"):
        DryWet(Add())
    with pytest.raises(ArgumentError, match=r"`initial_wet` should be within 0 and 1\. Received 2"):
        DryWet(Reverb(impulse_response_length=4), initial_wet=2.0)
