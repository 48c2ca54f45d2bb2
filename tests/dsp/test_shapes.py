"""What functions of sound accept, types, axes, counts, and what they say of anything else."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf import dsp
from ddsp_tf.dsp.shapes import checked, floats
from ddsp_tf.errors import ArgumentError

HOP, SAMPLE_RATE = 16, 16000
RATES = {"hop_length": HOP, "sample_rate": SAMPLE_RATE}


def _draw(lowest: float, highest: float, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(lowest, highest, shape)


F0 = _draw(100.0, 900.0, 2, 50, 1)
LEVEL = _draw(0.0, 1.0, 2, 50, 1, seed=1)
SHARES = _draw(0.0, 1.0, 2, 50, 6, seed=2)
AUDIO = _draw(-1.0, 1.0, 2, 50 * HOP, seed=3)
RESPONSES = _draw(-1.0, 1.0, 2, 50, 32, seed=4)

FUNCTIONS: dict[str, tuple[Callable[..., tf.Tensor], list[np.ndarray]]] = {
    "harmonic": (lambda f, a, c: dsp.harmonic(f, a, c, **RATES), [F0, LEVEL, SHARES]),
    "shifted": (
        lambda f, a, c, s: dsp.harmonic(f, a, c, harmonic_shifts=s, **RATES),
        [F0, LEVEL, SHARES, 0.01 * SHARES],
    ),
    "sinusoidal": (lambda f, a: dsp.sinusoidal(f, a, **RATES), [2000 * SHARES, SHARES]),
    "remove_above_nyquist": (
        lambda f, a: dsp.remove_above_nyquist(f, a, sample_rate=SAMPLE_RATE),
        [16000 * SHARES, SHARES],
    ),
    "normalize_harmonics": (
        lambda c, f: dsp.normalize_harmonics(c, f, sample_rate=2000),
        [SHARES, F0],
    ),
    "resample_envelope": (lambda x: dsp.resample_envelope(x, hop_length=HOP), [SHARES]),
    "resample_frames": (lambda x: dsp.resample_frames(x, 33, ratio=0.7), [SHARES]),
    "frame": (lambda x: dsp.frame(x, 40, HOP), [AUDIO]),
    "overlap_add": (lambda x: dsp.overlap_add(x, HOP), [RESPONSES]),
    "pad_to_frames": (lambda x: dsp.pad_to_frames(x, 30), [AUDIO]),
    "fft_convolve": (dsp.fft_convolve, [AUDIO, RESPONSES[0, 0]]),
    "fft_convolve of rows": (dsp.fft_convolve, [AUDIO, RESPONSES[:, 0]]),
    "impulse_response_from_magnitudes": (dsp.impulse_response_from_magnitudes, [SHARES]),
    "time_varying_fir": (
        lambda x, h: dsp.time_varying_fir(x, h, hop_length=HOP),
        [AUDIO, RESPONSES],
    ),
    "stft_magnitude": (
        lambda x: dsp.stft_magnitude(x, fft_length=64, hop_length=HOP), [AUDIO],
    ),
    "mel_spectrogram": (
        lambda x: dsp.mel_spectrogram(x, sample_rate=SAMPLE_RATE, fft_length=256, n_bands=20),
        [AUDIO],
    ),
    "mfcc": (
        lambda x: dsp.mfcc(x, sample_rate=SAMPLE_RATE, n_bands=20, n_coefficients=9), [AUDIO],
    ),
    "a_weighted_loudness_db": (lambda x: dsp.a_weighted_loudness_db(x, **RATES), [AUDIO]),
    "rms_power_db": (lambda x: dsp.rms_power_db(x, hop_length=HOP, frame_length=64), [AUDIO]),
    "exp_sigmoid": (dsp.exp_sigmoid, [AUDIO]),
    "scale_f0_hz": (dsp.scale_f0_hz, [F0]),
    "unscale_f0_hz": (dsp.unscale_f0_hz, [LEVEL]),
    "scale_loudness_db": (dsp.scale_loudness_db, [-80 * LEVEL]),
    "unscale_loudness_db": (dsp.unscale_loudness_db, [LEVEL]),
    **{
        convert.__name__: (convert, [1.0 + 20 * LEVEL])
        for convert in (
            dsp.hz_to_midi, dsp.midi_to_hz, dsp.amplitude_to_db, dsp.db_to_amplitude,
            dsp.power_to_db, dsp.db_to_power, dsp.hz_to_mel, dsp.mel_to_hz, dsp.hz_to_bark,
            dsp.bark_to_hz, dsp.hz_to_erb,
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float64_in_is_float64_out(name: str) -> None:
    function, arguments = FUNCTIONS[name]
    exact = function(*arguments)
    assert exact.dtype == tf.float64
    single = [x.astype(np.float32) for x in arguments]
    rounded = function(*single)
    assert rounded.dtype == tf.float32
    # The same numbers given in both types differ by float32's rounding alone. A shifted partial's
    # frequency is rounded, and its phase is the sum of that.
    again = function(*(x.astype(np.float64) for x in single))
    scale = np.max(np.abs(again))
    assert np.max(np.abs(again - tf.cast(rounded, tf.float64))) < 1e-3 * scale
    # Nothing on the way was rounded to float32: a small step is seen as it is.
    step = function(*(x * (1 + 1e-12) for x in arguments)) - exact
    assert 0 < np.max(np.abs(step)) < 1e-7 * scale


@pytest.mark.parametrize("name", FUNCTIONS)
def test_other_numbers_become_float32_and_anything_else_is_refused(name: str) -> None:
    function, arguments = FUNCTIONS[name]
    whole = [np.round(x) for x in arguments]
    expected = function(*(x.astype(np.float32) for x in whole))
    for dtype in (np.int16, np.int64, np.float16):
        given = function(*(x.astype(dtype) for x in whole))
        assert given.dtype == tf.float32
        np.testing.assert_array_equal(given, expected)
    for wrong in (np.full(arguments[0].shape, "a"), arguments[0] > 0, arguments[0] + 1j):
        with pytest.raises(ArgumentError, match=r"should hold real numbers\. Received the type"):
            function(wrong, *arguments[1:])
    with pytest.raises(ArgumentError, match="should be a tensor or an array of numbers"):
        function(None, *arguments[1:])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_empty_batch_gives_an_empty_batch(name: str) -> None:
    function, arguments = FUNCTIONS[name]
    full = function(*arguments)
    none = [tf.constant(x[:0] if len(x.shape) > 1 else x, tf.float32) for x in arguments]
    assert function(*none).shape == [0, *full.shape[1:]]
    specs = [
        tf.TensorSpec([None, *x.shape[1:]] if len(x.shape) > 1 else x.shape, x.dtype) for x in none
    ]
    assert tf.function(function, input_signature=specs)(*none).shape == [0, *full.shape[1:]]


@pytest.mark.parametrize(
    "name", [name for name, (_, given) in FUNCTIONS.items() if given[0] is AUDIO]
)
def test_audio_of_other_axes_is_refused_when_traced(name: str) -> None:
    function, (_, *others) = FUNCTIONS[name]
    if name in ("exp_sigmoid",):
        assert function(AUDIO[0]).shape == AUDIO[0].shape  # Elementwise: any shape.
        return
    others = [x.astype(np.float32) for x in others]
    with pytest.raises(
        ArgumentError,
        match=r"`audio` should be of the shape \[batch, n_samples\]\. Received \[800\]\. "
        r"For one sound add the axis of the batch: `x\[tf\.newaxis\]`\.",
    ):
        function(AUDIO[0], *others)
    with pytest.raises(ArgumentError, match=r"Received \[any, 800, 1\]"):
        tf.function(lambda x: function(x, *others), autograph=False).get_concrete_function(
            tf.TensorSpec([None, 800, 1])
        )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"f0_hz": F0[:, :5]}, r"`f0_hz` and `amplitudes` should have the same n_frames, or 1 "),
        ({"amplitudes": LEVEL[:, :5]}, r"Received 50 and 5, in the shapes \[2, 50, 1\] and \[2, 5"),
        ({"harmonic_distribution": SHARES[:, :5]}, r"same n_frames.*Received 50 and 5"),
        ({"f0_hz": np.tile(F0, [2, 1, 1])}, r"same batch, or 1 along batch\. Received 4 and 2"),
        ({"f0_hz": np.tile(F0, [1, 1, 6])}, r"`f0_hz` should be of the shape \[batch, n_frames, 1"),
        ({"amplitudes": SHARES}, r"`amplitudes` should be of the shape \[batch, n_frames, 1\]"),
        ({"harmonic_shifts": SHARES[..., :5]}, r"same n_harmonics\. Received 6 and 5"),
        ({"f0_hz": F0[..., 0]}, r"For one sound add the axis of the batch"),
        ({"f0_hz": F0[:, :0]}, r"`f0_hz` should hold something along n_frames"),
        ({"harmonic_distribution": SHARES[..., :0]}, r"hold something along n_harmonics"),
        ({"sample_rate": 0}, r"`sample_rate` should be a positive integer\. Received 0"),
        ({"hop_length": 1.5}, r"`hop_length` should be a positive integer"),
    ],
)
def test_harmonic_refuses_what_does_not_fit(given: dict[str, Any], message: str) -> None:
    arguments = {"f0_hz": F0, "amplitudes": LEVEL, "harmonic_distribution": SHARES, **RATES}
    with pytest.raises(ArgumentError, match=message):
        dsp.harmonic(**{**arguments, **given})


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: dsp.sinusoidal(SHARES, SHARES[..., :5], **RATES), r"same n_sinusoids"),
        (lambda: dsp.sinusoidal(SHARES[:, :9], SHARES, **RATES), r"same n_frames, or 1"),
        (lambda: dsp.fft_convolve(AUDIO, np.ones([3, 4])), r"same batch, or 1.*Received 2 and 3"),
        (lambda: dsp.fft_convolve(AUDIO, np.ones([0])), r"hold something along n_taps"),
        (lambda: dsp.fft_convolve(AUDIO, 1.0), r"`impulse_response` should be of the shape"),
        (
            lambda: dsp.time_varying_fir(AUDIO, RESPONSES[:, :9], hop_length=HOP),
            r"`audio` should hold n_frames \* hop_length = 144 samples\. Received 800",
        ),
        (
            lambda: dsp.time_varying_fir(AUDIO, np.ones([3, 50, 32]), hop_length=HOP),
            r"`audio` and `impulse_responses` should have the same batch",
        ),
        (
            lambda: dsp.time_varying_fir_block(AUDIO, RESPONSES[:, :2], hop_length=HOP),
            r"should hold 1 frames before the block and 2 after it.*Received 2 frames",
        ),
        (lambda: dsp.impulse_response_from_magnitudes(np.ones([2, 1])), r"2 bands at least"),
        (lambda: dsp.hold_last_frame(tf.zeros([2, 0, 1]), 1), r"hold a frame at least"),
        (lambda: dsp.stft(AUDIO, fft_length=0, hop_length=4), r"`fft_length` should be a positive"),
        (lambda: dsp.stft(AUDIO, fft_length=64, hop_length=0), r"`hop_length` should be a"),
        (lambda: dsp.mfcc(AUDIO, sample_rate=8000, n_bands=9), r"at most `n_bands`, 9\."),
        (
            lambda: dsp.normalize_harmonics(SHARES, F0[:, :9], sample_rate=SAMPLE_RATE),
            r"`harmonic_distribution` and `f0_hz` should have the same n_frames, or 1",
        ),
        (
            lambda: dsp.stream_harmonic(
                F0[:, :1], LEVEL[:, :1], SHARES[:, :1], initial_turns=None, **RATES
            ),
            r"one frame more than is played.*Received one frame",
        ),
        (
            lambda: dsp.stream_sinusoidal(
                SHARES[:, :1], SHARES[:, :1], initial_turns=None, **RATES
            ),
            r"one frame more than is played.*Received one frame",
        ),
    ],
)  # fmt: skip
def test_others_refuse_what_does_not_fit(function: Callable[[], Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        function()


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("alone", [0, 1, 2])
def test_one_frame_or_one_row_is_what_it_stands_for(alone: int, axis: int) -> None:
    given = [x.astype(np.float32) for x in (F0, LEVEL, SHARES)]
    given[alone] = given[alone][:, :1] if axis else given[alone][:1]
    repeated = [np.broadcast_to(x, [2, 50, x.shape[2]]).astype(np.float32) for x in given]
    expected = dsp.harmonic(*repeated, **RATES)
    np.testing.assert_array_equal(dsp.harmonic(*given, **RATES), expected)
    names = ("f0_hz", "amplitudes", "harmonic_distribution")
    check_modes_agree(
        lambda **values: dsp.harmonic(**values, **RATES),
        dict(zip(names, given, strict=True)),
        dict(zip(names, repeated, strict=True)),
        tolerance=1e-4,
    )


def test_a_constant_f0_of_one_frame_sounds_as_a_sine() -> None:
    one = tf.ones([1, 50, 1])
    tone = dsp.harmonic(440 * tf.ones([1, 1, 1]), one, one, **RATES)
    expected = np.sin(2 * np.pi * 440 / SAMPLE_RATE * np.arange(1, 50 * HOP + 1))
    np.testing.assert_allclose(tone[0], expected, atol=1e-5)
    free = dsp.sinusoidal(440 * tf.ones([1, 1, 1]), one, **RATES)
    np.testing.assert_allclose(free[0], expected, atol=1e-5)


@pytest.mark.parametrize(
    "mode",
    [
        "eager",
        pytest.param("graph", marks=pytest.mark.slow),
        "any shape",
        pytest.param("xla", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("bank", ["harmonic", "sinusoidal"])
@pytest.mark.parametrize("alone", [0, 1])
def test_gradients_of_one_row_are_the_sum_over_the_rows(bank: str, alone: int, mode: str) -> None:
    if bank == "harmonic":
        given = [x.astype(np.float32) for x in (F0, LEVEL, SHARES)]
    else:
        given = [(2000 * SHARES).astype(np.float32), SHARES.astype(np.float32)]
    given[alone] = given[alone][:1]
    weights = tf.constant(AUDIO, tf.float32)

    def gradients(*tensors: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            total = tf.reduce_sum(getattr(dsp, bank)(*tensors, **RATES) * weights)
        return tape.gradient(total, tensors)

    specs = [tf.TensorSpec([None, None, x.shape[2]]) for x in given]
    call = {
        "eager": gradients,
        "graph": tf.function(gradients, autograph=False),
        "any shape": tf.function(gradients, input_signature=specs, autograph=False),
        "xla": tf.function(gradients, jit_compile=True, autograph=False),
    }[mode]
    repeated = [np.repeat(x, 2 // len(x), axis=0) for x in given]
    expected = gradients(*(tf.constant(x) for x in repeated))
    found = call(*(tf.constant(x) for x in given))
    for index, (one, other) in enumerate(zip(found, expected, strict=True)):
        other = tf.reduce_sum(other, axis=0, keepdims=True) if index == alone else other
        np.testing.assert_allclose(one, other, atol=1e-4 * np.max(np.abs(other)))


def test_counts_that_are_known_only_when_it_runs_are_compared_then() -> None:
    specs = [tf.TensorSpec([None, None, 1])] * 3
    graph = tf.function(
        lambda *x: dsp.harmonic(*x, **RATES), input_signature=specs, autograph=False
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="ncompatible shapes"):
        graph(tf.ones([1, 5, 1]), tf.ones([1, 6, 1]), tf.ones([1, 6, 1]))


def test_checks_add_nothing_to_a_graph_of_known_shapes() -> None:
    def graph(function: Callable[..., Any]) -> list[str]:
        specs = [tf.TensorSpec([2, 50, 1]), tf.TensorSpec([2, 50, 6])]
        return [
            op.type
            for op in tf.function(function).get_concrete_function(*specs).graph.get_operations()
        ]

    def checking(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
        one, other = checked(
            one=(one, "batch n_frames 1"),
            other=(other, "batch n_frames n"),
            repeated=("batch", "n_frames"),
        )
        return one * other

    assert graph(checking) == graph(lambda one, other: one * other)


def test_one_float64_among_others_makes_all_float64() -> None:
    tensors = floats(one=np.float32(1.0), other=np.float64(2.0), third=3)
    assert {x.dtype for x in tensors} == {tf.float64}


@pytest.mark.parametrize("total", [1e-3, 1e-9, 1e-30])
def test_quiet_distributions_sum_to_one_too(total: float) -> None:
    shares = tf.constant([[[0.25, 0.75, 0.0]]]) * total
    np.testing.assert_allclose(dsp.normalize_harmonics(shares), [[[0.25, 0.75, 0.0]]], rtol=1e-6)
    np.testing.assert_array_equal(dsp.normalize_harmonics(0.0 * shares), np.zeros([1, 1, 3]))


@pytest.mark.parametrize("rate", [{}, {"sample_rate": 0}, {"sample_rate": -1}])
def test_normalizing_by_f0_asks_for_the_rate(rate: dict[str, int]) -> None:
    with pytest.raises(
        ArgumentError, match=r"`sample_rate` should be given with `f0_hz`.*Received"
    ):
        dsp.normalize_harmonics(SHARES, F0, **rate)
