"""Hosts of TorchScript, which run in an environment that has torch."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np

Host = Callable[..., tuple[np.ndarray, dict[str, list[str]]]]
"""Runs `torch_host`: the numbers that it gives, and the facts that it prints."""


def quiet() -> dict[str, str]:
    """Settings of a process: one thread, and no word from TensorFlow."""
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}


def in_torch(python: Path, code: str, *arguments: object) -> str:
    """Runs a program in torch's environment; gives what it printed."""
    done = subprocess.run(
        [str(python), "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=quiet(),
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout
