"""What every DSP function, layer and processor must hold, whatever it sounds like."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.processors import Processor
from ddsp_tf.processors.signal_checks import hold_frames

Inputs = dict[str, Any]
SHAPE, OTHER_SHAPE = (2, 9), (1, 5)
"""Batch sizes and numbers of frames that layers are tried with."""


def check_modes_agree(
    function: Callable[..., Any],
    inputs: Inputs,
    other_inputs: Inputs | None = None,
    *,
    tolerance: float = 2e-5,
) -> None:
    """Eager mode, one graph for any batch and length, and XLA give the same finite numbers."""
    specs = {key: _any_length(value) for key, value in inputs.items()}
    graph, compiled = (
        tf.function(
            lambda values: function(**values),
            input_signature=[specs],
            jit_compile=jit_compile,
            autograph=False,
        )
        for jit_compile in (False, True)
    )
    for given in [inputs] if other_inputs is None else [inputs, other_inputs]:
        given = {key: tf.convert_to_tensor(value) for key, value in given.items()}
        eager = function(**given)
        check_equal(graph(given), eager, tolerance=tolerance, what="the graph")
    given = {key: tf.convert_to_tensor(value) for key, value in inputs.items()}
    check_equal(compiled(given), function(**given), tolerance=tolerance, what="XLA")


def check_layer(
    make_layer: Callable[[], Any],
    make_inputs: Callable[[int, int], Inputs],
    *,
    call: Callable[[Any, Inputs], Any] = lambda layer, inputs: layer(inputs),
    without_gradient: Sequence[str] = (),
    tolerance: float = 2e-5,
) -> None:
    """A layer runs in every mode and shape, is rebuilt by its config, and can be trained.

    Args:
        make_layer: Makes it.
        make_inputs: Makes inputs, given a batch size and a number of frames.
        call: Calls the layer with them.
        without_gradient: Inputs that the output does not depend on smoothly.
        tolerance: Between eager mode, graph and XLA, relative to the largest number.
    """
    layer = make_layer()
    inputs = make_inputs(*SHAPE)
    before = call(layer, inputs)
    assert layer.built
    check_modes_agree(
        lambda **values: call(layer, values),
        inputs,
        make_inputs(*OTHER_SHAPE),
        tolerance=tolerance,
    )
    check_equal(call(layer, inputs), before, tolerance=0.0, what="a second call")
    check_config(layer, lambda twin: call(twin, inputs))
    check_gradients(layer, inputs, call=call, without_gradient=without_gradient)


def check_config(layer: Any, call: Callable[[Any], Any]) -> None:
    """What `get_config` gives survives JSON and makes a layer that does the same."""
    stored = json.dumps(keras.saving.serialize_keras_object(layer))
    twin = keras.saving.deserialize_keras_object(json.loads(stored))
    assert type(twin) is type(layer)
    assert json.dumps(twin.get_config()) == json.dumps(layer.get_config())
    call(twin)
    twin.set_weights(layer.get_weights())
    check_equal(call(twin), call(layer), tolerance=1e-6, what="the layer made from the config")


def check_gradients(
    layer: Any,
    inputs: Inputs,
    *,
    call: Callable[[Any, Inputs], Any] = lambda layer, inputs: layer(inputs),
    without_gradient: Sequence[str] = (),
) -> None:
    """Every floating-point input and every weight has a gradient, finite and somewhere not zero."""
    given = {key: tf.convert_to_tensor(value) for key, value in inputs.items()}
    smooth = {
        key: x for key, x in given.items() if x.dtype.is_floating and key not in without_gradient
    }
    with tf.GradientTape() as tape:
        tape.watch(smooth)
        outputs = tf.nest.flatten(call(layer, {**given, **smooth}))
        # Weights that differ from sample to sample: the sum of a sine's samples may be flat.
        total = tf.add_n([tf.reduce_sum(x * _uneven(x)) for x in outputs if x.dtype.is_floating])
    sources = {**smooth, **{w.path: w.value for w in layer.trainable_weights}}
    for key, gradient in tape.gradient(total, sources).items():
        assert gradient is not None, f"no gradient reaches {key}"
        values = tf.convert_to_tensor(gradient).numpy()
        assert np.all(np.isfinite(values)), f"the gradient of {key} is not finite"
        assert np.any(values != 0.0), f"the gradient of {key} is zero"


def check_streaming(
    processor: Processor,
    inputs: Inputs,
    *,
    hop_length: int,
    blocks: Sequence[int] = (1, 7, 3, 2, 5),
) -> None:
    """A sound made in blocks of odd sizes is the sound made at once, to -100 dB."""
    n_frames = sum(blocks)
    whole = processor(inputs)
    held = {key: hold_frames(x, processor.lookahead_frames) for key, x in inputs.items()}
    state = processor.initial_state(whole.shape[0])
    played, start = [], 0
    for count in blocks:
        stop = start + count + processor.lookahead_frames
        block = {
            key: _slice(x, start, stop, start * hop_length, (start + count) * hop_length)
            for key, x in held.items()
        }
        audio, state = processor.stream(processor.controls(block), state, count)
        assert audio.shape[1] == count * hop_length
        played.append(audio)
        start += count
    assert start == n_frames
    check_equal(tf.concat(played, axis=1), whole, tolerance=1e-5, what="the sound in blocks")


def check_equal(actual: Any, expected: Any, *, tolerance: float, what: str) -> None:
    """Compares nested tensors; the tolerance is relative to each tensor's largest number."""
    for one, other in zip(tf.nest.flatten(actual), tf.nest.flatten(expected), strict=True):
        one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
        assert one.shape == other.shape, f"{what}: shape {one.shape}, expected {other.shape}"
        assert np.all(np.isfinite(one)), f"{what} is not finite"
        scale = np.max(np.abs(other), initial=1e-30)
        error = np.max(np.abs(one - other), initial=0.0) / scale
        assert error <= tolerance, f"{what} differs by {error:.2e} of the largest number"


def _any_length(value: Any) -> tf.TensorSpec:
    tensor = tf.convert_to_tensor(value)
    return tf.TensorSpec([None] * min(2, tensor.ndim) + tensor.shape[2:], tensor.dtype)


def _uneven(tensor: tf.Tensor) -> tf.Tensor:
    return tf.random.stateless_uniform(tf.shape(tensor), [1, 2], 0.5, 1.5, tensor.dtype)


def _slice(value: Any, first: int, stop: int, first_sample: int, stop_sample: int) -> Any:
    n_axes = len(np.shape(value))
    if n_axes == 3:
        return value[:, first:stop]
    return value[:, first_sample:stop_sample] if n_axes == 2 else value
