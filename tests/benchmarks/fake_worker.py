"""A worker whose tasks take no time."""

import os
import sys
from typing import Any

from worker_loop import Work, serve


def count(start: int) -> tuple[Work, dict[str, Any]]:
    """Prints and counts, as a chatty library would."""
    calls = [start]

    def work() -> None:
        calls[0] += 1
        sys.stdout.write("not an answer\n")
        sys.stdout.flush()
        os.write(1, b"nor is this\n")

    return work, {"start": start}


def fail() -> tuple[Work, dict[str, Any]]:
    """Can't be prepared."""
    raise ValueError("the task is too hard")


def end() -> tuple[Work, dict[str, Any]]:
    """Takes the process with it."""
    os.write(2, b"a library's last words\n")
    os._exit(3)


serve({"count": count, "fail": fail, "end": end}, lambda: {"gpus": [], "versions": {"fake": "1"}})
