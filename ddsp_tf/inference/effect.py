"""Sound treated by a model: audio in, the same audio treated out."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.audio import audio_info
from ddsp_tf.audio.audio_files import native_blocks, resampled_blocks
from ddsp_tf.audio.output import check_output, write_blocks
from ddsp_tf.dsp.compilation import only_played
from ddsp_tf.errors import ArgumentError, AudioFileError
from ddsp_tf.inference.find_room import can_hear_rooms
from ddsp_tf.models import Instrument, Model
from ddsp_tf.types import FloatArray, PathLike, Progress, no_progress

DRY = "dry"
_BLOCK_S = 2.0
_SILENT = 10.0 ** (-80.0 / 20.0)
_LONGEST_TAIL_S = 10.0


@dataclass(frozen=True)
class TreatedFile:
    """What became of one file.

    Attributes:
        path: The file that was written.
        sample_rate: Its rate in Hz, that of the input.
        model_rate: The rate in Hz at which it was treated.
        n_channels: Channels of both.
        seconds: Length of the input.
        tail_s: How much longer the output is.
        gain_db: By how much it was turned down so as not to clip; 0 or below.
    """

    path: Path
    sample_rate: int
    model_rate: int
    n_channels: int
    seconds: float
    tail_s: float
    gain_db: float

    def lines(self) -> list[str]:
        """Says what is worth knowing."""
        said = []
        if self.model_rate != self.sample_rate:
            said.append(
                f"resampled from {self.sample_rate} Hz to the model's {self.model_rate} Hz and back"
            )
        if self.tail_s >= 0.005:
            said.append(f"{self.tail_s:.2f} s longer: what rings after the end")
        if self.gain_db < 0.0:
            said.append(f"turned down by {-self.gain_db:.1f} dB so as not to clip")
        return said


class Effect:
    """Treats sounds of any length and number of channels with a model that takes a dry sound.

    Channels are treated alike. A model that plays in blocks keeps memory bounded.

    Args:
        instrument: A model whose only input is "dry", such as a `Parametric` of an effect.
        wet: How much of the treated sound there is, 0 to 1; the rest is the dry one.
        tail_s: Seconds of silence that are treated after the end. None: until the sound has fallen
            below -80 dBFS, at most 10 s.

    Raises:
        ArgumentError: The model takes something else than a dry sound, or an argument is out of
            range.

    Example:
        >>> from ddsp_tf import FeatureSettings, Instrument
        >>> from ddsp_tf.models import Parametric
        >>> from ddsp_tf.processors import DryWet, ProcessorGroup, Reverb
        >>> room = DryWet(Reverb(impulse_response_length=400, add_dry=False), initial_wet=0.25)
        >>> group = ProcessorGroup(dag=[(room, ["audio", "wet"])])
        >>> model = Parametric(processor_group=group, sample_rate=16000, hop_length=64)
        >>> effect = Effect(Instrument(model, FeatureSettings(columns=())), tail_s=0.0)
        >>> effect(np.zeros([1000, 2], np.float32)).shape
        (1000, 2)
    """

    def __init__(
        self, instrument: Instrument, *, wet: float = 1.0, tail_s: float | None = None
    ) -> None:
        require_effect(instrument.model)
        if not 0.0 <= wet <= 1.0:
            raise ArgumentError(f"`wet` should be from 0 to 1. Received {wet}.")
        if tail_s is not None and not 0.0 <= tail_s <= 60.0:
            raise ArgumentError(f"`tail_s` should be from 0 to 60 s. Received {tail_s}.")
        self.model = instrument.model
        self.wet = wet
        self.tail_s = tail_s
        self._block_frames = max(1, round(_BLOCK_S * self.sample_rate / self.model.hop_length))
        self._play = tf.function(self._play_block, autograph=False)

    @property
    def sample_rate(self) -> int:
        """At which sounds are treated, in Hz."""
        return int(self.model.sample_rate)

    def __call__(self, audio: FloatArray) -> FloatArray:
        """Treats a sound in memory.

        Args:
            audio: `[n_samples]` or `[n_samples, n_channels]`, at `sample_rate`.

        Returns:
            The same shape, but for the tail.

        Raises:
            AudioFileError: It is empty or not finite.
        """
        samples = np.asarray(audio, np.float32)
        if samples.ndim not in (1, 2) or not samples.size or not np.isfinite(samples).all():
            raise AudioFileError(
                "The audio should be finite, [n_samples] or [n_samples, n_channels]. Received the "
                f"shape {samples.shape}."
            )
        columns = samples.reshape(len(samples), -1)
        treated = np.concatenate(list(self.blocks([columns])))
        return treated[:, 0] if samples.ndim == 1 else treated

    def process_file(
        self,
        source: PathLike,
        target: PathLike,
        *,
        bit_depth: int = 24,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> TreatedFile:
        """Treats a file into a new one, whole or not at all, at the rate of the input.

        Args:
            source: Audio of any rate and number of channels.
            target: File to write; .wav or .flac.
            bit_depth: 16 or 24.
            overwrite: Whether an existing target may be replaced.
            progress: Is called with the share that is done, 0 to 1.

        Raises:
            AudioFileError: The source is missing, damaged or empty.
            OutputError: The target exists or can't be written.
        """
        info = audio_info(source)
        rate, tell = int(info.sample_rate), progress or no_progress
        path = check_output(target, sample_rate=rate, bit_depth=bit_depth, overwrite=overwrite)
        if os.path.abspath(source) == os.path.abspath(path):
            raise ArgumentError(f"The output `{path}` is the input itself. Choose another name.")
        counts = {"read": 0, "written": 0}

        def read() -> Iterator[FloatArray]:
            for block in native_blocks(source):
                counts["read"] += len(block)
                yield block
                tell(min(1.0, counts["read"] / max(info.seconds * rate, 1.0)))

        def treated() -> Iterator[FloatArray]:
            for block in self.blocks(resampled_blocks(read(), rate, self.sample_rate)):
                counts["written"] += len(block)
                yield block

        gain_db = write_blocks(
            path,
            treated(),
            block_rate=self.sample_rate,
            sample_rate=rate,
            bit_depth=bit_depth,
            n_samples=None,
            normalize_peak=True,
            overwrite=overwrite,
        )
        seconds = counts["read"] / rate
        tail_s = max(0.0, counts["written"] / self.sample_rate - seconds)
        return TreatedFile(path, rate, self.sample_rate, info.n_channels, seconds, tail_s, gain_db)

    def blocks(self, blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
        """Treats a stream of blocks.

        Args:
            blocks: `[n_samples, n_channels]` of any lengths, at `sample_rate`.

        Yields:
            Treated blocks, as long in all, but for the tail.
        """
        if not self.model.streamable:
            yield self._whole(np.concatenate(list(blocks)))
            return
        state: Any = None
        n_channels = 1
        for block in _regrouped(blocks, self._block_frames * self.model.hop_length):
            if state is None:
                n_channels = block.shape[1]
                state = self.model.initial_state(n_channels)
            treated, state = self._treat(block, state)
            yield self._mixed(block, treated[: len(block)])
            rest = treated[len(block) :]
        if state is None:
            raise AudioFileError("The audio holds no samples.")
        yield from self._tail(rest, state, n_channels)

    def _treat(self, block: FloatArray, state: Any) -> tuple[FloatArray, Any]:
        """Plays a block; a short one is followed by silence."""
        size = self._block_frames * self.model.hop_length
        padded = np.pad(block, ((0, size - len(block)), (0, 0)))
        played, state = self._play({DRY: np.ascontiguousarray(padded.T)}, state)
        return played.numpy().T, state

    @only_played()
    def _play_block(self, inputs: dict[str, tf.Tensor], state: Any) -> tuple[tf.Tensor, Any]:
        outputs, following = self.model.stream(inputs, state, self._block_frames)
        return outputs["audio"], following

    def _tail(self, rest: FloatArray, state: Any, n_channels: int) -> Iterator[FloatArray]:
        """What sounds after the end; `rest` is what the last block had of it already."""
        longest = _LONGEST_TAIL_S if self.tail_s is None else self.tail_s
        missing = round(longest * self.sample_rate)
        silence = np.zeros((0, n_channels), np.float32)
        while missing > 0:
            part = self.wet * rest[:missing]
            if self.tail_s is None:
                part = _heard(part)
            yield part
            if self.tail_s is None and len(part) < min(len(rest), missing):
                return
            missing -= len(part)
            if missing > 0:
                rest, state = self._treat(silence, state)

    def _whole(self, dry: FloatArray) -> FloatArray:
        longest = _LONGEST_TAIL_S if self.tail_s is None else self.tail_s
        padded = np.pad(dry, ((0, round(longest * self.sample_rate)), (0, 0)))
        treated = self._mixed(padded, self._at_once(padded))
        if self.tail_s is None:
            return np.concatenate([treated[: len(dry)], _heard(treated[len(dry) :])])
        return treated

    def _at_once(self, dry: FloatArray) -> FloatArray:
        if self.model.any_channels and dry.shape[1] > 1:
            # What hears the whole sound may choose by all channels what it does to each.
            return self.model({DRY: dry[np.newaxis]})["audio"].numpy()[0]
        rows = [self.model({DRY: row[np.newaxis]})["audio"].numpy()[0] for row in dry.T]
        return np.stack(rows, axis=1)

    def _mixed(self, dry: FloatArray, treated: FloatArray) -> FloatArray:
        if self.wet == 1.0:
            return treated
        return np.float32(self.wet) * treated + np.float32(1.0 - self.wet) * dry


def require_effect(model: Model) -> None:
    """Checks that a model treats a sound and needs nothing else.

    Raises:
        ArgumentError: It takes something else. The message names what.
    """
    if is_effect(model):
        return
    others = [key for key in model.required_input_names if key != DRY]
    if "reference" in others:
        raise ArgumentError(
            f"`{type(model).__name__}` needs a sound to be like. Give it with --reference FILE."
        )
    if can_hear_rooms(model):
        raise ArgumentError(
            f"`{type(model).__name__}` hears rooms and makes no sound. `ddsp-tf match` makes a "
            "room of what it hears: process with NAME.model, which that writes."
        )
    kind = f" It takes {', '.join(f'`{key}`' for key in others)}." if others else ""
    raise ArgumentError(
        f"`{type(model).__name__}` is no effect: it does not take a dry sound alone.{kind} Play it "
        "with `ddsp-tf transfer`, or choose a model that was trained on dry and treated sound."
    )


def is_effect(model: Model) -> bool:
    """Whether a model treats a sound and needs nothing else."""
    return DRY in model.input_signals and set(model.required_input_names) <= {DRY}


def _heard(tail: FloatArray) -> FloatArray:
    """A tail without what is below -80 dBFS at its end."""
    loud = np.flatnonzero(np.max(np.abs(tail), axis=1, initial=0.0) >= _SILENT)
    return tail[: loud[-1] + 1] if loud.size else tail[:0]


def _regrouped(blocks: Iterable[FloatArray], size: int) -> Iterator[FloatArray]:
    """Blocks of one size, but for the last."""
    waiting: list[FloatArray] = []
    n_waiting = 0
    for block in blocks:
        waiting.append(np.asarray(block, np.float32))
        n_waiting += len(block)
        while n_waiting >= size:
            joined = np.concatenate(waiting)
            yield joined[:size]
            waiting, n_waiting = [joined[size:]], len(joined) - size
    if n_waiting:
        yield np.concatenate(waiting)
