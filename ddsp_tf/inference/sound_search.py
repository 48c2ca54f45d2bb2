"""The search for the constants with which a model plays a sound."""

import itertools
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference.search import SearchFile, search
from ddsp_tf.losses import Compare, SpectralLoss
from ddsp_tf.models import Model, Parametric
from ddsp_tf.models.parametric.parametric import EDGE
from ddsp_tf.models.sound_matcher.sound_matcher import SoundMatcher
from ddsp_tf.processors.shares import share_of, value_at
from ddsp_tf.types import FloatArray, Progress, Signal

Objective = Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, tf.Tensor]]

LONGEST_AT_ONCE_S = 8.0
_CLIP_S, _N_CLIPS, _N_JUDGED = 2.0, 4, 6
_JUDGE_EVERY = 20
_FIRST_HEARD, _GROWN = 0.15, 0.6
"""With `grow`: the share heard at first, and of the steps after which all is heard."""
_LAST_RATE = 0.02
"""Of the learning rate, in parts of the first: large steps find the place, small ones settle."""
_TRIAL = 4
"""A start of several gets this part of the steps, and the best of them all the steps."""
_SPREAD = 1.0
"""Deviation of random starts, in logits: two of three are in the middle half of a range."""
_SAMPLES_AT_ONCE, _MOST_AT_ONCE = 2**20, 32
"""So much is played by places side by side: what fits a cache, and fills two cores."""
_KEPT_EVERY_S = 20.0


