"""Objectives: terms by name, summed, with the gradient of the losses they are made of."""

import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import (
    Adversarial,
    Compare,
    FramedLoss,
    LogMagnitude,
    Loudness,
    Magnitude,
    Objectives,
    Regularizer,
    Spectra,
    SpectralLoss,
    require_objective,
    variables_of,
)
from ddsp_tf.losses.framed_loss import _chunks

ALL = {
    "fft_lengths": (500, 128),
    "overlap": 0.7,
    "delta_time_weight": 0.3,
    "delta_frequency_weight": 0.4,
    "cumulative_frequency_weight": 0.1,
    "band_level_weight": 0.7,
    "loudness_weight": 0.05,
    "loudness_fft_length": 512,
}


@pytest.fixture(scope="module")
def sounds() -> tuple[tf.Tensor, tf.Tensor]:
    return dsp.uniform_noise(2, 4000, seed=1), 0.5 * dsp.uniform_noise(2, 4000, seed=2)


def gradient_of(function: Any, audio: tf.Tensor) -> tf.Tensor:
    with tf.GradientTape() as tape:
        tape.watch(audio)
        value = function(audio)
    return tape.gradient(value, audio)


def l1(target: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.abs(target - value))


def test_compare_gives_the_terms_of_a_loss_or_the_loss_by_its_name(
    sounds: tuple[tf.Tensor, tf.Tensor],
) -> None:
    target, audio = sounds
    batch, outputs = {"audio": target, "dry": audio}, {"audio": audio, "parts": {"a": target}}
    loss = SpectralLoss(fft_lengths=(128,))
    terms = Compare(loss)(batch, outputs)
    assert {name: float(x) for name, x in terms.items()} == {
        name: float(x) for name, x in loss.terms(target, audio).items()
    }
    assert set(Compare(loss, name="wet")(batch, outputs)) == {"wet_magnitude", "wet_log_magnitude"}
    assert {k: float(v) for k, v in Compare(l1, "dry")(batch, outputs).items()} == {"l1": 0.0}
    assert set(Compare(l1, output="parts/a", name="part")(batch, outputs)) == {"part"}
    with pytest.raises(
        ArgumentError, match=r"no `wet` among the columns of the batch \(`audio`, `"
    ):
        Compare(l1, "wet")(batch, outputs)
    with pytest.raises(ArgumentError, match=r"no `parts/b` among the model's outputs \(`a`\)"):
        Compare(l1, output="parts/b")(batch, outputs)


