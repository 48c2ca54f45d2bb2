"""Parameters found for a sound, by gradient."""

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.audio import check_usable
from ddsp_tf.errors import ArgumentError, AudioFileError
from ddsp_tf.losses import Compare, SpectralLoss
from ddsp_tf.models import Model, Parametric
from ddsp_tf.types import FloatArray, Progress, no_progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Objective = Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, tf.Tensor]]

_LONGEST_AT_ONCE_S = 8.0
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


@dataclass(frozen=True)
class Match:
    """What was found for one sound.

    Attributes:
        parameters: Value, unit, lowest and highest by name, as `Parametric.parameters` gives them.
        loss: Of what was found, over the judged part of the sound.
        start_loss: Of where it began, over the same.
        n_steps: Steps taken, all starts together.
        seconds: They took so long.
        seed: Of the random starts and of the clips.
        sample_rate: In Hz.
        target: The sound, `[n_samples]`.
        audio: What the parameters play, `[n_samples]`.
        interrupted: Whether it was stopped before its end; it holds the best until then.
    """

    parameters: dict[str, Any]
    loss: float
    start_loss: float
    n_steps: int
    seconds: float
    seed: int
    sample_rate: int
    target: FloatArray = field(repr=False)
    audio: FloatArray = field(repr=False)
    interrupted: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Gives what is found, ready for JSON."""
        return {
            "format_version": 1,
            "parameters": {
                name: {"value": value, "unit": unit, "low": low, "high": high}
                for name, (value, unit, low, high) in self.parameters.items()
            },
            "loss": self.loss,
            "start_loss": self.start_loss,
            "n_steps": self.n_steps,
            "seconds": self.seconds,
            "seed": self.seed,
            "sample_rate": self.sample_rate,
            "interrupted": self.interrupted,
        }

    def figure(self, title: str | None = None) -> "Figure":
        """Draws the sound above what was found for it."""
        from ddsp_tf.plotting import spectrogram_pair

        return spectrogram_pair(
            self.target, self.audio, self.sample_rate, titles=("Sound", "Match"), title=title
        )


def match(
    model: Model,
    target: FloatArray,
    *,
    dry: FloatArray | None = None,
    objective: Objective | None = None,
    n_steps: int = 500,
    n_starts: int = 1,
    tries: Mapping[str, Sequence[float]] | None = None,
    learning_rate: float = 0.1,
    seed: int = 0,
    grow: bool = False,
    max_minutes: float | None = None,
    progress: Progress | None = None,
) -> Match:
    """Finds the constants with which a model plays a sound.

    Adam moves the constants, of which the best are kept. Sounds of an effect longer than 8 s are
    heard in clips of 2 s; of an effect that keeps a time of its own, as a phaser does, the first
    8 s are heard. The model holds what was found afterwards.

    Args:
        model: A `Parametric`: of an effect, or of a sound.
        target: The sound to be matched, mono, `[n_samples]`, at the model's rate.
        dry: The sound before the effect, as long; for models of effects alone.
        objective: What is minimised; a spectral loss if None.
        n_steps: Steps from each start, > 0.
        n_starts: How often it is begun: at the model's values first, then at random ones.
        tries: Values at which constants begin, by name; every combination is a start, and so often
            as `n_starts` says. Each of several starts gets a quarter of the steps, and the best of
            them all the steps.
        learning_rate: Of Adam at the start, > 0; it falls to 2 % of it.
        seed: Of random starts and clips.
        grow: Whether to hear the beginning alone at first, and the whole after three fifths of the
            steps. A rate that is somewhat wrong is nearly right in the first swings and quite wrong
            in the last, where the gradient leads nowhere.
        max_minutes: A limit of time, or None.
        progress: Is called with the share that is done, 0 to 1.

    Returns:
        What was found. Ctrl-C ends it with the best until then.

    Raises:
        ArgumentError: The model has no parameters to find or takes other things, a dry sound is
            missing, too much or of another length, a number is out of range, or the loss is none.
        AudioFileError: The sound is silent, too short or not finite.

    Example:
        >>> from ddsp_tf.models import Parametric
        >>> from ddsp_tf.processors import Harmonic, ProcessorGroup
        >>> names = ["amplitudes", "harmonic_distribution", "f0_hz"]
        >>> group = ProcessorGroup(dag=[(Harmonic(n_harmonics=2), names)])
        >>> sound = 0.1 * np.sin(2 * np.pi * 200 * np.arange(8000) / 16000)
        >>> found = match(Parametric(processor_group=group), sound, n_steps=1)
        >>> list(found.parameters)
        ['amplitudes', 'harmonic_distribution', 'f0_hz']
    """
    _check_numbers(
        n_steps=n_steps, n_starts=n_starts, learning_rate=learning_rate, max_minutes=max_minutes
    )
    batch = _batch(model, target, dry)
    began = time.monotonic()
    model.begin(batch["audio"][0], batch["dry"][0] if "dry" in batch else None)
    found = _Search(model, batch, objective, seed, progress or no_progress)
    start = time.monotonic()
    end = None if max_minutes is None else start + 60.0 * max_minutes
    interrupted = False
    try:
        found.search(n_starts, tries or {}, n_steps, learning_rate, end, grow=grow)
    except KeyboardInterrupt:
        interrupted = True
    if math.isnan(found.best):
        raise ArgumentError(
            "The loss was no number from the start to the end. Begin elsewhere "
            "(`Parametric.initial`), or take a smaller learning rate."
        )
    parametric = found.take_best()
    return Match(
        parameters=parametric.parameters(),
        loss=found.best,
        start_loss=found.first,
        n_steps=found.n_steps,
        seconds=time.monotonic() - began,
        seed=seed,
        sample_rate=int(model.sample_rate),
        target=np.asarray(target, np.float32),
        audio=found.played(),
        interrupted=interrupted,
    )


class _Search:
    """Steps from one start after the other, and the best of all."""

    def __init__(
        self,
        model: Model,
        batch: dict[str, FloatArray],
        objective: Objective | None,
        seed: int,
        progress: Progress,
    ) -> None:
        self._model, self._batch, self._progress = model, batch, progress
        self._objective = objective or Compare(SpectralLoss(sample_rate=model.sample_rate))
        self._random = np.random.default_rng(seed)
        self._variables = model.trainable_variables
        self._starts = [variable.numpy() for variable in self._variables]
        n_samples, longest = batch["audio"].shape[1], round(_LONGEST_AT_ONCE_S * model.sample_rate)
        self._heard = batch
        self._clip = None
        if n_samples > longest and model.processor_group.keeps_time:
            self._heard = {key: x[:, :longest] for key, x in batch.items()}
        elif n_samples > longest:
            self._clip = round(_CLIP_S * model.sample_rate)
        self._judged = self._fixed_part()
        self._loss = tf.function(self._loss_of, autograph=False)
        self._gradients = tf.function(self._loss_and_gradients, autograph=False)
        self.n_steps = 0
        self.first = self.best = self._judge()
        self._best_values = self._starts

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
        starts = [start for number in range(n_starts) for start in self._starts_of(number, tries)]
        several = len(starts) > 1
        trial = max(1, n_steps // _TRIAL) if several else 0
        self._n_to_do = len(starts) * trial + n_steps
        about: dict[str, Any] = {"learning_rate": learning_rate, "end": end}
        for start in starts if several else []:
            self._run(start, trial, grow=grow, **about)
        first = self._best_values if several else starts[0]
        self._run(first, n_steps, grow=grow and not several, **about)

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
        values: list[FloatArray],
        n_steps: int,
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
        for step in range(n_steps):
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
            self._progress(self.n_steps / self._n_to_do)
        self._keep_if_best()

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

    def _keep_if_best(self) -> None:
        loss = self._judge()
        if loss < self.best or math.isnan(self.best):
            self.best = loss
            self._best_values = [variable.numpy() for variable in self._variables]

    def _judge(self) -> float:
        with dsp.own_errors():
            return float(self._loss(self._judged, self._beginning(self._judged, 1.0)))

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
            return self._judged
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


def _batch(model: Model, target: FloatArray, dry: FloatArray | None) -> dict[str, FloatArray]:
    if not isinstance(model, Parametric) or not model.constant_names:
        raise ArgumentError(
            f"`{type(model).__name__}` has no parameters to be found for a sound. Choose a "
            "model that has, such as `models.Parametric`."
        )
    needed = model.required_input_names
    others = [key for key in needed if key not in ("dry", "audio")]
    if others:
        raise ArgumentError(
            f"`{type(model).__name__}` takes {', '.join(f'`{key}`' for key in others)}, which "
            "can't be found in a sound. Make them constants: leave them out of its `columns`."
        )
    sounds = {"audio": np.asarray(target, np.float32)}
    if "dry" in needed and dry is None:
        raise ArgumentError(
            "The model treats a sound, so the sound before it is needed. Give it as `dry` "
            "(--dry FILE)."
        )
    if dry is not None and "dry" in model.input_signals:
        sounds["dry"] = np.asarray(dry, np.float32)
    elif dry is not None:
        raise ArgumentError("`dry` is for models of effects; this one makes its sound alone.")
    for key, sound in sounds.items():
        if sound.ndim != 1:
            raise ArgumentError(f"`{key}` should be mono, [n_samples]. Received {sound.shape}.")
        check_usable(sound, n_samples=model.hop_length, name=f"the {key} sound")
        if not np.isfinite(sound).all():
            raise AudioFileError(f"The {key} sound has NaN or infinite samples. Repair it first.")
    lengths = {key: len(sound) for key, sound in sounds.items()}
    if len(set(lengths.values())) > 1:
        raise ArgumentError(
            f"The dry sound has {lengths['dry']} samples and the treated one {lengths['audio']}. "
            "Cut both to the same beginning and end."
        )
    longest = _LONGEST_AT_ONCE_S * model.sample_rate
    if "dry" not in sounds and len(target) > longest:
        raise AudioFileError(
            f"The sound has {len(target) / model.sample_rate:.1f} s, and a sound that is made "
            f"rather than treated may have {_LONGEST_AT_ONCE_S:g} s. Cut out a part."
        )
    return {key: sound[np.newaxis] for key, sound in sounds.items()}


def _check_numbers(**values: float | None) -> None:
    for name, value in values.items():
        if value is not None and not value > 0:
            raise ArgumentError(f"`{name}` should be above 0. Received {value}.")
