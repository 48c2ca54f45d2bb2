"""Voices of a mixture, each by itself, by their pitches."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.audio import check_usable
from ddsp_tf.audio.mono_arrays import mono_at_rate
from ddsp_tf.dsp.compilation import only_played
from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference.masks import share_out
from ddsp_tf.models.separation.source_filter_separator import SourceFilterSeparator
from ddsp_tf.types import FloatArray, PathLike, Progress, no_progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Method = Literal["model", "mask"]

_FLOOR = 1e-5
"""Of the mixture's largest magnitude: what is softer doesn't count."""
_REST = 1e-4
"""Of the excitations' power, with "mask": what is between all partials is no voice's."""
_LAST_RATE = 0.1


@dataclass(frozen=True)
class Separation:
    """The voices of a mixture.

    Attributes:
        stems: The voices, `[n_voices, n_samples]`.
        residual: What no voice has: with them it sums to the mixture, `[n_samples]`.
        mixture: `[n_samples]`.
        sample_rate: In Hz.
        f0_hz: By which they were told apart, `[n_frames, n_voices]`.
        frame_rate: Of the pitches.
        loss: Of the model's spectra, at the start and at the end; empty with "mask".
        n_steps: Steps taken.
        seconds: They took so long.
        interrupted: Whether it was stopped before its end.
    """

    stems: FloatArray = field(repr=False)
    residual: FloatArray = field(repr=False)
    mixture: FloatArray = field(repr=False)
    sample_rate: int
    f0_hz: FloatArray = field(repr=False)
    frame_rate: float
    loss: tuple[float, ...]
    n_steps: int
    seconds: float
    interrupted: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Gives what was done, ready for JSON."""
        levels = [_rms_db(x) - _rms_db(self.mixture) for x in (*self.stems, self.residual)]
        return {
            "format_version": 1,
            "n_voices": len(self.stems),
            "stem_levels_db": levels[:-1],
            "residual_level_db": levels[-1],
            "loss": list(self.loss),
            "n_steps": self.n_steps,
            "seconds": self.seconds,
            "interrupted": self.interrupted,
        }

    def figure(self, title: str | None = None) -> "Figure":
        """Draws the mixture above its voices, with their pitches, and the residual."""
        from ddsp_tf.plotting import spectrogram_stack

        names = [f"Voice {index + 1}" for index in range(len(self.stems))]
        sounds = {"Mixture": self.mixture, **dict(zip(names, self.stems, strict=True))}
        return spectrogram_stack(
            {**sounds, "Residual": self.residual},
            self.sample_rate,
            f0_hz=dict(zip(names, self.f0_hz.T, strict=True)),
            frame_rate=self.frame_rate,
            title=title,
        )


def separate(
    model: SourceFilterSeparator,
    audio: FloatArray,
    sample_rate: int,
    f0_hz: FloatArray,
    *,
    method: Method = "model",
    n_steps: int = 360,
    learning_rate: float = 3e-3,
    max_minutes: float | None = None,
    name: PathLike = "the mixture",
    progress: Progress | None = None,
) -> Separation:
    """Takes a mixture apart into voices of known pitch.

    The model learns from this mixture alone, or goes on from what it has learned; then each voice
    gets its share of the mixture's spectrum. The mixture keeps its rate and band. Ctrl-C ends the
    learning and keeps what was learned.

    Args:
        model: Of as many voices as there are pitches; it holds what was learned afterwards.
        audio: The mixture, mono, `[n_samples]`.
        sample_rate: Its rate in Hz.
        f0_hz: `[n_frames, n_voices]` at the model's frame rate, 0 where a voice is silent.
        method: "model", or "mask": combs at the pitches, without learning.
        n_steps: Of Adam, >= 0.
        learning_rate: At first; it falls to a tenth.
        max_minutes: A limit of time, or None.
        name: What errors call the mixture, such as its file.
        progress: Is called with the share that is done, 0 to 1.

    Raises:
        ArgumentError: Shapes that don't fit, no pitch at all, or a number out of range.
        AudioFileError: The mixture is silent, too short or not finite.

    Example:
        >>> from ddsp_tf.models import SourceFilterSeparator
        >>> time = np.arange(8000) / 16000
        >>> duet = np.sin(2 * np.pi * 200 * time) + np.sin(2 * np.pi * 310 * time)
        >>> model = SourceFilterSeparator(n_units=4, fft_length=512, hop_length=256)
        >>> pitches = np.tile([200.0, 310.0], [32, 1])
        >>> found = separate(model, duet, 16000, pitches, n_steps=0)
        >>> bool(np.abs(found.stems.sum(axis=0) + found.residual - duet).max() < 1e-12)
        True
    """
    if n_steps < 0 or not learning_rate > 0 or method not in ("model", "mask"):
        raise ArgumentError(
            '`n_steps` should be at least 0, `learning_rate` above 0, and `method` "model" or '
            f'"mask". Received {n_steps}, {learning_rate} and {method!r}.'
        )
    audio = np.asarray(audio, np.float64)
    f0_hz = np.asarray(f0_hz, np.float32)
    if audio.ndim != 1 or f0_hz.ndim != 2 or f0_hz.shape[1] != model.n_sources:
        raise ArgumentError(
            f"`audio` should be [n_samples] and `f0_hz` [n_frames, {model.n_sources}], as the "
            f"model has that many voices. Received {audio.shape} and {f0_hz.shape}."
        )
    if not np.all(np.isfinite(f0_hz)) or not np.all(f0_hz >= 0) or not np.any(f0_hz > 0):
        raise ArgumentError(
            "`f0_hz` should be 0 or above, finite, and somewhere above 0: without any pitch there "
            "is nothing to tell voices apart by."
        )
    check_usable(audio, n_samples=2 * model.fft_length, name=name)
    start = time.monotonic()
    rate = int(model.sample_rate)
    heard = mono_at_rate(np.asarray(audio, np.float32), sample_rate, wanted_rate=rate)
    n_frames = dsp.n_frames(len(heard), model.hop_length)
    if abs(n_frames - len(f0_hz)) > 1:
        raise ArgumentError(
            f"`f0_hz` should have {n_frames} frames, one every {model.hop_length} samples at {rate}"
            f" Hz. Received {len(f0_hz)}."
        )
    f0_hz = np.pad(f0_hz, [[0, max(0, n_frames - len(f0_hz))], [0, 0]], mode="edge")[:n_frames]
    learned = _Learning(model, heard, f0_hz, progress or no_progress)
    interrupted = False
    if method == "model":
        end = None if max_minutes is None else start + 60.0 * max_minutes
        interrupted = learned.learn(n_steps, learning_rate, end)
    powers = learned.powers() if method == "model" else learned.combs()
    stems = share_out(
        audio,
        powers,
        sample_rate=sample_rate,
        powers_rate=rate,
        fft_length=model.fft_length,
        hop_length=model.hop_length,
    )
    return Separation(
        stems=stems,
        residual=audio - stems.sum(axis=0),
        mixture=audio,
        sample_rate=sample_rate,
        f0_hz=f0_hz,
        frame_rate=rate / model.hop_length,
        loss=tuple(learned.losses),
        n_steps=learned.n_steps,
        seconds=time.monotonic() - start,
        interrupted=interrupted,
    )


