"""The recursions against the definition, torchlpc and philtorch; gradients; pieces; storage."""

import functools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf
from contracts import check_equal, check_modes_agree
from gradients import both_gradients

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

GOLDEN = json.loads((Path(__file__).parent / "golden/recurrences.json").read_text())


def _one_section(
    audio: tf.Tensor, section: tf.Tensor, state: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    return dsp.second_order_sections(audio, section[:, :, tf.newaxis], state)


RECURSIONS: dict[str, Callable[..., tuple[tf.Tensor, tf.Tensor]]] = {
    "first_order": dsp.first_order,
    "state_space": dsp.state_space,
    "all_pole": dsp.all_pole,
    "second_order_sections": dsp.second_order_sections,
}


def _draw(name: str, n_samples: int = 7, batch: int = 2, dtype: str = "float64") -> list[tf.Tensor]:
    rng = np.random.default_rng(3)
    terms, coefficients, state = {
        "first_order": ([batch, n_samples, 2], [batch, n_samples, 2], [batch, 2]),
        "state_space": ([batch, n_samples, 2], [batch, n_samples, 2, 2], [batch, 2]),
        "all_pole": ([batch, n_samples], [batch, n_samples, 3], [batch, 3]),
        "second_order_sections": ([batch, n_samples], [batch, n_samples, 2, 5], [batch, 2, 2]),
    }[name]
    scale = {"first_order": 0.6, "state_space": 0.4, "all_pole": 0.3}.get(name, 0.4)
    return [
        tf.constant(rng.normal(size=terms), dtype),
        tf.constant(scale * rng.uniform(-1, 1, size=coefficients), dtype),
        tf.constant(rng.normal(size=state), dtype),
    ]


def _all_outputs(name: str) -> Callable[..., tf.Tensor]:
    """Output and last state in one row, since both have gradients."""
    return lambda *inputs: tf.concat(
        [tf.reshape(part, [-1]) for part in RECURSIONS[name](*inputs)], axis=0
    )


def _gradient(function: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """The gradient of an uneven, curved sum, in one row."""

    def gradient(*inputs: tf.Tensor) -> tf.Tensor:
        inputs = [tf.identity(value) for value in inputs]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = function(*inputs)
            weights = tf.cast(tf.range(1, 1 + tf.size(outputs)), outputs.dtype)
            total = tf.reduce_sum(tf.sin(0.3 * weights * outputs))
        return tf.concat([tf.reshape(part, [-1]) for part in tape.gradient(total, inputs)], axis=0)

    return gradient


def _error_of_gradient(function: Callable[..., tf.Tensor], inputs: list[tf.Tensor]) -> float:
    ours, numeric = both_gradients(function, inputs, delta=1e-6)
    return max(np.max(np.abs(a - b), initial=0.0) for a, b in zip(ours, numeric, strict=True))


def _as_defined(name: str, terms: Any, coefficients: Any, state: Any) -> np.ndarray:
    terms, coefficients, state = (np.array(x) for x in (terms, coefficients, state))
    outputs = []
    for t in range(terms.shape[1]):
        x, c = terms[:, t], coefficients[:, t]
        if name == "first_order":
            state = c * state + x
            y = state
        elif name == "state_space":
            state = np.einsum("bij,bj->bi", c, state) + x
            y = state
        elif name == "all_pole":
            y = x - np.sum(c * state, axis=-1)
            state = np.concatenate([y[:, None], state[:, :-1]], axis=1)
        else:
            y = x
            for i in range(c.shape[1]):
                v, (b0, b1, b2, a1, a2) = y, c[:, i].T
                y = b0 * v + state[:, i, 0]
                first = b1 * v - a1 * y + state[:, i, 1]
                state[:, i] = np.stack([first, b2 * v - a2 * y], axis=1)
        outputs.append(y)
    return np.stack(outputs, axis=1)


@pytest.mark.parametrize("n_samples", [1, 64, 65, 300])
@pytest.mark.parametrize("name", RECURSIONS)
def test_is_the_recursion(name: str, n_samples: int) -> None:
    inputs = _draw(name, n_samples)
    output, _ = RECURSIONS[name](*inputs)
    assert output.dtype == tf.float64
    np.testing.assert_allclose(output, _as_defined(name, *inputs), atol=1e-12)


@pytest.mark.parametrize("name", RECURSIONS)
def test_float32_is_float64_to_its_rounding(name: str) -> None:
    single = RECURSIONS[name](*_draw(name, 3000, dtype="float32"))[0]
    assert single.dtype == tf.float32
    check_equal(
        tf.cast(single, tf.float64),
        RECURSIONS[name](*_draw(name, 3000))[0],
        tolerance=2e-6,
        what="float32",
    )


@pytest.mark.parametrize("name", RECURSIONS)
def test_is_what_torch_packages_say(name: str) -> None:
    case = GOLDEN[name]
    inputs = [tf.constant(value, tf.float64) for value in case["inputs"]]
    function = _one_section if name == "second_order_sections" else RECURSIONS[name]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        output, _ = function(*inputs)
        total = tf.reduce_sum(output * tf.constant(case["weights"], tf.float64))
    np.testing.assert_allclose(output, case["output"], atol=1e-12)
    for ours, theirs in zip(tape.gradient(total, inputs), case["gradients"], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_all_pole_is_scipy_on_real_lengths() -> None:
    audio = np.random.default_rng(0).normal(size=[2, 4000])
    a = np.array([-1.6, 0.9, -0.1])
    expected = scipy.signal.lfilter([1.0], [1.0, *a], audio)
    output, _ = dsp.all_pole(audio, a[np.newaxis, np.newaxis])
    np.testing.assert_allclose(output, expected, atol=1e-10)


@pytest.mark.parametrize("name", RECURSIONS)
def test_sections_and_states_in_pieces(name: str) -> None:
    terms, coefficients, state = _draw(name, 200)
    whole, last = RECURSIONS[name](terms, coefficients, state)
    pieces, start = [], 0
    for length in (1, 64, 2, 63, 0, 70):
        piece = slice(start, start + length)
        output, state = RECURSIONS[name](terms[:, piece], coefficients[:, piece], state)
        pieces.append(output)
        start += length
    np.testing.assert_allclose(tf.concat(pieces, axis=1), whole, atol=1e-13)
    np.testing.assert_allclose(state, last, atol=1e-13)


@pytest.mark.parametrize("n_samples", [1, 130])
@pytest.mark.parametrize("name", ["first_order", "state_space", "second_order_sections"])
@pytest.mark.slow
def test_a_gpus_way_is_the_same(name: str, n_samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = _draw(name, n_samples)
    function = _all_outputs(name)
    wanted = function(*inputs), _gradient(function)(*inputs)
    monkeypatch.setattr("ddsp_tf.dsp.recurrences._wide_steps", lambda: True)
    np.testing.assert_allclose(function(*inputs), wanted[0], atol=1e-12)
    np.testing.assert_allclose(_gradient(function)(*inputs), wanted[1], atol=1e-11)


def test_sections_that_stand_still_are_those_of_every_sample() -> None:
    function = _all_outputs("second_order_sections")
    for n_samples, length in ((5, 1), (9, 9), (6, 1), (1, 1)):
        audio, sections, state = _draw("second_order_sections", n_samples)
        sections = sections[:1, :length]
        every = tf.broadcast_to(sections, [2, n_samples, 2, 5])
        np.testing.assert_allclose(
            function(audio, sections, state), function(audio, every, state), atol=1e-14
        )
        if n_samples == 6:
            assert _error_of_gradient(function, [audio, sections, state]) < 1e-8


@pytest.mark.parametrize(
    "name",
    [
        *("first_order", "all_pole"),
        pytest.param("state_space", marks=pytest.mark.slow),
        pytest.param("second_order_sections", marks=pytest.mark.slow),
    ],
)
def test_first_and_second_gradients_are_those_of_finite_differences(name: str) -> None:
    inputs = _draw(name, 5, batch=1)
    function = _all_outputs(name)
    assert _error_of_gradient(function, inputs) < 1e-6
    assert _error_of_gradient(_gradient(function), inputs) < 1e-6


@pytest.mark.slow
def test_third_gradients_too() -> None:
    second = _gradient(_gradient(_all_outputs("all_pole")))
    assert _error_of_gradient(second, _draw("all_pole", 3, batch=1)) < 1e-5


@pytest.mark.parametrize(
    ("name", "jit_compile"),
    [
        ("all_pole", False),
        *(pytest.param("first_order", jit, marks=pytest.mark.slow) for jit in (False, True)),
        *(pytest.param("state_space", jit, marks=pytest.mark.slow) for jit in (False, True)),
        pytest.param("all_pole", True, marks=pytest.mark.slow),
        pytest.param("second_order_sections", False, marks=pytest.mark.slow),
        pytest.param("second_order_sections", True, marks=pytest.mark.slow),
    ],
)
def test_gradients_in_graphs_and_under_xla(name: str, jit_compile: bool) -> None:
    inputs = _draw(name, 5, batch=1)
    traced = functools.partial(tf.function, autograph=False, jit_compile=jit_compile)
    function = _all_outputs(name)
    first, second = _gradient(function), _gradient(_gradient(function))
    tape_outside, tape_inside = _gradient(traced(function)), traced(first)
    for ours in (tape_outside, tape_inside):
        np.testing.assert_allclose(ours(*inputs), first(*inputs), atol=1e-12)
    for ours in (_gradient(tape_outside), _gradient(tape_inside), traced(second)):
        np.testing.assert_allclose(ours(*inputs), second(*inputs), atol=1e-12)


@pytest.mark.parametrize("name", RECURSIONS)
def test_modes_agree(name: str) -> None:
    keys = ("first", "second", "third")
    check_modes_agree(
        lambda first, second, third: RECURSIONS[name](first, second, third),
        dict(zip(keys, _draw(name, 90, dtype="float32"), strict=True)),
        dict(zip(keys, _draw(name, 9, batch=3, dtype="float32"), strict=True)),
    )


@pytest.mark.parametrize(("batch", "n_samples"), [(0, 5), (2, 0), (1, 1)])
@pytest.mark.parametrize("name", RECURSIONS)
def test_empty_and_single(name: str, batch: int, n_samples: int) -> None:
    inputs = _draw(name, n_samples, batch)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        output, last = RECURSIONS[name](*inputs)
        total = tf.reduce_sum(output) + tf.reduce_sum(last)
    assert output.shape == inputs[0].shape
    assert last.shape == inputs[2].shape
    if not n_samples:
        np.testing.assert_array_equal(last, inputs[2])
    for gradient, value in zip(tape.gradient(total, inputs), inputs, strict=True):
        assert gradient.shape == value.shape


def test_no_order_and_no_sections_change_nothing() -> None:
    audio = tf.random.stateless_normal([2, 9], [0, 1])
    for output, state in (
        dsp.all_pole(audio, tf.zeros([2, 9, 0])),
        dsp.second_order_sections(audio, tf.zeros([1, 1, 0, 5])),
    ):
        np.testing.assert_array_equal(output, audio)
        assert tf.size(state) == 0


@pytest.mark.parametrize("name", RECURSIONS)
def test_one_stands_for_all(name: str) -> None:
    terms, coefficients, state = _draw(name, 70)
    constant = coefficients[:1, :1]
    held = tf.broadcast_to(constant, coefficients.shape)
    np.testing.assert_allclose(
        RECURSIONS[name](terms, constant, state)[0],
        RECURSIONS[name](terms, held, state)[0],
        atol=1e-15,
    )


SHAPES: dict[str, tuple[Callable[[], Any], str]] = {
    "audio": (lambda: dsp.all_pole(tf.zeros([3]), tf.zeros([1, 3, 2])), "`audio` should be"),
    "length": (
        lambda: dsp.all_pole(tf.zeros([2, 9]), tf.zeros([2, 8, 3])),
        r"`coefficients` should be \[batch, n_samples, order\] = \[2, 9, 3\].*\[2, 8, 3\]",
    ),
    "batch": (
        lambda: dsp.first_order(tf.zeros([2, 9]), tf.zeros([3, 9])),
        r"`factors` should be \[batch, n_samples\] = \[2, 9\]",
    ),
    "state": (
        lambda: dsp.all_pole(tf.zeros([2, 9]), tf.zeros([2, 9, 3]), tf.zeros([2, 2])),
        r"`initial_state` should be \[batch, order\] = \[2, 3\]. Received \(2, 2\)",
    ),
    "precision": (
        lambda: dsp.all_pole(tf.zeros([2, 9]), tf.zeros([2, 9, 3], tf.float64)),
        "`coefficients` should be float32, as `audio` is. Received float64; cast one",
    ),
    "half": (
        lambda: dsp.first_order(tf.zeros([2, 9], tf.float16), tf.zeros([2, 9], tf.float16)),
        "`terms` should be float32 or float64. Received float16; cast it",
    ),
    "sections": (
        lambda: dsp.second_order_sections(tf.zeros([2, 9]), tf.zeros([2, 9, 1, 6])),
        "holding b0, b1, b2, a1, a2",
    ),
    "matrices": (
        lambda: dsp.state_space(tf.zeros([2, 9, 2]), tf.zeros([2, 9, 2, 3])),
        "`matrices` should be",
    ),
}


@pytest.mark.parametrize("case", SHAPES)
def test_wrong_shapes_are_named(case: str) -> None:
    call, message = SHAPES[case]
    with pytest.raises(ArgumentError, match=message):
        call()
    # And when a graph is traced, before anything runs.
    with pytest.raises(ArgumentError, match=message):
        tf.function(call, autograph=False).get_concrete_function()


_ELSEWHERE = """
import sys
import numpy as np
import tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
given = np.load(sys.argv[2])
output = loaded.run(*(tf.constant(given[key]) for key in ("terms", "coefficients", "state")))
assert not any(name.startswith("ddsp_tf") for name in sys.modules)
np.save(sys.argv[3], output)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["all_pole", "second_order_sections"])
def test_a_saved_model_runs_without_this_package(name: str, tmp_path: Path) -> None:
    inputs = _draw(name, 40, dtype="float32")
    module = tf.Module()
    module.run = tf.function(
        lambda *given: RECURSIONS[name](*given)[0],
        input_signature=[
            tf.TensorSpec([None, *x.shape[1:]] if i == 2 else [None, None, *x.shape[2:]])
            for i, x in enumerate(inputs)
        ],
        autograph=False,
    )
    tf.saved_model.save(module, tmp_path / "saved")
    terms, coefficients, state = (x.numpy() for x in inputs)
    np.savez(tmp_path / "in.npz", terms=terms, coefficients=coefficients, state=state)
    paths = [str(tmp_path / part) for part in ("saved", "in.npz", "out.npy")]
    # Away from the sources, so that nothing can import them.
    subprocess.run(
        [sys.executable, "-P", "-c", _ELSEWHERE, *paths], check=True, cwd=tmp_path, timeout=120
    )
    np.testing.assert_allclose(
        np.load(paths[2]), RECURSIONS[name](*inputs)[0], rtol=1e-6, atol=1e-6
    )
