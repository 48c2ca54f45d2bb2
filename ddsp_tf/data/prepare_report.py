"""What a preparation found: numbers, warnings in plain words, a table and a picture."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.cells import cell_len, set_cell_size

from ddsp_tf.data.dataset_warnings import find_warnings
from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.recording import Recording
from ddsp_tf.data.split import Split
from ddsp_tf.data.summary import summarise, voiced_frames
from ddsp_tf.features import DEFAULT_COLUMNS, FeatureSettings
from ddsp_tf.note_names import note_name

_LONGEST_NAME = 40
_MOST_ROWS = 60
_HELD_OUT = {"file": "whole files", "time": "the end of each file"}


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
        columns: What the dataset holds, in the order of batches.
        has_notes: Whether there are statistics of notes.
        remarks: What else is to be said, a sentence each.
        skipped: What was found and is no audio file, a sentence each.
    """

    path: Path
    settings: PrepareSettings
    recordings: dict[str, Recording]
    split: Split
    failed: dict[str, str]
    duplicates: dict[str, str]
    columns: tuple[str, ...] = ("audio", *DEFAULT_COLUMNS)
    has_notes: bool = True
    remarks: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @cached_property
    def numbers(self) -> dict[str, Any]:
        """The report as JSON-compatible values; see `summarise`."""
        summary = summarise(self.recordings, self.split, self.settings)
        if "pitch_low_midi" in summary:
            summary["has_notes"] = self.has_notes
        return {
            **summary,
            "eval_fraction": self.settings.eval_fraction,
            "n_failed": len(self.failed),
            "n_duplicates": len(self.duplicates),
        }

    @property
    def train_seconds(self) -> float:
        """Seconds of sound to train on."""
        return float(self.numbers["train_seconds"])

    @property
    def eval_seconds(self) -> float:
        """Seconds of sound held out."""
        return float(self.numbers["eval_seconds"])

    @property
    def warnings(self) -> list[str]:
        """What may keep a model from sounding good, and what to do; empty when all is well."""
        return [*find_warnings(self.numbers), *self.remarks]

    def text(self) -> str:
        """The report for people: what there is, each file, what was left out, warnings."""
        parts = [self._overview(), self._table(), self._left_out()]
        warnings = self.warnings
        if warnings:
            parts.append("\n".join(["Warnings", *(f"  - {warning}" for warning in warnings)]))
        else:
            parts.append("No warnings: this can train a good model.")
        return "\n\n".join(part for part in parts if part)

    def save_figure(self, path: Path) -> None:
        """Draws the report as a PNG."""
        # matplotlib takes a second to import, and only this needs it.
        from ddsp_tf.plotting import dataset_report, save_figure

        f0_hz, loudness_db = voiced_frames(self.recordings)
        frame_rate = self.settings.features.frame_rate
        figure = dataset_report(
            f0_hz=f0_hz,
            loudness_db=loudness_db,
            file_names=list(self.recordings),
            file_seconds=[_n_sounding(rec) / frame_rate for rec in self.recordings.values()],
            file_voiced_shares=self._shares("voiced_share"),
            title=f"Dataset {self.path.name}",
        )
        save_figure(figure, path, overwrite=True)

    def _shares(self, measure: str) -> list[float] | None:
        """One measure of all recordings, or None when it isn't known."""
        found = [recording.measures.get(measure) for recording in self.recordings.values()]
        return None if None in found else [float(value) for value in found if value is not None]

    def _overview(self) -> str:
        numbers, features = self.numbers, self.settings.features
        has_pitch, has_loudness = "voiced_share" in numbers, "loudness_low_db" in numbers
        rows: list[tuple[str, str] | None] = [
            ("to train on", f"{_minutes(numbers['train_seconds'])}, {len(self.split.train)} files"),
            (
                "to test with",
                f"{_minutes(numbers['eval_seconds'])}, {len(self.split.eval)} files "
                f"({_HELD_OUT[self.split.by]})",
            ),
            ("cut out", f"{_minutes(numbers['cut_seconds'])} of silence"),
            ("clear notes", f"{_percent(numbers['voiced_share'])} of the sound")
            if has_pitch
            else None,
            ("pitch", _pitch_range(numbers)) if has_pitch else None,
            ("loudness", _loudness_range(numbers)) if has_loudness else None,
            (
                "level",
                f"peaks at {numbers['peak_db']:.1f} dBFS, loud passages at "
                f"{numbers['loud_db']:.0f} dBFS",
            ),
            ("clipped", f"{_percent(numbers['clipped_share'])} of the samples"),
            ("several at once", f"{_percent(numbers['polyphonic_share'])} of the notes")
            if has_pitch
            else None,
            ("octave unsure", f"{_percent(numbers['octave_share'])} of the notes")
            if has_pitch
            else None,
            ("heard with", _heard_with(features)),
            ("columns", ", ".join(self.columns)) if self._has_other_columns else None,
        ]
        title = (
            f"Dataset {self.path.name}: {_minutes(numbers['source_seconds'])} of recordings "
            f"in {numbers['n_files']} files"
        )
        shown = [f"  {row[0]:<15} {row[1]}" for row in rows if row is not None]
        return "\n".join([title, *shown])

    @property
    def _has_other_columns(self) -> bool:
        return self.columns != ("audio", *DEFAULT_COLUMNS)

    def _table(self) -> str:
        width = min(_LONGEST_NAME, max(map(cell_len, self.recordings)))
        shown = [column for column in _MEASURES if self._shares(column.measure) is not None]
        header = f"  {'file':<{width}} {'for':<6} {'min':>6} {'Hz':>6}" + "".join(
            f" {column.title:>{column.width}}" for column in shown
        )
        rows = [self._row(name, width, shown) for name in list(self.recordings)[:_MOST_ROWS]]
        n_more = len(self.recordings) - len(rows)
        more = [f"  and {n_more} more; dataset.json lists all"] if n_more else []
        legend = ["min: length.", *(column.legend for column in shown if column.legend)]
        wrapped = textwrap.wrap(" ".join(legend), 90, initial_indent="  ", subsequent_indent="  ")
        return "\n".join([header, *rows, *more, "", *wrapped])

    def _row(self, name: str, width: int, shown: list["_Measure"]) -> str:
        recording = self.recordings[name]
        source = recording.source
        sides = [
            side
            for side, of in (("train", self.split.train), ("test", self.split.eval))
            if name in of
        ]
        side = sides[0] if len(sides) == 1 else "both" if sides else "-"
        start = (
            f"  {_fit(name, width)} {side:<6} {source['seconds'] / 60:>6.2f}"
            f" {source['sample_rate']:>6}"
        )
        return start + "".join(
            f" {column.show(recording.measures[column.measure]):>{column.width}}"
            for column in shown
        )

    def _left_out(self) -> str:
        lines = [f"  {error}" for error in self.failed.values()]
        lines += [
            f"  `{name}` is the same sound as `{original}`."
            for name, original in sorted(self.duplicates.items())
        ]
        lines += [f"  {sentence}" for sentence in self.skipped]
        return "\n".join(["Left out", *lines]) if lines else ""


