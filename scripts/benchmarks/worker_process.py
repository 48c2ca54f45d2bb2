"""The other end of `worker_loop`: starts a worker, asks it, and ends it."""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_LAST_LINES = 15


class WorkerError(RuntimeError):
    """A worker could not do what it was asked for, or ended."""


class WorkerProcess:
    """A worker in a process of its own. A context manager that ends it.

    Args:
        command: What starts it.
        log: File that its stderr is appended to.

    Raises:
        WorkerError: It can't be started.
    """

    def __init__(self, command: Sequence[str | os.PathLike[str]], *, log: Path) -> None:
        self._name = " ".join(Path(part).name for part in command)
        self._log = log
        self._keys = 0
        with log.open("ab") as stream:
            try:
                self._process = subprocess.Popen(
                    [os.fspath(part) for part in command],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stream,
                    env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
                    text=True,
                )
            except OSError as error:
                raise WorkerError(f"`{command[0]}` can't be started: {error}.") from error

    def ask(self, **request: Any) -> Any:
        """Sends a request, and waits for its answer.

        Raises:
            WorkerError: The worker failed, or ended.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise WorkerError(f"{self._name} has no pipes.")
        try:
            stdin.write(json.dumps(request) + "\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            code = self._process.wait()
            raise WorkerError(
                f"{self._name} ended with {code}. It said last:\n{self._last_words()}"
            )
        answer = json.loads(line)
        if not answer["ok"]:
            raise WorkerError(f"{self._name} failed at {request}:\n{answer['error']}")
        return answer["value"]

    def prepare(self, task: str, **arguments: Any) -> tuple[Callable[[], float], dict[str, Any]]:
        """Prepares a measurement and takes it once, unmeasured.

        Returns:
            What takes one measurement in seconds, and facts about it.
        """
        self._keys += 1
        key = str(self._keys)
        facts = self.ask(do="prepare", key=key, task=task, arguments=arguments)
        return lambda: float(self.ask(do="measure", key=key)), facts

    def peak_memory_mb(self) -> float:
        """The most memory that the process has had at a time, in 10^6 bytes."""
        return float(self.ask(do="peak_memory"))

    def describe(self) -> dict[str, Any]:
        """Versions and devices."""
        return dict(self.ask(do="describe"))

    def close(self) -> None:
        """Ends the process."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass
        try:
            self._process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            # It may be in the middle of a step that takes a minute.
            self._process.kill()
        self.close()

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LAST_LINES:])