class _Learning:
    """A model that learns one mixture."""

    def __init__(
        self,
        model: SourceFilterSeparator,
        audio: FloatArray,
        f0_hz: FloatArray,
        progress: Progress,
    ) -> None:
        self._model, self._progress = model, progress
        largest = float(np.max(np.abs(audio)))
        heard = tf.function(only_played()(model.hear), autograph=False)(
            tf.constant(audio[np.newaxis] / largest, tf.float32), tf.constant(f0_hz[np.newaxis])
        )
        self._magnitudes, self._excitation, self._f0_hz = heard
        self._scale = float(tf.reduce_mean(self._magnitudes))
        self._floor = (_FLOOR * float(tf.reduce_max(self._magnitudes))) ** 2
        self._explain = tf.function(only_played()(lambda: model.explain(*heard)), autograph=False)
        self._step = tf.function(self._loss_and_gradients, autograph=False)
        self.losses: list[float] = []
        self.n_steps = 0

    def learn(self, n_steps: int, learning_rate: float, end: float | None) -> bool:
        """Takes steps, and says whether they were interrupted."""
        variables = self._model.trainable_variables
        rate = keras.optimizers.schedules.CosineDecay(
            learning_rate, max(1, n_steps), alpha=_LAST_RATE
        )
        optimizer = keras.optimizers.Adam(rate, clipnorm=3.0)
        optimizer.build(variables)
        try:
            for step in range(n_steps):
                if end is not None and time.monotonic() >= end:
                    break
                loss, gradients = self._step()
                optimizer.apply(gradients, variables)
                self.n_steps += 1
                self.losses = [*self.losses[:1], float(loss)]
                self._progress((step + 1) / n_steps)
        except KeyboardInterrupt:
            return True
        return False

    def powers(self) -> FloatArray:
        """What the model says, `[n_frames, n_voices + 1, n_bins]`."""
        found: FloatArray = self._explain()[0].numpy().astype(np.float64)
        return found

    def combs(self) -> FloatArray:
        """The excitations as they are, and a little of nothing."""
        combs = self._excitation[0].numpy().astype(np.float64)
        rest = np.full([len(combs), 1, combs.shape[-1]], _REST * combs.max())
        return np.concatenate([combs, rest], axis=1)

    def _loss_and_gradients(self) -> tuple[tf.Tensor, list[tf.Tensor]]:
        variables = [variable.value for variable in self._model.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(variables)
            power = self._model.explain(self._magnitudes, self._excitation, self._f0_hz)
            total = tf.reduce_sum(power, axis=2) + self._floor
            wanted = tf.square(self._magnitudes) + self._floor
            loss = tf.reduce_mean(tf.abs(tf.sqrt(total) - tf.sqrt(wanted))) / self._scale
            loss += 0.5 * tf.reduce_mean(tf.abs(tf.math.log(total) - tf.math.log(wanted)))
        return loss, tape.gradient(loss, variables, unconnected_gradients="zero")


def _rms_db(audio: FloatArray) -> float:
    return float(10.0 * np.log10(np.mean(np.square(audio)) + 1e-20))
