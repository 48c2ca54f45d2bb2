"""What `--data` names: a dataset, or several of which each is an instrument."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.files import read_json

if TYPE_CHECKING:
    from ddsp_tf.data import Dataset, JoinedDatasets


@dataclass(frozen=True)
class GivenData:
    """One folder, or folders by the names of their instruments.

    Attributes:
        folder: The one without a name.
        named: The others.

    Example:
        >>> GivenData.parse(["violin=a/", "flute=b/"]).bindings
        ["INSTRUMENTS=('violin', 'flute')"]
    """

    folder: str | None
    named: Mapping[str, str]

    @classmethod
    def parse(cls, given: Sequence[str]) -> Self:
        """Reads `FOLDER`, or `NAME=FOLDER` and others like it.

        Raises:
            ArgumentError: Of several, one has no name, or two have the same.
        """
        named: dict[str, str] = {}
        for each in given:
            name, equals, folder = each.partition("=")
            if not equals or os.path.exists(each):
                if len(given) > 1:
                    raise ArgumentError(
                        f"Of several datasets each needs a name: --data NAME=FOLDER. Got {each!r}."
                    )
                return cls(each, {})
            if not name or not folder or name in named:
                raise ArgumentError(
                    "--data takes FOLDER, or NAME=FOLDER with a name of its own for each. Got "
                    f"{each!r}."
                )
            named[name] = folder
        return cls(None, named)

    def __bool__(self) -> bool:
        return self.folder is not None or bool(self.named)

    @property
    def bindings(self) -> list[str]:
        """What tells a configuration the names: of instruments, and of a dataset's rooms."""
        names = {"INSTRUMENTS": tuple(self.named)}
        if self.folder is not None:
            from ddsp_tf.data import room_names

            path = Path(self.folder) / "dataset.json"
            known = read_json(path, error=DatasetError) if path.is_file() else {}
            names["INSTRUMENTS"] = tuple(known.get("labels", {}).get("instrument", ()))
            if "splits" in known:
                names["ROOMS"] = room_names(known)
        return [f"{macro}={given!r}" for macro, given in names.items() if given]

    def open(self) -> "Dataset | JoinedDatasets":
        """Opens what was given.

        Raises:
            DatasetError: A folder is missing or holds no dataset, or they don't hold the same.
        """
        from ddsp_tf.data import Dataset, JoinedDatasets

        return Dataset.open(self.folder) if self.folder is not None else JoinedDatasets(self.named)
