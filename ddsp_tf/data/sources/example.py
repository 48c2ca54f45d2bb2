"""The files that together become one recording of a dataset."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Example:
    """One example of a dataset.

    Attributes:
        name: What it is called in the dataset.
        files: Its files by what they are: `"audio"`, and `"dry"` or `"score"` beside it.
        labels: What is known of it, by the label's name; see `Labels`.
    """

    name: str
    files: dict[str, Path]
    labels: Mapping[str, float] = field(default_factory=dict)

    @property
    def audio(self) -> Path:
        """The sound that a model is to make."""
        return self.files["audio"]


@dataclass(frozen=True)
class Found:
    """What a source found.

    Attributes:
        examples: By name.
        failed: Why something can't be an example, by name.
        remarks: What the report is to say, a sentence each.
        skipped: What was no audio file and is listed as left out, a sentence each.
        labels: Names of the labels, and of what they count if they are classes.
        groups: By name, what some examples have in common that are held out together.
    """

    examples: dict[str, Example]
    failed: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
