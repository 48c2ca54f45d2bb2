"""An instrument that is played by keys, live."""

import os
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from ddsp_tf.audio.peak_limiter import PeakLimiter
from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference.gated_model import GATE, gated_model
from ddsp_tf.inference.live_keys import LiveKeys
from ddsp_tf.inference.live_voices import LiveVoices
from ddsp_tf.inference.render import MOST_VOICES
from ddsp_tf.inference.score_inputs import score_inputs
from ddsp_tf.inference.streaming import Streamer, require_live
from ddsp_tf.midi.live_events import LiveEvent
from ddsp_tf.models import Instrument, Model
from ddsp_tf.types import FloatArray

_LIMIT_VOICES = 64
_USUAL_VOICES = 8


class LiveNotes:
    """Plays keys, bends and a pedal as they come, with so many voices of an instrument.

    Events take effect at the frame at which the sound has arrived (4 ms, with the usual rates).

    Args:
        instrument: A trained instrument of pitch and loudness, or of voices, such as a piano; or
            the name or path of one.
        voices: Notes that sound at once, 1 to 64, and at most those that a model of voices has.
            None: as many as it has, or 8.
        sample_rate: Of the audio in Hz; the instrument's by default.
        semitones: Semitones to transpose by; whole ones for a model of voices.
        loudness_db: Change of loudness in dB.
        reverb: Whether the instrument's room is heard.
        limiter: Whether peaks that would clip are turned down to -1 dBFS.
        block_samples: Samples that are usually played at once, for which it is compiled.
        xla: As in `Streamer`.

    Raises:
        ArgumentError: A value is outside its range, or the model can't be streamed, or plays whole
            scores only.
        ModelError: The instrument can't be loaded, or takes what keys don't say.

    Example:
        >>> from ddsp_tf.midi.live_events import parse_event
        >>> keys = LiveNotes("runs/violin", voices=2, xla=False)
        >>> keys.hear(parse_event("on 69 100"))
        >>> keys.play_until(0.1).shape
        (1600,)
    """

    def __init__(
        self,
        instrument: Instrument | str | os.PathLike[str],
        *,
        voices: int | None = None,
        sample_rate: int | None = None,
        semitones: float = 0.0,
        loudness_db: float = 0.0,
        reverb: bool = True,
        limiter: bool = False,
        block_samples: int = 256,
        xla: bool = True,
    ) -> None:
        if voices is not None and not 1 <= voices <= _LIMIT_VOICES:
            raise ArgumentError(f"`voices` must be from 1 to {_LIMIT_VOICES}; got {voices!r}.")
        if not isinstance(instrument, Instrument):
            instrument = Instrument.load(instrument)
        require_live(instrument.model)
        settings = instrument.features
        self.sample_rate = settings.sample_rate if sample_rate is None else sample_rate
        if not 1000 <= self.sample_rate <= 768000:
            raise ArgumentError(
                f"`sample_rate` must be from 1000 to 768000 Hz; got {self.sample_rate!r}."
            )
        frames = block_samples * settings.frame_rate / self.sample_rate
        self._player: _Player = _player(
            instrument, voices, semitones=semitones, loudness_db=loudness_db, reverb=reverb
        )
        self._streamer = Streamer(self._player.model, block_frames=max(1, round(frames)), xla=xla)
        self._limiter = PeakLimiter(self.sample_rate) if limiter else None
        rates = (settings.sample_rate, self.sample_rate)
        self._resampler = (
            None if rates[0] == rates[1] else soxr.ResampleStream(*rates, 1, dtype="float32")
        )
        self._n_frames = 0

    @property
    def latency_samples(self) -> int:
        """Samples by which the sound is later than the keys."""
        model = self._streamer.latency_samples * self.sample_rate / self._streamer.sample_rate
        return round(model) + (0 if self._limiter is None else self._limiter.latency_samples)

    @property
    def latency_ms(self) -> float:
        """The same in milliseconds, without that of collecting a block."""
        return 1000.0 * self.latency_samples / self.sample_rate

    @property
    def limited_db(self) -> float:
        """By how much the limiter turned down peaks at most; 0 without one."""
        return 0.0 if self._limiter is None else self._limiter.most_reduction_db

    @property
    def n_stolen(self) -> int:
        """Notes that were cut short, as more keys were held than there are voices."""
        return self._player.keys.n_stolen

    @property
    def n_voices(self) -> int:
        """Notes that sound at once."""
        return self._player.n_voices

    @property
    def time_s(self) -> float:
        """How far it has played."""
        return self._n_frames / self._streamer.frame_rate

    def hear(self, event: LiveEvent) -> None:
        """Takes note of what a player does now: at `time_s`."""
        self._player.hear(event)

    def play_until(self, time_s: float) -> npt.NDArray[np.float32]:
        """Plays on.

        Args:
            time_s: Seconds since the begin; nothing is played if it has passed.

        Returns:
            Audio, `[n_samples]`, later by `latency_samples`. If the rate isn't the instrument's,
            there may be a few less for a while, since a resampler gives its output in bursts.
        """
        n_frames = max(0, round(time_s * self._streamer.frame_rate) - self._n_frames)
        self._n_frames += n_frames
        wanted = self._streamer.input_signals
        shaped = {
            key: x[np.newaxis] if x.shape[1] > 1 else x[np.newaxis, :, 0]
            for key, x in self._player.advance(n_frames).items()
            if key in wanted
        }
        return self._finished(self._player.gain * self._streamer.process(**shaped)[0])

    def flush(self) -> npt.NDArray[np.float32]:
        """Plays what the latency still holds back."""
        rest = self._finished(self._player.gain * self._streamer.flush()[0], is_last=True)
        return rest if self._limiter is None else np.concatenate([rest, self._limiter.flush()])

    def _finished(
        self, audio: npt.NDArray[np.float32], *, is_last: bool = False
    ) -> npt.NDArray[np.float32]:
        if self._resampler is not None:
            audio = self._resampler.resample_chunk(audio, last=is_last)
        return audio if self._limiter is None else self._limiter.process(audio)