def _n_sounding(recording: Recording) -> int:
    return sum(end - first for first, end in recording.segments)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _percent(share: float) -> str:
    percent = 100.0 * share
    return f"{percent:.0f} %" if percent >= 1 or percent == 0 else f"{percent:.2g} %"


def _pitch_range(numbers: dict[str, Any]) -> str:
    if numbers["pitch_low_midi"] is None:
        return "none found"
    low, middle, high = (
        note_name(numbers[f"pitch_{end}_midi"]) for end in ("low", "median", "high")
    )
    return f"{low} to {high}, half of it above {middle}"


def _loudness_range(numbers: dict[str, Any]) -> str:
    if numbers["loudness_low_db"] is None:
        return "no clear note"
    where = " on the notes" if "voiced_share" in numbers else ""
    return f"{numbers['loudness_low_db']:.0f} to {numbers['loudness_high_db']:.0f} dB{where}"


def _heard_with(features: FeatureSettings) -> str:
    parts = []
    if "f0_hz" in features.columns or "f0_confidence" in features.columns:
        parts.append(f"{features.f0_tracker}, {features.frame_rate:g} times a second")
    else:
        parts.append(f"{features.frame_rate:g} frames a second")
    if "loudness_db" in features.columns:
        parts.append(f"loudness {features.loudness}")
    return "; ".join([*parts, f"{features.sample_rate} Hz"])


def _fit(name: str, width: int) -> str:
    """Fills or shortens a name to the places that it takes in a terminal: a Chinese letter two."""
    if cell_len(name) <= width:
        return set_cell_size(name, width)
    end = set_cell_size(name[::-1], width // 2)[::-1]
    return set_cell_size(name, width - width // 2 - 1) + "…" + end


@dataclass(frozen=True)
class _Measure:
    """A column of the table, shown when all recordings have the measure."""

    measure: str
    title: str
    width: int
    show: Callable[[float], str]
    legend: str = ""


_MEASURES = (
    _Measure(
        "loud_db",
        "loud",
        5,
        lambda value: f"{value:.0f}",
        "loud: level of the loud passages in dBFS, of which 0 is the most that a file can hold.",
    ),
    _Measure(
        "voiced_share",
        "notes",
        7,
        _percent,
        "notes: share of the sound that has a clear pitch.",
    ),
    _Measure("silent_share", "silent", 7, _percent),
    _Measure(
        "polyphonic_share",
        "several",
        8,
        _percent,
        "several: share of these notes that sound together with others.",
    ),
    _Measure("clipped_share", "clipped", 8, _percent),
    _Measure(
        "delay_ms",
        "delay",
        9,
        lambda value: f"{value:.2f} ms",
        "delay: how much later than the dry sound the wet one comes.",
    ),
    _Measure(
        "likeness",
        "alike",
        6,
        lambda value: f"{value:.2f}",
        "alike: how sure the delay is; below 0.06 it is not.",
    ),
    _Measure(
        "offset_ms",
        "offset",
        8,
        lambda value: f"{value:+.0f} ms",
        "offset: how much later than in the score the notes are heard.",
    ),
    _Measure(
        "fit_db",
        "fit",
        6,
        lambda value: f"{value:.0f} dB",
        "fit: how much the score's pitches stand out at their time; a wrong score has 3 dB.",
    ),
)
