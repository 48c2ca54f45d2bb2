"""Several instruments playing one score: stems and their mix."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from ddsp_tf.audio.audio_files import resampled_blocks
from ddsp_tf.audio.output import check_output, gain_to_db, level_lines, peak_gain, write_blocks
from ddsp_tf.audio.peak_limiter import PeakLimiter
from ddsp_tf.errors import ArgumentError
from ddsp_tf.files import printable
from ddsp_tf.inference.render import Rehearsed, Render
from ddsp_tf.inference.render_report import RenderReport
from ddsp_tf.midi import Part, Score, choose_parts, read_score
from ddsp_tf.types import FloatArray, PathLike, Progress

_SCRATCH_FRAMES = 1 << 16


@dataclass(frozen=True)
class EnsemblePlayer:
    """An instrument, and what it plays of a score.

    Attributes:
        name: What it is called in reports and in the names of stems.
        render: Plays.
        parts: Which parts, as in `choose_parts`; None: what the others leave.
    """

    name: str
    render: Render
    parts: str | None = None


@dataclass(frozen=True)
class EnsembleReport:
    """What was played, by whom.

    Attributes:
        seconds: Length of the sound.
        players: Names, the parts they played (a line each), and what they played.
        notes: What each played, `[n, 5]`.
        unplayed: The parts that nobody plays, a line each.
        stems: The files of the stems, if any were written.
        gain_db: Gain that kept the output from clipping; 0 if none was needed.
        limited_db: By how much the limiter turned down the highest peak; 0 without one.
    """

    seconds: float
    players: tuple[tuple[str, tuple[str, ...], RenderReport], ...]
    notes: tuple[FloatArray, ...]
    unplayed: tuple[str, ...] = ()
    stems: tuple[Path, ...] = ()
    gain_db: float = 0.0
    limited_db: float = 0.0

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know, with the player's name where there are several."""
        several = len(self.players) > 1
        return tuple(
            f"{name}: {warning}" if several else warning
            for name, _, report in self.players
            for warning in report.warnings
        )

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON can hold it; a lone player's facts stand at its top too."""
        players = [
            {"name": name, "parts": list(parts), **report.to_dict()}
            for name, parts, report in self.players
        ]
        alone = self.players[0][2].to_dict() if len(self.players) == 1 else {}
        return {
            **alone,
            "seconds": self.seconds,
            "gain_db": self.gain_db,
            "limited_db": self.limited_db,
            "warnings": list(self.warnings),
            "unplayed": list(self.unplayed),
            "stems": [str(path) for path in self.stems],
            "players": players,
        }

    def lines(self) -> list[str]:
        """What was played, one short line each."""
        if len(self.players) == 1:
            lines = self.players[0][2].lines()
        else:
            lines = [
                f"{name}: part {'; '.join(parts)}; {report.lines()[0]}"
                for name, parts, report in self.players
            ]
        lines += [f"not played: part {part}" for part in self.unplayed]
        lines += [f"stem: {path}" for path in self.stems]
        return lines + level_lines(self.gain_db, self.limited_db)


