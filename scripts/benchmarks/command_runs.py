"""Runs a whole command in a process of its own, and measures its time and memory."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from worker_loop import peak_memory_mb

_LAST_CHARACTERS = 1500


class CommandError(RuntimeError):
    """A command that should be measured failed."""


@dataclass(frozen=True)
class FinishedCommand:
    """What a command took.

    Attributes:
        seconds: From start to end.
        peak_mb: The most memory that any of its processes had at a time, in 10^6 bytes. Never less
            than what this process has had: the system hands its peak on to whom it starts.
    """

    seconds: float
    peak_mb: float


def run_command(command: Sequence[str | os.PathLike[str]], *, log: Path) -> FinishedCommand:
    """Runs a command to its end.

    Args:
        command: Program and arguments.
        log: What it prints is appended to this file.

    Raises:
        CommandError: It failed.
    """
    words = [os.fspath(word) for word in command]
    with log.open("ab") as stream:
        start = perf_counter()
        try:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
            )
        except OSError as error:
            raise CommandError(f"`{words[0]}` can't be started: {error}.") from error
        try:
            # Unlike `Popen.wait`, this tells the memory of this very process.
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        printed = log.read_text(encoding="utf-8", errors="replace")[-_LAST_CHARACTERS:]
        raise CommandError(f"`{' '.join(words)}` ended with {process.returncode}:\n{printed}")
    return FinishedCommand(seconds, peak_memory_mb(usage.ru_maxrss))
