"""Recordings with their scores."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ddsp_tf.data.analysis import analyse_file
from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.recording import Recording, from_pcm
from ddsp_tf.data.sources.audio_names import name_files
from ddsp_tf.data.sources.example import Example, Found
from ddsp_tf.data.sources.score_fit import LARGEST_DRIFT_S, LEAST_FIT_DB, measure_fit
from ddsp_tf.data.sources.sound_columns import sound_column
from ddsp_tf.errors import DatasetError, ScoreFileError
from ddsp_tf.features import Column, Features, columns_of, notes_column
from ddsp_tf.midi import (
    EXPRESSION_FIELDS,
    SUFFIXES,
    expression_frames,
    find_score,
    levels_as_velocities,
    measure_expression,
    read_notes,
    top_line,
)
from ddsp_tf.midi.note_table import TABLE_SUFFIX
from ddsp_tf.types import Signal

_PLAYED = ("fine_f0_hz", "harmonics_db", "noise_db")
"""Columns of which the expression of notes is measured."""
_LONGER_S = 2.0
_NOTICED_MS = 50.0
"""Slow attacks alone are heard some 30 ms late."""


class Scores:
    """The columns of a recording, and `notes`, those of the score of its name beside it.

    Where a table of notes has no velocities, each note's is its loudness as its place among all
    frames of notes, as `ddsp-tf notes` writes them. Where the levels of partials and noise are
    extracted, there is `expression` too: for every frame, how its note is played
    (`midi.measure_expression`).
    """

    name = "scores"

    def adapted(self, settings: PrepareSettings) -> PrepareSettings:
        """As they are."""
        return settings

    def holds(self, paths: list[Path]) -> bool:
        """Whether every audio file has a MIDI file. Tables of notes are taken on demand alone."""
        try:
            files = name_files(paths)
        except DatasetError:
            return False
        found = [find_score(path) for path in files.values()]
        return all(score is not None and score.suffix.lower() in SUFFIXES for score in found)

    def find(self, paths: list[Path]) -> Found:
        """The audio files that have one.

        Raises:
            DatasetError: There is no audio file, or none has a score.
        """
        examples, failed = {}, {}
        for name, path in name_files(paths).items():
            score = find_score(path)
            if score is None:
                failed[name] = (
                    f"`{path}` has no score: no `{path.stem}.mid` or "
                    f"`{path.stem}{TABLE_SUFFIX}` lies beside it."
                )
            else:
                examples[name] = Example(name, {"audio": path, "score": score})
        if not examples:
            raise DatasetError(
                "No recording has a score. Put a MIDI file of the same name beside each, such as "
                "`song.mid` beside `song.wav`; `ddsp-tf notes` writes one of a melody."
            )
        return Found(examples, failed)

    def columns(
        self, n_channels: Mapping[str, int], settings: PrepareSettings
    ) -> dict[str, Column]:
        """The sound, its features, the notes, and how they are played."""
        audio = sound_column("audio", n_channels, settings)
        features = columns_of(settings.features)
        played = {}
        if set(_PLAYED) <= set(features):
            signal = Signal("frames", len(EXPRESSION_FIELDS))
            played["expression"] = Column("expression", signal, settings.features.hop_length)
        return {"audio": audio, **features, **played, "notes": notes_column()}

    def analyse(
        self,
        example: Example,
        settings: PrepareSettings,
        columns: Mapping[str, Column],
        *,
        progress: Callable[[float], None] | None = None,
    ) -> Recording:
        """Analyses the recording, reads the score, and lays it beside the sound.

        Raises:
            AudioFileError: The recording is unusable.
            ScoreFileError: The score is, or it isn't that of the recording.
        """
        notes = read_notes(example.files["score"])
        recording = analyse_file(
            example.audio, settings, n_channels=columns["audio"].width, progress=progress
        )
        audio = from_pcm(recording.samples["audio"])
        mono = audio if audio.ndim == 1 else audio.mean(axis=1)
        notes, measures = _laid_beside(notes, mono, example, settings)
        features, frame_rate = recording.features, settings.features.frame_rate
        notes = _with_velocities(notes, features, frame_rate, example.files["score"])
        if "expression" in columns:
            features = features.with_columns(expression=_expression(notes, features, frame_rate))
        return replace(
            recording,
            features=features,
            measures={**recording.measures, **measures},
            events={"notes": notes},
        )

    def remarks(
        self, recordings: Mapping[str, Recording], settings: PrepareSettings
    ) -> tuple[str, ...]:
        """About scores that are early or late."""
        offsets = {name: r.measures["offset_ms"] for name, r in recordings.items()}
        noticed = {name: ms for name, ms in offsets.items() if abs(ms) >= _NOTICED_MS}
        if not noticed:
            return ()
        name = max(noticed, key=lambda name: abs(noticed[name]))
        done = (
            "The notes were moved to where they are heard."
            if settings.compensate_delay
            else "PrepareSettings.compensate_delay=True moves the notes to where they are heard."
        )
        return (
            f"In {len(noticed)} of {len(recordings)} recordings the notes aren't heard where the "
            f"score has them: `{name}` is {noticed[name]:+.0f} ms beside it. {done}",
        )


def _with_velocities(
    notes: np.ndarray, features: Features, frame_rate: float, score: Path
) -> np.ndarray:
    """Notes whose velocities weren't known, with their loudness in the place of them."""
    if not np.isnan(notes[:, 3]).any():
        return notes
    if not features.has("loudness_db"):
        raise ScoreFileError(
            f"`{score}` has no column `velocity`, and there is no `loudness_db` to take it from. "
            "Add one of both."
        )
    frames = np.round(notes[:, :2] * frame_rate).astype(int).clip(0, features.n_frames)
    spans = [(start, max(end, start + 1)) for start, end in frames.tolist()]
    return np.column_stack(
        [notes[:, :3], levels_as_velocities(features.loudness_db, spans), notes[:, 4]]
    ).astype(np.float32)


