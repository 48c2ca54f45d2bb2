"""What the features of a dataset or model are: rates, tracker and loudness definition."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from ddsp_tf.errors import ArgumentError, DatasetError, ModelError

FORMAT_VERSION = 1
F0_TRACKERS = ("crepe-tiny", "crepe-small", "crepe-medium", "crepe-large", "crepe-full", "pyin")
LOUDNESS_KINDS = ("a_weighted", "rms", "magenta")

_LARGEST = 2**24
"""Of any rate or length: settings may come in a file that was made to take all memory."""


@dataclass(frozen=True)
class FeatureSettings:
    """How features are extracted. Stored in every dataset and model, and compared at use.

    Args:
        sample_rate: Of the audio, in Hz, at least 4000. No number is more than 2^24.
        hop_length: Samples from one frame to the next.
        f0_tracker: One of `F0_TRACKERS`.
        loudness: `"a_weighted"` (normalised A-weighted power), `"rms"` (unweighted), or
            `"magenta"` (the un-normalised definition of the paper's library).
        loudness_fft_length: Window of the loudness, in samples.

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

    def __post_init__(self) -> None:
        _check_integer("sample_rate", self.sample_rate, 4000)
        _check_integer("hop_length", self.hop_length, 1)
        _check_integer("loudness_fft_length", self.loudness_fft_length, 2)
        _check_choice("f0_tracker", self.f0_tracker, F0_TRACKERS)
        _check_choice("loudness", self.loudness, LOUDNESS_KINDS)

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.sample_rate / self.hop_length

    def n_frames(self, n_samples: int) -> int:
        """The number of frames of `n_samples` samples: `ceil(n_samples / hop_length)`."""
        return -(-n_samples // self.hop_length)

    def to_dict(self) -> dict[str, Any]:
        """The settings and their format version, ready for JSON."""
        return {"format_version": FORMAT_VERSION, **asdict(self)}

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
        """Checks that `other` are the same settings.

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
            if getattr(self, field.name) != getattr(other, field.name)
        ]
        if differences:
            raise DatasetError(
                f"The features of {what} don't match: {'; '.join(differences)}. "
                "Prepare the dataset again with the settings of the model, "
                "or train a model for this dataset."
            )


def check_format_version(values: Mapping[str, Any], newest: int, *, what: str) -> None:
    """Refuses a stored format that this program does not know.

    Args:
        values: What was read, with its `format_version`.
        newest: The newest version that can be read; versions start at 1.
        what: Name of the stored thing, for the message.

    Raises:
        ModelError: The version is missing, not a number, or newer than `newest`.
    """
    if not isinstance(values, Mapping):
        raise ModelError(
            f"{what} should be a JSON object. Got {type(values).__name__}. The file is damaged."
        )
    version = values.get("format_version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ModelError(
            f"{what} have no valid `format_version` (got {version!r}). "
            "The file is damaged or was not written by ddsp_tf."
        )
    if version > newest:
        raise ModelError(
            f"{what} have format version {version}, but this ddsp_tf reads up to {newest}. "
            "Update it: pip install --upgrade ddsp-tf"
        )


def _check_integer(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ArgumentError(f"`{name}` must be an integer of at least {least}; got {value!r}.")
    if value > _LARGEST:
        raise ArgumentError(f"`{name}` must be {_LARGEST} at most; got {value!r}.")


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ArgumentError(f"`{name}` must be one of {_listed(choices)}; got {value!r}.")


def _listed(names: set[str] | tuple[str, ...]) -> str:
    ordered = sorted(names) if isinstance(names, set) else names
    return ", ".join(f"`{name}`" for name in ordered) or "nothing"
