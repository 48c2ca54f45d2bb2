"""An effect that moves the pitch and the formants of a recording."""

import os
from typing import Any

import numpy as np

from ddsp_tf import dsp
from ddsp_tf.audio import audio_info
from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference.effect import Effect, TreatedFile
from ddsp_tf.inference.voice_pitches import pitches_of_curves
from ddsp_tf.models import Instrument, Model
from ddsp_tf.models.world.world_vocoder import WorldVocoder
from ddsp_tf.types import FloatArray, PathLike, Progress, no_progress

_LOWEST_RATE, _HIGHEST_RATE = 8000, 48000
_HOP_S = 0.005
_HARDLY = 0.02


class VoiceChange(Effect):
    """Says a recording again with its pitch and formants moved, at its own rate.

    Args:
        instrument: A `WorldVocoder`.
        path: The recording; it is heard at its rate, of 8 to 48 kHz.
        track: A CSV file of `time_s` and `f0_hz`, 0 Hz where there is no voice, as long as the
            recording; None: the pitch is tracked.
        wet: As for `Effect`.
        **changes: Arguments of `WorldVocoder`: `semitones`, `formants`, `excitation`,
            `f0_tracker`.

    Raises:
        ArgumentError: The model is another, an argument is out of range, or the track doesn't fit.
        AudioFileError: The recording can't be read.

    Attributes:
        voiced: Share of the frames that had a pitch, once a file was treated; None where none was
            asked for.
    """

    def __init__(
        self,
        instrument: Instrument,
        path: PathLike,
        *,
        track: str | os.PathLike[str] | None = None,
        wet: float = 1.0,
        **changes: Any,
    ) -> None:
        require_vocoder(instrument.model)
        info = audio_info(path)
        rate = min(max(int(info.sample_rate), _LOWEST_RATE), _HIGHEST_RATE)
        model = instrument.model.edited(
            **changes, sample_rate=rate, hop_length=max(1, round(_HOP_S * rate))
        )
        super().__init__(Instrument.without_features(model), wet=wet, tail_s=0.0)
        self._track = track
        self.voiced: float | None = None
        self._tell: Progress = no_progress

    def process_file(
        self,
        source: PathLike,
        target: PathLike,
        *,
        progress: Progress | None = None,
        **options: Any,
    ) -> TreatedFile:
        """Treats a file; see `Effect.process_file`."""
        tell = self._tell = progress or no_progress
        # It is read in no time, and then worked on.
        return super().process_file(
            source, target, progress=lambda share: tell(0.05 * share), **options
        )

    def lines(self) -> list[str]:
        """Says what is worth knowing of the file that was treated last."""
        if self.voiced is None or self.voiced > _HARDLY:
            return []
        if self.model.excitation == "sound":
            return ["no pitch was heard; the formants were moved without it"]
        return ["no pitch was heard, so all was said as noise; --excitation sound keeps the sound"]

    def _at_once(self, dry: FloatArray) -> FloatArray:
        tell = self._tell
        f0_hz = self._pitch(dry)
        needed = self.model.excitation == "pulses" or self.model.semitones or self.model.formants
        self.voiced = float(np.mean(f0_hz > 0.0)) if needed else None
        said = self.model.say(dry, f0_hz, progress=lambda share: tell(0.3 + 0.7 * share))
        return np.asarray(said)

    def _pitch(self, dry: FloatArray) -> FloatArray:
        tell = self._tell
        if self._track is None:
            return self.model.pitch(dry, progress=lambda share: tell(0.05 + 0.25 * share))
        hop = self.model.hop_length
        f0_hz = pitches_of_curves(
            [self._track],
            seconds=len(dry) / self.sample_rate,
            n_frames=dsp.n_frames(len(dry), hop),
            frame_rate=self.sample_rate / hop,
        )[:, 0]
        return np.where(f0_hz < 0.25 * self.sample_rate, f0_hz, 0.0)


def can_change_voices(model: Model) -> bool:
    """Whether a model moves pitch and formants."""
    return isinstance(model, WorldVocoder)


def require_vocoder(model: Model) -> None:
    """Checks that a model moves pitch and formants.

    Raises:
        ArgumentError: It does not. The message says what it is.
    """
    if not can_change_voices(model):
        raise ArgumentError(
            f"`{type(model).__name__}` does not move pitch or formants. Leave --semitones, "
            "--formants, --excitation and --f0 out, or process with `world`."
        )
