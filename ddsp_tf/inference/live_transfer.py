"""Timbre transfer of sound that is still being played."""

import os

import numpy as np
import numpy.typing as npt
import soxr

from ddsp_tf.audio.edge_fades import fade_block
from ddsp_tf.audio.peak_limiter import PeakLimiter
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import Features
from ddsp_tf.features.live_features import LiveFeatures
from ddsp_tf.features.midi_pitch import (
    HIGHEST_MIDI,
    LOWEST_MIDI,
    SEMITONES_PER_OCTAVE,
    to_hz,
    to_midi,
)
from ddsp_tf.features.mono_samples import mono_samples
from ddsp_tf.features.voicing import SILENCE_DB
from ddsp_tf.inference.edits import Edits
from ddsp_tf.inference.live_gate import LiveGate
from ddsp_tf.inference.streaming import Streamer, require_live
from ddsp_tf.models import Instrument, Model

_GATED_DB = 60.0


class LiveTransfer:
    """Plays what is being played with another instrument: samples in, as many samples out.

    `LiveFeatures` finds pitch and loudness, a gate softens what is no note, and a `Streamer` plays.
    What `TimbreTransfer` decides from the whole recording (the octave, the distribution of
    loudness) has to be given here. The sound's first 3 ms and its last 10 ms are faded, as there.

    Args:
        instrument: A trained instrument, or the name or path of one.
        sample_rate: Of the audio that comes and goes, in Hz; the instrument's by default. At other
            rates the audio is resampled on the way.
        octave: Octaves to shift by.
        semitones: Semitones to transpose by; fractions are fine.
        loudness_db: Change of loudness in dB.
        gate_unvoiced: Whether what is no note is made 60 dB softer.
        reverb: Whether the instrument's room is heard.
        limiter: Whether peaks that would clip are turned down to -1 dBFS, and only them, which
            takes 5 ms more.
        block_samples: Samples that calls will usually have, for which it is compiled.
        xla: As in `Streamer`.

    Raises:
        ArgumentError: A value is outside its range, the model can't be streamed, or its tracker is
            not a CREPE.
        ModelError: The instrument can't be loaded.

    Example:
        >>> transfer = LiveTransfer("runs/violin", block_samples=64, xla=False)
        >>> transfer.process(np.zeros(256, np.float32)).shape
        (256,)
        >>> transfer.latency_ms
        20.0
    """

    def __init__(
        self,
        instrument: Instrument | str | os.PathLike[str],
        *,
        sample_rate: int | None = None,
        octave: int = 0,
        semitones: float = 0.0,
        loudness_db: float = 0.0,
        gate_unvoiced: bool = True,
        reverb: bool = True,
        limiter: bool = False,
        block_samples: int = 1024,
        xla: bool = True,
    ) -> None:
        if isinstance(octave, str):
            raise ArgumentError(
                f"`octave` must be a whole number from -8 to 8; got {octave!r}. To choose it, the "
                "whole recording would have to be known."
            )
        # It checks the ranges.
        self._edits = Edits(octave=octave, semitones=semitones, loudness_db=loudness_db)
        if not isinstance(instrument, Instrument):
            instrument = Instrument.load(instrument)
        require_live(instrument.model)
        _require_pitch_and_loudness(instrument.model)
        self.instrument = instrument
        settings = instrument.features
        self.sample_rate = settings.sample_rate if sample_rate is None else sample_rate
        if not 1000 <= self.sample_rate <= 768000:
            raise ArgumentError(
                f"`sample_rate` must be from 1000 to 768000 Hz; got {self.sample_rate!r}."
            )
        if block_samples < 1:
            raise ArgumentError(f"`block_samples` must be at least 1; got {block_samples!r}.")
        self._features = LiveFeatures(settings, initial_f0_hz=_usual_f0_hz(instrument))
        self._gate = LiveGate(settings.frame_rate) if gate_unvoiced else None
        self._limiter = PeakLimiter(self.sample_rate) if limiter else None
        self._limiter_samples = 0 if self._limiter is None else self._limiter.latency_samples
        ratio = settings.sample_rate / self.sample_rate
        self._streamer = Streamer(
            instrument,
            block_frames=max(1, round(block_samples * ratio / settings.hop_length)),
            reverb=reverb,
            xla=xla,
        )
        self.reset()

    @property
    def latency_ms(self) -> float:
        """The time between a sound that comes in and what is played for it, in ms."""
        return 1000.0 * self.latency_samples / self.sample_rate

    @property
    def latency_samples(self) -> int:
        """The latency in samples at `sample_rate`."""
        samples = self._features.latency_samples + self._streamer.latency_samples
        unlimited = round(samples * self.sample_rate / self._streamer.sample_rate)
        return unlimited + self._limiter_samples

    @property
    def limited_db(self) -> float:
        """By how much the limiter turned down peaks at most since `reset`; 0 without one."""
        return 0.0 if self._limiter is None else self._limiter.most_reduction_db

    def reset(self) -> None:
        """Returns to silence, as before the first call."""
        if self._limiter is not None:
            self._limiter.reset()
        self._restart()

    def _restart(self) -> None:
        self._features.reset()
        self._streamer.reset()
        if self._gate is not None:
            self._gate.reset()
        model_rate = self._streamer.sample_rate
        same = self.sample_rate == model_rate
        self._to_model, self._from_model = (
            None if same else soxr.ResampleStream(*rates, 1, dtype="float32")
            for rates in ((self.sample_rate, model_rate), (model_rate, self.sample_rate))
        )
        streamer_latency = self._streamer.latency_samples * self.sample_rate / model_rate
        n_silent = self.latency_samples - round(streamer_latency) - self._limiter_samples
        self._played = np.zeros(n_silent, np.float32)
        self._n_received = 0
        self._n_given = 0

    def process(self, audio: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Takes in the next samples and gives as many of what is played.

        Args:
            audio: Mono at `sample_rate`, `[n_samples]`, full scale -1 to 1; any length.

        Returns:
            `[n_samples]`, later by `latency_samples`. If the rate isn't the instrument's, there may
            be a few less for a while, since resamplers give their output in bursts.

        Raises:
            ArgumentError: `audio` isn't one-dimensional, or holds NaN or infinity.
        """
        samples = mono_samples(audio)
        self._n_received += len(samples)
        if self._to_model is not None:
            samples = self._to_model.resample_chunk(samples)
        self._play(self._features.push(samples))
        return self._give(self._n_received)

    def flush(self) -> npt.NDArray[np.float32]:
        """Gives what is left, `latency_samples` more than came in, and resets all but `limited_db`.

        Returns:
            `[n_samples]`; empty if nothing came in.
        """
        if not self._n_received:
            return np.zeros(0, np.float32)
        total = self._n_received + self.latency_samples
        if self._to_model is not None:
            rest = self._to_model.resample_chunk(np.zeros(0, np.float32), last=True)
            self._play(self._features.push(rest))
        self._play(self._features.flush())
        tail = self._streamer.flush()[0]
        if self._from_model is not None:
            tail = self._from_model.resample_chunk(tail, last=True)
        self._queue(tail)
        if self._limiter is not None:
            self._played = np.concatenate([self._played, self._limiter.flush()])
        missing = np.zeros(max(0, total - self._n_given - len(self._played)), np.float32)
        self._played = np.concatenate([self._played, missing])
        rest = self._give(total, n_sounding=self._n_received)
        self._restart()
        return rest

    def edited(self, features: Features) -> Features:
        """Shifts pitch and loudness, and softens what is no note.

        Args:
            features: Of the next frames; the gate remembers those before.

        Returns:
            What the instrument is to play.
        """
        edits = self._edits
        shift = SEMITONES_PER_OCTAVE * int(edits.octave) + edits.semitones
        f0_hz = to_hz(np.clip(to_midi(features.f0_hz) + shift, LOWEST_MIDI, HIGHEST_MIDI))
        loudness_db = features.loudness_db + edits.loudness_db
        if self._gate is not None:
            loudness_db = loudness_db - _GATED_DB * (1.0 - self._gate.gain(features))
        loudness_db = np.maximum(loudness_db, SILENCE_DB)
        return features.with_columns(f0_hz=f0_hz, loudness_db=loudness_db)

    def _play(self, features: Features) -> None:
        if not features.n_frames:
            return
        edited = self.edited(features)
        played = {"f0_hz": edited.f0_hz, "loudness_db": edited.loudness_db}
        wanted = self._streamer.input_signals
        audio = self._streamer.process(
            **{key: x[np.newaxis] for key, x in played.items() if key in wanted}
        )[0]
        if self._from_model is not None:
            audio = self._from_model.resample_chunk(audio)
        self._queue(audio)

    def _queue(self, audio: npt.NDArray[np.float32]) -> None:
        limited = audio if self._limiter is None else self._limiter.process(audio)
        self._played = np.concatenate([self._played, limited])

    def _give(self, n_most: int, n_sounding: int | None = None) -> npt.NDArray[np.float32]:
        """Gives what may be given; `n_sounding` is the sound's length once its end is there."""
        given, self._played = np.split(self._played, [max(0, n_most - self._n_given)])
        start = self._n_given - self.latency_samples
        self._n_given += len(given)
        return fade_block(given, start=start, n_samples=n_sounding, sample_rate=self.sample_rate)


def _require_pitch_and_loudness(model: Model) -> None:
    others = model.delayed().input_signals.keys() - {"f0_hz", "loudness_db"}
    if others:
        raise ArgumentError(
            "What is being played is followed by its pitch and loudness, and this model also takes "
            f"{', '.join(sorted(others))}. Keys are played by `ddsp-tf stream --midi`, scores by "
            "`ddsp-tf render`, anything else by a `Streamer`, or transfer whole recordings."
        )


def _usual_f0_hz(instrument: Instrument) -> float:
    """The pitch that the instrument starts at: the middle of what it was trained on."""
    if instrument.statistics is None:
        return 220.0
    midi = instrument.statistics.f0_midi_quantiles
    return float(to_hz(np.array(midi[len(midi) // 2])))
