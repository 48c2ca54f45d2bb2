"""A trained model with all that its use needs, and the folder that holds it."""

import difflib
import hashlib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ddsp_tf.errors import ArgumentError, ModelError
from ddsp_tf.features import FeatureSettings, Statistics
from ddsp_tf.files import FolderSort, atomic_directory, check_ordinary, read_json, write_json
from ddsp_tf.models.architecture import (
    architecture_from_dict,
    architecture_shapes,
    architecture_to_dict,
)
from ddsp_tf.models.model import Model
from ddsp_tf.weight_files import (
    LARGEST_WEIGHTS,
    WeightsDtype,
    check_weights,
    read_weights,
    write_weights,
)

FORMAT_VERSION = 1

_ARCHITECTURE, _WEIGHTS, _FEATURES, _METADATA = (
    "model.json",
    "weights.h5",
    "features.json",
    "metadata.json",
)
INSTRUMENT = FolderSort(
    "an instrument",
    _METADATA,
    keys={"format_version": None, "sha256": None},
    # The last three are what ships beside an instrument.
    files=(_ARCHITECTURE, _WEIGHTS, _FEATURES, "README.md", "spectrogram.png", "training.png"),
)
_LARGEST_JSON = 1_000_000
"""Bytes of each description; those that `save` writes have thousands."""

_PRESETS = Path(__file__).parents[1] / "presets"
_FILTERS, _EFFECTS, _SYNTHS, _TRACKERS = "filters", "effects", "synths", "trackers"
"""The folder in it of what makes no sound, but designs filters."""


@dataclass(frozen=True)
class Instrument:
    """A model, how its features are made, what it was trained on, and what is known about it.

    Whoever plays its model, in whatever way, plays it as `Model.adapted_to` makes it for the
    statistics. So an autoencoder's decoder reads no pitch far from the training notes, and no
    loudness beyond theirs.

    Args:
        model: Any `Model`. One that was not adapted to the statistics is replaced by one that is,
            and shares its weights.
        features: How audio becomes its features.
        statistics: What its training recordings played, or None if that isn't known.
        metadata: JSON-ready facts: licence, training data, metrics, and so on.

    Raises:
        ArgumentError: The rates of model and features differ.

    Example:
        >>> violin = Instrument.load("violin")
        >>> violin.model.sample_rate
        16000
    """

    model: Model
    features: FeatureSettings
    statistics: Statistics | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rates = (self.model.sample_rate, self.model.hop_length)
        if rates != (self.features.sample_rate, self.features.hop_length):
            raise ArgumentError(
                "`model` and `features` should have the same sample rate and hop length. Received "
                f"{rates} and {(self.features.sample_rate, self.features.hop_length)}."
            )
        adapted = self.model.adapted_to(self.statistics)
        if adapted is not self.model:
            object.__setattr__(self, "model", adapted)

    def save(
        self,
        directory: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        weights_dtype: WeightsDtype = "float32",
    ) -> None:
        """Writes the instrument to a folder, whole or not at all.

        Args:
            directory: The folder.
            overwrite: Whether an instrument that is there may be replaced.
            weights_dtype: "float16" halves the size and loses some precision.

        Raises:
            OutputError: The folder exists, isn't an instrument's or holds something else, or can't
                be written.
        """
        with atomic_directory(directory, sort=INSTRUMENT, overwrite=overwrite) as folder:
            write_json(folder / _ARCHITECTURE, architecture_to_dict(self.model))
            write_weights(self.model, folder / _WEIGHTS, dtype=weights_dtype)
            write_json(folder / _FEATURES, self.features.to_dict())
            statistics = None if self.statistics is None else self.statistics.to_dict()
            sums = {name: _checksum(folder / name) for name in (_ARCHITECTURE, _WEIGHTS, _FEATURES)}
            write_json(
                folder / _METADATA,
                {
                    **self.metadata,
                    "format_version": FORMAT_VERSION,
                    "statistics": statistics,
                    "sha256": sums,
                },
            )

    @classmethod
    def load(cls, name_or_path: str | os.PathLike[str]) -> "Instrument":
        """Reads an instrument. No gin is needed, and no code from the folder is run.

        The folder may come from anybody: what it states is checked before memory is taken for it,
        and no other file is opened, unless one of its four is a link to it.

        Args:
            name_or_path: A folder that `save` wrote, a run's folder (its best model so far), or the
                name of an instrument that ships with the package.

        Raises:
            ModelError: There is no such instrument, or its folder is damaged, foreign, made to
                mislead, or newer than this ddsp_tf.
        """
        folder = find_instrument(name_or_path)
        metadata = _read_metadata(folder)
        content = _read(folder / _ARCHITECTURE)
        features = FeatureSettings.from_dict(_read(folder / _FEATURES))
        _verify_checksums(folder, metadata.pop("sha256", {}))
        check_weights(architecture_shapes(content), folder / _WEIGHTS)
        model = architecture_from_dict(content)
        read_weights(model, folder / _WEIGHTS)
        statistics = metadata.pop("statistics", None)
        return cls(
            model=model,
            features=features,
            statistics=None if statistics is None else Statistics.from_dict(statistics),
            metadata={key: x for key, x in metadata.items() if key != "format_version"},
        )

    @classmethod
    def without_features(cls, model: Model) -> "Instrument":
        """Makes one of a model that hears no features: an effect, a matched sound."""
        rates = {"sample_rate": model.sample_rate, "hop_length": model.hop_length}
        return cls(model, FeatureSettings(columns=(), **rates))

    def without_rooms(self) -> "Instrument":
        """Gives an instrument that shares all weights and plays dry."""
        return replace(self, model=self.model.without_rooms())

    def in_room(self, name: str) -> "Instrument":
        """Gives an instrument that shares all weights but the rooms' and plays in another of these.

        Raises:
            ArgumentError: It knows no room of this name.
        """
        return replace(self, model=self.model.in_room(name))

    def without_reverb(self) -> "Instrument":
        """Does what `without_rooms` does."""
        return self.without_rooms()


