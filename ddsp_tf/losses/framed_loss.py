"""Losses of two sounds that are analysed in frames: their terms, in bounded memory."""

import functools
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.dsp.compilation import compiled, custom_gradient
from ddsp_tf.dsp.shapes import checked, require_positive_integer
from ddsp_tf.losses.terms.term import Term

_LONG_SAMPLES = 2**19
"""A row up to here is analysed at once, whatever the batch: clips to train on are far shorter."""

_AT_ONCE = 2
"""Analyses side by side: each leaves a part of two cores idle."""

_CHUNK_SAMPLES = 2**18
_LEAST_CHUNK_SAMPLES = 2**16


class FramedPart(ABC):
    """One analysis of sounds in frames, and the terms that share it.

    Args:
        terms: What is compared of it.
        frame_length: Samples that a frame depends on, centred on its own.
        hop_length: Samples between frames.
    """

    def __init__(self, terms: Sequence[Term], *, frame_length: int, hop_length: int) -> None:
        for key, value in (("frame_length", frame_length), ("hop_length", hop_length)):
            require_positive_integer(key, value)
        self.terms = list(terms)
        self.frame_length = frame_length
        self.hop_length = hop_length

    @abstractmethod
    def analyse(self, audio: tf.Tensor) -> tf.Tensor:
        """Gives `[batch, ceil(n_samples / hop_length), ...]` of `[batch, n_samples]`."""

    def compare(
        self, target_audio: tf.Tensor, audio: tf.Tensor, chunk: "_Chunk | None" = None
    ) -> dict[str, tf.Tensor]:
        """Gives every term: of two whole sounds, or the share of one chunk of longer ones."""
        target, value = self.analyse(target_audio), self.analyse(audio)
        if chunk is None:
            return {term.name: term(target, value) for term in self.terms}
        return {
            term.name: chunk.share(term) * term(chunk.of(term, target), chunk.of(term, value))
            for term in self.terms
        }


