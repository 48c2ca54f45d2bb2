"""Playing scores with a trained instrument."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ddsp_tf.audio.edge_fades import fade_edges
from ddsp_tf.audio.output import check_output, gain_to_db, peak_gain, write_blocks
from ddsp_tf.audio.peak_limiter import PeakLimiter
from ddsp_tf.errors import ArgumentError, ModelError, ScoreFileError
from ddsp_tf.features import NOTE_FIELDS
from ddsp_tf.inference.note_performer import Performance, perform
from ddsp_tf.inference.player import Player
from ddsp_tf.inference.render_report import RenderReport
from ddsp_tf.midi import VOICE_COLUMNS, allocate_voices, read_notes
from ddsp_tf.models import BlockPlayer, Instrument, PitchRange
from ddsp_tf.note_names import note_name
from ddsp_tf.types import Float32Array, FloatArray, Progress

_MELODY_COLUMNS = ("f0_hz", "loudness_db")
_LONGEST_S = 24 * 3600.0


@dataclass(frozen=True)
class _Part:
    """What one score makes a model play: its inputs, without the axis of the batch."""

    inputs: Mapping[str, FloatArray]
    gate: FloatArray | None
    report: RenderReport


class Render:
    """Plays notes with an instrument.

    A model of notes or of voices plays what is written. One of pitch and loudness plays a melody,
    as a plain performer would (see `perform`); of a score with chords, their top notes. The sound
    is made in blocks with exact state, in memory that hardly grows with it, but for a model that
    plays whole sounds only.

    Args:
        instrument: A trained instrument, or the name or path of one.
        transpose: Semitones to play higher.
        tail_s: Seconds to play on after the last note, >= 0.
        reverb: Whether the instrument's room is heard.
        normalize_peak: Whether an output that would clip is turned down as a whole.
        limiter: Whether peaks that would clip are turned down to -1 dBFS, and only them.
        chunk_s: Seconds a block.

    Raises:
        ArgumentError: A value is outside its range.
        ModelError: The instrument can't be loaded, or takes what no score has.

    Example:
        >>> render = Render("violin", tail_s=0.5)
        >>> audio, report = render(np.array([[0.0, 0.5, 69, 0.7, 0]]))
        >>> audio.shape, report.lines()
        ((16000,), ['notes: 1 of 1, one at a time'])
    """

    def __init__(
        self,
        instrument: Instrument | str | os.PathLike[str],
        *,
        transpose: int = 0,
        tail_s: float = 1.5,
        reverb: bool = True,
        normalize_peak: bool = True,
        limiter: bool = False,
        chunk_s: float = 4.0,
    ) -> None:
        if not (chunk_s > 0 and 0 <= tail_s <= _LONGEST_S):
            raise ArgumentError(
                "`chunk_s` must be above 0 seconds, and `tail_s` from 0 to a day of them; got "
                f"{chunk_s!r} and {tail_s!r}."
            )
        if not isinstance(instrument, Instrument):
            instrument = Instrument.load(instrument)
        self.instrument = instrument
        self.settings = instrument.features
        self.transpose = transpose
        self.tail_s = tail_s
        self.normalize_peak = normalize_peak
        self.limiter = limiter
        self.takes = _what_it_takes(instrument)
        block_frames = max(1, round(chunk_s * self.settings.frame_rate))
        model = instrument.model if reverb else instrument.model.without_rooms()
        self._melody_player: Player | None = None
        if self.takes == "melody":
            self._melody_player = Player(instrument.model, reverb=reverb, block_frames=block_frames)
        self._block_player = BlockPlayer(model, block_frames=block_frames)

    @property
    def sample_rate(self) -> int:
        """The instrument's sample rate in Hz."""
        return self.settings.sample_rate

    def __call__(
        self, notes: np.ndarray, *, progress: Progress | None = None
    ) -> tuple[Float32Array, RenderReport]:
        """Plays notes in memory.

        Args:
            notes: `[n_notes, 5]`: onset and offset in seconds, MIDI number, velocity (0 to 1),
                channel.
            progress: Is called with the share that is done, 0 to 1.

        Returns:
            Audio at the instrument's rate, `[n_samples]`, and what was played.

        Raises:
            ArgumentError: `notes` are of another shape, or none, or their times are impossible.
            ScoreFileError: The instrument has none of these notes.
        """
        part = self._prepare(np.asarray(notes, np.float64), "the score")
        blocks = self._blocks(part, progress)
        limiter = PeakLimiter(self.sample_rate) if self.limiter else None
        audio = np.concatenate(list(blocks if limiter is None else limiter.limit(blocks)))
        gain = peak_gain(float(np.max(np.abs(audio)))) if self.normalize_peak else 1.0
        report = _with_levels(part.report, gain_to_db(gain), limiter)
        return (audio * np.float32(gain)).astype(np.float32), report

    def render_file(
        self,
        source: str | os.PathLike[str],
        target: str | os.PathLike[str],
        *,
        track: int | None = None,
        channel: int | None = None,
        sample_rate: int | None = None,
        bit_depth: int = 16,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> RenderReport:
        """Plays a score into a new file, whole or not at all.

        Args:
            source: A Standard MIDI file.
            target: File to write; .wav or .flac.
            track: The one track to play, counted from 1; None: all.
            channel: The one channel to play, 1 to 16; None: all.
            sample_rate: Its rate in Hz; the instrument's by default.
            bit_depth: 16 or 24.
            overwrite: Whether an existing target may be replaced.
            progress: Is called with the share that is done, 0 to 1.

        Returns:
            What was played.

        Raises:
            ScoreFileError: The source is missing, not MIDI, truncated or without notes, or the
                instrument has none of its notes.
            OutputError: The target exists or can't be written.
            ArgumentError: `sample_rate` or `bit_depth` is not possible.
        """
        rate = self.sample_rate if sample_rate is None else sample_rate
        path = check_output(target, sample_rate=rate, bit_depth=bit_depth, overwrite=overwrite)
        notes = read_notes(source, track=track, channel=channel).astype(np.float64)
        part = self._prepare(notes, f"`{source}`")
        limiter = PeakLimiter(rate) if self.limiter else None
        gain_db = write_blocks(
            path,
            self._blocks(part, progress),
            block_rate=self.sample_rate,
            sample_rate=rate,
            bit_depth=bit_depth,
            n_samples=round(part.report.seconds * rate),
            normalize_peak=self.normalize_peak,
            overwrite=overwrite,
            limiter=limiter,
        )
        return _with_levels(part.report, gain_db, limiter)

    def _prepare(self, notes: np.ndarray, name: str) -> _Part:
        _check_notes(notes)
        transposed = notes + np.array([0.0, 0.0, self.transpose, 0.0, 0.0])
        if transposed[:, 1].max() > _LONGEST_S:
            raise ScoreFileError(
                f"{name} lasts {transposed[:, 1].max() / 3600:.0f} hours, and a day is the most "
                "that is played. Its tempo is damaged, or there is a note at its far end."
            )
        n_frames = self.settings.n_frames(
            round((transposed[:, 1].max() + self.tail_s) * self.sample_rate)
        )
        if self.takes == "melody":
            return self._melody_part(transposed, n_frames)
        inside, warnings = self._playable(transposed, name)
        if self.takes == "notes":
            report = _report_of(inside, len(notes), self._seconds(n_frames), len(inside), warnings)
            return _Part({"notes": inside.astype(np.float32)}, None, report)
        width = self.instrument.model.input_signals["midi"].width
        n_voices = 16 if width is None else width
        voices = allocate_voices(
            inside, n_voices=n_voices, frame_rate=self.settings.frame_rate, n_frames=n_frames
        )
        if voices.n_stolen:
            warnings += (
                f"{_count(voices.n_stolen)} cut short, as the instrument has {n_voices} voices.",
            )
        report = _report_of(inside, len(notes), self._seconds(n_frames), n_voices, warnings)
        return _Part(voices.columns(), None, report)

    def _melody_part(self, notes: np.ndarray, n_frames: int) -> _Part:
        played = perform(
            notes,
            self.instrument.statistics,
            frame_rate=self.settings.frame_rate,
            n_frames=n_frames,
        )
        warnings = self._melody_warnings(played, len(notes))
        batch = {
            "f0_hz": played.f0_hz.astype(np.float32)[np.newaxis, :, np.newaxis],
            "loudness_db": played.loudness_db.astype(np.float32)[np.newaxis, :, np.newaxis],
        }
        encoded = self.instrument.model.encode(batch)
        inputs = {key: np.asarray(value)[0] for key, value in encoded.items()}
        seconds = self._seconds(n_frames)
        report = _report_of(played.melody, len(notes), seconds, 1, warnings)
        return _Part(inputs, played.gate, report)

    def _melody_warnings(self, played: Performance, n_notes: int) -> tuple[str, ...]:
        warnings = []
        n_left_out = n_notes - len(played.melody)
        if n_left_out:
            warnings.append(
                "the instrument plays one note at a time: of notes that sound together the top one "
                f"is played, and {_count(n_left_out)} left out. `--track` or `--channel` chooses "
                "one part of a score."
            )
        if self.instrument.statistics is not None:
            known = PitchRange.from_statistics(self.instrument.statistics)
            midi = played.melody[:, 2]
            n_outside = int(
                np.sum((midi < known.lowest_midi - 0.5) | (midi > known.highest_midi + 0.5))
            )
            if n_outside:
                lowest, highest = note_name(known.lowest_midi), note_name(known.highest_midi)
                warnings.append(
                    f"{_count(n_outside)} beyond what the instrument was trained on ({lowest} to "
                    f"{highest}). `--transpose` moves them."
                )
        return tuple(warnings)

    def _playable(self, notes: np.ndarray, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """The notes that a polyphonic model has keys for."""
        signal = self.instrument.model.input_signals.get("midi")
        low = -np.inf if signal is None or signal.low is None else signal.low
        high = np.inf if signal is None or signal.high is None else signal.high
        has_key = (notes[:, 2] >= low) & (notes[:, 2] <= high)
        if has_key.all():
            return notes, ()
        keys = f"{note_name(low)} to {note_name(high)}"
        if not has_key.any():
            raise ScoreFileError(
                f"The instrument has the keys {keys}, and {name} none of these. Transpose it."
            )
        left_out = _count(int(np.sum(~has_key)))
        return notes[has_key], (f"{left_out} left out, as the instrument has the keys {keys}.",)

    def _seconds(self, n_frames: int) -> float:
        return n_frames / self.settings.frame_rate

    def _blocks(self, part: _Part, progress: Progress | None) -> Iterator[FloatArray]:
        n_samples = round(part.report.seconds * self.sample_rate)
        if self._melody_player is not None and part.gate is not None:
            blocks = self._melody_player.blocks(part.inputs, part.gate)
        else:
            blocks = self._block_player.blocks(part.inputs)
        return fade_edges(
            blocks, n_samples=n_samples, sample_rate=self.sample_rate, progress=progress
        )


def _what_it_takes(instrument: Instrument) -> str:
    """Which of the ways to play a score the model has: "notes", "voices" or "melody".

    Raises:
        ModelError: None of them.
    """
    model = instrument.model
    needed = set(model.required_input_names)
    for name, columns in (
        ("notes", ("notes",)),
        ("voices", VOICE_COLUMNS),
        ("melody", _MELODY_COLUMNS),
    ):
        if needed and needed <= set(columns):
            return name
    unknown = needed - {"notes", *VOICE_COLUMNS, *_MELODY_COLUMNS}
    listed = ", ".join(f"`{key}`" for key in sorted(unknown or needed)) or "nothing"
    raise ModelError(
        f"The instrument takes {listed}, which no score has, so it can't play one. Those that can "
        "take `notes`, the voices' `midi`, `velocity` and `gate`, or `f0_hz` and `loudness_db`."
    )


def _check_notes(notes: np.ndarray) -> None:
    if notes.ndim != 2 or notes.shape[1] != len(NOTE_FIELDS) or not len(notes):
        raise ArgumentError(
            f"`notes` must be [n_notes, {len(NOTE_FIELDS)}], with a note at least; got shape "
            f"{notes.shape}."
        )
    if not np.isfinite(notes).all() or (notes[:, 0] < 0).any() or (notes[:, 1] < notes[:, 0]).any():
        raise ArgumentError("`notes` must be finite, begin at 0 or later, and not end before that.")


def _report_of(
    played: np.ndarray, n_notes: int, seconds: float, n_voices: int, warnings: tuple[str, ...]
) -> RenderReport:
    return RenderReport(
        seconds=seconds,
        n_notes=n_notes,
        n_played=len(played),
        n_voices=n_voices,
        lowest_midi=float(played[:, 2].min()),
        highest_midi=float(played[:, 2].max()),
        warnings=warnings,
    )


def _with_levels(report: RenderReport, gain_db: float, limiter: PeakLimiter | None) -> RenderReport:
    limited_db = 0.0 if limiter is None else limiter.most_reduction_db
    return replace(report, gain_db=gain_db, limited_db=limited_db)


def _count(number: int) -> str:
    return f"{number} note was" if number == 1 else f"{number} notes were"
