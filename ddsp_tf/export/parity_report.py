"""How closely an export equals Python."""

from dataclasses import asdict, dataclass
from typing import Any

AUDIO_LIMIT = 1e-4


@dataclass(frozen=True)
class ParityReport:
    """The largest differences between a stored SavedModel and Python, over all test signals.

    Audio is compared for the same features; its error is relative to full scale or, if that is
    less, to the loudest sample. The features that `transfer` finds are compared with
    `extract_features`. Played over time, rounding of the last digit of a pitch adds up to another
    phase, which nobody hears; so sounds from separately found features aren't compared.

    A model without `transfer` has 0 for all that would be compared there.

    Args:
        synthesize_error: Of the audio of `synthesize`.
        transfer_error: Of the audio of `transfer`, for the features that it found.
        f0_cents: Of the fundamental.
        f0_confidence_error: Of the confidence.
        loudness_db_error: Of the loudness, in dB.
        resampled: Whether CREPE hears resampled audio. Python's resampler is another one, so pitch
            and confidence may differ more.
        cases: What was compared, for a reader.
        n_bytes: Size of the export.
    """

    synthesize_error: float
    transfer_error: float
    f0_cents: float
    f0_confidence_error: float
    loudness_db_error: float
    resampled: bool
    cases: tuple[str, ...]
    n_bytes: int

    @property
    def audio_error(self) -> float:
        """The larger of the two audio errors."""
        # A NaN has to win, which `max` would not promise.
        errors = (self.synthesize_error, self.transfer_error)
        return next((error for error in errors if error != error), max(errors))

    def failures(self) -> list[str]:
        """Names every difference that is too large, one sentence part each; none if all is well."""
        limits = {
            "the audio of `synthesize`": (self.synthesize_error, AUDIO_LIMIT, ""),
            "the audio of `transfer`": (self.transfer_error, AUDIO_LIMIT, ""),
            "`f0_hz`": (self.f0_cents, 3.0 if self.resampled else 0.1, " cents"),
            "`f0_confidence`": (self.f0_confidence_error, 0.05 if self.resampled else 1e-3, ""),
            "`loudness_db`": (self.loudness_db_error, 0.01, " dB"),
        }
        return [
            f"{what} differs by {error:.2g}{unit} (at most {limit:g})"
            for what, (error, limit, unit) in limits.items()
            if not error <= limit  # so that NaN fails too
        ]

    def to_dict(self) -> dict[str, Any]:
        """Gives the figures, ready for JSON."""
        return {**asdict(self), "cases": list(self.cases), "audio_error": self.audio_error}

    def __str__(self) -> str:
        return (
            f"equals Python to {self.audio_error:.1e} in audio, {self.f0_cents:.2g} cents and "
            f"{self.loudness_db_error:.1e} dB in features ({len(self.cases)} test signals); "
            f"{self.n_bytes / 1e6:.1f} MB."
        )
