"""What the features of a dataset or model are: rates, tracker and loudness definition."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from ddsp_tf.errors import ArgumentError, DatasetError, ModelError
from ddsp_tf.features.trackers import check_tracker
from ddsp_tf.files import check_format_version

FORMAT_VERSION = 3
_FIRST_FORMAT, _FORMAT_OF_COLUMNS = 1, 2
"""0.1.0 reads and writes the first, which has neither `columns` nor `f0_refined`."""

DEFAULT_COLUMNS = ("f0_hz", "f0_confidence", "loudness_db")
LOUDNESS_KINDS = ("a_weighted", "rms", "magenta")

_LARGEST = 2**24
"""Of any rate or length: settings may come in a file that was made to take all memory."""


@dataclass(frozen=True)
class FeatureSettings:
    """How features are extracted. Stored in every dataset and model, and compared at use.

    Args:
        sample_rate: Of the audio, in Hz, at least 4000. No number is more than 2^24.
        hop_length: Samples from one frame to the next.
        f0_tracker: One of `F0_TRACKERS`, or `NAME:FOLDER`; see `check_tracker`.
        loudness: `"a_weighted"` (normalised A-weighted power), `"rms"` (unweighted), or
            `"magenta"` (the un-normalised definition of the paper's library).
        loudness_fft_length: Window of the loudness, in samples.
        columns: Names of what is extracted, in the order in which it is given; any that an
            extractor makes. None at all is possible too.
        f0_refined: Whether the phases of the partials correct what the tracker hears; see
            `refine_track`.

    Raises:
        ArgumentError: A value is outside what is stated above.

    Example:
        >>> FeatureSettings(sample_rate=16000, hop_length=64).frame_rate
        250.0
    """

    sample_rate: int = 16000
    hop_length: int = 64
    f0_tracker: str = "crepe-tiny"
    loudness: str = "a_weighted"
    loudness_fft_length: int = 512
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    f0_refined: bool = True

    def __post_init__(self) -> None:
        _check_integer("sample_rate", self.sample_rate, 4000)
        _check_integer("hop_length", self.hop_length, 1)
        _check_integer("loudness_fft_length", self.loudness_fft_length, 2)
        check_tracker(self.f0_tracker)
        if not isinstance(self.f0_refined, bool):
            raise ArgumentError(f"`f0_refined` must be true or false; got {self.f0_refined!r}.")
        _check_choice("loudness", self.loudness, LOUDNESS_KINDS)
        object.__setattr__(self, "columns", _checked_columns(self.columns))

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.sample_rate / self.hop_length

    def n_frames(self, n_samples: int) -> int:
        """The number of frames of `n_samples` samples: `ceil(n_samples / hop_length)`."""
        return -(-n_samples // self.hop_length)

    def to_dict(self) -> dict[str, Any]:
        """The settings and their format version, ready for JSON."""
        values = {**asdict(self), "columns": list(self.columns)}
        if self.f0_refined:
            return {"format_version": FORMAT_VERSION, **values}
        del values["f0_refined"]
        if self.columns != DEFAULT_COLUMNS:
            return {"format_version": _FORMAT_OF_COLUMNS, **values}
        del values["columns"]
        return {"format_version": _FIRST_FORMAT, **values}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Settings from what `to_dict` returned.

        Args:
            values: A mapping with a `format_version` no newer than this program's.

        Raises:
            ModelError: The format is newer, or a value is missing, unknown or out of range.
        """
        check_format_version(values, FORMAT_VERSION, what="Feature settings")
        names = {field.name for field in fields(cls)}
        values = {"columns": DEFAULT_COLUMNS, "f0_refined": False, **values}
        given = set(values) - {"format_version"}
        if given != names:
            raise ModelError(
                f"Feature settings must hold {_listed(names)}; "
                f"missing: {_listed(names - given)}; unknown: {_listed(given - names)}. "
                "The file is damaged or was edited by hand: make it anew."
            )
        try:
            return cls(**{name: values[name] for name in names})
        except ArgumentError as error:
            raise ModelError(f"Feature settings are damaged. {error}") from error

    def check_matches(self, other: "FeatureSettings", *, what: str = "the dataset") -> None:
        """Checks that `other` are the same settings, with these columns or more.

        Args:
            other: The settings found in `what`.
            what: Where `other` comes from, for the message.

        Raises:
            DatasetError: They differ; the message names each difference.
        """
        differences = [
            f"`{field.name}` is {getattr(other, field.name)!r} there, "
            f"{getattr(self, field.name)!r} here"
            for field in fields(self)
            if field.name != "columns" and getattr(self, field.name) != getattr(other, field.name)
        ]
        missing = [name for name in self.columns if name not in other.columns]
        if missing:
            differences.append(f"{_listed(tuple(missing))} are not among its columns")
        if differences:
            raise DatasetError(
                f"The features of {what} don't match: {'; '.join(differences)}. "
                "Prepare the dataset again with the settings of the model, "
                "or train a model for this dataset."
            )


def _check_integer(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ArgumentError(f"`{name}` must be an integer of at least {least}; got {value!r}.")
    if value > _LARGEST:
        raise ArgumentError(f"`{name}` must be {_LARGEST} at most; got {value!r}.")


def _checked_columns(columns: object) -> tuple[str, ...]:
    names = tuple(columns) if isinstance(columns, list | tuple) else None
    if names is None or not all(isinstance(name, str) and name.isidentifier() for name in names):
        raise ArgumentError(f"`columns` must be names of columns; got {columns!r}.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ArgumentError(f"`columns` must differ; {_listed(tuple(twice))} is there twice.")
    return names


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ArgumentError(f"`{name}` must be one of {_listed(choices)}; got {value!r}.")


def _listed(names: set[str] | tuple[str, ...]) -> str:
    ordered = sorted(names) if isinstance(names, set) else names
    return ", ".join(f"`{name}`" for name in ordered) or "nothing"
