"""A process that takes one measurement for each line it reads. Needs nothing but Python.

A request is a JSON object on a line of stdin, its answer one on a line of stdout:

    {"do": "prepare", "key": "a", "task": "train_step", "arguments": {...}}
    {"do": "measure", "key": "a"}      {"do": "release", "key": "a"}
    {"do": "describe"}                 {"do": "peak_memory"}

The answer is {"ok": true, "value": ...} or {"ok": false, "error": "..."}. What libraries print goes
to stderr. The end of stdin ends the process.
"""

import gc
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, TextIO

Work = Callable[[], object]
Task = Callable[..., "tuple[Work, dict[str, Any]]"]


def serve(tasks: Mapping[str, Task], describe: Callable[[], dict[str, Any]]) -> None:
    """Answers requests until stdin ends.

    Args:
        tasks: By name, what prepares a measurement: it gives a function that does the work once
            and returns when it is done, and facts about it.
        describe: Gives versions and devices.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    answer_all(sys.stdin, answers, tasks, describe)


def answer_all(
    requests: TextIO,
    answers: TextIO,
    tasks: Mapping[str, Task],
    describe: Callable[[], dict[str, Any]],
) -> None:
    """Answers each line of `requests` with a line in `answers`."""
    prepared: dict[str, Work] = {}
    for line in requests:
        try:
            answer = {"ok": True, "value": _answer(json.loads(line), prepared, tasks, describe)}
        except Exception:
            answer = {"ok": False, "error": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _answer(
    request: Mapping[str, Any],
    prepared: dict[str, Work],
    tasks: Mapping[str, Task],
    describe: Callable[[], dict[str, Any]],
) -> Any:
    action = request["do"]
    if action == "prepare":
        work, facts = tasks[request["task"]](**request["arguments"])
        # The first call traces and compiles.
        first_s = _seconds(work)
        prepared[request["key"]] = work
        return {"first_s": first_s, **facts}
    if action == "measure":
        return _seconds(prepared[request["key"]])
    if action == "release":
        del prepared[request["key"]]
        gc.collect()
        return None
    if action == "describe":
        return describe()
    if action == "peak_memory":
        return peak_memory_mb(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    raise ValueError(f"A worker can't {action!r}.")


def peak_memory_mb(max_rss: int) -> float:
    """Megabytes (10^6 bytes) of what `getrusage` states: kilobytes, on macOS bytes."""
    return max_rss / 1e6 if sys.platform == "darwin" else max_rss * 1024 / 1e6


def _seconds(work: Work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