class SoundSearch:
    """Looks for the constants with which a model plays a sound, and keeps the best.

    Args:
        model: A `Parametric`.
        batch: The sound as "audio", and perhaps "dry", `[1, n_samples]`.
        objective: What is to be least; a spectral loss if None.
        seed: Of random starts and of clips.
        progress: Is called with the share that is done.
        file: Where the steps by gradient are kept, or None.
    """

    def __init__(
        self,
        model: Model,
        batch: dict[str, FloatArray],
        objective: Objective | None,
        seed: int,
        progress: Progress,
        file: SearchFile | None = None,
    ) -> None:
        self._model, self._batch, self._file = model, batch, file
        self.progress = progress
        self._objective = objective or Compare(SpectralLoss(sample_rate=model.sample_rate))
        self._random = np.random.default_rng(seed)
        self._variables = model.trainable_variables
        self._starts = [variable.numpy() for variable in self._variables]
        n_samples, longest = batch["audio"].shape[1], round(LONGEST_AT_ONCE_S * model.sample_rate)
        self._heard = batch
        self._clip = None
        if n_samples > longest and model.processor_group.keeps_time:
            self._heard = {key: x[:, :longest] for key, x in batch.items()}
        elif n_samples > longest:
            self._clip = round(_CLIP_S * model.sample_rate)
        self.judged = self._fixed_part()
        self._loss = tf.function(self._loss_of, autograph=False)
        self._gradients = tf.function(self._loss_and_gradients, autograph=False)
        self._signals = _ranged(model)
        self._losses = tf.function(self.losses_of, autograph=False)
        self.n_steps = 0
        self.n_evaluations = 0
        self.first = self.best = self._judge()
        self._best_values = self._starts

    def evolve(
        self,
        method: str,
        n_evaluations: int,
        seed: int,
        end: float | None,
        state: SearchFile | None,
    ) -> bool:
        """Searches without the gradient, from the model's values; gives whether it was stopped.

        Raises:
            ArgumentError: A constant has no range, or `search` refuses.
        """
        signals = self._model.processor_group.input_signals
        open_ended = [
            key
            for key in self._model.constant_names
            if None in (signals[key].low, signals[key].high)
        ]
        if open_ended:
            raise ArgumentError(
                f"`method` {method} draws from ranges, and {', '.join(open_ended)} has none with "
                "two ends. Choose adam."
            )
        left = None if end is None else max(0.0, end - time.monotonic()) / 60.0
        found = search(
            self._losses_at,
            sum(signal.width or 1 for signal in self._signals.values()),
            method=method,
            n_evaluations=n_evaluations,
            seed=seed,
            start=self._place(),
            state=state,
            max_minutes=left,
            progress=self.progress,
        )
        self.n_evaluations = found.n_evaluations
        self._assign(found.place)
        self._keep_if_best()
        return found.interrupted

    def search(
        self,
        n_starts: int,
        tries: Mapping[str, Sequence[float]],
        n_steps: int,
        learning_rate: float,
        end: float | None,
        *,
        grow: bool,
    ) -> None:
        """Takes steps from one start; or some from each of several, and all from the best."""
        self._starts = self._best_values
        starts = [start for number in range(n_starts) for start in self._starts_of(number, tries)]
        several = len(starts) > 1
        trial = max(1, n_steps // _TRIAL) if several else 0
        self._n_to_do = len(starts) * trial + n_steps
        about: dict[str, Any] = {"learning_rate": learning_rate, "end": end}
        kept = self._file.read() if self._file is not None else None
        number = -1
        for number, start in enumerate(starts if several else []):
            self._run(number, start, trial, kept, grow=grow, **about)
        first = self._best_values if several else starts[0]
        self._run(number + 1, first, n_steps, kept, grow=grow and not several, **about)

    def _starts_of(
        self, number: int, tries: Mapping[str, Sequence[float]]
    ) -> Iterator[list[FloatArray]]:
        """The model's values, or random constants; networks, and what is tried, as given."""
        moved = {id(variable) for variable in self._model.constant_variables} if number else set()
        for variable, value in zip(self._variables, self._starts, strict=True):
            spread = _SPREAD * self._random.standard_normal(value.shape)
            variable.assign(value + spread if id(variable) in moved else value)
        values = [variable.numpy() for variable in self._variables]
        for combination in itertools.product(*tries.values()):
            for variable, value in zip(self._variables, values, strict=True):
                variable.assign(value)
            self._model.set_parameters(dict(zip(tries, combination, strict=True)))
            yield [variable.numpy() for variable in self._variables]

    def _run(
        self,
        number: int,
        values: list[FloatArray],
        n_steps: int,
        kept: Mapping[str, FloatArray] | None,
        *,
        learning_rate: float,
        end: float | None,
        grow: bool,
    ) -> None:
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)
        rate = keras.optimizers.schedules.CosineDecay(learning_rate, n_steps, alpha=_LAST_RATE)
        optimizer = keras.optimizers.Adam(rate)
        optimizer.build(self._variables)
        first = self._taken_up(kept, number, optimizer) if kept is not None else 0
        last_kept = time.monotonic()
        for step in range(first, n_steps):
            if end is not None and time.monotonic() >= end:
                break
            share = step / (_GROWN * n_steps) if grow else 1.0
            part = self._part()
            window = self._beginning(part, _FIRST_HEARD ** max(0.0, 1.0 - share))
            with dsp.own_errors():
                _, gradients = self._gradients(part, window)
            gradients, _ = tf.clip_by_global_norm(gradients, 3.0)
            optimizer.apply(gradients, self._variables)
            self.n_steps += 1
            if step % _JUDGE_EVERY == _JUDGE_EVERY - 1 or step == n_steps - 1:
                self._keep_if_best()
            if self._file is not None and time.monotonic() - last_kept > _KEPT_EVERY_S:
                self._file.write(self._state(number, step + 1, optimizer))
                last_kept = time.monotonic()
            try:
                self.progress(self.n_steps / self._n_to_do)
            except KeyboardInterrupt:
                if self._file is not None:
                    self._file.write(self._state(number, step + 1, optimizer))
                raise
        self._keep_if_best()

    def _state(self, number: int, step: int, optimizer: Any) -> dict[str, FloatArray]:
        """What steps by gradient need to go on: of which start, where, and the best until then."""
        random = json.dumps(self._random.bit_generator.state).encode()
        arrays = {
            "at": np.array([number, step, self.n_steps]),
            "random": np.frombuffer(random, np.uint8),
            "best": np.array([self.first, self.best]),
        }
        for key, values in (
            ("variable", [x.numpy() for x in self._variables]),
            ("optimizer", [np.asarray(x) for x in optimizer.variables]),
            ("best_value", self._best_values),
        ):
            arrays.update({f"{key}_{index}": x for index, x in enumerate(values)})
        return arrays

    def _taken_up(self, kept: Mapping[str, FloatArray], number: int, optimizer: Any) -> int:
        """Takes up what was kept of a start, and gives the step that is next.

        Of a start that was done with before, that is beyond its last.
        """
        at, step, n_steps = (int(x) for x in kept["at"])
        if number != at:
            return sys.maxsize if number < at else 0
        self.n_steps = n_steps
        self.first, self.best = (float(x) for x in kept["best"])
        self._random.bit_generator.state = json.loads(bytes(kept["random"]))
        for key, variables in (("variable", self._variables), ("optimizer", optimizer.variables)):
            for index, variable in enumerate(variables):
                variable.assign(kept[f"{key}_{index}"])
        self._best_values = [kept[f"best_value_{i}"] for i in range(len(self._variables))]
        return step

    def take_best(self) -> Parametric:
        """Gives the model with the best values."""
        for variable, value in zip(self._variables, self._best_values, strict=True):
            variable.assign(value)
        return self._model

    def played(self) -> FloatArray:
        """What the model plays now, as long as the sound."""
        tensors = {key: tf.constant(x) for key, x in self._batch.items()}
        audio = self._model(tensors)["audio"].numpy()[0]
        return np.asarray(audio[: self._batch["audio"].shape[1]])

    def _losses_at(self, places: FloatArray) -> FloatArray:
        """Of places in the ranges `[n, n_dimensions]`, some at a time on one graph."""
        n_samples = int(np.prod(self.judged["audio"].shape[:2]))
        at_once = int(np.clip(_SAMPLES_AT_ONCE // n_samples, 1, _MOST_AT_ONCE))
        found = []
        for start in range(0, len(places), at_once):
            part = places[start : start + at_once]
            filled = np.concatenate([part, np.repeat(part[-1:], at_once - len(part), axis=0)])
            with dsp.own_errors():
                losses = self._losses(tf.constant(filled, tf.float32), self.judged)
            found.append(losses.numpy()[: len(part)])
        return np.concatenate(found)

    def losses_of(self, places: tf.Tensor, judged: dict[str, tf.Tensor]) -> tf.Tensor:
        """Every place plays every clip; the objective hears the clips of each place alone."""
        n_places, (n_clips, length) = places.shape[0], judged["audio"].shape[:2]
        constants = {key: x[tf.newaxis] for key, x in self._model.constants().items()}
        constants |= {
            key: tf.repeat(value_at(share, signal), n_clips, axis=0)
            for (key, signal), share in zip(
                self._signals.items(), self._split(_within(places)), strict=True
            )
        }
        tiled = {
            key: tf.tile(x, [n_places] + [1] * (len(x.shape) - 1)) for key, x in judged.items()
        }
        outputs = self._model.play(tiled, constants)
        outputs["audio"] = outputs["audio"][:, :length]

        def of_each_place(x: tf.Tensor) -> tf.Tensor:
            if x.shape.rank and x.shape[0] in (None, n_places * n_clips):
                return tf.reshape(x, [n_places, n_clips, *tf.unstack(tf.shape(x))[1:]])
            return tf.repeat(x[tf.newaxis], n_places, axis=0)  # a room's response, say

        by_place = tf.nest.map_structure(of_each_place, outputs)
        return tf.vectorized_map(
            lambda heard: tf.add_n(list(self._objective(judged, heard).values())), by_place
        )

    def _split(self, places: Any) -> list[Any]:
        return tf.split(places, [x.width or 1 for x in self._signals.values()], axis=-1)

    def _place(self) -> FloatArray:
        """Where the model's constants stand in their ranges."""
        constants = self._model.constants()
        shares = [share_of(constants[key], signal) for key, signal in self._signals.items()]
        inside = (np.concatenate(shares) - EDGE) / (1.0 - 2.0 * EDGE)
        return np.clip(inside.astype(np.float64), 0.0, 1.0)

    def _assign(self, place: FloatArray) -> None:
        """Sets the model's constants; its other variables to those of the best."""
        for variable, value in zip(self._variables, self._best_values, strict=True):
            variable.assign(value)
        shares = self._split(tf.constant(_within(place), tf.float64))
        named = zip(self._model.constant_names, self._model.constant_variables, strict=True)
        variables = dict(named)
        for key, share in zip(self._signals, shares, strict=True):
            variables[key].assign(tf.cast(tf.math.log(share / (1.0 - share)), tf.float32))

    def _keep_if_best(self) -> None:
        loss = self._judge()
        if loss < self.best or math.isnan(self.best):
            self.best = loss
            self._best_values = [variable.numpy() for variable in self._variables]

    def _judge(self) -> float:
        with dsp.own_errors():
            return float(self._loss(self.judged, self._beginning(self.judged, 1.0)))

    def _beginning(self, batch: dict[str, tf.Tensor], share: float) -> tf.Tensor:
        """Where sound is heard: 1, and after the beginning 0."""
        length = batch["audio"].shape[1]
        return tf.constant(np.arange(length) < share * length, tf.float32)

    def _loss_of(self, batch: dict[str, tf.Tensor], window: tf.Tensor) -> tf.Tensor:
        outputs = self._model(batch, training=True)
        length = batch["audio"].shape[1]
        outputs = {**outputs, "audio": outputs["audio"][:, :length] * window}
        batch = {**batch, "audio": batch["audio"] * window}
        return tf.add_n(list(self._objective(batch, outputs).values()))

    def _loss_and_gradients(
        self, batch: dict[str, tf.Tensor], window: tf.Tensor
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            loss = self._loss_of(batch, window)
        values = [variable.value for variable in self._variables]
        return loss, tape.gradient(loss, values, unconnected_gradients="zero")

    def _part(self) -> dict[str, tf.Tensor]:
        """The whole of a short sound, clips of a long one."""
        if self._clip is None:
            return self.judged
        last = self._batch["audio"].shape[1] - self._clip
        return self._clips(self._random.integers(0, last + 1, _N_CLIPS))

    def _fixed_part(self) -> dict[str, tf.Tensor]:
        if self._clip is None:
            return {key: tf.constant(x) for key, x in self._heard.items()}
        last = self._batch["audio"].shape[1] - self._clip
        return self._clips(np.linspace(0, last, _N_JUDGED).astype(int))

    def _clips(self, starts: Any) -> dict[str, tf.Tensor]:
        return {
            key: tf.constant(np.stack([x[0, start : start + self._clip] for start in starts]))
            for key, x in self._batch.items()
        }


def can_hear_settings(model: Any) -> bool:
    """Whether a model hears the settings of a synthesiser in a sound, to begin a match with."""
    return isinstance(model, SoundMatcher)


def _ranged(model: Model) -> dict[str, Signal]:
    """The constants with two ends that may move, which a search without gradient can draw."""
    signals = model.processor_group.input_signals
    variables = zip(model.constant_names, model.constant_variables, strict=True)
    return {
        key: signals[key]
        for key, variable in variables
        if variable.trainable and None not in (signals[key].low, signals[key].high)
    }


def _within(places: Any) -> Any:
    """Places off the very ends of ranges, where a constant can't be learned on."""
    return EDGE + (1.0 - 2.0 * EDGE) * places