@keras.saving.register_keras_serializable("ddsp_tf")
class FramedLoss(keras.layers.Layer):
    """Sums the terms of several analyses of two sounds.

    The gradient is computed with the loss, two analyses at a time, and only the slope over the
    audio is kept: it takes the memory of two analyses. Sounds of more than half a million
    samples are worked on piece by piece, where their length is known when a graph is made: half an
    hour takes no more memory than a minute.

    Args:
        parts: Analyses with their terms, such as `Spectra` and `Loudness`. Terms of the same name
            are summed.
        name: The layer's name.

    Attributes:
        jit_compile: Whether XLA compiles each analysis with its gradient, in graphs: half the
            processor time, and some seconds to compile. `training.train` sets it.

    Example:
        >>> from ddsp_tf.losses import LogMagnitude, Loudness, Spectra
        >>> loss = FramedLoss([Spectra(512, [LogMagnitude()]), Loudness(0.1)])
        >>> sound = tf.random.stateless_normal([1, 16000], [1, 2])
        >>> float(loss(sound, sound))
        0.0
    """

    def __init__(
        self, parts: Sequence[FramedPart], *, name: str = "framed_loss", **kwargs: Any
    ) -> None:
        kwargs.pop("dtype", None)
        super().__init__(name=name, dtype="float32", **kwargs)
        self.parts = tuple(parts)
        self.jit_compile = False

    def build(self, *input_shapes: Any) -> None:
        """Does nothing: the loss has no weights."""
        del input_shapes
        self.built = True

    def call(self, target_audio: tf.Tensor, audio: tf.Tensor) -> tf.Tensor:
        """Gives the weighted sum of all terms.

        Args:
            target_audio: `[batch, n_samples]`, or `[batch, n_samples, n_channels]`, whose channels
                count like examples. No gradient flows to it.
            audio: The same shape.

        Returns:
            A scalar, >= 0.

        Raises:
            ArgumentError: The shapes differ, or are no sound's.
        """
        return self.with_terms(target_audio, audio)[0]

    def with_terms(
        self, target_audio: tf.Tensor, audio: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Gives the loss and its terms, both with a gradient.

        Args:
            target_audio: As `call` takes it. No gradient flows to it.
            audio: The same shape.

        Returns:
            The loss, a scalar, and what `terms` gives.
        """
        terms = self.differentiable_terms(target_audio, audio)
        return tf.add_n(list(terms.values())) if terms else tf.zeros([]), terms

    def differentiable_terms(
        self, target_audio: tf.Tensor, audio: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Gives the terms, whose gradient takes the memory of two analyses.

        Where the terms are summed, which is what training does, the gradient costs nothing more.
        Where each is weighted in its own way, it is computed anew. There is no second derivative:
        `terms` has one.

        Args:
            target_audio: As `call` takes it. No gradient flows to it.
            audio: The same shape.

        Returns:
            What `terms` gives.
        """
        target_audio, audio = _sounds(target_audio, audio)
        names = self._term_names()
        if not names:
            return {}

        @custom_gradient
        def evaluate(audio: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], Callable[..., tf.Tensor]]:
            # In eager mode a tape would record, and keep, what is done in here too.
            unwatched = tf.stop_gradient(audio)
            values, slope = self._in_turn(target_audio, unwatched, None)

            def gradient(*to_terms: tf.Tensor) -> tf.Tensor:
                if _all_same(to_terms):
                    return to_terms[0] * slope
                weights = dict(zip(names, to_terms, strict=True))
                return self._in_turn(target_audio, unwatched, weights)[1]

            return tuple(values[name] for name in names), gradient

        return dict(zip(names, evaluate(audio), strict=True))

    def terms(self, target_audio: tf.Tensor, audio: tf.Tensor) -> dict[str, tf.Tensor]:
        """Gives each term with a weight above zero, weighted and summed over the analyses.

        Args:
            target_audio: As `call` takes it. No gradient flows to it.
            audio: The same shape.

        Returns:
            Scalars by name, such as `{"magnitude": ..., "log_magnitude": ...}`, each
            differentiable as often as one likes; the gradient takes the memory of all analyses.
        """
        target_audio, audio = _sounds(target_audio, audio)
        values = dict.fromkeys(self._term_names(), tf.zeros([]))
        for part in self._used_parts():
            for chunk in _chunks(audio, part):
                pieces = chunk.cut(target_audio), chunk.cut(audio)
                for name, value in part.compare(*pieces, chunk.if_part()).items():
                    values[name] += value
        return values

    def _used_parts(self) -> list[FramedPart]:
        return [part for part in self.parts if part.terms]

    def _term_names(self) -> list[str]:
        return list(dict.fromkeys(term.name for part in self.parts for term in part.terms))

    def _in_turn(
        self,
        target_audio: tf.Tensor,
        audio: tf.Tensor,
        weights: dict[str, tf.Tensor] | None,
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """The terms, and the slope of their sum, weighted if there are weights."""
        values = dict.fromkeys(self._term_names(), tf.zeros([]))
        slopes = [tf.zeros_like(audio)]
        for index, part in enumerate(self._used_parts()):
            earlier = slopes[max(0, index + 1 - _AT_ONCE)]
            pieces = _Pieces()
            for chunk in _chunks(audio, part):
                # Waits for an earlier one, or all would be in memory at once.
                with tf.control_dependencies([pieces.last if pieces else earlier]):
                    target, here = (tf.identity(chunk.cut(x)) for x in (target_audio, audio))
                of_chunk = compiled(
                    functools.partial(_terms_and_slope, part, chunk.if_part()),
                    self.jit_compile and not tf.executing_eagerly(),
                )
                terms, slope_here = of_chunk(target, here, weights)
                pieces.add(slope_here, chunk)
                values.update({name: values[name] + value for name, value in terms.items()})
            slopes.append(pieces.joined())
        return values, functools.reduce(operator.add, slopes)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        config = super().get_config()
        config.pop("dtype", None)
        return {**config, "parts": [keras.saving.serialize_keras_object(p) for p in self.parts]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FramedLoss":
        """Makes it again from `get_config`."""
        parts = [keras.saving.deserialize_keras_object(part) for part in config["parts"]]
        return cls(**{**config, "parts": parts})


def _terms_and_slope(
    part: FramedPart,
    chunk: "_Chunk | None",
    target: tf.Tensor,
    audio: tf.Tensor,
    weights: dict[str, tf.Tensor] | None,
) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
    """The terms of one analysis, and the slope of their weighted sum."""
    with tf.GradientTape() as tape:
        tape.watch(audio)
        terms = part.compare(target, audio, chunk)
        summed = [
            value if weights is None else weights[name] * value for name, value in terms.items()
        ]
        total = tf.add_n(summed)
    return terms, tape.gradient(total, audio)


@dataclass(frozen=True)
class _Chunk:
    """Frames of a long sound, with as many samples around as they need."""

    n_samples: int | None
    start: int = 0
    stop: int | None = None
    first_frame: int = 0
    last_frame: int = 0
    n_frames: int = 0
    hop_length: int = 1

    def if_part(self) -> "_Chunk | None":
        return None if self.stop is None else self

    def cut(self, audio: tf.Tensor) -> tf.Tensor:
        return audio if self.stop is None else audio[:, self.start : self.stop]

    def of(self, term: Term, analysis: tf.Tensor) -> tf.Tensor:
        before = self.start // self.hop_length
        first = max(self.first_frame - term.n_frames_before, 0)
        return analysis[:, first - before : self.last_frame - before]

    def share(self, term: Term) -> float:
        first = max(self.first_frame, term.n_frames_before)
        return (self.last_frame - first) / (self.n_frames - term.n_frames_before)


def _chunks(audio: tf.Tensor, part: FramedPart) -> Iterator[_Chunk]:
    """One for the whole, or several for what is too long to be analysed at once."""
    batch, n_samples = audio.shape
    if n_samples is None or n_samples <= _LONG_SAMPLES:
        yield _Chunk(n_samples)
        return
    hop = part.hop_length
    length = max(_CHUNK_SAMPLES // (batch or 1), _LEAST_CHUNK_SAMPLES, 4 * part.frame_length)
    frames_a_chunk, n_frames = -(-length // hop), -(-n_samples // hop)
    n_context = 1 + max(term.n_frames_before for term in part.terms)
    margin = hop * (-(-part.frame_length // hop) + n_context)
    for first in range(0, n_frames, frames_a_chunk):
        last = min(first + frames_a_chunk, n_frames)
        start, stop = max(0, first * hop - margin), min(n_samples, last * hop + margin)
        yield _Chunk(n_samples, start, stop, first, last, n_frames, hop)


class _Pieces:
    """Slopes of overlapping chunks, summed into one."""

    def __init__(self) -> None:
        self._done: list[tf.Tensor] = []
        self._open: tf.Tensor | None = None
        self._open_at = 0

    def __bool__(self) -> bool:
        return self._open is not None

    @property
    def last(self) -> tf.Tensor:
        """The newest piece."""
        return self._open

    def add(self, slope: tf.Tensor, chunk: _Chunk) -> None:
        """Adds the slope of a chunk, which begins after all others have."""
        if self._open is None:
            self._open = slope
            return
        n_before = chunk.start - self._open_at
        overlap = self._open.shape[1] - n_before
        self._done.append(self._open[:, :n_before])
        shared = self._open[:, n_before:] + slope[:, :overlap]
        self._open = tf.concat([shared, slope[:, overlap:]], 1)
        self._open_at = chunk.start

    def joined(self) -> tf.Tensor:
        """Gives the sum over the whole sound."""
        return tf.concat([*self._done, self._open], 1) if self._done else self._open


def _all_same(tensors: Sequence[tf.Tensor]) -> bool:
    """Whether all are known to be equal without a look into a graph."""
    first = tensors[0]
    return all(
        other is first or (tf.executing_eagerly() and float(first) == float(other))
        for other in tensors[1:]
    )


def _sounds(target_audio: Any, audio: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """Checks two sounds, and makes the channels of both examples."""
    stereo = tf.convert_to_tensor(audio).shape.rank == 3
    axes = "batch n_samples n_channels" if stereo else "batch n_samples"
    pair = checked(target_audio=(target_audio, axes), audio=(audio, axes))
    target_audio, audio = (_one_channel(tf.cast(sound, tf.float32)) for sound in pair)
    return tf.stop_gradient(target_audio), audio


def _one_channel(sound: tf.Tensor) -> tf.Tensor:
    if sound.shape.rank == 2:
        return sound
    batch, n_samples, n_channels = (
        size or tf.shape(sound)[axis] for axis, size in enumerate(sound.shape)
    )
    return tf.reshape(tf.transpose(sound, [0, 2, 1]), [batch * n_channels, n_samples])
