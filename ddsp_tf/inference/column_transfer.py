"""Playing what is heard in a sound, or drawn by hand, with any model."""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ddsp_tf.audio.audio_files import check_usable, read_audio, read_sound
from ddsp_tf.audio.constant_offset import remove_offset
from ddsp_tf.audio.edge_fades import fade_edges
from ddsp_tf.audio.mono_arrays import mono_at_rate
from ddsp_tf.audio.output import (
    check_output,
    gain_to_db,
    level_lines,
    peak_gain,
    write_blocks,
)
from ddsp_tf.audio.peak_limiter import PeakLimiter
from ddsp_tf.errors import ArgumentError, ModelError
from ddsp_tf.features import columns_of, extract_features, extractor_columns
from ddsp_tf.inference.curves import LONGEST_S, Curves
from ddsp_tf.inference.voice_edits import VoiceEdits
from ddsp_tf.models import BlockPlayer, Instrument
from ddsp_tf.types import Float32Array, FloatArray, Progress, Signal, scaled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_AUDIO = "audio"
_ELSEWHERE = {
    "notes": "`ddsp-tf render` plays scores with it.",
    "midi": "`ddsp-tf render` plays scores with it.",
    "dry": "`ddsp-tf process` treats sound with it.",
}
_FEATURES_SHARE = 0.5


