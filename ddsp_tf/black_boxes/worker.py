"""The process in which effects run: jobs come by its standard input, answers go by its output."""

import os
import pickle
import queue
import signal
import struct
import sys
import threading
from typing import Any, BinaryIO

from ddsp_tf.black_boxes.effects import Chain, EffectNotFoundError

_LENGTH = struct.Struct("<Q")


def write(pipe: BinaryIO, message: Any) -> None:
    """Sends a message."""
    content = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(_LENGTH.pack(len(content)))
    pipe.write(content)
    pipe.flush()


def read(pipe: BinaryIO) -> Any:
    """Waits for a message.

    Raises:
        EOFError: The other side is gone.
    """
    return pickle.loads(_exactly(pipe, _LENGTH.unpack(_exactly(pipe, _LENGTH.size))[0]))


def serve(effects: list[str]) -> None:
    """Plays jobs until the process that sends them is gone.

    Each of "forward", "plus" and "minus" has effects of its own: what one left in them can't be
    heard in another.
    """
    # The one that sends the jobs receives the same Ctrl-C, and closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    # What a plug-in prints must not get between the answers.
    os.dup2(2, 1)
    jobs: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(incoming, jobs), daemon=True).start()
    chains: dict[str, Chain] = {}
    while True:
        audio, sample_rate, points = jobs.get()
        try:
            played = []
            for side, values in points:
                if side not in chains:
                    chains[side] = Chain(effects)
                played.append(chains[side].play(audio, sample_rate, values))
            answer: tuple[str, Any] = ("played", played)
        except EffectNotFoundError as error:
            answer = ("refused", " ".join(str(error).split()))
        except Exception as error:
            answer = ("failed", " ".join(f"{type(error).__name__}: {error}".split()))
        write(outgoing, answer)


def main() -> None:
    """Runs a worker of the effects that are named on the command line."""
    serve(sys.argv[1:])


def _receive(incoming: BinaryIO, jobs: "queue.SimpleQueue[Any]") -> None:
    """Ends this process when the one that started it is gone, whatever an effect is doing."""
    try:
        while True:
            jobs.put(read(incoming))
    except (EOFError, OSError):
        os._exit(0)


def _exactly(pipe: BinaryIO, n_bytes: int) -> bytes:
    content = pipe.read(n_bytes)
    if len(content) < n_bytes:
        raise EOFError
    return content
