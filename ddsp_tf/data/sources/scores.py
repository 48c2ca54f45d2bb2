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
from ddsp_tf.features import Column, columns_of, notes_column
from ddsp_tf.midi import find_score, read_notes

_LONGER_S = 2.0
_NOTICED_MS = 50.0
"""Slow attacks alone are heard some 30 ms late."""


class Scores:
    """The columns of a recording, and `notes`, those of the MIDI file of its name beside it."""

    name = "scores"

    def adapted(self, settings: PrepareSettings) -> PrepareSettings:
        """As they are."""
        return settings

    def holds(self, paths: list[Path]) -> bool:
        """Whether every audio file has a score."""
        try:
            files = name_files(paths)
        except DatasetError:
            return False
        return all(find_score(path) is not None for path in files.values())

    def find(self, paths: list[Path]) -> Found:
        """The audio files that have one.

        Raises:
            DatasetError: There is no audio file, or none has a score.
        """
        examples, failed = {}, {}
        for name, path in name_files(paths).items():
            score = find_score(path)
            if score is None:
                failed[name] = f"`{path}` has no score: no `{path.stem}.mid` lies beside it."
            else:
                examples[name] = Example(name, {"audio": path, "score": score})
        if not examples:
            raise DatasetError(
                "No recording has a score. Put a MIDI file of the same name beside each, such as "
                "`song.mid` beside `song.wav`."
            )
        return Found(examples, failed)

    def columns(
        self, n_channels: Mapping[str, int], settings: PrepareSettings
    ) -> dict[str, Column]:
        """The sound, its features and the notes."""
        audio = sound_column("audio", n_channels, settings)
        return {"audio": audio, **columns_of(settings.features), "notes": notes_column()}

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
        return replace(
            recording,
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
    if abs(fit.drift_s) > LARGEST_DRIFT_S:
        raise ScoreFileError(
            f"`{score}` runs away from `{example.audio}`: the second half is "
            f"{1000 * fit.drift_s:+.0f} ms beside the first. Give a score in the recording's tempo."
        )
    if settings.compensate_delay:
        notes = notes + np.array([fit.offset_s, fit.offset_s, 0, 0, 0], np.float32)
    return notes, {"offset_ms": 1000.0 * fit.offset_s, "fit_db": fit.fit_db}