def _expression(notes: np.ndarray, features: Features, frame_rate: float) -> np.ndarray:
    line = top_line(notes)
    pitch, harmonics_db, noise_db = (features[key] for key in _PLAYED)
    measured = measure_expression(
        line, f0_hz=pitch, harmonics_db=harmonics_db, noise_db=noise_db, frame_rate=frame_rate
    )
    return expression_frames(
        line, measured, frame_rate=frame_rate, n_frames=features.n_frames
    ).astype(np.float32)


def _laid_beside(
    notes: np.ndarray, audio: np.ndarray, example: Example, settings: PrepareSettings
) -> tuple[np.ndarray, dict[str, float]]:
    score, seconds = example.files["score"], len(audio) / settings.features.sample_rate
    if float(notes[:, 0].max()) > seconds + _LONGER_S:
        raise ScoreFileError(
            f"`{score}` has notes up to {notes[:, 0].max():.1f} s, but `{example.audio}` lasts "
            f"{seconds:.1f} s. They don't belong together, or are of different tempi."
        )
    fit = measure_fit(notes, audio, settings.features)
    if fit.fit_db < LEAST_FIT_DB and (notes[:, 4] != 9).any():
        raise ScoreFileError(
            f"`{score}` doesn't fit `{example.audio}`: its notes aren't heard there, at whatever "
            "offset up to 2 s. Give the score of this recording, in its tempo and key."
        )
    if fit.semitones != 0:
        where = "lower" if fit.semitones < 0 else "higher"
        raise ScoreFileError(
            f"In `{example.audio}` the notes are heard {abs(fit.semitones)} semitones {where} than "
            f"the score has them. Transpose `{score}`."
        )
    if abs(fit.drift_s) > LARGEST_DRIFT_S:
        raise ScoreFileError(
            f"`{score}` runs away from `{example.audio}`: the second half is "
            f"{1000 * fit.drift_s:+.0f} ms beside the first. Give a score in the recording's tempo."
        )
    if settings.compensate_delay:
        notes = notes + np.array([fit.offset_s, fit.offset_s, 0, 0, 0], np.float32)
    return notes, {"offset_ms": 1000.0 * fit.offset_s, "fit_db": fit.fit_db}