class _Melody:
    """Keys as pitch and loudness of voices, each with a gate."""

    gain = np.float32(1.0)

    def __init__(
        self,
        instrument: Instrument,
        n_voices: int,
        *,
        semitones: float,
        loudness_db: float,
        reverb: bool,
    ) -> None:
        self.n_voices = n_voices
        self.model = gated_model(instrument.model, reverb=reverb, n_voices=n_voices)
        self.keys = LiveKeys(
            n_voices=n_voices,
            statistics=instrument.statistics,
            frame_rate=instrument.features.frame_rate,
        )
        self._semitones, self._loudness_db = semitones, loudness_db

    def hear(self, event: LiveEvent) -> None:
        self.keys.hear(event)

    def advance(self, n_frames: int) -> dict[str, FloatArray]:
        f0_hz, loudness_db, gate = self.keys.advance(n_frames)
        return {
            "f0_hz": f0_hz * 2.0 ** (self._semitones / 12.0),
            "loudness_db": loudness_db + self._loudness_db,
            GATE: gate,
        }


class _Voices:
    """Keys as they are, of a model that has voices of its own."""

    def __init__(
        self,
        model: Model,
        n_voices: int,
        *,
        semitones: float,
        loudness_db: float,
        reverb: bool,
    ) -> None:
        if semitones != round(semitones):
            raise ArgumentError(
                "`semitones` must be a whole number for an instrument with keys; got "
                f"{semitones!r}."
            )
        signal = model.input_signals["midi"]
        self.n_voices = n_voices
        self.model = model if reverb else model.without_rooms()
        self.gain = np.float32(10.0 ** (loudness_db / 20.0))
        self.keys = LiveVoices(
            n_voices,
            lowest_key=0.0 if signal.low is None else signal.low,
            highest_key=127.0 if signal.high is None else signal.high,
        )
        self._semitones = semitones
        self._n_unused = (signal.width or n_voices) - n_voices

    def hear(self, event: LiveEvent) -> None:
        if event.kind in ("on", "off"):
            key, *velocity = event.values
            event = replace(event, values=(key + self._semitones, *velocity))
        self.keys.hear(event)

    def advance(self, n_frames: int) -> dict[str, FloatArray]:
        told = self.keys.advance(n_frames)
        unused = [(0, 0), (0, self._n_unused)]
        return {
            key: np.pad(x, unused, mode="edge" if key == "midi" else "constant")
            for key, x in told.items()
        }


_Player = _Melody | _Voices


def _player(instrument: Instrument, n_voices: int | None, **playing: Any) -> _Player:
    """What turns keys into what the model takes."""
    takes = score_inputs(instrument.model)
    if takes == "notes":
        raise ArgumentError(
            "This model plays whole scores, and no keys as they come: `ddsp-tf render` plays it."
        )
    if takes == "melody":
        return _Melody(instrument, n_voices or _USUAL_VOICES, **playing)
    most = instrument.model.input_signals["midi"].width or MOST_VOICES
    if n_voices is not None and n_voices > most:
        raise ArgumentError(
            f"`voices` must be at most {most}, as many as the instrument has; got {n_voices}."
        )
    return _Voices(instrument.model, n_voices or most, **playing)
