"""Graphs are written as they should be, or not at all."""

from pathlib import Path

import pytest
import tensorflow as tf

from ddsp_tf.errors import ExportError, OutputError
from ddsp_tf.export.graph_file import write_graphs
from ddsp_tf.export.tracing import Tracing


def tiny_tracing(*, calls_python: bool = False) -> Tracing:
    weight = tf.Variable(2.0, trainable=False)

    @tf.custom_gradient
    def double(x: tf.Tensor) -> tuple[tf.Tensor, object]:
        return weight * x, lambda upstream, variables: (2.0 * upstream, [tf.zeros([])])

    def play(x: tf.Tensor) -> dict[str, tf.Tensor]:
        if calls_python:
            x = tf.ensure_shape(tf.numpy_function(lambda x: x, [x], tf.float32), [None])
        return {"y": double(x)}

    function = tf.function(play, [tf.TensorSpec([None], tf.float32, "x")], autograph=False)
    return Tracing({"play": function.get_concrete_function()}, [weight])


def test_what_calls_python_is_refused(tmp_path: Path) -> None:
    message = r"calls back into Python \(.*PyFunc.*Write that part with TensorFlow operations"
    with pytest.raises(ExportError, match=message):
        write_graphs(tiny_tracing(calls_python=True), tmp_path)


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(OutputError, match=r"^Cannot write `.*`: No space left on device"):
        write_graphs(tiny_tracing(), tmp_path)


def test_gradients_are_those_of_the_operations(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No custom gradient is stored, none is missed when loading, and none is needed."""
    write_graphs(tiny_tracing(), tmp_path)
    caplog.clear()
    loaded = tf.saved_model.load(str(tmp_path))
    assert "gradient" not in caplog.text
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(loaded.signatures["play"](x=x)["y"])
    assert tape.gradient(total, x).numpy().tolist() == [2.0, 2.0]
