"""Playing any melody with a trained instrument."""

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ddsp_tf.audio.audio_files import check_usable, read_audio, read_sound
from ddsp_tf.audio.constant_offset import remove_offset
from ddsp_tf.audio.edge_fades import fade_edges
from ddsp_tf.audio.mono_arrays import mono_at_rate
from ddsp_tf.audio.output import check_output, gain_to_db, peak_gain, write_blocks
from ddsp_tf.audio.peak_limiter import PeakLimiter
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import Features, extract_features
from ddsp_tf.inference.edits import EditedFeatures, Edits
from ddsp_tf.inference.player import Player
from ddsp_tf.inference.suspicion import find_warnings
from ddsp_tf.inference.transfer_report import TransferReport
from ddsp_tf.inference.transfer_result import TransferResult
from ddsp_tf.models import Instrument
from ddsp_tf.types import FloatArray, Progress, scaled

_FEATURES_SHARE = 0.6
"""Share of the whole work that finding pitch and loudness takes, for the progress."""


class TimbreTransfer:
    """Plays a recording of a melody with another instrument.

    Pitch and loudness are found in the input, edited, and played by the instrument in blocks with
    exact state: the output is that of playing everything at once, to -80 dB, in memory that the
    blocks bound. One object serves any number of inputs, and is set up only once.

    Args:
        instrument: A trained instrument, or the name or path of one.
        reverb: Whether the instrument's room is heard.
        normalize_peak: Whether an output that would clip is turned down as a whole.
        limiter: Whether peaks that would clip are turned down to -1 dBFS, and only them.
        chunk_s: Seconds a block.
        **edits: What `Edits` takes: octave, semitones, loudness_db, match_loudness, dynamics,
            autotune, scale, note_threshold, gate_unvoiced.

    Raises:
        ArgumentError: A value is outside its range.
        ModelError: The instrument can't be loaded.

    Example:
        >>> transfer = TimbreTransfer("violin", autotune=0.3)
        >>> result = transfer.transfer_file("melody.wav", "violin.wav")
        >>> result.report.seconds
        2.0

    Reference:
        Engel et al. 2020, section 5.2 (timbre transfer).
    """

    def __init__(
        self,
        instrument: Instrument | str | os.PathLike[str],
        *,
        reverb: bool = True,
        normalize_peak: bool = True,
        limiter: bool = False,
        chunk_s: float = 4.0,
        **edits: Any,
    ) -> None:
        self.edits = Edits(**edits)
        if not chunk_s > 0:
            raise ArgumentError(f"`chunk_s` must be above 0 seconds; got {chunk_s!r}.")
        if not isinstance(instrument, Instrument):
            instrument = Instrument.load(instrument)
        self.instrument = instrument
        self.settings = instrument.features
        self.normalize_peak = normalize_peak
        self.limiter = limiter
        block_frames = max(1, round(chunk_s * self.settings.frame_rate))
        self._player = Player(instrument.model, reverb=reverb, block_frames=block_frames)

    @property
    def sample_rate(self) -> int:
        """The instrument's sample rate in Hz."""
        return self.settings.sample_rate

    def __call__(
        self,
        audio: FloatArray,
        sample_rate: int,
        *,
        features: Features | None = None,
        progress: Progress | None = None,
    ) -> TransferResult:
        """Transfers audio in memory.

        Args:
            audio: Mono, `[n_samples]`, full scale -1 to 1.
            sample_rate: Its rate in Hz.
            features: What an earlier transfer found in the same audio, for an instrument with the
                same feature settings: they are not looked for again, which is most of the work.
            progress: Is called with the share that is done, 0 to 1.

        Returns:
            Audio at the instrument's rate, as long as the input, and what was changed.

        Raises:
            AudioFileError: `audio` is empty, silent, shorter than a frame, or not finite.
            ArgumentError: `audio` isn't mono, the rate isn't positive, or `features` are those
                of another length.
        """
        given = np.asarray(audio, np.float32)
        samples, _ = remove_offset(
            mono_at_rate(given, sample_rate, wanted_rate=self.sample_rate), self.sample_rate
        )
        features, edited = self._prepare(samples, "the audio", progress, features)
        limiter = self._new_limiter(self.sample_rate)
        blocks = self._blocks(samples, edited, progress)
        output = np.concatenate(list(blocks if limiter is None else limiter.limit(blocks)))
        peak = float(np.max(np.abs(output)))
        gain = peak_gain(peak) if self.normalize_peak else 1.0
        return TransferResult(
            sample_rate=self.sample_rate,
            input_sample_rate=sample_rate,
            frame_rate=self.settings.frame_rate,
            features=features,
            controls=edited.features,
            notes=edited.notes,
            report=self._report(samples, features, edited, gain_to_db(gain), limiter),
            load_audio=lambda: output * np.float32(gain),
            load_input_audio=lambda: given,
        )

    def transfer_file(
        self,
        source: str | os.PathLike[str],
        target: str | os.PathLike[str],
        *,
        sample_rate: int | None = None,
        bit_depth: int = 16,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> TransferResult:
        """Transfers a file into a new one, whole or not at all.

        Args:
            source: Audio of any rate and number of channels.
            target: File to write; .wav or .flac.
            sample_rate: Its rate in Hz; the instrument's by default.
            bit_depth: 16 or 24.
            overwrite: Whether an existing target may be replaced.
            progress: Is called with the share that is done, 0 to 1.

        Returns:
            What was changed. The sound itself is read from the files when it is asked for.

        Raises:
            AudioFileError: The source is missing, damaged, silent or too short.
            OutputError: The target exists or can't be written.
            ArgumentError: `sample_rate` or `bit_depth` is not possible.
        """
        rate = self.sample_rate if sample_rate is None else sample_rate
        path = check_output(target, sample_rate=rate, bit_depth=bit_depth, overwrite=overwrite)
        sound = read_sound(source, sample_rate=self.sample_rate)
        samples = sound.audio
        features, edited = self._prepare(samples, source, progress)
        limiter = self._new_limiter(rate)
        gain_db = write_blocks(
            path,
            self._blocks(samples, edited, progress),
            block_rate=self.sample_rate,
            sample_rate=rate,
            bit_depth=bit_depth,
            n_samples=round(len(samples) * rate / self.sample_rate),
            normalize_peak=self.normalize_peak,
            overwrite=overwrite,
            limiter=limiter,
        )
        return TransferResult(
            sample_rate=rate,
            input_sample_rate=self.sample_rate,
            frame_rate=self.settings.frame_rate,
            features=features,
            controls=edited.features,
            notes=edited.notes,
            report=self._report(samples, features, edited, gain_db, limiter, sound.remarks),
            load_audio=partial(_read_samples, path, rate),
            load_input_audio=partial(_read_samples, Path(source), self.sample_rate),
        )

    def _prepare(
        self,
        samples: FloatArray,
        name: str | os.PathLike[str],
        progress: Progress | None,
        features: Features | None = None,
    ) -> tuple[Features, EditedFeatures]:
        check_usable(samples, n_samples=self.settings.hop_length, name=name)
        n_frames = self.settings.n_frames(len(samples))
        if features is None:
            report = scaled(progress, 0.0, _FEATURES_SHARE)
            features = extract_features(samples, self.settings, progress=report)
        elif features.n_frames != n_frames:
            raise ArgumentError(
                f"`features` should be those of the audio, which has {n_frames} frames; got "
                f"{features.n_frames}. Leave them out."
            )
        statistics, frame_rate = self.instrument.statistics, self.settings.frame_rate
        return features, self.edits.apply(features, statistics, frame_rate=frame_rate)

    def _blocks(
        self, samples: FloatArray, edited: EditedFeatures, progress: Progress | None
    ) -> Iterator[FloatArray]:
        return fade_edges(
            self._player.blocks(self._model_features(samples, edited), edited.gate),
            n_samples=len(samples),
            sample_rate=self.sample_rate,
            progress=scaled(progress, _FEATURES_SHARE, 1.0),
        )

    def _model_features(
        self, samples: FloatArray, edited: EditedFeatures
    ) -> Mapping[str, FloatArray]:
        """What the model takes, as it is encoded, without the axis of the batch."""
        model = self.instrument.model
        batch = {
            "f0_hz": edited.features.f0_hz[np.newaxis, :, np.newaxis],
            "loudness_db": edited.features.loudness_db[np.newaxis, :, np.newaxis],
            "audio": samples[np.newaxis],
        }
        return {key: np.asarray(x)[0] for key, x in model.encode(batch).items()}

    def _new_limiter(self, sample_rate: int) -> PeakLimiter | None:
        return PeakLimiter(sample_rate) if self.limiter else None

    def _report(
        self,
        samples: FloatArray,
        features: Features,
        edited: EditedFeatures,
        gain_db: float,
        limiter: PeakLimiter | None,
        remarks: tuple[str, ...] = (),
    ) -> TransferReport:
        statistics = self.instrument.statistics
        found = find_warnings(samples, features, edited, statistics, self.settings)
        return TransferReport.from_edits(
            self.edits,
            edited,
            statistics,
            seconds=len(samples) / self.sample_rate,
            gain_db=gain_db,
            limited_db=0.0 if limiter is None else limiter.most_reduction_db,
            warnings=(*(f"The input {remark}" for remark in remarks), *found),
        )


def _read_samples(path: Path, sample_rate: int) -> FloatArray:
    return read_audio(path, sample_rate=sample_rate)[0]
