"""Keeps the log lines of TensorFlow's C++ libraries away from the terminal."""

import faulthandler
import os
import sys


def silence_native_logs() -> None:
    """Sends what C++ code writes to stderr nowhere; Python's own stderr stays as it is.

    TensorFlow has no setting that silences all of it: some of its libraries log before they
    read TF_CPP_MIN_LOG_LEVEL. A crash in native code still shows, as a Python traceback. For
    the process of the command alone, never on import.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        terminal = os.dup(2)
    except OSError:  # started without a stderr
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    encoding = sys.stderr.encoding if sys.stderr else "utf-8"
    sys.stderr = os.fdopen(terminal, "w", buffering=1, encoding=encoding, errors="backslashreplace")
    faulthandler.enable(file=sys.stderr)
