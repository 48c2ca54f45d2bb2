"""Playing scores with a trained instrument."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ddsp_tf.audio.edge_fades import fade_edges
from ddsp_tf.audio.output import gain_to_db, peak_gain
from ddsp_tf.audio.peak_limiter import PeakLimiter
from ddsp_tf.errors import ArgumentError, ScoreFileError
from ddsp_tf.features import NOTE_FIELDS
from ddsp_tf.inference.gating import gate_envelope
from ddsp_tf.inference.humanise import humanise
from ddsp_tf.inference.interpreter import Interpreter
from ddsp_tf.inference.key_range import KeyRange
from ddsp_tf.inference.performer import Performer
from ddsp_tf.inference.performers import get_performer
from ddsp_tf.inference.player import Player
from ddsp_tf.inference.playing_files import PlayingFiles
from ddsp_tf.inference.render_report import RenderReport
from ddsp_tf.inference.render_warnings import count, cut_short, melody_warnings, playable, span
from ddsp_tf.inference.score_inputs import score_inputs
from ddsp_tf.midi import (
    Part,
    Score,
    VoiceLines,
    allocate_voices,
    most_together,
    note_columns,
    split_voices,
    sustained,
    values_at,
)
from ddsp_tf.models import BlockPlayer, Instrument, PitchRange
from ddsp_tf.types import Float32Array, FloatArray, Progress

_LONGEST_S = 24 * 3600.0
MOST_VOICES = 16
"""Voices that are taken at most when nothing else is asked for."""
_LIMIT_VOICES = 64


@dataclass(frozen=True)
class Rehearsed:
    """What one score makes a model play.

    Attributes:
        inputs: What the model takes, without the axis of the batch; of several voices side by side.
        gate: Gain of each voice, `[n_frames, n_voices]`; None where the model needs none.
        notes: The notes that are heard, `[n, 5]`.
        report: What will be played.
    """

    inputs: Mapping[str, FloatArray]
    gate: FloatArray | None
    notes: FloatArray
    report: RenderReport


class Render:
    """Plays notes with an instrument.

    A model of notes or of voices plays what is written. One of pitch and loudness plays one note at
    a time; of a score with chords it takes as many voices as sound together, each performed by a
    `Performer`. The sound is made in blocks with exact state, in memory that hardly grows with it,
    but for a model that plays whole sounds only. A model with an expression of its own
    (`MidiDdsp`) needs no performer; what it plays can be written into tables, and read from them.

    Args:
        instrument: A trained instrument, or the name or path of one.
        performer: Who makes pitch and loudness of the notes: "rules" (`RulePerformer`), "plain"
            (`PlainPerformer`), the folder of a trained one (`TrainedPerformer`), or a `Performer`.
            A model of notes or voices needs none.
        player: Which of the instruments of a model with several; or the beginning of its name.
        files: Tables of the playing of a model with an expression of its own.
        voices: Notes of pitch and loudness that sound at once at most, 1 to 64; with 1 the top line
            is played. None: as many as the score has together, at most 16.
        humanise: How inaccurately it is played, 0 to 1; see `humanise`.
        seed: Of those inaccuracies.
        transpose: Semitones to play higher.
        fit_range: Whether notes beyond the instrument's range are moved into it by octaves. If not,
            one of pitch and loudness plays them, and a model with keys leaves them out.
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
        performer: Performer | str | os.PathLike[str] = "rules",
        player: str | None = None,
        files: PlayingFiles | None = None,
        voices: int | None = None,
        humanise: float = 0.0,
        seed: int = 0,
        transpose: int = 0,
        fit_range: bool = False,
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
        if voices is not None and not 1 <= voices <= _LIMIT_VOICES:
            raise ArgumentError(f"`voices` must be from 1 to {_LIMIT_VOICES}; got {voices!r}.")
        if not 0.0 <= humanise <= 1.0:
            raise ArgumentError(f"`humanise` must be from 0 to 1; got {humanise!r}.")
        self.performer = get_performer(performer)
        if not isinstance(instrument, Instrument):
            instrument = Instrument.load(instrument)
        files = files or PlayingFiles()
        files.check()
        self._interpreter = Interpreter.of(instrument.model, player, files, seed=seed)
        self.instrument = instrument
        self.settings = instrument.features
        self.voices = voices
        self.humanise = humanise
        self.seed = seed
        self.transpose = transpose
        self.fit_range = fit_range
        self.tail_s = tail_s
        self.reverb = reverb
        self.normalize_peak = normalize_peak
        self.limiter = limiter
        self.takes = "melody" if self._interpreter else score_inputs(instrument.model)
        self._block_frames = max(1, round(chunk_s * self.settings.frame_rate))
        self._players: dict[int, Player] = {}
        self._block_player: BlockPlayer | None = None

    @property
    def sample_rate(self) -> int:
        """The instrument's sample rate in Hz."""
        return self.settings.sample_rate

    def __call__(
        self, score: Score | np.ndarray, *, progress: Progress | None = None
    ) -> tuple[Float32Array, RenderReport]:
        """Plays notes in memory.

        Args:
            score: As `read_score` gives; or notes alone, `[n_notes, 5]`: onset and offset in
                seconds, MIDI number, velocity (0 to 1), channel.
            progress: Is called with the share that is done, 0 to 1.

        Returns:
            Audio at the instrument's rate, `[n_samples]`, and what was played.

        Raises:
            ArgumentError: The notes are of another shape, or none, or their times are impossible.
            ScoreFileError: The instrument has none of these notes.
        """
        rehearsed = self.rehearse(score)
        blocks = self.blocks(rehearsed, progress=progress)
        limiter = PeakLimiter(self.sample_rate) if self.limiter else None
        audio = np.concatenate(list(blocks if limiter is None else limiter.limit(blocks)))
        gain = peak_gain(float(np.max(np.abs(audio)))) if self.normalize_peak else 1.0
        limited_db = 0.0 if limiter is None else limiter.most_reduction_db
        report = replace(rehearsed.report, gain_db=gain_to_db(gain), limited_db=limited_db)
        return (audio * np.float32(gain)).astype(np.float32), report

    def rehearse(
        self, score: Score | np.ndarray, *, end_s: float | None = None, name: str = "the score"
    ) -> Rehearsed:
        """Decides all that is to be played, before any sound is made.

        Args:
            score: As for a call.
            end_s: When the last note of all players ends; None: of these notes.
            name: Of the score, for messages.

        Raises:
            ArgumentError: As a call.
            ScoreFileError: The instrument has none of these notes, or they last for days.
        """
        if not isinstance(score, Score):
            _check_notes(np.asarray(score))
            score = Score((Part(1, 1, 1, "", np.asarray(score, np.float64)),))
        notes = score.notes
        _check_notes(notes)
        end_s = float(notes[:, 1].max()) if end_s is None else end_s
        if end_s > _LONGEST_S:
            raise ScoreFileError(
                f"{name} lasts {end_s / 3600:.0f} hours, and a day is the most that is played. Its "
                "tempo is damaged, or there is a note at its far end."
            )
        n_frames = self.settings.n_frames(round((end_s + self.tail_s) * self.sample_rate))
        transposed = notes + np.array([0.0, 0.0, self.transpose, 0.0, 0.0])
        if self.takes == "melody":
            return self._rehearse_melody(score, transposed, n_frames)
        return self._rehearse_keys(score, transposed, n_frames, name)

    def blocks(
        self, rehearsed: Rehearsed, *, progress: Progress | None = None
    ) -> Iterator[FloatArray]:
        """Plays what was rehearsed, block by block; mono, at the instrument's rate."""
        n_samples = round(rehearsed.report.seconds * self.sample_rate)
        if rehearsed.gate is not None:
            player = self._player(rehearsed.gate.shape[1])
            blocks = player.blocks(rehearsed.inputs, rehearsed.gate)
        else:
            blocks = self._key_player().blocks(rehearsed.inputs)
        return fade_edges(
            blocks, n_samples=n_samples, sample_rate=self.sample_rate, progress=progress
        )

    def _player(self, n_voices: int) -> Player:
        """What plays so many voices; kept, since it is compiled once."""
        if n_voices not in self._players:
            self._players[n_voices] = Player(
                self.instrument.model,
                reverb=self.reverb,
                block_frames=self._block_frames,
                n_voices=n_voices,
            )
        return self._players[n_voices]

    def _key_player(self) -> BlockPlayer:
        if self._block_player is None:
            model = self.instrument.model
            played = model if self.reverb else model.without_rooms()
            self._block_player = BlockPlayer(played, block_frames=self._block_frames)
        return self._block_player

    def _rehearse_melody(self, score: Score, notes: FloatArray, n_frames: int) -> Rehearsed:
        known = self._known_keys()
        notes, moved = self._fitted(notes, known)
        lines = self._lines(score, humanise(notes, self.humanise, seed=self.seed))
        bends = [self._bends(score, line, n_frames) for line in lines.lines]
        if self._interpreter is not None:
            inputs, gates = self._interpreted(self._interpreter, lines, bends, n_frames)
        else:
            inputs, gates = self._performed(lines, bends, n_frames)
        gate = np.stack(gates, axis=1).astype(np.float32)
        heard = lines.notes
        warnings = (*moved, *melody_warnings(lines, known, n_notes=len(notes)))
        report = self._report(heard, len(notes), n_frames, len(lines.lines), warnings)
        return Rehearsed(inputs, gate, heard, report)

    def _known_keys(self) -> KeyRange | None:
        """The keys that the instrument was trained on, if that is known."""
        if self._interpreter is not None:
            return self._interpreter.known
        if self.instrument.statistics is None:
            return None
        pitches = PitchRange.from_statistics(self.instrument.statistics)
        return KeyRange(pitches.lowest_midi, pitches.highest_midi)

    def _performed(
        self, lines: VoiceLines, bends: Sequence[FloatArray], n_frames: int
    ) -> tuple[dict[str, FloatArray], list[FloatArray]]:
        """What the model takes, and the gate of each voice, by the performer."""
        played = [
            self.performer.perform(
                line,
                statistics=self.instrument.statistics,
                frame_rate=self.settings.frame_rate,
                n_frames=n_frames,
            )
            for line in lines.lines
        ]
        bent = [one.f0_hz * 2.0 ** (bend / 12.0) for one, bend in zip(played, bends, strict=True)]
        batch = {
            "f0_hz": np.array(bent, np.float32)[:, :, np.newaxis],
            "loudness_db": np.array([one.loudness_db for one in played], np.float32)[:, :, None],
        }
        encoded = self.instrument.model.encode(batch)
        inputs = {
            key: np.concatenate(list(np.asarray(value)), axis=-1) for key, value in encoded.items()
        }
        return inputs, [one.gate for one in played]

    def _interpreted(
        self,
        interpreter: Interpreter,
        lines: VoiceLines,
        bends: Sequence[FloatArray],
        n_frames: int,
    ) -> tuple[dict[str, FloatArray], list[FloatArray]]:
        """The same, by what the model makes of notes itself."""
        frames: dict[str, Any] = {"frame_rate": self.settings.frame_rate, "n_frames": n_frames}
        voices = interpreter.play(lines.lines, bends, **frames)
        inputs = {
            key: np.concatenate([voice[key] for voice in voices], axis=-1) for key in voices[0]
        }
        held = [note_columns(line, **frames).gate > 0 for line in lines.lines]
        return inputs, [gate_envelope(gate, self.settings.frame_rate) for gate in held]

    def _lines(self, score: Score, notes: FloatArray) -> VoiceLines:
        """The notes of each voice, as long as the pedal lets them sound."""
        held = sustained(notes, score.pedals)
        n_voices = min(most_together(held), MOST_VOICES) if self.voices is None else self.voices
        if n_voices > 1:
            return split_voices(held, n_voices=n_voices)
        # One voice can't hold a note while it plays the next.
        top = split_voices(notes, n_voices=1)
        line = sustained(top.lines[0], score.pedals)
        line[:-1, 1] = np.minimum(line[:-1, 1], line[1:, 0])
        return replace(top, lines=(line,))

    def _bends(self, score: Score, line: FloatArray, n_frames: int) -> FloatArray:
        """How far the channel of the note that plays is bent, in semitones, `[n_frames]`."""
        time_s = np.arange(n_frames) / self.settings.frame_rate
        index = np.clip(np.searchsorted(line[:, 0], time_s + 1e-9, side="right") - 1, 0, None)
        channel = line[index, 4]
        bends = np.zeros(n_frames)
        for number, curve in score.bends.items():
            bends += np.where(channel == number, values_at(curve, time_s), 0.0)
        return bends

    def _rehearse_keys(
        self, score: Score, notes: FloatArray, n_frames: int, name: str
    ) -> Rehearsed:
        signal = self.instrument.model.input_signals.get("midi")
        low = -np.inf if signal is None or signal.low is None else signal.low
        high = np.inf if signal is None or signal.high is None else signal.high
        keys = KeyRange(low, high)
        fitted, moved = self._fitted(notes, keys if np.isfinite([low, high]).all() else None)
        inside, left_out = playable(fitted, keys, name)
        # The keys themselves stay as they are: a piano is in tune or not, whoever plays it.
        human = humanise(inside, self.humanise, seed=self.seed)
        human[:, 2] = inside[:, 2]
        held = sustained(human, score.pedals)
        warnings = (*moved, *left_out)
        if self.takes == "notes":
            report = self._report(held, len(notes), n_frames, len(held), warnings)
            return Rehearsed({"notes": held.astype(np.float32)}, None, held, report)
        width = self.instrument.model.input_signals["midi"].width
        n_voices = MOST_VOICES if width is None else width
        voices = allocate_voices(
            held, n_voices=n_voices, frame_rate=self.settings.frame_rate, n_frames=n_frames
        )
        if voices.n_stolen:
            warnings = (*warnings, cut_short(voices.n_stolen, n_voices, "the instrument has"))
        report = self._report(held, len(notes), n_frames, n_voices, warnings)
        return Rehearsed(voices.columns(), None, held, report)

    def _fitted(
        self, notes: FloatArray, known: KeyRange | None
    ) -> tuple[FloatArray, tuple[str, ...]]:
        """The notes, moved into a range by octaves if that is asked for."""
        if not self.fit_range or known is None or known.holds(notes[:, 2]).all():
            return notes, ()
        fitted = known.fit(notes)
        n_moved = int(np.sum(fitted[:, 2] != notes[:, 2]))
        return fitted, (f"{count(n_moved)} moved by octaves into {span(known)}.",)

    def _report(
        self,
        played: FloatArray,
        n_notes: int,
        n_frames: int,
        n_voices: int,
        warnings: tuple[str, ...],
    ) -> RenderReport:
        return RenderReport(
            seconds=n_frames / self.settings.frame_rate,
            n_notes=n_notes,
            n_played=len(played),
            n_voices=n_voices,
            lowest_midi=float(np.round(played[:, 2].min())),
            highest_midi=float(np.round(played[:, 2].max())),
            warnings=warnings,
        )


def _check_notes(notes: np.ndarray) -> None:
    if notes.ndim != 2 or notes.shape[1] != len(NOTE_FIELDS) or not len(notes):
        raise ArgumentError(
            f"`notes` must be [n_notes, {len(NOTE_FIELDS)}], with a note at least; got shape "
            f"{notes.shape}."
        )
    if not np.isfinite(notes).all() or (notes[:, 0] < 0).any() or (notes[:, 1] < notes[:, 0]).any():
        raise ArgumentError("`notes` must be finite, begin at 0 or later, and not end before that.")