class Ensemble:
    """Plays scores with several instruments, or with one.

    All play at once, block by block, so that memory hardly grows with the length of the score.
    Players of other rates are resampled to that of the file.

    Args:
        players: At least one. The tail, the normalisation and the limiter are those of the first.

    Raises:
        ArgumentError: There is no player.

    Example:
        >>> from ddsp_tf.inference import Render
        >>> from ddsp_tf.midi import write_notes
        >>> write_notes("air.mid", np.array([[0.0, 0.5, 69, 0.5, 0]]))
        >>> ensemble = Ensemble([EnsemblePlayer("violin", Render("violin", tail_s=0.5))])
        >>> ensemble.render_file("air.mid", "air.wav").lines()
        ['notes: 1 of 1, one at a time']
    """

    def __init__(self, players: Sequence[EnsemblePlayer]) -> None:
        if not players:
            raise ArgumentError("`players` should hold a player at least. Received none.")
        self.players = tuple(players)

    @property
    def sample_rate(self) -> int:
        """The highest of the players' rates, in Hz."""
        return max(player.render.sample_rate for player in self.players)

    def render_file(
        self,
        source: PathLike,
        target: PathLike,
        *,
        track: int | None = None,
        channel: int | None = None,
        stems: bool = False,
        sample_rate: int | None = None,
        bit_depth: int = 16,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> EnsembleReport:
        """Plays a score into new files, each whole or not at all.

        Args:
            source: A Standard MIDI file.
            target: File of the mix; .wav or .flac. Stems lie beside it, `TARGET_1_violin.wav` and
                so on; they sum up to the mix, but for its limiter.
            track: The one track to play, counted from 1; None: all.
            channel: The one channel to play, 1 to 16; None: all.
            stems: Whether each player is written too.
            sample_rate: Of the files in Hz; the highest of the players' by default.
            bit_depth: 16 or 24.
            overwrite: Whether existing files may be replaced.
            progress: Is called with the share that is done, 0 to 1.

        Raises:
            ScoreFileError: The source is missing, not MIDI, truncated or without notes, its parts
                don't go round, or an instrument has none of its notes.
            OutputError: A file exists or can't be written.
            ArgumentError: `sample_rate` or `bit_depth` is not possible.
        """
        rate = self.sample_rate if sample_rate is None else sample_rate
        output: dict[str, Any] = {
            "sample_rate": rate,
            "bit_depth": bit_depth,
            "overwrite": overwrite,
        }
        path = check_output(target, **output)
        stem_paths = self._stem_paths(path) if stems else []
        for stem_path in stem_paths:
            check_output(stem_path, **output)
        score = read_score(source, track=track, channel=channel)
        chosen = choose_parts(score, [player.parts for player in self.players], path=source)
        rehearsed = self._rehearse(score, chosen, f"`{printable(source)}`")
        seconds = max(one.report.seconds for one in rehearsed)
        first = self.players[0].render
        files = {**output, "block_rate": rate, "n_samples": round(seconds * rate)}
        limiter = PeakLimiter(rate) if first.limiter else None
        with tempfile.TemporaryFile(dir=path.parent) as scratch:
            together = self._together(rehearsed, rate, files["n_samples"], progress)
            gain = 1.0
            if stems:
                peak = _write_scratch(scratch, together)
                gain = peak_gain(peak) if first.normalize_peak else 1.0
                together = _read_scratch(scratch, len(self.players))
            mix = (gain * block.sum(axis=1) for block in together)
            mixed_db = write_blocks(
                path, mix, normalize_peak=first.normalize_peak, limiter=limiter, **files
            )
            gain *= 10.0 ** (mixed_db / 20.0)
            for index, stem_path in enumerate(stem_paths):
                blocks = (gain * x[:, index] for x in _read_scratch(scratch, len(self.players)))
                write_blocks(stem_path, blocks, normalize_peak=False, **files)
        if progress is not None:
            progress(1.0)
        played = {part.number for parts in chosen for part in parts}
        return EnsembleReport(
            seconds=seconds,
            players=tuple(
                (player.name, tuple(part.describe() for part in parts), one.report)
                for player, parts, one in zip(self.players, chosen, rehearsed, strict=True)
            ),
            notes=tuple(one.notes for one in rehearsed),
            unplayed=tuple(part.describe() for part in score.parts if part.number not in played),
            stems=tuple(stem_paths),
            gain_db=gain_to_db(gain) if gain != 1.0 else 0.0,
            limited_db=0.0 if limiter is None else limiter.most_reduction_db,
        )

    def _rehearse(
        self, score: Score, chosen: Sequence[tuple[Part, ...]], name: str
    ) -> list[Rehearsed]:
        end_s = max(float(part.notes[:, 1].max()) for parts in chosen for part in parts)
        return [
            player.render.rehearse(score.of_parts(parts), end_s=end_s, name=name)
            for player, parts in zip(self.players, chosen, strict=True)
        ]

    def _together(
        self, rehearsed: Sequence[Rehearsed], rate: int, n_samples: int, progress: Progress | None
    ) -> Iterator[FloatArray]:
        """All players' sounds side by side, `[n, n_players]`, block by block."""
        shares = [0.0] * len(rehearsed)

        def teller(index: int) -> Progress:
            def tell(share: float) -> None:
                shares[index] = share
                if progress is not None:
                    progress(sum(shares) / len(shares))

            return tell

        streams = [
            resampled_blocks(
                (
                    block[:, np.newaxis]
                    for block in player.render.blocks(one, progress=teller(index))
                ),
                player.render.sample_rate,
                rate,
            )
            for index, (player, one) in enumerate(zip(self.players, rehearsed, strict=True))
        ]
        return _side_by_side([_mono(stream) for stream in streams], n_samples)

    def _stem_paths(self, path: Path) -> list[Path]:
        return [
            path.with_name(f"{path.stem}_{number}_{_safe(player.name)}{path.suffix}")
            for number, player in enumerate(self.players, 1)
        ]


def _mono(blocks: Iterator[FloatArray]) -> Iterator[FloatArray]:
    return (block[:, 0] for block in blocks)


def _side_by_side(streams: Sequence[Iterator[FloatArray]], n_samples: int) -> Iterator[FloatArray]:
    """Blocks `[n, n_streams]` of streams whose own blocks have other lengths."""
    waiting = [np.zeros(0, np.float32) for _ in streams]
    is_over = [False] * len(streams)
    position = 0
    while position < n_samples:
        for index, stream in enumerate(streams):
            while not len(waiting[index]) and not is_over[index]:
                block = next(stream, None)
                if block is None:
                    is_over[index] = True
                else:
                    waiting[index] = block
        lengths = [len(x) for x, over in zip(waiting, is_over, strict=True) if len(x) or not over]
        size = min([*lengths, n_samples - position]) if lengths else n_samples - position
        size = min(size, _SCRATCH_FRAMES)
        block = np.zeros([size, len(streams)], np.float32)
        for index, x in enumerate(waiting):
            block[: len(x), index] = x[:size]
            waiting[index] = x[size:]
        position += size
        yield block


def _write_scratch(scratch: IO[bytes], blocks: Iterator[FloatArray]) -> float:
    """Writes `[n, n_players]` blocks; gives the highest peak of a player."""
    peak = 0.0
    for block in blocks:
        peak = max(peak, float(np.max(np.abs(block), initial=0.0)))
        scratch.write(np.ascontiguousarray(block, np.float32).tobytes())
    return peak


def _read_scratch(scratch: IO[bytes], n_players: int) -> Iterator[FloatArray]:
    scratch.seek(0)
    while data := scratch.read(4 * n_players * _SCRATCH_FRAMES):
        yield np.frombuffer(data, np.float32).reshape(-1, n_players)


def _safe(name: str) -> str:
    """A name as a piece of a file's."""
    stem = os.path.basename(os.path.normpath(name)) or "instrument"
    return "".join(x if x.isalnum() or x in "-_." else "_" for x in stem)
