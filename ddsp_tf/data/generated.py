"""Sounds that a program makes while a model trains on them: nothing lies on a disk."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from ddsp_tf.data.batch_arguments import check_batches, clip_frames_of
from ddsp_tf.data.fixed_pipeline import without_tuning
from ddsp_tf.data.notes import pad_notes
from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import (
    DEFAULT_COLUMNS,
    Column,
    Features,
    FeatureSettings,
    Statistics,
    columns_of,
    extract_features,
    extractor_columns,
    notes_column,
    samples_column,
)
from ddsp_tf.types import Signal

SPLITS = ("train", "eval")
_N_FOR_STATISTICS = 8
_TRIED_S = 0.25


class Generator(Protocol):
    """Makes one example, by NumPy: TensorFlow, called from within its own pipeline, waits forever.

    It may have an attribute `signals`, the kind and width of each column that it makes. Those that
    are called `audio` or `dry` are samples, `notes` are notes, and what an extractor makes is as
    the extractor says, so that these needn't be there.
    """

    def __call__(
        self, random: np.random.Generator, n_frames: int, settings: FeatureSettings
    ) -> Mapping[str, np.ndarray]:
        """Makes an example of some frames.

        Args:
            random: Where all chance comes from, so that the same seed makes the same example.
            n_frames: How long it is.
            settings: Its rates: there are `n_frames * settings.hop_length` samples.

        Returns:
            By column: samples `[n_samples]` or `[n_samples, width]`, frames `[n_frames]` or
            `[n_frames, width]`, notes `[n_notes, 5]` of any number, values `[width]`.
        """
        ...


class Generated:
    """Batches from a generator, behind the interface of `Dataset`.

    Example i of a split depends on the seed and i alone, so that a run goes on from any step. In
    gin: `@data.Generated()` with `Generated.generator = @my_module.MyGenerator()`.

    Args:
        generator: Makes the examples; a function, or an object with `__call__`.
        features: Rates. Its columns that the generator doesn't make are extracted from `audio`.
        train_seconds: What counts as hearing the training side once.
        eval_seconds: How much is held out.
        n_notes: To how many the columns of notes are padded.
        name: What it is called; the generator's name if None.

    Raises:
        ArgumentError: The generator makes something of another shape or kind than it says.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> def noise(random, n_frames, settings):
        ...     return {"audio": random.normal(0.0, 0.1, n_frames * settings.hop_length)}
        >>> source = Generated(noise, features=FeatureSettings(columns=("loudness_db",)))
        >>> batch = next(iter(source.batches(batch_size=2, clip_s=0.5)))
        >>> {name: tuple(value.shape) for name, value in batch.items()}
        {'audio': (2, 8000), 'loudness_db': (2, 125, 1)}
    """

    def __init__(
        self,
        generator: Generator,
        *,
        features: FeatureSettings | None = None,
        train_seconds: float = 600.0,
        eval_seconds: float = 40.0,
        n_notes: int = 64,
        name: str | None = None,
    ) -> None:
        if min(train_seconds, eval_seconds) <= 0 or n_notes < 1:
            raise ArgumentError(
                "`train_seconds`, `eval_seconds` and `n_notes` must be positive; got "
                f"{train_seconds}, {eval_seconds} and {n_notes}."
            )
        self.features = features or FeatureSettings()
        self._generator = generator
        self._n_notes = n_notes
        self._seconds = {"train": train_seconds, "eval": eval_seconds}
        n_frames = max(1, round(_TRIED_S * self.features.frame_rate))
        tried = self._made(0, "train", 0, n_frames)
        self.columns = self._describe(tried, n_frames)
        self._check(tried, n_frames)
        self.info: dict[str, Any] = {
            "name": name or _name_of(generator),
            "source": "generated",
            "settings": {"features": self.features.to_dict()},
            "columns": [column.to_dict() for column in self.columns.values()],
            "seconds": dict(self._seconds),
        }

    @cached_property
    def statistics(self) -> Statistics | None:
        """Of the notes of some examples; None where pitch or loudness isn't made, or no note."""
        if not set(DEFAULT_COLUMNS) <= set(self.columns):
            return None
        n_frames = round(4.0 * self.features.frame_rate)
        examples = [self._made(0, "train", i, n_frames) for i in range(_N_FOR_STATISTICS)]
        of_each = [
            Features(*(np.ravel(example[name]) for name in DEFAULT_COLUMNS)) for example in examples
        ]
        try:
            return Statistics.from_features(of_each, frame_rate=self.features.frame_rate)
        except DatasetError:
            return None

    def seconds(self, split: str = "train") -> float:
        """Seconds of sound that count as a split."""
        return self._seconds[_checked(split)]

    def n_examples(self, split: str = "train", *, clip_s: float = 4.0) -> int:
        """How many clips it takes to hear a split once."""
        clip_frames = clip_frames_of(clip_s, self.features)
        return max(1, int(-(-self.seconds(split) * self.features.frame_rate // clip_frames)))

    def batches(
        self,
        split: str = "train",
        *,
        batch_size: int,
        clip_s: float = 4.0,
        seed: int = 0,
        start_step: int = 0,
        repeat: bool = True,
    ) -> tf.data.Dataset:
        """New examples in every batch, the same for the same seed and step.

        The eval split has the same examples in every pass. See `Dataset.batches`.

        Raises:
            ArgumentError: An argument is out of range, or there is no such split.
        """
        check_batches(batch_size, start_step)
        clip_frames = clip_frames_of(clip_s, self.features)
        n_pass = self.n_examples(split, clip_s=clip_s)
        first = start_step * batch_size
        end = np.iinfo(np.int64).max if repeat else max(first, n_pass)
        names = list(self.columns)

        def make(index: np.ndarray) -> list[np.ndarray]:
            number = int(index) % n_pass if split == "eval" else int(index)
            made = self._made(seed, split, number, clip_frames)
            return [self._shaped(name, made[name], clip_frames) for name in names]

        def read(index: tf.Tensor) -> dict[str, tf.Tensor]:
            values = tf.numpy_function(make, [index], [tf.float32] * len(names), stateful=False)
            shapes = [self._shape(name, clip_frames) for name in names]
            return {
                name: tf.ensure_shape(value, shape)
                for name, value, shape in zip(names, values, shapes, strict=True)
            }

        return without_tuning(
            tf.data.Dataset.range(first, end)
            .map(read, num_parallel_calls=2, deterministic=True)
            .batch(batch_size, drop_remainder=repeat)
            .prefetch(2)
        )

    def segments(self, split: str = "eval") -> Iterator[tuple[str, dict[str, np.ndarray]]]:
        """Yields the examples of one pass in clips of 4 s, each as a batch of one."""
        dataset = self.batches(split, batch_size=1, repeat=False)
        for index, batch in enumerate(dataset.as_numpy_iterator()):
            yield f"{split}-{index:05d}", batch

    def recordings(self, split: str = "eval") -> Iterator[tuple[str, np.ndarray, Features]]:
        """Yields the same as `(name, audio, features)`; see `Dataset.recordings`."""
        if "audio" not in self.columns:
            raise DatasetError(
                f"The generator makes no column `audio`, only {', '.join(self.columns)}."
            )
        for name, batch in self.segments(split):
            frames = {key: batch[key][0] for key in self.features.columns if key in batch}
            flat = {key: v[:, 0] if v.shape[1] == 1 else v for key, v in frames.items()}
            yield name, batch["audio"][0], Features.from_columns(flat)

    def _made(self, seed: int, split: str, index: int, n_frames: int) -> dict[str, np.ndarray]:
        """One example, with what is extracted from it."""
        random = np.random.default_rng([seed, SPLITS.index(_checked(split)), index])
        made = dict(self._generator(random, n_frames, self.features))
        missing = tuple(name for name in self.features.columns if name not in made)
        if missing:
            made.update(self._extracted(made, missing))
        return {name: np.asarray(value, np.float32) for name, value in made.items()}

    def _extracted(
        self, made: Mapping[str, np.ndarray], missing: tuple[str, ...]
    ) -> dict[str, np.ndarray]:
        if "audio" not in made:
            raise ArgumentError(
                f"The generator makes neither {', '.join(missing)} nor the `audio` to extract them "
                "from. Make them, or name other `FeatureSettings.columns`."
            )
        audio = np.asarray(made["audio"], np.float32)
        mono = audio if audio.ndim == 1 else audio.mean(axis=1)
        return dict(extract_features(mono, replace(self.features, columns=missing)))

    def _describe(self, made: Mapping[str, np.ndarray], n_frames: int) -> dict[str, Column]:
        signals: Mapping[str, Signal] = getattr(self._generator, "signals", {})
        from_extractors = columns_of(self.features)
        columns = {}
        for name, value in made.items():
            if name in signals:
                silence = 0.0 if signals[name].kind == "samples" else None
                columns[name] = Column(name, signals[name], silence=silence)
            elif name in from_extractors:
                columns[name] = from_extractors[name]
            elif name == "notes":
                columns[name] = notes_column()
            elif name in ("audio", "dry"):
                width = value.shape[1] if value.ndim > 1 else 1
                columns[name] = samples_column(name, width, stored="float32")
            elif name in extractor_columns():
                raise ArgumentError(
                    f"The generator makes `{name}`: name it in `FeatureSettings.columns` too."
                )
            else:
                raise ArgumentError(
                    f"The generator makes `{name}` without saying what that is. Give it an "
                    f'attribute `signals`, such as {{"{name}": Signal("frames")}}.'
                )
        return columns

    def _check(self, made: Mapping[str, np.ndarray], n_frames: int) -> None:
        for name, value in made.items():
            self._shaped(name, value, n_frames)

    def _shape(self, name: str, n_frames: int) -> list[int]:
        column, hop_length = self.columns[name], self.features.hop_length
        if column.signal.kind == "notes":
            return [self._n_notes, column.width]
        if column.signal.kind == "value":
            return [column.width]
        n_rows = n_frames * column.rows_per_frame(hop_length)
        return [n_rows] if column.flat else [n_rows, column.width]

    def _shaped(self, name: str, value: np.ndarray, n_frames: int) -> np.ndarray:
        if name not in self.columns:
            raise ArgumentError(
                f"The generator made a column `{name}` that its first example lacks. Make the same "
                "columns each time."
            )
        column, shape = self.columns[name], self._shape(name, n_frames)
        if column.signal.kind == "notes":
            notes = value.reshape(-1, column.width)
            if len(notes) > self._n_notes:
                raise ArgumentError(
                    f"The generator made {len(notes)} notes, more than `n_notes`, {self._n_notes}."
                )
            return pad_notes(notes, self._n_notes)
        if value.size != np.prod(shape):
            raise ArgumentError(
                f"The generator made `{name}` with the shape {value.shape}, where {shape} is "
                f"needed: {column.signal.kind} of width {column.width} for {n_frames} frames."
            )
        return np.ascontiguousarray(value.reshape(shape), np.float32)


def _checked(split: str) -> str:
    if split not in SPLITS:
        raise ArgumentError(f"`split` must be one of {sorted(SPLITS)}, not {split!r}.")
    return split


def _name_of(generator: object) -> str:
    return str(getattr(generator, "__name__", type(generator).__name__))
