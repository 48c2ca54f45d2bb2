"""A recording's pitch and formants, moved independently by a vocoder."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.frame_filters import silent_tail
from ddsp_tf.dsp.world import Mixing
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features.pyin.compiled_librosa import load_librosa
from ddsp_tf.features.refined_pitch import refine_tracked_pitch
from ddsp_tf.features.track import interpolate_track
from ddsp_tf.features.trackers import get_tracker
from ddsp_tf.features.world.world_analysis import WorldAnalysis, analyze_world
from ddsp_tf.models.model import Model
from ddsp_tf.processors import World
from ddsp_tf.types import FloatArray, Progress, Signal, no_progress

Excitation = Literal["pulses", "sound"]

MOST_SEMITONES = 24.0
_DRY = "dry"
_FRAMES_AT_ONCE = 256
_SHORTEST = 8192
_LEAST = 1e-12
_MOST_GAIN = float(np.log(100.0))


@keras.saving.register_keras_serializable("ddsp_tf")
class WorldVocoder(Model):
    """Says a sound again with another pitch and other formants; pitch and formants don't mix.

    It tracks the pitch, measures envelope and aperiodicity (`features.world`) and plays them by
    `processors.World`, pulses and noise, with the pitch times `2^(semitones / 12)` and the envelope
    stretched by `2^(formants / 12)`. With `excitation="sound"` the sound itself, transposed by
    librosa, takes the place of pulses and noise, and is filtered from the envelope that it has to
    the one that it should have: where nothing is moved it stays what it was, and it needs no pitch
    unless that is to be moved.

    Args:
        semitones: To move the pitch by, -24 to 24.
        formants: Semitones to move the formants by, -24 to 24.
        excitation: "pulses" (and noise), or "sound".
        f0_tracker: One of `F0_TRACKERS`.
        mixing: How aperiodicity is read; see `dsp.world_responses`.
        sample_rate: In Hz.
        hop_length: Samples per frame; 5 ms are usual.
        name: The model's name.

    Raises:
        ArgumentError: An argument is out of range.

    Example:
        >>> vocoder = WorldVocoder(formants=3.0, excitation="sound")
        >>> vocoder({"dry": tf.random.stateless_normal([1, 1600], [1, 2])})["audio"].shape
        TensorShape([1, 1600])

    Reference:
        Nercessian 2023, "Differentiable WORLD synthesizer-based neural vocoder with application to
        end-to-end audio style transfer", sections 2 and 3.2.
    """

    any_channels = True
    black_box = True

    def __init__(
        self,
        *,
        semitones: float = 0.0,
        formants: float = 0.0,
        excitation: Excitation = "pulses",
        f0_tracker: str = "crepe-tiny",
        mixing: Mixing = "power",
        sample_rate: int = 16000,
        hop_length: int = 80,
        name: str = "world_vocoder",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        for key, value in (("semitones", semitones), ("formants", formants)):
            if not -MOST_SEMITONES <= value <= MOST_SEMITONES:
                raise ArgumentError(
                    f"`{key}` should be from {-MOST_SEMITONES:g} to {MOST_SEMITONES:g}. "
                    f"Received {value}."
                )
        if excitation not in get_args(Excitation):
            raise ArgumentError(
                f'`excitation` should be "pulses" or "sound". Received {excitation!r}.'
            )
        self.semitones = semitones
        self.formants = formants
        self.excitation = excitation
        self.f0_tracker = f0_tracker
        self.mixing = mixing
        self.sample_rate = sample_rate
        self.hop_length = hop_length
        self.built = True

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound."""
        return {_DRY: Signal("samples", width=None)}

    @property
    def why_not_streamable(self) -> str:
        """It tracks the pitch of the whole sound."""
        return "it tracks the pitch of whole sounds"

    def edited(self, **changes: Any) -> "WorldVocoder":
        """Gives another with some arguments changed."""
        return type(self).from_config({**self.get_config(), **changes})

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Says whole sounds again.

        Args:
            batch: "dry", `[batch, n_samples]`, or with a third axis of channels.
            training: Without effect; Keras passes it.

        Returns:
            `audio`, of the same shape.
        """
        del training
        dry = np.asarray(self.encode(batch)[_DRY], np.float32)
        rows = dry.reshape(*dry.shape[:2], -1)
        said = [self.say(row, self.pitch(row)) for row in rows]
        return {"audio": tf.reshape(tf.stack(said), dry.shape)}

    def pitch(self, audio: FloatArray, *, progress: Progress | None = None) -> FloatArray:
        """Tracks the pitch of all channels together, to the cent.

        Args:
            audio: `[n_samples, n_channels]`.
            progress: Is called with the share that is done.

        Returns:
            In Hz, `[n_frames]`; 0 where the tracker isn't sure, 0 everywhere where none is needed.
        """
        n_frames = dsp.n_frames(len(audio), self.hop_length)
        if self.excitation == "sound" and self.semitones == 0.0 and self.formants == 0.0:
            return np.zeros(n_frames)
        mono = audio.mean(axis=1).astype(np.float32)
        tracker = get_tracker(self.f0_tracker)
        track, confidence = tracker.track(mono, self.sample_rate, progress=progress)
        f0_hz, sure = interpolate_track(
            track[np.newaxis],
            confidence[np.newaxis],
            track_rate=tracker.frame_rate,
            sample_rate=self.sample_rate,
            hop_length=self.hop_length,
            n_frames=n_frames,
        )
        return refine_tracked_pitch(
            mono, f0_hz[0], sure[0], sample_rate=self.sample_rate, hop_length=self.hop_length
        )

    def say(
        self, audio: FloatArray, f0_hz: FloatArray, *, progress: Progress | None = None
    ) -> FloatArray:
        """Says a sound again whose pitch is known, in bounded memory but for the sound itself.

        Args:
            audio: `[n_samples, n_channels]`.
            f0_hz: `[n_frames]`, 0 where there is no voice.
            progress: Is called with the share that is done.

        Returns:
            float32, of the same shape.

        Raises:
            ArgumentError: `f0_hz` has not as many frames as the sound.
        """
        n_samples, n_channels = audio.shape
        n_frames = dsp.n_frames(n_samples, self.hop_length)
        if np.shape(f0_hz) != (n_frames,):
            raise ArgumentError(
                f"`f0_hz` should have the {n_frames} frames of the sound. "
                f"Received the shape {np.shape(f0_hz)}."
            )
        play = self._pulses if self.excitation == "pulses" else self._sound
        said = []
        for index, channel in enumerate(audio.T):
            parts = []
            for start, block in play(channel.astype(np.float64), f0_hz):
                parts.append(block)
                share = (index + min(1.0, start / n_frames)) / n_channels
                (progress or no_progress)(share)
            said.append(np.concatenate(parts)[:n_samples])
        return np.stack(said, axis=1).astype(np.float32)

    def _pulses(self, audio: FloatArray, f0_hz: FloatArray) -> Any:
        """Blocks of pulses and noise."""
        ratio = 2.0 ** (self.semitones / 12.0)
        lowest_hz = ratio * min(np.where(f0_hz > 0.0, f0_hz, np.inf).min(), 100.0)
        vocoder: World | None = None
        state: Any = None
        for start, n_frames, found in self._analyses(audio, f0_hz):
            if vocoder is None:
                vocoder = World(
                    n_bands=None,
                    n_points=None,
                    fft_length=2 * (found.envelope.shape[1] - 1),
                    mixing=self.mixing,
                    scale=False,
                    lowest_hz=lowest_hz,
                    sample_rate=self.sample_rate,
                    hop_length=self.hop_length,
                )
                state = vocoder.initial_state(1)
            f0 = found.f0_hz * ratio
            f0 = np.where(f0 < 0.5 * self.sample_rate, f0, 0.0)
            controls = {
                "f0_hz": f0[:, np.newaxis].astype(np.float32),
                "envelope": self._stretched(found.envelope),
                "aperiodicity": self._stretched(found.aperiodicity),
            }
            controls = {key: tf.constant(x[np.newaxis]) for key, x in controls.items()}
            block, state = vocoder.stream(controls, state, n_frames)
            yield start + n_frames, block[0].numpy()

    def _sound(self, audio: FloatArray, f0_hz: FloatArray) -> Any:
        """Blocks of the sound itself, transposed, from its envelope to the one that is wanted."""
        ratio, played = 2.0 ** (self.semitones / 12.0), audio
        if self.semitones:
            # Its frames of 2048 samples have to fit in.
            long = np.pad(audio, (0, max(0, _SHORTEST - len(audio))))
            played = load_librosa().effects.pitch_shift(
                long, sr=self.sample_rate, n_steps=self.semitones
            )[: len(audio)]
        n_more = -len(audio) % self.hop_length
        padded = np.pad(played, (0, n_more)).astype(np.float32)
        moved_hz = np.where(f0_hz * ratio < 0.5 * self.sample_rate, f0_hz * ratio, 0.0)
        tail = None
        for start, n_frames, found in self._analyses(audio, f0_hz):
            has = found.envelope
            if self.semitones:
                part = moved_hz[start : start + n_frames]
                has = self._measured(played, part, start).envelope
                has = np.concatenate([has, has[-1:]])
            wanted = self._stretched(found.envelope)
            change = 0.5 * np.log(np.maximum(wanted, _LEAST) / np.maximum(has, _LEAST))
            response = dsp.minimum_phase(np.clip(change, -_MOST_GAIN, _MOST_GAIN))
            fft_length = 2 * (has.shape[1] - 1)
            if tail is None:
                tail = silent_tail(1, fft_length=fft_length, hop_length=self.hop_length)
            samples = padded[start * self.hop_length : (start + n_frames) * self.hop_length]
            block, tail = dsp.filter_frames(
                samples[np.newaxis], response[np.newaxis], hop_length=self.hop_length, tail=tail
            )
            yield start + n_frames, block[0].numpy()

    def _analyses(self, audio: FloatArray, f0_hz: FloatArray) -> Any:
        """Where each block begins, its frames, and what is measured at them and the next one."""
        n_frames = len(f0_hz)
        for start in range(0, n_frames, _FRAMES_AT_ONCE):
            stop = min(start + _FRAMES_AT_ONCE, n_frames)
            found = self._measured(audio, f0_hz[start : stop + 1], start)
            if stop == n_frames:  # The last frame is held.
                parts = (found.f0_hz, found.envelope, found.aperiodicity)
                found = WorldAnalysis(*(np.concatenate([x, x[-1:]]) for x in parts))
            yield start, stop - start, found

    def _measured(self, audio: FloatArray, f0_hz: FloatArray, start: int) -> WorldAnalysis:
        rates = {"sample_rate": self.sample_rate, "hop_length": self.hop_length}
        return analyze_world(audio, f0_hz, **rates, first_frame=start)

    def _stretched(self, spectra: FloatArray) -> FloatArray:
        """Spectra whose formants are moved; above what there was, the highest value is held."""
        if not self.formants:
            return spectra
        last = spectra.shape[1] - 1
        places = np.minimum(np.arange(last + 1) * 2.0 ** (-self.formants / 12.0), last)
        below = np.minimum(places.astype(int), last - 1)
        levels = np.log(np.maximum(spectra, 1e-30))
        moved = levels[:, below] + (places - below) * (levels[:, below + 1] - levels[:, below])
        return np.exp(moved).astype(np.float32)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            "semitones": self.semitones,
            "formants": self.formants,
            "excitation": self.excitation,
            "f0_tracker": self.f0_tracker,
            "mixing": self.mixing,
            "sample_rate": self.sample_rate,
            "hop_length": self.hop_length,
            "name": self.name,
        }
