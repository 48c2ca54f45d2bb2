"""Graphs as the files of a SavedModel."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from ddsp_tf.errors import ExportError
from ddsp_tf.export.tracing import Tracing
from ddsp_tf.files import unwritable

_GRAPH = "saved_model.pb"
_FINGERPRINT = "fingerprint.pb"
GRAPH_FILES = (_GRAPH, _FINGERPRINT, "variables/variables.*")
"""Patterns of what `write_graphs` leaves in a folder."""

_PYTHON_OPERATIONS = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}


def write_graphs(tracing: Tracing, folder: Path) -> None:
    """Writes graphs and the weights that they use, each once, and nothing of the objects around.

    Args:
        tracing: The graphs.
        folder: An empty folder.

    Raises:
        ExportError: A graph calls back into Python.
        OutputError: The files can't be written.
    """
    holder = tf.Module(name="instrument")
    holder.weights = tracing.weights
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    try:
        tf.saved_model.save(holder, str(folder), signatures=tracing.graphs, options=options)
    except tf.errors.OpError as error:
        raise unwritable(folder, error) from error
    stored = saved_model_pb2.SavedModel.FromString((folder / _GRAPH).read_bytes())
    _refuse_python(stored)
    _drop_gradient_marks(stored)
    _drop_what_is_new(stored)
    (folder / _GRAPH).write_bytes(stored.SerializeToString())
    # It was that of the file before, and nothing needs it.
    (folder / _FINGERPRINT).unlink(missing_ok=True)


def read_graphs(folder: Path) -> Any:
    """Reads the graph of a SavedModel under the tag that servers use, a `MetaGraphDef`.

    Raises:
        ExportError: There is none.
    """
    stored = saved_model_pb2.SavedModel.FromString((folder / _GRAPH).read_bytes())
    for meta_graph in stored.meta_graphs:
        if tf.saved_model.SERVING in meta_graph.meta_info_def.tags:
            return meta_graph
    raise ExportError(f"`{folder}` holds no graph with the tag `{tf.saved_model.SERVING}`.")


def _refuse_python(stored: saved_model_pb2.SavedModel) -> None:
    foreign = {node.op for node in _nodes(stored)} & _PYTHON_OPERATIONS
    if foreign:
        raise ExportError(
            f"The model calls back into Python ({', '.join(sorted(foreign))}), so it can't run "
            "without it. Write that part with TensorFlow operations."
        )


def _drop_gradient_marks(stored: saved_model_pb2.SavedModel) -> None:
    """Leaves every operation its ordinary gradient.

    Storing custom gradients takes minutes, and TensorFlow warns of missing ones at every load. Both
    come from a mark on the identities through which custom gradients are called. Without it the
    gradient is that of the operations: the same function.
    """
    for node in _nodes(stored):
        if node.op == "IdentityN":
            node.attr.pop("_gradient_op_type", None)


def _drop_what_is_new(stored: saved_model_pb2.SavedModel) -> None:
    """Leaves out what changes no number and what older runtimes refuse, TensorFlow 2.3 at least.

    Names of variables for debugging, and the operation by which reading a variable when the file is
    stored is told not to copy it.
    """
    for node in _nodes(stored):
        if node.op == "VarHandleOp":
            node.attr.pop("debug_name", None)
        elif node.op == "DisableCopyOnRead":
            # Its name stays, which others refer to.
            node.op = "NoOp"
            node.ClearField("input")
            node.ClearField("attr")


def _nodes(stored: saved_model_pb2.SavedModel) -> Iterator[Any]:
    for meta_graph in stored.meta_graphs:
        yield from meta_graph.graph_def.node
        for function in meta_graph.graph_def.library.function:
            yield from function.node_def
