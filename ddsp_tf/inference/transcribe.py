"""Recordings of melodies as scores."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ddsp_tf.audio import read_audio
from ddsp_tf.errors import AudioFileError
from ddsp_tf.features import Features, FeatureSettings, extract_features
from ddsp_tf.files import check_writable, printable
from ddsp_tf.midi import recognise_notes, refine_onsets, write_notes
from ddsp_tf.note_names import note_name
from ddsp_tf.types import FloatArray, PathLike, Progress

_COLUMNS = ("f0_hz", "f0_confidence", "loudness_db")
_LEAST_NOTE_SHARE = 0.2
_MANY_A_SECOND = 12.0


@dataclass(frozen=True)
class TranscriptionReport:
    """What was heard in a recording.

    Attributes:
        seconds: Length of the recording.
        n_notes: How many notes.
        lowest_midi: Their lowest key.
        highest_midi: Their highest key.
        note_share: The share of the recording that belongs to notes.
        warnings: What the user should know.
    """

    seconds: float
    n_notes: int
    lowest_midi: float
    highest_midi: float
    note_share: float
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON can hold it."""
        return asdict(self)

    def lines(self) -> list[str]:
        """What was heard, in a line."""
        span = f"{note_name(self.lowest_midi)} to {note_name(self.highest_midi)}"
        return [f"notes: {self.n_notes}, {span}, {100 * self.note_share:.0f} % of the time"]


def transcribe(
    audio: FloatArray,
    settings: FeatureSettings | None = None,
    *,
    progress: Progress | None = None,
) -> FloatArray:
    """Finds the notes of a melody; see `recognise_notes` and `refine_onsets`.

    Args:
        audio: Mono at `settings.sample_rate`, `[n_samples]`.
        settings: How pitch and loudness are found; the defaults if omitted.
        progress: Is called with the share that is done, 0 to 1.

    Returns:
        `[n_notes, 5]`: onset and offset in seconds, MIDI number, velocity (0 to 1), channel 0.

    Example:
        >>> time_s = np.arange(16000) / 16000
        >>> transcribe(0.5 * np.sin(2 * np.pi * 440 * time_s))[:, 2].tolist()
        [69.0]
    """
    settings = replace(settings or FeatureSettings(), columns=_COLUMNS)
    found: Features = extract_features(audio, settings, progress=progress)
    notes = recognise_notes(
        found.f0_hz, found.f0_confidence, found.loudness_db, frame_rate=settings.frame_rate
    )
    return refine_onsets(
        notes,
        audio,
        found.f0_hz,
        sample_rate=settings.sample_rate,
        frame_rate=settings.frame_rate,
    )


def transcribe_file(
    source: PathLike,
    target: PathLike,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> TranscriptionReport:
    """Writes the notes of a recording as a MIDI file, whole or not at all.

    Args:
        source: A recording of a melody.
        target: The MIDI file.
        overwrite: Whether an existing target may be replaced.
        progress: Is called with the share that is done, 0 to 1.

    Raises:
        AudioFileError: The source can't be read, or no note is heard in it.
        OutputError: The target exists or can't be written.
    """
    path = check_writable(target, overwrite=overwrite)
    settings = FeatureSettings()
    audio, _ = read_audio(source, sample_rate=settings.sample_rate)
    notes = transcribe(audio, settings, progress=progress)
    if not len(notes):
        raise AudioFileError(
            f"No note is heard in `{printable(source)}`: it is silent, noisy, or without a clear "
            "pitch. Record one melody instrument, close to the microphone."
        )
    write_notes(path, notes, name=path.stem, overwrite=overwrite)
    seconds = len(audio) / settings.sample_rate
    share = float(np.sum(notes[:, 1] - notes[:, 0]) / seconds)
    return TranscriptionReport(
        seconds=seconds,
        n_notes=len(notes),
        lowest_midi=float(notes[:, 2].min()),
        highest_midi=float(notes[:, 2].max()),
        note_share=share,
        warnings=_warnings(notes, share),
    )


def _warnings(notes: FloatArray, share: float) -> tuple[str, ...]:
    warnings = []
    if share < _LEAST_NOTE_SHARE:
        warnings.append(
            f"only {100 * share:.0f} % of the recording are notes: is it one melody instrument?"
        )
    played_s = float(np.sum(notes[:, 1] - notes[:, 0]))
    if len(notes) > _MANY_A_SECOND * played_s:
        warnings.append("the notes change very often: several may sound together.")
    return tuple(warnings)
