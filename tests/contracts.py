"""What every DSP function, layer and processor must hold, whatever it sounds like."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import Processor
from ddsp_tf.processors.signal_checks import (
    check_inputs,
    default_value,
    extent,
    fold_channels,
    hold_frames,
    kind_of,
    n_extra_channels,
    unfold_channels,
)
from ddsp_tf.types import Signal

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
    modes: dict[str, Any] = {"input_signature": [specs], "autograph": False}
    graph = tf.function(lambda values: function(**values), **modes)
    compiled = tf.function(graph, jit_compile=True, **modes)  # of what is traced already
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
    blocks: Sequence[int] = (1, 7, 2, 1, 7),
) -> None:
    """A sound made in blocks of odd sizes is the sound made at once, to -100 dB.

    Args:
        processor: Any that can be streamed.
        inputs: For as many frames as `blocks` has. What is frames and what is audio is declared;
            audio of several channels is streamed as rows, unless the processor takes it whole.
        hop_length: Samples per frame.
        blocks: Frames of each block.
    """
    n_frames = sum(blocks)
    signals = processor.input_signals
    whole = processor(inputs)
    n_channels = n_extra_channels(inputs, signals)
    if n_channels:
        inputs = fold_channels(inputs, signals, n_channels)
    inputs = {**inputs}
    for key in _with_default(processor) - set(inputs):
        size = extent(inputs, signals, hop_length)
        inputs[key] = default_value(signals[key], **size, hop_length=hop_length)
    ahead = processor.lookahead_frames
    held = {key: hold_frames(x, ahead, signals.get(key)) for key, x in inputs.items()}
    first = tf.nest.flatten(whole)[0]
    state = processor.initial_state(first.shape[0] * max(1, n_channels))
    layout = _layout(state)
    played, start = [], 0
    for count in blocks:
        block = {
            key: _slice(x, signals.get(key), start, count, ahead, hop_length)
            for key, x in held.items()
        }
        made, state = processor.stream(processor.controls(block), state, count)
        assert _layout(state) == layout, "the state should keep its shapes"
        lengths = [x.shape[1] for x in tf.nest.flatten(made)]
        assert all(length in (count, count * hop_length) for length in lengths)
        played.append(made)
        start += count
    assert start == n_frames
    joined = tf.nest.map_structure(lambda *parts: tf.concat(parts, axis=1), *played)
    if n_channels:
        joined = tf.nest.map_structure(lambda x: unfold_channels(x, n_channels), joined)
    check_equal(joined, whole, tolerance=1e-5, what="the sound in blocks")


def check_declarations(processor: Processor, inputs: Inputs) -> None:
    """What comes, what is made of it and what is played is what the processor declares."""
    outputs = processor(inputs, return_controls=True)
    controls = outputs.pop("controls") if "controls" in outputs else {}
    assert set(controls) - set(processor.optional_input_names) == set(processor.control_names)
    assert set(processor.input_names) <= {*inputs, *_with_default(processor)}
    check_inputs("its inputs", inputs, processor.input_signals)
    check_inputs("its controls", controls, processor.control_signals)
    for key, signal in processor.control_signals.items():
        values = np.asarray(controls[key])
        low, high = signal.low, signal.high
        assert low is None or values.min() >= low - 1e-6, f"`{key}` is below {low}"
        assert high is None or values.max() <= high + 1e-5, f"`{key}` is above {high}"


def check_refusals(processor: Processor, inputs: Inputs) -> None:
    """Inputs that don't fit are refused by name, eagerly and when a graph is traced."""
    signals = processor.input_signals
    for key, value in inputs.items():
        signal = signals.get(key)
        if signal is None or signal.kind not in ("frames", "samples"):
            continue
        wrong = {"of another rank": np.asarray(value).reshape(-1)}
        others = [x for x in inputs if x != key and x in signals and signals[x].kind == signal.kind]
        if others:
            wrong["shorter"] = value[:, :-1]
            wrong["of another batch"] = np.concatenate([value, value])
        for bad in wrong.values():
            given = {**inputs, key: tf.convert_to_tensor(bad)}
            for call in (processor, tf.function(processor, autograph=False)):
                with pytest.raises(ArgumentError, match=f"`{key}`"):
                    call(given)


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


def _layout(state: Any) -> list[tuple[Any, Any]]:
    return [(tuple(x.shape), x.dtype) for x in tf.nest.flatten(state)]


def _with_default(processor: Processor) -> set[str]:
    return {key for key, x in processor.input_signals.items() if x.default is not None}


def _slice(
    value: Any, signal: Signal | None, start: int, count: int, ahead: int, hop_length: int
) -> Any:
    kind = kind_of(value, signal)
    if kind == "frames":
        return value[:, start : start + count + ahead]
    if kind == "samples":
        return value[:, start * hop_length : (start + count) * hop_length]
    return value
