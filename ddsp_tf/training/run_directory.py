"""The folder of one training run: what is where, and who may write it."""

import contextlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout

from ddsp_tf.errors import OutputError, TrainingError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.files import check_writable, read_json, write_json, write_text
from ddsp_tf.training.environment import command_line, environment
from ddsp_tf.training.yardstick import differences

_SETTINGS = "settings.json"
_LOCK = ".lock"


class RunDirectory:
    """Names the files of a run and guards the folder against mixing two runs.

    `checkpoints/`, `model/` (the best model so far), `samples/`, `tensorboard/`,
    `metrics.jsonl`, `settings.json`, `environment.json`, `command.txt`, and the
    configuration as text.

    Args:
        path: The folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.checkpoints = self.path / "checkpoints"
        self.model = self.path / "model"
        self.samples = self.path / "samples"
        self.tensorboard = self.path / "tensorboard"
        self.metrics = self.path / "metrics.jsonl"
        self._lock: BaseFileLock | None = None

    def start(self, settings: Mapping[str, Any], *, resume: bool, overwrite: bool) -> None:
        """Creates the folder or enters an existing one, and locks it.

        Args:
            settings: What the run is, JSON values; a resumed run must have the same.
            resume: Whether to go on with the run that is there.
            overwrite: Whether to discard the run that is there.

        Raises:
            TrainingError: There is a run already and neither `resume` nor `overwrite` is
                set, there is none to resume or it has other settings, or another process
                is training in it.
            OutputError: The folder can't be written.
        """
        exists = self._check_what_is_there(resume=resume, overwrite=overwrite)
        check_writable(self.path / _SETTINGS, overwrite=True)
        self._acquire_lock()
        if exists and resume:
            self._check_settings(settings)
        else:
            self._clear()
            write_json(self.path / _SETTINGS, settings)
        self._remove_leftovers()
        for folder in (self.checkpoints, self.samples, self.tensorboard):
            folder.mkdir(exist_ok=True)

    def close(self) -> None:
        """Releases the lock."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def write_provenance(self, texts: Mapping[str, str | None], dataset: Mapping[str, Any]) -> None:
        """Records the command, the environment and the configuration.

        A resumed run adds to `environment.json` and `command.txt`.

        Args:
            texts: File names and their contents; None leaves a file as it is.
            dataset: What identifies the dataset, JSON values.
        """
        sessions = []
        path = self.path / "environment.json"
        if path.exists():
            with contextlib.suppress(TrainingError, KeyError, TypeError):
                sessions = list(read_json(path, error=TrainingError)["sessions"])
        sessions.append({**environment(), "dataset": dict(dataset)})
        write_json(path, {"sessions": sessions}, overwrite=True)
        commands = self.path / "command.txt"
        earlier = ""
        if commands.exists():
            earlier = commands.read_text(encoding="utf-8", errors="replace")
        write_text(commands, f"{earlier}{command_line()}\n", overwrite=True)
        for name, text in texts.items():
            if text is not None:
                write_text(self.path / name, text, overwrite=True)

    def append_metrics(self, line: Mapping[str, Any]) -> None:
        """Adds one line to `metrics.jsonl`."""
        try:
            with self.metrics.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise OutputError(f"Cannot write `{self.metrics}`: {error.strerror}.") from error

    def read_metrics(self) -> list[dict[str, Any]]:
        """Returns the lines of `metrics.jsonl`; one that was cut short or damaged is left out."""
        if not self.metrics.exists():
            return []
        text = self.metrics.read_text(encoding="utf-8", errors="replace")
        return list(_parsed(text.splitlines()))

    def rewind_metrics(self, step: int) -> None:
        """Removes the lines after `step`, which a resumed run writes again."""
        if self.metrics.exists():
            lines = [line for line in self.read_metrics() if line["step"] <= step]
            text = "".join(json.dumps(line) + "\n" for line in lines)
            write_text(self.metrics, text, overwrite=True)

    def _check_what_is_there(self, *, resume: bool, overwrite: bool) -> bool:
        if self.path.exists() and not self.path.is_dir():
            raise OutputError(f"`{self.path}` is a file. Choose another folder for the run.")
        exists = self.path.is_dir() and any(
            path.name != _LOCK and not path.name.startswith(f".{_SETTINGS[:-5]}-")
            for path in self.path.iterdir()
        )
        if not exists and resume:
            raise TrainingError(f"There is no run in `{self.path}` to resume. Drop --resume.")
        if exists and not (resume or overwrite):
            raise TrainingError(
                f"`{self.path}` is not empty. Pass --resume to go on with that run, "
                "--overwrite to discard it, or choose another folder."
            )
        if exists and not (self.path / _SETTINGS).is_file():
            raise TrainingError(
                f"`{self.path}` is not the folder of a training run (it has no `{_SETTINGS}`). "
                "Choose another folder; nothing was changed."
            )
        return exists

    def _check_settings(self, settings: Mapping[str, Any]) -> None:
        stored = read_json(self.path / _SETTINGS, error=TrainingError)
        if not isinstance(stored, dict):
            raise TrainingError(
                f"`{self.path / _SETTINGS}` is damaged: it should hold the settings by name. Copy "
                "the run again, or choose another folder."
            )
        recorded = _up_to_date(stored)
        found = list(differences(recorded, json.loads(json.dumps(settings))))
        if found:
            shown = "; ".join(found[:3])
            more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
            raise TrainingError(
                f"The run in `{self.path}` has other settings: {shown}{more}. Resume it with "
                "those it was started with, or choose another folder."
            )

    def _acquire_lock(self) -> None:
        """Locks the folder until this process ends, even if it is killed."""
        lock = FileLock(self.path / _LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise TrainingError(
                f"Another process is training in `{self.path}`. Stop it, or choose another folder."
            ) from error
        self._lock = lock

    def _clear(self) -> None:
        """Empties the folder; the settings go last, as they make it known as a run."""
        paths = [path for path in self.path.iterdir() if path.name not in (_LOCK, _SETTINGS)]
        for path in [*paths, self.path / _SETTINGS]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _remove_leftovers(self) -> None:
        for folder in (self.path, self.samples):
            for path in folder.glob(".*-*"):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)


def _parsed(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    for line in lines:
        # Numbers of thousands of digits are a ValueError, too.
        with contextlib.suppress(ValueError, RecursionError):
            row = json.loads(line)
            if isinstance(row, dict) and type(row.get("step")) is int and _has_losses(row):
                yield row


def _has_losses(row: Mapping[str, Any]) -> bool:
    """Whether those that are there are numbers."""
    losses = [row[key] for key in ("loss", "validation_loss") if key in row]
    return all(type(loss) in (int, float) for loss in losses)


def _up_to_date(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of an older version as this one writes them."""
    features = settings.get("features")
    if not isinstance(features, dict):
        return settings
    return {**settings, "features": FeatureSettings.from_dict(features).to_dict()}
