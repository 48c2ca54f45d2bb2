"""What a transfer changed, in numbers and in words."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from ddsp_tf.audio.output import level_lines
from ddsp_tf.features import Statistics
from ddsp_tf.inference.edits import EditedFeatures, Edits
from ddsp_tf.models import PitchRange
from ddsp_tf.note_names import note_name

_WORTH_SAYING = 0.02


@dataclass(frozen=True)
class TransferReport:
    """What was changed about a performance, and what is doubtful about it.

    Attributes:
        seconds: Length of the input.
        octaves: Octaves that pitch was shifted by.
        semitones: Semitones asked for beyond that.
        tuning_cents: Tuning of the performance that autotune kept, or None without autotune.
        tonic: Tonic of the major scale autotune found, 0 (C) to 11 (B), or None.
        loudness_matched: Whether the distribution of loudness was made the instrument's.
        loudness_change_db: Mean change of loudness over the notes, all edits together.
        note_share: Share of frames that belong to notes, 0 to 1.
        n_frames: Frames in all.
        gated_frames: Frames between notes that were silenced.
        share_below: Share of note frames below the trained range, 0 to 1.
        share_above: Share of note frames above the trained range, 0 to 1.
        trained_range_midi: Lowest and highest trained pitch, or None if unknown.
        gain_db: Gain that kept the output from clipping; 0 if none was needed.
        limited_db: By how much the limiter turned down the highest peak; 0 without one.
        warnings: What the user should know about the input or the instrument.
    """

    seconds: float
    octaves: int
    semitones: float
    tuning_cents: float | None
    tonic: int | None
    loudness_matched: bool
    loudness_change_db: float
    note_share: float
    n_frames: int
    gated_frames: int
    share_below: float
    share_above: float
    trained_range_midi: tuple[float, float] | None
    gain_db: float = 0.0
    limited_db: float = 0.0
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_edits(
        cls,
        edits: Edits,
        edited: EditedFeatures,
        statistics: Statistics | None,
        *,
        seconds: float,
        gain_db: float,
        limited_db: float = 0.0,
        warnings: tuple[str, ...],
    ) -> Self:
        """Gathers a report from the edits that were asked for and what came of them."""
        known = None if statistics is None else PitchRange.from_statistics(statistics)
        return cls(
            seconds=seconds,
            octaves=edited.octaves,
            semitones=float(edits.semitones),
            tuning_cents=edited.tuning_cents,
            tonic=edited.tonic,
            loudness_matched=edited.loudness_matched,
            loudness_change_db=edited.loudness_change_db,
            note_share=float(edited.notes.mean()),
            n_frames=edited.notes.size,
            gated_frames=int((edited.gate == 0).sum()),
            share_below=edited.share_below,
            share_above=edited.share_above,
            trained_range_midi=None if known is None else (known.lowest_midi, known.highest_midi),
            gain_db=gain_db,
            limited_db=limited_db,
            warnings=warnings,
        )

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON can hold it."""
        return asdict(self)

    def lines(self) -> list[str]:
        """What was changed, one short line each, in the order in which it was done."""
        lines = [f"pitch: {_signed(self.octaves)} octave{'' if abs(self.octaves) == 1 else 's'}"]
        if self.semitones:
            lines[0] += f", {self.semitones:+g} semitones"
        if self.tuning_cents is not None:
            scale = "" if self.tonic is None else f", {note_name(self.tonic)[:-2]} major"
            lines.append(f"autotune: tuned {self.tuning_cents:+.0f} cents off A4 = 440 Hz{scale}")
        matched = "matched to the instrument, " if self.loudness_matched else ""
        lines.append(f"loudness: {matched}{self.loudness_change_db:+.1f} dB on average")
        if self.gated_frames:
            share = self.gated_frames / max(1, self.n_frames)
            lines.append(f"gated: {100 * share:.0f} % of the time, where there is no note")
        lines += self._range_lines()
        return lines + level_lines(self.gain_db, self.limited_db)

    def _range_lines(self) -> list[str]:
        if self.trained_range_midi is None:
            return []
        lowest, highest = (note_name(midi) for midi in self.trained_range_midi)
        shares = (("below", self.share_below), ("above", self.share_above))
        return [
            f"range: {100 * share:.0f} % of the notes are {where} what the instrument was "
            f"trained on ({lowest} to {highest})"
            for where, share in shares
            if share > _WORTH_SAYING
        ]


def _signed(number: int) -> str:
    return f"{number:+d}" if number else "0"
