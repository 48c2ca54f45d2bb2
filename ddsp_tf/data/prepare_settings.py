"""The settings of a dataset's preparation."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import FeatureSettings

SPLITS_BY = ("auto", "file", "time")
SOURCES = ("auto", "recordings", "pairs", "scores", "labelled")
CHANNELS = ("mono", "keep")
SAMPLE_FORMATS = ("int16", "float32")


@dataclass(frozen=True)
class PrepareSettings:
    """Everything that decides what a prepared dataset holds.

    Attributes:
        features: Rates, columns, f0 tracker and loudness definition.
        source: What the files are: `"recordings"`; `"pairs"` of sounds without and with an
            effect, in folders `dry` and `wet`; `"scores"`, recordings with a MIDI file beside
            each; `"labelled"`, recordings with a table of what they are; `"auto"` finds out.
        labels: Which labels of the table become columns, as `name` or `new=name`; none: what is
            usual (`data.Labels`).
        channels: `"mono"` mixes them down; `"keep"` stores all channels of the sound, mono files
            among others in each. Features are of the mixdown either way.
        sample_format: `"int16"`, or `"float32"` for sound whose level beyond full scale or far
            below it matters, at twice the size.
        compensate_delay: Whether a delay found between the sounds of a pair, or between a score
            and its recording, is taken out; it is measured and reported either way.
        eval_fraction: Share of the sound that is held out, 0 to 0.5.
        split_by: `"file"` holds out whole files, `"time"` the end of every file, `"auto"` files
            unless no choice of files comes near `eval_fraction`.
        silence_below_db: A frame this far below the file's loud level (95th percentile) is
            silent.
        silence_floor_db: A frame below this level (dBFS, RMS) is silent in any file.
        min_silence_s: Silence longer than this is cut out of the segments.
        keep_silence_s: How much of a cut silence stays at either side, so that the model
            learns to be silent and reverberation is heard to its end.
        min_segment_s: Sound shorter than this between two cut silences is dropped.
        guard_s: With a split by time, how much is dropped between training and evaluation,
            so that no sound, nor its reverberation, is in both.
    """

    features: FeatureSettings = field(default_factory=FeatureSettings)
    source: str = "auto"
    labels: tuple[str, ...] = ()
    channels: str = "mono"
    sample_format: str = "int16"
    compensate_delay: bool = False
    eval_fraction: float = 0.1
    split_by: str = "auto"
    silence_below_db: float = 50.0
    silence_floor_db: float = -70.0
    min_silence_s: float = 1.0
    keep_silence_s: float = 0.25
    min_segment_s: float = 0.5
    guard_s: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))  # Files hold lists.
        if not 0.0 <= self.eval_fraction <= 0.5:
            raise ArgumentError(
                f"`eval_fraction` must be between 0 and 0.5, not {self.eval_fraction}."
            )
        for name, choices in (
            ("split_by", SPLITS_BY),
            ("source", SOURCES),
            ("channels", CHANNELS),
            ("sample_format", SAMPLE_FORMATS),
        ):
            if getattr(self, name) not in choices:
                raise ArgumentError(
                    f"`{name}` must be one of {choices}, not {getattr(self, name)!r}."
                )
        if 2 * self.keep_silence_s > self.min_silence_s:
            raise ArgumentError(
                f"`keep_silence_s` ({self.keep_silence_s}) must be at most half of "
                f"`min_silence_s` ({self.min_silence_s})."
            )

    def to_dict(self) -> dict[str, Any]:
        """Returns the settings as JSON-compatible values."""
        return {**asdict(self), "features": self.features.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "PrepareSettings":
        """Reads what `to_dict` wrote.

        Raises:
            DatasetError: A setting is unknown, so a newer version wrote it.
        """
        unknown = sorted(set(values) - {known.name for known in fields(cls)})
        if unknown:
            raise DatasetError(
                f"The dataset has unknown settings {unknown}: a newer version of ddsp_tf wrote "
                "it. Upgrade ddsp_tf."
            )
        features = FeatureSettings.from_dict(values["features"])
        return cls(**{**values, "features": features})
