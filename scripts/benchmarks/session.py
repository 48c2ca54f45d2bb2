"""What every row needs to be measured: workers, files, and how often."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from command_runs import FinishedCommand, run_command
from material import write_looped, write_recordings
from worker_process import WorkerProcess

_HERE = Path(__file__).parent


@dataclass
class Session:
    """One use of the benchmarks.

    Attributes:
        folder: For files that are made on the way, and for logs.
        peer: The predecessor's Python, or None.
        runs: Measurements of each thing, if that is not up to the row.
        quick: Whether sizes are small and everything is measured once: to try the benchmarks.
        gpu: Whether there is one.
        melody: A recording to track and to play, or None for the melody that ships.
        recordings: A folder of recordings to prepare, or None.
        report: Shows how far the row is.
    """

    folder: Path
    peer: Path | None = None
    runs: int | None = None
    quick: bool = False
    gpu: bool = False
    melody: Path | None = None
    recordings: Path | None = None
    report: Callable[[str], None] = lambda text: None

    def n_runs(self, usual: int) -> int:
        """Measurements of each thing in a row that usually takes this many."""
        return self.runs or (1 if self.quick else usual)

    def ours(self) -> WorkerProcess:
        """Starts a worker that times ddsp_tf."""
        command: list[str | Path] = [sys.executable, _HERE / "ddsp_tf_worker.py"]
        return WorkerProcess(command, log=self.folder / "ddsp_tf.log")

    def theirs(self) -> WorkerProcess:
        """Starts a worker that times the predecessor. There has to be one."""
        command: list[str | Path] = [self.peer or "", _HERE / "peer_worker.py"]
        return WorkerProcess(command, log=self.folder / "peer.log")

    def run(self, *command: str | Path) -> FinishedCommand:
        """Runs a command of this Python: `run("-m", "ddsp_tf", "transfer", ...)`."""
        return run_command([sys.executable, *command], log=self.folder / "commands.log")

    def looped_melody(self, seconds: float) -> Path:
        """A file of some length; made once."""
        target = self.folder / f"melody_{seconds:g}_s.wav"
        if not target.exists():
            partial = target.with_name(f"partial_{target.name}")
            write_looped(self.melody, partial, seconds).rename(target)
        return target

    @cached_property
    def prepared_recordings(self) -> Path:
        """The folder of recordings to prepare; made anew in each session if none is given."""
        if self.recordings is not None:
            return self.recordings
        return write_recordings(self.folder / "recordings", 20.0 if self.quick else 600.0)
