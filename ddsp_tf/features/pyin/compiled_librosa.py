"""Librosa, which compiles itself when it is first imported."""

import functools
import os
import tempfile
from pathlib import Path
from types import ModuleType

from filelock import FileLock


@functools.cache  # Who has it needn't wait for whoever compiles.
def load_librosa() -> ModuleType:
    """Imports librosa, in one process of this user at a time.

    The first import compiles for some 25 s and keeps the machine code for later ones. Processes
    that compile at the same time leave files which don't belong together, and whoever loads them
    crashes from then on (numba issue 10128).

    Returns:
        The package, with its compiled functions loaded.
    """
    user = os.getuid() if hasattr(os, "getuid") else "user"
    with FileLock(Path(tempfile.gettempdir()) / f"ddsp_tf-librosa-{user}.lock"):
        import librosa

        librosa.pyin  # noqa: B018  Librosa imports, and compiles, a part when it is asked for.
    return librosa