@dataclass(frozen=True)
class ColumnTransferReport:
    """What was played.

    Attributes:
        seconds: Length of the output.
        from_sound: Inputs that were found in the sound.
        from_curves: Inputs that the curves gave.
        gain_db: Gain that kept the output from clipping; 0 if none was needed.
        limited_db: By how much the limiter turned down the highest peak; 0 without one.
        warnings: What the user should know.
    """

    seconds: float
    from_sound: tuple[str, ...]
    from_curves: tuple[str, ...]
    gain_db: float = 0.0
    limited_db: float = 0.0
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON can hold it."""
        return asdict(self)

    def lines(self) -> list[str]:
        """What was played, and what was changed, one short line each."""
        lines = [
            f"from {origin}: {', '.join(names)}"
            for origin, names in (("the sound", self.from_sound), ("the curves", self.from_curves))
            if names
        ]
        return lines + level_lines(self.gain_db, self.limited_db)


@dataclass(frozen=True)
class ColumnTransferResult:
    """The sound of a transfer, and what it was made of.

    Attributes:
        sample_rate: Rate of `audio` in Hz.
        input_sample_rate: Rate of `input_audio` in Hz.
        report: What was played.
        load_audio: Gives the output.
        load_input_audio: Gives the input; None if there was none.
    """

    sample_rate: int
    input_sample_rate: int
    report: ColumnTransferReport
    load_audio: Callable[[], FloatArray]
    load_input_audio: Callable[[], FloatArray] | None

    @cached_property
    def audio(self) -> FloatArray:
        """The output, mono float32 `[n_samples]`."""
        return self.load_audio()

    @cached_property
    def input_audio(self) -> FloatArray | None:
        """The input, mono float32 `[n_samples]`, or None."""
        return None if self.load_input_audio is None else self.load_input_audio()

    def figure(self, title: str | None = None) -> "Figure":
        """Draws the spectrograms of input, if there was one, and output."""
        from ddsp_tf.plotting import spectrogram, spectrogram_pair

        if self.input_audio is None:
            return spectrogram(self.audio, self.sample_rate, title=title)
        rates = (self.input_sample_rate, self.sample_rate)
        return spectrogram_pair(self.input_audio, self.audio, rates, title=title)


class ColumnTransfer:
    """Plays a model by what its extractors find in a sound, by curves drawn by hand, or by both.

    It takes any model whose inputs are columns of frames: loudness and spectral centroid for
    noise, say. Curves win over the sound. The model's settings say how columns are extracted;
    nothing is edited
    but what `voice` says. Blocks with exact state keep memory from growing with the output.

    Args:
        instrument: A trained model with its settings, or the name or path of one.
        curves: Inputs by hand, or the path of their CSV file; see `Curves.read`.
        voice: What is changed about a voice; curves are played as they are drawn.
        reverb: Whether the model's room is heard.
        normalize_peak: Whether an output that would clip is turned down as a whole.
        limiter: Whether peaks that would clip are turned down to -1 dBFS, and only them.
        chunk_s: Seconds a block.

    Raises:
        ArgumentError: A value is outside its range, or a curve is none of the model's inputs.
        ModelError: The instrument can't be loaded, or takes what neither sound nor curves have.

    Example:
        >>> from ddsp_tf.inference import Curves
        >>> swell = Curves({"f0_hz": (np.zeros(1), np.full(1, 440.0)),
        ...                 "loudness_db": (np.array([0.0, 0.5]), np.array([-60.0, -20.0]))})
        >>> result = ColumnTransfer("violin", curves=swell)()
        >>> result.audio.shape, result.report.from_curves
        ((8000,), ('f0_hz', 'loudness_db'))
    """

    def __init__(
        self,
        instrument: Instrument | str | os.PathLike[str],
        *,
        curves: Curves | str | os.PathLike[str] | None = None,
        voice: VoiceEdits | None = None,
        reverb: bool = True,
        normalize_peak: bool = True,
        limiter: bool = False,
        chunk_s: float = 4.0,
    ) -> None:
        if not chunk_s > 0:
            raise ArgumentError(f"`chunk_s` must be above 0 seconds; got {chunk_s!r}.")
        if not isinstance(instrument, Instrument):
            instrument = Instrument.load(instrument)
        if curves is not None and not isinstance(curves, Curves):
            curves = Curves.read(curves)
        self.instrument = instrument
        self.settings = instrument.features
        self.curves = curves
        self.normalize_peak = normalize_peak
        self.limiter = limiter
        self._model = instrument.model if reverb else instrument.model.without_rooms()
        self._drawn = () if curves is None else tuple(curves.points)
        self._check_curves()
        self.voice = voice or VoiceEdits()
        self.voice.check(self._model.input_signals)
        self._heard = self._columns_of_sound()
        block_frames = max(1, round(chunk_s * self.settings.frame_rate))
        self._player = BlockPlayer(self._model, block_frames=block_frames)

    @property
    def sample_rate(self) -> int:
        """The model's sample rate in Hz."""
        return self.settings.sample_rate

    def __call__(
        self,
        audio: FloatArray | None = None,
        sample_rate: int | None = None,
        *,
        progress: Progress | None = None,
    ) -> ColumnTransferResult:
        """Plays in memory.

        Args:
            audio: Mono, `[n_samples]`; None: the curves give all that the model takes.
            sample_rate: Its rate in Hz; None: the model's.
            progress: Is called with the share that is done, 0 to 1.

        Returns:
            Audio at the model's rate, as long as the input, or else as the curves.

        Raises:
            AudioFileError: `audio` is empty, silent, shorter than a frame, or not finite.
            ArgumentError: `audio` isn't mono, the rate isn't positive, or nothing gives an input.
        """
        rate = self.sample_rate if sample_rate is None else sample_rate
        given = samples = None
        if audio is not None:
            given = np.asarray(audio, np.float32)
            samples, _ = remove_offset(
                mono_at_rate(given, rate, wanted_rate=self.sample_rate), self.sample_rate
            )
        inputs, n_samples = self._inputs(samples, "the audio", progress)
        limiter = PeakLimiter(self.sample_rate) if self.limiter else None
        blocks = self._blocks(inputs, n_samples, progress)
        output = np.concatenate(list(blocks if limiter is None else limiter.limit(blocks)))
        gain = peak_gain(float(np.max(np.abs(output)))) if self.normalize_peak else 1.0
        return ColumnTransferResult(
            sample_rate=self.sample_rate,
            input_sample_rate=rate,
            report=self._report(n_samples, samples, gain_to_db(gain), limiter),
            load_audio=lambda: output * np.float32(gain),
            load_input_audio=None if given is None else lambda: given,
        )

    def transfer_file(
        self,
        source: str | os.PathLike[str] | None,
        target: str | os.PathLike[str],
        *,
        sample_rate: int | None = None,
        bit_depth: int = 16,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> ColumnTransferResult:
        """Plays into a new file, whole or not at all.

        Args:
            source: Audio of any rate and number of channels; None: the curves give all.
            target: File to write; .wav or .flac.
            sample_rate: Its rate in Hz; the model's by default.
            bit_depth: 16 or 24.
            overwrite: Whether an existing target may be replaced.
            progress: Is called with the share that is done, 0 to 1.

        Raises:
            AudioFileError: The source is missing, damaged, silent or too short.
            OutputError: The target exists or can't be written.
            ArgumentError: `sample_rate` or `bit_depth` is not possible, or nothing gives an input.
        """
        rate = self.sample_rate if sample_rate is None else sample_rate
        path = check_output(target, sample_rate=rate, bit_depth=bit_depth, overwrite=overwrite)
        samples: FloatArray | None = None
        remarks: tuple[str, ...] = ()
        if source is not None:
            sound = read_sound(source, sample_rate=self.sample_rate)
            samples, remarks = sound.audio, sound.remarks
        inputs, n_samples = self._inputs(samples, source or "", progress)
        limiter = PeakLimiter(rate) if self.limiter else None
        gain_db = write_blocks(
            path,
            self._blocks(inputs, n_samples, progress),
            block_rate=self.sample_rate,
            sample_rate=rate,
            bit_depth=bit_depth,
            n_samples=round(n_samples * rate / self.sample_rate),
            normalize_peak=self.normalize_peak,
            overwrite=overwrite,
            limiter=limiter,
        )
        load_input = None if source is None else partial(_read, Path(source), self.sample_rate)
        return ColumnTransferResult(
            sample_rate=rate,
            input_sample_rate=self.sample_rate,
            report=self._report(n_samples, samples, gain_db, limiter, remarks),
            load_audio=partial(_read, path, rate),
            load_input_audio=load_input,
        )

    def _check_curves(self) -> None:
        """Every curve is one number a frame that the model takes, within what it takes."""
        if self.curves is None:
            return
        signals = self._model.input_signals
        frames = [key for key, signal in signals.items() if _is_curve(signal)]
        for key, (times, values) in self.curves.points.items():
            if key not in frames:
                raise ArgumentError(
                    f"{self.curves.name} has `{key}`, which is no curve that the model takes. It "
                    f"takes {_listed(frames)}."
                )
            wrong = [i for i, value in enumerate(values) if not signals[key].holds(value)]
            if wrong:
                signal = signals[key]
                raise ArgumentError(
                    f"{self.curves.name}, at {times[wrong[0]]:g} s: `{key}` should be "
                    f"{_range_of(signal)}. Received {values[wrong[0]]:g}."
                )

    def _columns_of_sound(self) -> tuple[str, ...]:
        """The inputs that have to come from a sound.

        Raises:
            ModelError: There is one that no extractor makes.
        """
        signals = self._model.input_signals
        needed = [key for key in self._model.required_input_names if key not in self._drawn]
        for key in needed:
            is_sound = key == _AUDIO and signals[key].kind == "samples"
            if not (is_sound or self._can_extract(key, signals[key])):
                way = "Draw it as a curve (`--curves`)." if _is_curve(signals[key]) else ""
                raise ModelError(
                    f"The model takes `{key}`, which no extractor makes of a sound, so a sound "
                    f"can't be transferred to it. {_ELSEWHERE.get(key, way)}".rstrip()
                )
        return tuple(needed)

    def _can_extract(self, key: str, signal: Signal) -> bool:
        if signal.kind != "frames" or key not in extractor_columns():
            return False
        column = columns_of(replace(self.settings, columns=(key,)))[key]
        return signal.width in (None, column.width)

    def _inputs(
        self, samples: FloatArray | None, name: str | os.PathLike[str], progress: Progress | None
    ) -> tuple[dict[str, FloatArray], int]:
        """What the model takes, encoded, without the axis of the batch; and the length."""
        n_samples = self._n_samples(samples, name)
        n_frames = self.settings.n_frames(n_samples)
        batch: dict[str, Any] = {}
        if samples is not None:
            wanted = tuple(key for key in self._heard if key != _AUDIO)
            if wanted:
                settings = replace(self.settings, columns=wanted)
                report = scaled(progress, 0.0, _FEATURES_SHARE)
                batch |= extract_features(samples, settings, progress=report).as_batch()
            if self._model.input_signals.get(_AUDIO) is not None:
                batch[_AUDIO] = samples[np.newaxis]
        if samples is not None:
            batch |= self.voice.apply(batch, frame_rate=self.settings.frame_rate)
        if self.curves is not None:
            drawn = self.curves.at_frames(n_frames, frame_rate=self.settings.frame_rate)
            batch |= {key: x[np.newaxis, :, np.newaxis] for key, x in drawn.items()}
        encoded = self._model.encode(batch)
        return {key: np.asarray(x)[0] for key, x in encoded.items()}, n_samples

    def _n_samples(self, samples: FloatArray | None, name: str | os.PathLike[str]) -> int:
        if samples is not None:
            check_usable(samples, n_samples=self.settings.hop_length, name=name)
            return len(samples)
        if self.curves is None:
            raise ArgumentError("Give a sound, or curves, or both: there is nothing to play.")
        if self._heard:
            raise ArgumentError(
                f"{self.curves.name} lacks {_listed(self._heard)}, which the model takes besides "
                f"{_listed(self._drawn)}. Add it as a column, or give a sound to take it from."
            )
        n_samples = round(self.curves.seconds * self.sample_rate)
        if not self.settings.hop_length <= n_samples <= LONGEST_S * self.sample_rate:
            raise ArgumentError(
                f"{self.curves.name} should last a frame at least "
                f"({1 / self.settings.frame_rate:g} s), and a day at most. Their last point is at "
                f"{self.curves.seconds:g} s."
            )
        return n_samples

    def _blocks(
        self, inputs: dict[str, FloatArray], n_samples: int, progress: Progress | None
    ) -> Iterator[FloatArray]:
        return fade_edges(
            self._player.blocks(inputs),
            n_samples=n_samples,
            sample_rate=self.sample_rate,
            progress=scaled(progress, _FEATURES_SHARE if self._heard else 0.0, 1.0),
        )

    def _report(
        self,
        n_samples: int,
        samples: FloatArray | None,
        gain_db: float,
        limiter: PeakLimiter | None,
        remarks: tuple[str, ...] = (),
    ) -> ColumnTransferReport:
        return ColumnTransferReport(
            seconds=n_samples / self.sample_rate,
            from_sound=() if samples is None else self._heard,
            from_curves=self._drawn,
            gain_db=gain_db,
            limited_db=0.0 if limiter is None else limiter.most_reduction_db,
            warnings=tuple(f"The input {remark}" for remark in remarks),
        )


def _is_curve(signal: Signal) -> bool:
    return signal.kind == "frames" and signal.width in (None, 1)


def _range_of(signal: Signal) -> str:
    unit = f" {signal.unit}" if signal.unit else ""
    if signal.low is None or signal.high is None:
        bound = f"at least {signal.low:g}" if signal.high is None else f"at most {signal.high:g}"
        return f"{bound}{unit}"
    return f"from {signal.low:g} to {signal.high:g}{unit}"


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"


def _read(path: Path, sample_rate: int) -> Float32Array:
    return read_audio(path, sample_rate=sample_rate)[0]