@pytest.mark.parametrize(
    ("graph", "compiled"),
    [(False, False), (True, False), pytest.param(True, True, marks=pytest.mark.slow)],
)
def test_the_gradient_is_right_however_terms_are_weighted(
    sounds: tuple[tf.Tensor, tf.Tensor], graph: bool, compiled: bool
) -> None:
    target, audio = sounds
    loss = SpectralLoss(**ALL)
    loss.jit_compile = compiled
    names = list(loss.terms(target, audio))
    for weights in ([1.0] * len(names), [0.5 * i for i in range(len(names))]):

        def weighted(terms: Any, weights: list[float] = weights) -> tf.Tensor:
            return tf.add_n([w * terms[name] for w, name in zip(weights, names, strict=True)])

        def one_pass(audio: tf.Tensor) -> Any:
            return gradient_of(lambda x: weighted(loss.differentiable_terms(target, x)), audio)

        expected = gradient_of(lambda x: weighted(loss.terms(target, x)), audio)
        found = one_pass(audio)
        if compiled:
            found = np.asarray(tf.function(one_pass, autograph=False)(audio))
        elif graph:
            with tf.Graph().as_default() as made:
                fed = tf.compat.v1.placeholder(tf.float32, audio.shape)
                terms = loss.differentiable_terms(np.asarray(target), fed)
                slope = tf.gradients(weighted(terms), fed)[0]
            with tf.compat.v1.Session(graph=made) as session:
                found = session.run(slope, {fed: audio.numpy()})
        np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_long_sounds_are_worked_on_in_pieces_that_come_to_the_same(
    sounds: tuple[tf.Tensor, tf.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    target, audio = (dsp.uniform_noise(2, 30_007, seed=seed) for seed in (1, 2))
    loss = SpectralLoss(**ALL)

    def everything() -> tuple[Any, ...]:
        terms, summed = loss.terms(target, audio), loss.with_terms(target, audio)[0]
        slope = gradient_of(lambda x: loss(target, x), audio)
        return {name: float(x) for name, x in terms.items()}, float(summed), slope

    whole = everything()
    monkeypatch.setattr("ddsp_tf.losses.framed_loss._LONG_SAMPLES", 8000)
    monkeypatch.setattr("ddsp_tf.losses.framed_loss._CHUNK_SAMPLES", 8000)
    monkeypatch.setattr("ddsp_tf.losses.framed_loss._LEAST_CHUNK_SAMPLES", 4000)
    assert len(list(_chunks(audio, loss.parts[0]))) == 8
    pieces = everything()
    assert pieces[0] == pytest.approx(whole[0], rel=1e-5)
    assert pieces[1] == pytest.approx(whole[1], rel=1e-5)
    np.testing.assert_allclose(pieces[2], whole[2], atol=1e-5 * np.abs(whole[2]).max())


_MEMORY = """
import resource, sys
import numpy as np, tensorflow as tf
from ddsp_tf.losses import SpectralLoss

loss = SpectralLoss(loudness_weight=0.05)
random = np.random.default_rng(0)
first, second = (tf.constant(random.random((1, 4 * 60 * 16000), np.float32)) for _ in range(2))
loss(first[:, :16000], second[:, :16000])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with tf.GradientTape() as tape:
    tape.watch(second)
    value = loss(first, second)
assert np.isfinite(np.asarray(tape.gradient(value, second))).all()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e6)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no module `resource`")
def test_a_long_sound_and_its_gradient_take_little_memory() -> None:
    """12 GB when all was kept at once; half an hour takes no more than these four minutes."""
    finished = subprocess.run(
        [sys.executable, "-c", _MEMORY], capture_output=True, text=True, check=True, timeout=200
    )
    assert float(finished.stdout.splitlines()[-1]) < 0.8


def test_channels_count_like_examples(sounds: tuple[tf.Tensor, tf.Tensor]) -> None:
    target, audio = sounds
    loss = SpectralLoss(fft_lengths=(256,))
    stereo = [tf.stack([sound[0], sound[1]], -1)[tf.newaxis] for sound in (target, audio)]
    assert float(loss(*stereo)) == pytest.approx(float(loss(target, audio)), rel=1e-6)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (([1, 300], [1, 299]), "`target_audio` and `audio` should have the same n_samples"),
        (([1, 300], [2, 300]), "`target_audio` and `audio` should have the same batch"),
        (([300], [300]), r"should be of the shape \[batch, n_samples\]"),
        (([1, 300, 2], [1, 300, 1]), "should have the same n_channels"),
        (
            ([1, 300], [1, 300, 1]),
            r"`target_audio` should be of the shape \[batch, n_samples, n_ch",
        ),
    ],
)
def test_sounds_that_do_not_fit_are_refused(shapes: Any, message: str) -> None:
    for loss in (SpectralLoss(), FramedLoss([Loudness()])):
        for call in (loss, loss.terms, loss.differentiable_terms):
            with pytest.raises(ArgumentError, match=message):
                call(*(tf.zeros(shape) for shape in shapes))
    with pytest.raises(ArgumentError, match="`target_audio` should hold real numbers"):
        SpectralLoss()(tf.zeros([1, 300], tf.complex64), tf.zeros([1, 300]))


def test_parts_compose_to_the_spectral_loss_and_survive_serialisation(
    sounds: tuple[tf.Tensor, tf.Tensor],
) -> None:
    terms = [Magnitude(0.5), LogMagnitude(2.0)]
    composed = FramedLoss([Spectra(256, terms), Spectra(64, terms), Loudness(0.1, fft_length=512)])
    same = SpectralLoss(
        fft_lengths=(256, 64),
        magnitude_weight=0.5,
        log_magnitude_weight=2.0,
        loudness_weight=0.1,
        loudness_fft_length=512,
    )
    expected = float(same(*sounds))
    assert float(composed(*sounds)) == pytest.approx(expected, rel=1e-6)
    both = Objectives([Compare(composed, name="x"), Regularizer("z", penalty="l2")])
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(both))
    batch, outputs = {"audio": sounds[0]}, {"audio": sounds[1], "z": tf.ones([1, 2, 3])}
    first, second = both(batch, outputs), again(batch, outputs)
    assert list(first) == ["x_magnitude", "x_log_magnitude", "x_loudness", "z_l2"]
    for name, value in first.items():
        assert float(second[name]) == float(value)


def test_objectives_sum_terms_of_one_name(sounds: tuple[tf.Tensor, tf.Tensor]) -> None:
    batch, outputs = {"audio": sounds[0]}, {"audio": sounds[1]}
    twice = Objectives([Compare(l1), Compare(l1)])(batch, outputs)
    assert float(twice["l1"]) == pytest.approx(2 * float(l1(*sounds)))


def test_regularizers_penalise_what_they_say() -> None:
    z = {"controls": {"z": tf.constant([[[1.0], [-3.0], [2.0]]])}}
    for penalty, expected in (("l1", 2.0), ("l2", 14 / 3), ("smoothness", 4.5)):
        one = Regularizer("controls/z", weight=2.0, penalty=penalty)
        assert {k: float(v) for k, v in one({}, z).items()} == {
            f"z_{penalty}": pytest.approx(2 * expected)
        }
    assert (
        float(Regularizer("z", penalty="smoothness")({}, {"z": tf.ones([1, 1, 1])})["z_smoothness"])
        == 0.0
    )
    with pytest.raises(ArgumentError, match="`penalty` should be one of 'l1', 'l2', 'smoothness'"):
        Regularizer("z", penalty="l3")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="`weight` should not be negative"):
        Regularizer("z", weight=-1.0)


def test_a_discriminator_and_a_generator_want_the_opposite() -> None:
    adversarial = Adversarial(keras.layers.Dense(1, use_bias=False), weight=0.5)
    batch, outputs = {"audio": 2.0 * tf.ones([4, 1])}, {"audio": tf.ones([4, 1])}
    adversarial.generator(batch, outputs)
    adversarial.layer.set_weights([np.array([[0.25]])])
    terms = adversarial.discriminator(batch, outputs)
    assert float(terms["real"]) == pytest.approx((1 - 0.5) ** 2)
    assert float(terms["fake"]) == pytest.approx(0.25**2)
    assert float(adversarial.generator(batch, outputs)["adversarial"]) == pytest.approx(
        0.5 * (1 - 0.25) ** 2
    )
    assert len(variables_of(adversarial.discriminator)) == 1
    made = outputs["audio"]
    slope = gradient_of(lambda x: adversarial.generator(batch, {"audio": x})["adversarial"], made)
    assert np.any(slope)
    with tf.GradientTape() as tape:
        tape.watch(made)
        value = adversarial.discriminator(batch, {"audio": made})["fake"]
    assert tape.gradient(value, made) is None


def test_what_is_no_objective_is_refused() -> None:
    with pytest.raises(
        ArgumentError, match=r"`SpectralLoss` compares two sounds. Pass `losses.Com"
    ):
        Objectives([SpectralLoss()])
    with pytest.raises(ArgumentError, match=r"`objective` should be called with a batch"):
        require_objective(3)
