"""C99 source as a running decoder: compiled where there is a compiler."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ddsp_tf.errors import ExportError
from ddsp_tf.export.decoder_step import NEXT_STATE, STATE
from ddsp_tf.export.live_parity import Runner
from ddsp_tf.types import Float32Array

FLAGS = ("-std=c99", "-Wall", "-Wextra", "-pedantic")
"""What the source compiles with, without a warning."""

_COMPILERS = ("cc", "gcc", "clang")
_LINES = 5
_Pointer = ctypes.POINTER(ctypes.c_float)


def find_c_compiler() -> str | None:
    """Finds a C compiler for this machine, or None: `CC` may name one for another."""
    return next(filter(None, map(shutil.which, _COMPILERS)), None)


def describe_compiler(compiler: str) -> str:
    """Gives a compiler's first line on itself, for a reader."""
    said = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
    return next(iter(said.stdout.splitlines()), Path(compiler).name)


def run_in_c(
    compiler: str,
    sources: Mapping[str, str],
    sizes: Mapping[str, int],
    *,
    name: str,
) -> Runner:
    """Compiles a decoder, and loads it into this process.

    Args:
        compiler: The program.
        sources: What `write_sources` gave.
        sizes: Numbers of each output.
        name: The identifier that the source was written with.

    Returns:
        A function that decodes a frame; names and shapes are those of `DecoderStep.step`.

    Raises:
        ExportError: It doesn't compile, or can't be loaded.
    """
    with tempfile.TemporaryDirectory(prefix="ddsp_tf-", ignore_cleanup_errors=True) as work:
        for file, text in sources.items():
            Path(work, file).write_text(text, encoding="utf-8")
        library = Path(work, f"{name}.so")
        command = [compiler, *FLAGS, "-O2", "-shared", "-fPIC", f"{name}_decoder.c"]
        done = subprocess.run(
            [*command, "-lm", "-o", library.name],
            cwd=work,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
        if done.returncode:
            said = "\n".join(done.stderr.splitlines()[:_LINES])
            raise ExportError(f"`{Path(compiler).name}` does not compile the C source:\n{said}")
        try:
            step = ctypes.CDLL(str(library))[f"{name}_step"]
        except OSError as error:
            raise ExportError(f"The compiled C source can't be loaded: {error}") from error
    step.restype = None
    step.argtypes = [ctypes.c_float, ctypes.c_float, *[_Pointer] * (1 + len(sizes))]

    def run(inputs: Mapping[str, Float32Array]) -> dict[str, Float32Array]:
        state = np.array(inputs[STATE], np.float32)
        outputs = {key: np.zeros(size, np.float32) for key, size in sizes.items()}
        scaled = (float(inputs[key][0]) for key in ("f0_scaled", "loudness_scaled"))
        pointers = (x.ctypes.data_as(_Pointer) for x in (state, *outputs.values()))
        step(*scaled, *pointers)
        return {**outputs, NEXT_STATE: state}

    return run