def list_presets() -> list[str]:
    """Lists the names of the instruments that ship with the package."""
    return sorted(_shipped_in(_PRESETS))


def list_filter_designers() -> list[str]:
    """Lists the names of the models that ship with the package and design filters."""
    return sorted(_shipped_in(_PRESETS / _FILTERS))


def list_effects() -> list[str]:
    """Lists the names of the models that ship with the package and treat sound."""
    return sorted(_shipped_in(_PRESETS / _EFFECTS))


def shipped_models() -> dict[str, Path]:
    """Gives the folder of every model that ships with the package, by its name."""
    kinds = (_FILTERS, _EFFECTS, _SYNTHS, _TRACKERS)
    folders = (_PRESETS, *(_PRESETS / kind for kind in kinds))
    return {name: path for folder in folders for name, path in _shipped_in(folder).items()}


def _shipped_in(folder: Path) -> dict[str, Path]:
    return {path.parent.name: path.parent for path in folder.glob(f"*/{_METADATA}")}


def find_instrument(name_or_path: str | os.PathLike[str]) -> Path:
    """Finds the folder of an instrument, without reading it.

    Args:
        name_or_path: As in `Instrument.load`. A folder goes before a shipped name.

    Raises:
        ModelError: There is none; the message lists the shipped ones.
    """
    path = Path(name_or_path)
    for folder in (path, path / "model"):
        if (folder / _METADATA).is_file():
            return folder
    shipped = shipped_models()
    if str(name_or_path) in shipped:
        return shipped[str(name_or_path)]
    give = "Give the folder of a run or of a model, or the name of a shipped instrument."
    if path.is_dir():
        what = (
            f"`{path}` holds no instrument: neither it nor its folder `model` has `{_METADATA}`. "
            "If it is a run, it has not reached its first validation yet."
        )
    elif path.exists():
        what = f"`{path}` is a file, not an instrument. {give}"
    else:
        what = f"There is no instrument `{name_or_path}`. {give}"
    raise ModelError(f"{what} {suggest_instruments(name_or_path)}")


def suggest_instruments(name: str | os.PathLike[str]) -> str:
    """Says what was probably meant by a name that leads to nothing, and lists what ships."""
    presets = list_presets()
    nearest = difflib.get_close_matches(str(name), presets, n=1)
    hint = f"Did you mean `{nearest[0]}`? " if nearest else ""
    return f"{hint}Shipped instruments: {', '.join(presets) or 'none'}."


def read_instrument_metadata(name_or_path: str | os.PathLike[str]) -> dict[str, Any]:
    """Reads what is known about an instrument, without loading its model.

    Raises:
        ModelError: As in `Instrument.load`.
    """
    return _read_metadata(find_instrument(name_or_path))


def _read_metadata(folder: Path) -> dict[str, Any]:
    metadata = _read(folder / _METADATA)
    version = metadata.get("format_version") if isinstance(metadata, dict) else None
    if not isinstance(version, int):
        raise ModelError(f"`{folder / _METADATA}` has no format_version. The file is damaged.")
    if version > FORMAT_VERSION:
        raise ModelError(
            f"`{folder}` has format version {version}, and this ddsp_tf reads up to "
            f"{FORMAT_VERSION}. Update it: pip install --upgrade ddsp-tf"
        )
    return metadata


def _verify_checksums(folder: Path, sums: Any) -> None:
    if not isinstance(sums, dict):
        raise ModelError(f"`{folder / _METADATA}` has no checksums. The file is damaged.")
    for name in (_ARCHITECTURE, _WEIGHTS, _FEATURES):
        check_ordinary(folder / name, error=ModelError, largest=LARGEST_WEIGHTS)
        if sums.get(name) != _checksum(folder / name):
            raise ModelError(
                f"`{folder / name}` is not what was saved: its checksum differs. The file is "
                "damaged or was changed. Copy the folder again, or train the model again."
            )


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> Any:
    return read_json(path, error=ModelError, largest=_LARGEST_JSON)
