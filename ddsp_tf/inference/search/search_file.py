"""Where a search is kept while it goes on."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.files import atomic_file, printable
from ddsp_tf.types import FloatArray, PathLike

_SETTINGS = "settings"


class SearchFile:
    """A file of arrays, and of the settings that they belong to.

    Args:
        path: It may not be there yet.
        settings: What may not differ when the search goes on: numbers and words by name.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> path = Path(tempfile.mkdtemp()) / "a.search"
        >>> SearchFile(path, {"seed": 1}).write({"places": np.ones(3)})
        >>> SearchFile(path, {"seed": 1}).read()["places"].tolist()
        [1.0, 1.0, 1.0]
    """

    def __init__(self, path: PathLike, settings: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.settings = dict(settings)

    def write(self, arrays: Mapping[str, FloatArray]) -> None:
        """Writes it, in place of what is there."""
        settings = np.frombuffer(json.dumps(self.settings).encode(), np.uint8)
        content: dict[str, Any] = {_SETTINGS: settings, **arrays}
        with atomic_file(self.path, overwrite=True) as temporary, temporary.open("wb") as file:
            np.savez(file, **content)

    def read(self) -> dict[str, FloatArray] | None:
        """Gives the arrays, or None where there is no file.

        Raises:
            ArgumentError: It belongs to other settings, or is none of a search.
        """
        if not self.path.exists():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as content:
                arrays = {key: content[key] for key in content.files}
            theirs = json.loads(bytes(arrays.pop(_SETTINGS)))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise ArgumentError(
                f"`{printable(self.path)}` holds no search. Remove it to begin anew."
            ) from error
        differ = [key for key, x in self.settings.items() if theirs.get(key) != x]
        if differ:
            told = "; ".join(f"{x}: {theirs.get(x)}, now {self.settings[x]}" for x in differ)
            raise ArgumentError(
                f"The search in `{printable(self.path)}` was made with other settings ({told}). "
                "Give those, or remove it to begin anew."
            )
        return arrays
