"""Effects for tests, which worker processes import by name: "black_box_toys.gain"."""

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

Values = Mapping[str, float]


def gain(audio: np.ndarray, sample_rate: int, values: Values) -> np.ndarray:
    """Multiplies."""
    return values["gain"] * audio


def slow_gain(audio: np.ndarray, sample_rate: int, values: Values) -> np.ndarray:
    """Takes its time."""
    time.sleep(0.05)
    return values["gain"] * audio


def process_id(audio: np.ndarray, sample_rate: int, values: Values) -> np.ndarray:
    """Gives the number of the process that it runs in."""
    time.sleep(0.1)
    return np.full_like(audio, os.getpid())


def by_the_first(audio: np.ndarray, sample_rate: int, values: Values) -> np.ndarray:
    """Turns all channels up by the level of the first."""
    return audio * (1.0 + np.std(audio[:, 0])) * 10.0 ** (values["gain_db"] / 20.0)


class Calls:
    """Gives how often this instance has been called."""

    def __init__(self) -> None:
        self.n_calls = 0

    def __call__(self, audio: np.ndarray, sample_rate: int, values: Values) -> np.ndarray:
        self.n_calls += 1
        return np.full_like(audio, self.n_calls)


def crash(audio: np.ndarray, sample_rate: int, values: Values) -> np.ndarray:
    """Does what a plug-in does that writes where it must not."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return audio


def crash_when_told(audio: np.ndarray, sample_rate: int, values: Values) -> np.ndarray:
    """Crashes once there is a file, which says so."""
    if Path(os.environ["BLACK_BOX_TOYS"], "crash").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    return values["gain"] * audio


def crash_once(audio: np.ndarray, sample_rate: int, values: Values) -> np.ndarray:
    """Is killed if a file says so, which it takes away first."""
    armed = Path(os.environ["BLACK_BOX_TOYS"], "armed")
    try:
        armed.unlink()
    except FileNotFoundError:
        return values["gain"] * audio
    os.kill(os.getpid(), signal.SIGKILL)
    return audio


def hang(audio: np.ndarray, sample_rate: int, values: Values) -> np.ndarray:
    """Never gives an answer."""
    while True:
        time.sleep(0.01)


def fail(audio: np.ndarray, sample_rate: int, values: Values) -> np.ndarray:
    """Raises."""
    raise RuntimeError("no licence\nwas found")


def not_a_number(audio: np.ndarray, sample_rate: int, values: Values) -> np.ndarray:
    """Divides silence by silence."""
    return np.full_like(audio, np.nan)


def shorten(audio: np.ndarray, sample_rate: int, values: Values) -> np.ndarray:
    """Loses a sample."""
    return audio[1:]


def talk(audio: np.ndarray, sample_rate: int, values: Values) -> np.ndarray:
    """Prints, which must not get between the answers."""
    os.write(1, b"Unregistered version! " * 100)
    return audio


NO_FUNCTION = 3
