"""What a preparation found: numbers, warnings in plain words, a table and a picture."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.recording import Recording
from ddsp_tf.data.split import Split


@dataclass(frozen=True)
class PrepareReport:
    """Numbers and warnings about a prepared dataset.

    Attributes:
        path: The dataset.
        settings: How it was prepared.
        recordings: What is in it, by name; features and measures, no audio.
        split: Which segments train and which evaluate.
        failed: Why files were left out, by name.
        duplicates: Which name a left-out file repeats.
    """

    path: Path
    settings: PrepareSettings
    recordings: dict[str, Recording]
    split: Split
    failed: dict[str, str]
    duplicates: dict[str, str]

    @property
    def train_seconds(self) -> float:
        """Seconds of sound to train on."""
        return self._seconds(self.split.train)

    @property
    def eval_seconds(self) -> float:
        """Seconds of sound held out."""
        return self._seconds(self.split.eval)

    def _seconds(self, side: dict[str, list[tuple[int, int]]]) -> float:
        n_frames = sum(end - first for segments in side.values() for first, end in segments)
        return n_frames / self.settings.features.frame_rate

    @property
    def warnings(self) -> list[str]:
        """What may keep a model from sounding good, and what to do; empty when all is well."""
        return []

    def numbers(self) -> dict[str, Any]:
        """The report as JSON-compatible values."""
        return {"train_seconds": self.train_seconds, "eval_seconds": self.eval_seconds}

    def text(self) -> str:
        """The report for people."""
        return str(self.numbers())

    def save_figure(self, path: Path) -> None:
        """Draws the report as a PNG."""
