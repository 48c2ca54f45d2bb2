"""Plays notes by a model that makes expression, pitch and levels of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference.key_range import KeyRange
from ddsp_tf.inference.playing_files import (
    PlayingFiles,
    read_controls,
    read_expression,
    write_controls,
    write_expression,
)
from ddsp_tf.models import MidiDdsp
from ddsp_tf.models.midi_ddsp.midi_ddsp import instrument_number
from ddsp_tf.types import FloatArray

_LEAST_VELOCITY = 1.0 / 127.0


@dataclass(frozen=True)
class Interpreter:
    """Makes what a `MidiDdsp` plays of the notes of each voice, or reads it from tables.

    Attributes:
        model: The model.
        instrument: Which of its instruments, counted from 0.
        files: Tables that are read and written.
        seed: Of the pitch's chances.
    """

    model: MidiDdsp
    instrument: int = 0
    files: PlayingFiles = field(default_factory=PlayingFiles)
    seed: int = 0

    @classmethod
    def of(
        cls, model: object, player: str | None, files: PlayingFiles, *, seed: int
    ) -> "Interpreter | None":
        """Makes one of a model that can, or None.

        Raises:
            ArgumentError: The model can't, but a player or tables are given; or there is no such
                player.
        """
        if isinstance(model, MidiDdsp):
            return cls(model, instrument_number(model, player), files, seed)
        if player is not None or files:
            what = f"the player `{player}`" if player is not None else "tables of its playing"
            raise ArgumentError(
                f"The instrument is given {what}, but has no expression of its own: a model has "
                "one that was trained with `papers/wu2022/instruments.gin`."
            )
        return None

    @property
    def known(self) -> KeyRange | None:
        """The keys that the instrument was trained on."""
        keys = self.model.key_range(self.instrument)
        return None if keys is None else KeyRange(*keys)

    def play(
        self,
        lines: Sequence[np.ndarray],
        bends: Sequence[FloatArray],
        *,
        frame_rate: float,
        n_frames: int,
    ) -> list[dict[str, FloatArray]]:
        """Makes pitch and levels of each voice.

        Args:
            lines: Notes of each, `[n_notes, 5]`.
            bends: Semitones to bend each, `[n_frames]`. Controls that are read are bent already.
            frame_rate: Frames a second.
            n_frames: Frames to make.

        Raises:
            ScoreFileError: A table can't be read, or isn't of these notes.
            OutputError: One can't be written.
        """
        files = self.files
        if files.controls is None:
            voices = self._synthesised(lines, bends, n_frames)
        else:
            signals = self.model.played_signals
            widths = {key: signal.width or 1 for key, signal in signals.items()}
            voices = read_controls(files.controls, widths, n_voices=len(lines), n_frames=n_frames)
        if files.controls_out is not None:
            write_controls(
                files.controls_out, voices, frame_rate=frame_rate, overwrite=files.overwrite
            )
        return voices

    def _synthesised(
        self, lines: Sequence[np.ndarray], bends: Sequence[FloatArray], n_frames: int
    ) -> list[dict[str, FloatArray]]:
        files = self.files
        heard = [_audible(line) for line in lines]
        if files.expression is None:
            expressions = [self.model.express(x, instrument=self.instrument) for x in heard]
        else:
            expressions = read_expression(files.expression, lines)
        if files.expression_out is not None:
            write_expression(files.expression_out, lines, expressions, overwrite=files.overwrite)
        voices = []
        for number, (line, expression, bend) in enumerate(
            zip(heard, expressions, bends, strict=True)
        ):
            made = self.model.synthesise(
                line,
                expression,
                n_frames=n_frames,
                instrument=self.instrument,
                seed=self.seed + number,
            )
            voices.append({**made, "f0_hz": made["f0_hz"] * 2.0 ** (bend[:, np.newaxis] / 12.0)})
        return voices


def _audible(line: np.ndarray) -> FloatArray:
    """Notes that a network doesn't take for padding."""
    notes = np.array(line, np.float64)
    notes[:, 3] = np.maximum(notes[:, 3], _LEAST_VELOCITY)
    return notes
