"""Checkpoints that are there whole or not at all."""

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from ddsp_tf.errors import ModelError, OutputError
from ddsp_tf.files import atomic_directory, read_json, write_json

_LOGGER = logging.getLogger(__name__)
_STATE = "state.json"
_VARIABLES = "variables"
FORMAT_VERSION = 1


class Checkpoints:
    """The last few checkpoints of a run, and the best one.

    Each is a folder `step-00001000` with the variables and a `state.json` that holds their
    checksums. The folder gets its name only when everything in it has been written, so a
    process may be killed at any moment.

    Args:
        directory: Where the checkpoints are.
        variables: Named lists of TensorFlow variables.
        keep: How many of the newest to keep, >= 1.
        is_chief: False in a worker that takes part in saving but whose files nobody needs.
    """

    def __init__(
        self,
        directory: Path,
        variables: Mapping[str, Sequence[tf.Variable]],
        *,
        keep: int = 3,
        is_chief: bool = True,
    ) -> None:
        self._directory = directory
        self._variables = {name: list(group) for name, group in variables.items()}
        self._checkpoint = tf.train.Checkpoint(**self._variables)
        self._keep = keep
        self._is_chief = is_chief

    def steps(self) -> list[int]:
        """Returns the steps of all checkpoints, oldest first, damaged or not."""
        names = [path.name for path in self._directory.glob("step-*") if path.is_dir()]
        return sorted(int(name[5:]) for name in names if name[5:].isdigit())

    def save(self, step: int, state: Mapping[str, Any], *, best_step: int | None = None) -> None:
        """Writes a checkpoint, then removes those that are no longer needed.

        Args:
            step: Steps taken so far.
            state: What else is needed to go on, JSON values.
            best_step: The checkpoint that is kept however old it gets.

        Raises:
            OutputError: The disk is full or can't be written.
        """
        try:
            if not self._is_chief:
                with tempfile.TemporaryDirectory() as discarded:
                    self._checkpoint.write(str(Path(discarded) / _VARIABLES))
                return
            with atomic_directory(self._path(step), sort=None, overwrite=True) as temporary:
                self._checkpoint.write(str(temporary / _VARIABLES))
                write_json(temporary / _STATE, self._described(temporary, step, state))
        except tf.errors.OpError as error:
            raise OutputError(
                f"Cannot write the checkpoint `{self._path(step)}`: {error.message}. "
                "Nothing was left half-written."
            ) from error
        self._remove_old(best_step)

    def restore_newest(self) -> dict[str, Any] | None:
        """Restores the newest checkpoint that is intact.

        A damaged one is skipped with a warning in the log.

        Returns:
            The state given to `save`, or None if there has never been a checkpoint.

        Raises:
            ModelError: There are checkpoints, and all are damaged.
        """
        steps = self.steps()
        problems = []
        for step in reversed(steps):
            try:
                state = self.restore(step)
            except ModelError as error:
                problems.append(str(error))
                continue
            for problem in problems:
                _LOGGER.warning("%s Going on from step %d instead.", problem, step)
            return state
        if problems:
            raise ModelError(
                f"All checkpoints in `{self._directory}` are damaged; the newest: {problems[0]} "
                "Train again from the start with --overwrite."
            )
        return None

    def restore(self, step: int) -> dict[str, Any]:
        """Restores the checkpoint of `step` and returns its state.

        Raises:
            ModelError: It is missing, damaged, of a newer version, or of another model.
        """
        path = self._path(step)
        description = read_json(path / _STATE, error=ModelError)
        self._check(path, description)
        try:
            self._checkpoint.read(str(path / _VARIABLES)).assert_consumed()
        except (tf.errors.OpError, ValueError, AssertionError) as error:
            raise ModelError(
                f"The checkpoint `{path}` can't be read or is of another model."
            ) from error
        return dict(description["state"])

    def remove_leftovers(self) -> None:
        """Removes what a killed process left half-written."""
        for path in self._directory.glob(".*"):
            shutil.rmtree(path, ignore_errors=True)

    def _path(self, step: int) -> Path:
        return self._directory / f"step-{step:08d}"

    def _described(self, path: Path, step: int, state: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "format_version": FORMAT_VERSION,
            "step": step,
            "state": dict(state),
            "shapes": self._shapes(),
            "sha256": {file.name: _sha256(file) for file in sorted(path.glob(f"{_VARIABLES}*"))},
        }

    def _shapes(self) -> dict[str, list[list[int]]]:
        return {
            name: [variable.shape.as_list() for variable in group]
            for name, group in self._variables.items()
        }

    def _check(self, path: Path, description: Any) -> None:
        try:
            version, shapes = description["format_version"], description["shapes"]
            checksums = dict(description["sha256"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"`{path / _STATE}` is damaged: {error} is missing.") from error
        if version > FORMAT_VERSION:
            raise ModelError(
                f"The checkpoint `{path}` has format version {version}; this ddsp_tf reads "
                f"versions up to {FORMAT_VERSION}. Install a newer ddsp_tf."
            )
        for name, expected in checksums.items():
            if not (path / name).is_file() or _sha256(path / name) != expected:
                raise ModelError(f"The checkpoint `{path}` is damaged: `{name}` has changed.")
        if shapes != self._shapes():
            raise ModelError(
                f"The checkpoint `{path}` is of another model: the shapes of its variables differ."
            )

    def _remove_old(self, best_step: int | None) -> None:
        for step in self.steps()[: -self._keep]:
            if step != best_step:
                shutil.rmtree(self._path(step), ignore_errors=True)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"`{path}` can't be read: {error.strerror}.") from error
