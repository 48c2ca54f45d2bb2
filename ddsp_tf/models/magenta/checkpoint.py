"""The predecessor's checkpoints: which files they are, and arrays by name."""

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.errors import ModelError
from ddsp_tf.types import FloatArray

_ATTRIBUTE = "/.ATTRIBUTES/VARIABLE_VALUE"
_INDEX = ".index"

_DAMAGE = (tf.errors.OpError, RuntimeError, ValueError, IndexError)
"""What TensorFlow raises where files are cut or changed."""


class MagentaCheckpoint:
    """Weights that magenta/ddsp wrote, read without it.

    Args:
        path: A checkpoint's prefix or its index file (`ckpt-30000.index`), or the folder of a run,
            whose newest is taken.

    Raises:
        ModelError: There is no checkpoint, or it is damaged.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.prefix = _find_prefix(Path(path))
        try:
            self._reader: Any = tf.train.load_checkpoint(str(self.prefix))
            self._shapes = self._reader.get_variable_to_shape_map()
        except _DAMAGE as error:
            raise self._damaged(error) from error

    @property
    def gin_file(self) -> Path:
        """The newest `operative_config-*.gin` beside the checkpoint.

        Raises:
            ModelError: There is none.
        """
        found = sorted(self.prefix.parent.glob("operative_config*.gin"), key=_step)
        if not found:
            raise ModelError(
                f"`{self.prefix.parent}` holds no `operative_config-*.gin`, which says what the "
                "checkpoint's weights are of. Give it by --gin-file."
            )
        return found[-1]

    def has(self, name: str) -> bool:
        """Whether there is a variable of this path below the model."""
        return f"model/{name}{_ATTRIBUTE}" in self._shapes

    def array(self, name: str, shape: tuple[int, ...]) -> FloatArray:
        """Reads a variable.

        Args:
            name: Its path below the model.
            shape: What it should have.

        Raises:
            ModelError: It is missing, of another shape, not finite, or damaged.
        """
        key = f"model/{name}{_ATTRIBUTE}"
        if key not in self._shapes:
            raise ModelError(
                f"`{self.prefix}` has no variable `{key}`, which its gin file calls for. They "
                "belong to different models, or another version of ddsp wrote it (3.7.0 is read)."
            )
        if tuple(self._shapes[key]) != shape:
            raise ModelError(
                f"`{key}` of `{self.prefix}` should be of the shape {list(shape)}, as its gin file "
                f"says. It is {list(self._shapes[key])}: they belong to different models."
            )
        try:
            values = np.asarray(self._reader.get_tensor(key), np.float32)
        except _DAMAGE as error:
            raise self._damaged(error) from error
        if not np.isfinite(values).all():
            raise ModelError(f"`{key}` of `{self.prefix}` holds numbers that are not finite.")
        return values

    def _damaged(self, error: Exception) -> ModelError:
        why = str(error).split("\n")[0]
        return ModelError(f"`{self.prefix}` can't be read: {why}. Copy its files again.")


def _find_prefix(path: Path) -> Path:
    if path.is_dir():
        found = sorted(path.glob(f"*{_INDEX}"), key=_step)
        if not found:
            raise ModelError(
                f"`{path}` holds no checkpoint of magenta/ddsp (`ckpt-30000.index` and "
                "`ckpt-30000.data-00000-of-00001`)."
            )
        path = found[-1]
    prefix = path.with_name(path.name.removesuffix(_INDEX))
    if not prefix.with_name(prefix.name + _INDEX).is_file():
        raise ModelError(
            f"There is no checkpoint `{prefix}`: it should have a file `{prefix.name}{_INDEX}`."
        )
    return prefix


def _step(path: Path) -> tuple[int, str]:
    numbers = re.findall(r"\d+", path.name)
    return (int(numbers[-1]) if numbers else -1, path.name)
