"""Runs a native export in TensorFlow 2.3.1, which the plug-in juce-ddsp brings, by its C API.

    pip download --no-deps --python-version 38 --platform manylinux2010_x86_64 \
        --only-binary=:all: tensorflow==2.3.1
    python scripts/oracles/tensorflow_2_3.py tensorflow-2.3.1-*.whl EXPORT_FOLDER

The wheel is for Python 3.8, but its library has the C API whatever the Python; gcc makes the one
symbol that later Pythons lack. Prints by how much the outputs of the plug-in's signature differ
from those of this TensorFlow, at most and in parts of the largest, and writes which operations
that version knows, with their attributes, to tests/export/native/operations_2_3_1.json.
"""

import ctypes
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

LIBRARIES = (
    "tensorflow/libtensorflow_framework.so.2",
    "tensorflow/python/_pywrap_tensorflow_internal.so",
)
GOLDEN = Path(__file__).parents[2] / "tests" / "export" / "native" / "operations_2_3_1.json"
INPUTS = ("serving_default_input_1", "serving_default_input_2")
OUTPUT, N_OUTPUTS = "StatefulPartitionedCall", 3
N_FRAMES = 50
_FLOAT = 1


def main(wheel: Path, folder: Path) -> None:
    """Compares both versions and writes the operations that the older one knows."""
    from tensorflow.core.framework import op_def_pb2

    from ddsp_tf.export.graph_file import read_graphs
    from ddsp_tf.export.native.native import run_as_plugin

    random = np.random.default_rng(0)
    f0_hz, loudness_db = (
        random.uniform(low, high, [1, N_FRAMES, 1]).astype(np.float32)
        for low, high in ((200.0, 800.0), (-60.0, -10.0))
    )
    with tempfile.TemporaryDirectory() as scratch:
        zipfile.ZipFile(wheel).extractall(scratch, LIBRARIES)
        np.savez(Path(scratch) / "inputs.npz", f0_hz, loudness_db)
        command = [sys.executable, __file__, "--run", scratch, str(folder)]
        subprocess.run(command, check=True)
        with np.load(Path(scratch) / "outputs.npz") as stored:
            theirs = [stored[f"arr_{index}"] for index in range(N_OUTPUTS)]
        operations = op_def_pb2.OpList.FromString((Path(scratch) / "operations").read_bytes())
    for index, (ours, other) in enumerate(
        zip(run_as_plugin(folder, f0_hz, loudness_db), theirs, strict=True)
    ):
        apart = np.max(np.abs(ours - other)) / np.max(np.abs(ours))
        print(f"output {index}, {list(other.shape)}: differs by {apart:.1e} of the largest")
    graph = read_graphs(folder).graph_def
    used = {node.op for node in graph.node}
    used |= {node.op for function in graph.library.function for node in function.node_def}
    known = {x.name: sorted(attr.name for attr in x.attr) for x in operations.op if x.name in used}
    GOLDEN.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    print(f"{len(used)} kinds of operations, {len(used - known.keys())} unknown to 2.3.1")


class _Output(ctypes.Structure):
    _fields_ = (("operation", ctypes.c_void_p), ("index", ctypes.c_int))


class _Buffer(ctypes.Structure):
    _fields_ = (("data", ctypes.c_void_p), ("length", ctypes.c_size_t), ("free", ctypes.c_void_p))


def run(scratch: Path, folder: str) -> None:
    """Loads and runs the folder as the plug-in does; this process has no other TensorFlow."""
    library = _library(scratch)
    status = ctypes.c_void_p(library.TF_NewStatus())

    def check() -> None:
        if library.TF_GetCode(status):
            raise SystemExit(f"TensorFlow 2.3.1: {library.TF_Message(status).decode()}")

    known = library.TF_GetAllOpList().contents
    (scratch / "operations").write_bytes(ctypes.string_at(known.data, known.length))
    graph = ctypes.c_void_p(library.TF_NewGraph())
    tags = (ctypes.c_char_p * 1)(b"serve")
    options = ctypes.c_void_p(library.TF_NewSessionOptions())
    session = ctypes.c_void_p(
        library.TF_LoadSessionFromSavedModel(
            options, None, folder.encode(), tags, 1, graph, None, status
        )
    )
    check()

    def place(name: str, index: int) -> _Output:
        operation = library.TF_GraphOperationByName(graph, name.encode())
        if not operation:
            raise SystemExit(f"The graph has no operation `{name}`.")
        return _Output(operation, index)

    with np.load(scratch / "inputs.npz") as stored:
        given = (ctypes.c_void_p * len(INPUTS))(
            *(_tensor(library, stored[f"arr_{index}"]) for index in range(len(INPUTS)))
        )
    made = (ctypes.c_void_p * N_OUTPUTS)()
    places = (_Output * len(INPUTS))(*(place(name, 0) for name in INPUTS))
    wanted = (_Output * N_OUTPUTS)(*(place(OUTPUT, index) for index in range(N_OUTPUTS)))
    sizes = len(INPUTS), N_OUTPUTS
    library.TF_SessionRun(
        session, None, places, given, sizes[0], wanted, made, sizes[1], None, 0, None, status
    )
    check()
    np.savez(scratch / "outputs.npz", *(_array(library, ctypes.c_void_p(x)) for x in made))


def _library(scratch: Path) -> Any:
    source, stand_in = scratch / "symbol.c", scratch / "symbol.so"
    source.write_text("int _Py_CheckRecursionLimit = 1000;\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", stand_in, source], check=True)
    for path in (stand_in, *(scratch / name for name in LIBRARIES)):
        library = ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL | os.RTLD_LAZY)
    for name in (
        *("TF_NewStatus", "TF_NewGraph", "TF_NewSessionOptions", "TF_LoadSessionFromSavedModel"),
        *("TF_GraphOperationByName", "TF_AllocateTensor", "TF_TensorData"),
    ):
        getattr(library, name).restype = ctypes.c_void_p
    library.TF_Message.restype = ctypes.c_char_p
    library.TF_Dim.restype = ctypes.c_int64
    library.TF_GetAllOpList.restype = ctypes.POINTER(_Buffer)
    return library


def _tensor(library: Any, array: np.ndarray) -> int:
    dims = (ctypes.c_int64 * array.ndim)(*array.shape)
    size = ctypes.c_size_t(array.nbytes)
    tensor: int = library.TF_AllocateTensor(_FLOAT, dims, array.ndim, size)
    ctypes.memmove(library.TF_TensorData(ctypes.c_void_p(tensor)), array.ctypes.data, array.nbytes)
    return tensor


def _array(library: Any, tensor: ctypes.c_void_p) -> np.ndarray:
    shape = [library.TF_Dim(tensor, axis) for axis in range(library.TF_NumDims(tensor))]
    array = np.empty(shape, np.float32)
    ctypes.memmove(array.ctypes.data, library.TF_TensorData(tensor), array.nbytes)
    return array


if __name__ == "__main__":
    if sys.argv[1] == "--run":
        run(Path(sys.argv[2]), sys.argv[3])
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
