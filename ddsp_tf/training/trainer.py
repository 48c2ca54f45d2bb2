"""One optimisation step, on one device or many."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError, TrainingError
from ddsp_tf.losses import Objective, framed_losses_of, require_objective, variables_of
from ddsp_tf.training.optimization import Optimization
from ddsp_tf.training.phase import Phase
from ddsp_tf.training.precision import set_precision
from ddsp_tf.training.strategies import is_on_cpu
from ddsp_tf.training.weight_average import WeightAverage

Batch = Mapping[str, Any]

# Keeps the noise of the replicas apart; any odd number far from the number of steps does.
_REPLICA_STRIDE = 1_000_003
_SEED_STRIDE = 7_368_787


@dataclass
class _Work:
    """A phase with its optimiser and, once they exist, the variables that it trains."""

    phase: Phase
    optimizer: keras.optimizers.Optimizer
    prefix: str = ""
    variables: list[Any] = field(default_factory=list)

    @property
    def clip_norm(self) -> float | None:
        return self.phase.optimization.gradient_clip_norm


class Trainer:
    """Fits a model by gradient descent, one batch a call, without waiting for the result.

    The loss is the sum of the objective's terms, each a mean over the whole batch whatever the
    number of replicas, and the gradient is clipped after it has been summed over them: two devices
    take the same step as one. The step is traced without autograph: models and objectives that
    branch on the value of a tensor use `tf.cond`.

    Args:
        model: A Keras model: a batch (a dict) -> a dict of outputs. It is given "noise_seed"
            besides the batch. With several replicas it must have been created inside
            `strategy.scope()`.
        objective: (batch, outputs) -> terms by name, for example a `losses.Compare`. With
            `phases` it is what `losses` measures, and no step minimises it.
        optimization: The optimiser, and what bounds a step. With `phases` only its `ema_decay`
            counts.
        phases: Trains by these instead.
        seed: Together with the step it seeds the model's noise.
        xla: Whether the model compiles its network with XLA: "auto" does where it has
            been measured to be faster (on the CPU).
        xla_losses: Whether XLA compiles the analyses of framed losses too: a step of a small model
            takes a sixth less, the first one some seconds more.
        precision: What the model computes its network in: "float32", "bfloat16" (weights, sound
            and loss stay float32), or "auto", bfloat16 on GPUs that have it.
        strategy: Where to train. None: the current one.

    Attributes:
        n_steps: How many steps have been taken. Set it after restoring `variables`.

    Raises:
        ArgumentError: A value is outside its range.

    Example:
        >>> from ddsp_tf.losses import Compare
        >>> from ddsp_tf.training import Optimization
        >>> class Amplifier(keras.Model):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.gain = self.add_weight(shape=(), initializer="zeros")
        ...     def call(self, inputs):
        ...         return {"audio": self.gain * inputs["audio"]}
        >>> square = Compare(lambda target, audio: tf.reduce_mean((target - audio) ** 2))
        >>> descent = Optimization(0.25, decay_rate=1.0, optimizer=keras.optimizers.SGD)
        >>> trainer = Trainer(Amplifier(), square, descent)
        >>> losses = [trainer.step({"audio": tf.ones([2, 4])})["loss"] for _ in range(3)]
        >>> [float(loss) for loss in losses]
        [1.0, 0.25, 0.0625]
    """

    def __init__(
        self,
        model: keras.Model,
        objective: Objective,
        optimization: Optimization | None = None,
        *,
        phases: Sequence[Phase] | None = None,
        seed: int = 0,
        xla: Literal["auto"] | bool = "auto",
        xla_losses: bool = False,
        precision: Literal["auto", "float32", "bfloat16"] = "float32",
        strategy: tf.distribute.Strategy | None = None,
    ) -> None:
        require_objective(objective)
        optimization = optimization or Optimization()
        self.model = model
        self.objective = objective
        self.strategy = strategy or tf.distribute.get_strategy()
        self.average: WeightAverage | None = None
        self.n_steps = 0
        self._seed = seed
        self._ema_decay = optimization.ema_decay
        self._built = False
        with self.strategy.scope():
            if phases is None:
                alone = replace(optimization, ema_decay=None)
                whole = Phase(objective, "all", optimization=alone)
                self._work = [_Work(whole, alone.make_optimizer())]
            else:
                self._work = [
                    _Work(phase, phase.optimization.make_optimizer(), f"_{phase.name}")
                    for phase in phases
                ]
        # By the phases that are due. Without autograph tracing is a quarter faster, and doesn't
        # read sources while it runs.
        self._train_steps: dict[tuple[int, ...], Any] = {}
        self._validation_step = tf.function(
            self._losses_without_training, autograph=False, reduce_retracing=True
        )
        set_precision(model, precision)
        _set_xla(model, xla)
        for minimised in [objective, *(work.phase.objective for work in self._work)]:
            for loss in framed_losses_of(minimised):
                loss.jit_compile = xla_losses

    @property
    def has_phases(self) -> bool:
        """Whether it trains by phases, whose losses aren't the objective's."""
        return any(work.prefix for work in self._work)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step; of its last phase, if there are several."""
        due = self._due(self.n_steps) or (0,)
        return float(self._work[due[-1]].optimizer.learning_rate)

    def build(self, batch: Batch) -> None:
        """Creates the weights of the model, the objectives and the optimisers, if there are none.

        Args:
            batch: Any batch; only its first example is used.

        Raises:
            TrainingError: The model was created outside the strategy's scope.
            ArgumentError: A phase trains weights that aren't there.
        """
        if self._built:
            return
        with self.strategy.scope():
            self._build_weights({name: value[:1] for name, value in batch.items()})
            self._check_scope()
            for work in self._work:
                if work.prefix:
                    work.variables = work.phase.chosen(self.model)
                else:
                    work.variables = list(self.model.trainable_variables)
                work.optimizer.build(work.variables)
            if self._ema_decay is not None:
                self.average = WeightAverage(self.model.trainable_variables, self._ema_decay)
        self._built = True

    def variables(self) -> dict[str, list[Any]]:
        """Returns all that a checkpoint must hold, as lists of TensorFlow variables."""
        groups = {
            "model": [variable.value for variable in self.model.variables],
            **{
                f"optimizer{work.prefix}": [x.value for x in work.optimizer.variables]
                for work in self._work
            },
        }
        if owned := self._objective_variables():
            groups["objective"] = [variable.value for variable in owned]
        if self.average is not None:
            groups["average"] = list(self.average.variables)
        return groups

    def distribute(self, dataset: tf.data.Dataset) -> Iterable[Any]:
        """Splits each batch of a dataset between the replicas.

        Raises:
            ArgumentError: A batch can't be divided evenly.
        """
        n_replicas = self.strategy.num_replicas_in_sync
        if n_replicas == 1:
            return dataset
        batch_size = next(iter(dataset.element_spec.values())).shape[0]
        if batch_size is not None and batch_size % n_replicas:
            raise ArgumentError(
                f"`batch_size` is {batch_size}, which {n_replicas} devices can't share evenly. "
                f"Choose a multiple of {n_replicas}."
            )
        options = tf.data.Options()
        policy = tf.data.experimental.AutoShardPolicy.DATA
        options.experimental_distribute.auto_shard_policy = policy
        return self.strategy.experimental_distribute_dataset(dataset.with_options(options))

    def step(self, batch: Any) -> dict[str, tf.Tensor]:
        """Takes one step.

        Args:
            batch: Features, or one item of `distribute`.

        Returns:
            Scalars that need not have been computed yet: "loss", each term of it as
            "loss_<term>", and "gradient_norm" before clipping. With phases: "loss_<phase>",
            "loss_<phase>_<term>" and "gradient_norm_<phase>" of those that were due, and "loss",
            their sum.

        Raises:
            TrainingError: No phase is due.
            BlackBoxError: An effect outside TensorFlow failed. No weight has moved.
        """
        if not self._built:
            self.build(self.strategy.experimental_local_results(batch)[0])
        due = self._due(self.n_steps)
        if not due:
            raise TrainingError(f"No phase is due at step {self.n_steps}.")
        if due not in self._train_steps:
            self._train_steps[due] = self._traced_step([self._work[index] for index in due])
        with self.strategy.scope(), dsp.own_errors():
            result = self._train_steps[due](batch, tf.constant(self.n_steps, tf.int64))
        self.n_steps += 1
        return dict(result)

    def losses(self, batch: Batch, *, noise_seed: int = 0) -> tuple[dict[str, tf.Tensor], Any]:
        """Returns the losses and the outputs of a batch, without training.

        Args:
            batch: Features of any batch size.
            noise_seed: Seeds the model's noise.
        """
        self.build(batch)
        with dsp.own_errors():
            return self._validation_step(dict(batch), tf.constant(noise_seed, tf.int32))

    def averaged(self) -> AbstractContextManager[None]:
        """Returns a context in which the model has the averaged weights, if there are any."""
        return self.average.applied() if self.average is not None else nullcontext()

    def _check_scope(self) -> None:
        if self.strategy.num_replicas_in_sync == 1:
            return
        for variable in [*self.model.variables, *self._objective_variables()]:
            if not self.strategy.extended.variable_created_in_scope(variable.value):
                raise TrainingError(
                    f"The variable `{variable.path}` was created outside the strategy. Create the "
                    "model and what objectives hold inside `with strategy.scope():`."
                )

    def _build_weights(self, batch: Batch) -> None:
        objectives = [self.objective, *(work.phase.objective for work in self._work)]
        # Discriminators and the like are built by their first call.
        owners = [objective for objective in objectives if hasattr(objective, "variables")]
        if self.model.built and not owners:
            return
        outputs = self.model(self._features(batch, 0))
        for objective in owners:
            objective(batch, outputs)

    def _objective_variables(self) -> list[Any]:
        """The weights of all objectives, each once."""
        objectives = [self.objective, *(work.phase.objective for work in self._work)]
        owned = [variable for objective in objectives for variable in variables_of(objective)]
        return list({id(variable): variable for variable in owned}.values())

    def _due(self, step: int) -> tuple[int, ...]:
        return tuple(i for i, work in enumerate(self._work) if work.phase.is_due(step))

    def _features(self, batch: Batch, noise_seed: Any) -> dict[str, Any]:
        return {**batch, "noise_seed": tf.cast(noise_seed, tf.int32)}

    def _losses_without_training(
        self, batch: Batch, noise_seed: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], Any]:
        outputs = self.model(self._features(batch, noise_seed), training=False)
        return _named(_terms(self.objective, batch, outputs)), outputs

    def _traced_step(self, works: Sequence[_Work]) -> Any:
        """A step of the phases that are due, as a graph."""

        def replica_step(batch: Batch, step: tf.Tensor) -> dict[str, tf.Tensor]:
            results: dict[str, tf.Tensor] = {}
            losses = []
            for work in works:
                terms, norm = self._replica_step(work, batch, step)
                losses.append(terms["loss"])
                results.update(
                    _prefixed(terms, work.prefix), **{f"gradient_norm{work.prefix}": norm}
                )
            return {**results, "loss": tf.add_n(losses)}

        def distributed_step(batch: Any, step: tf.Tensor) -> dict[str, tf.Tensor]:
            results = self.strategy.run(replica_step, args=(batch, step))
            if self.average is not None:
                self.average.update(step)
            return {
                name: self.strategy.reduce(tf.distribute.ReduceOp.MEAN, value, axis=None)
                for name, value in results.items()
            }

        return tf.function(distributed_step, autograph=False)

    def _replica_step(
        self, work: _Work, batch: Batch, step: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """Moves the weights of one phase; gives its losses and the norm of its gradient."""
        context = tf.distribute.get_replica_context()
        with tf.GradientTape() as tape:
            outputs = self.model(
                self._features(batch, self._noise_seed(context, step)), training=True
            )
            terms = _named({**_terms(work.phase.objective, batch, outputs), **_added(self.model)})
            share = terms["loss"] / context.num_replicas_in_sync
        gradients = tape.gradient(share, [variable.value for variable in work.variables])
        # Those of embeddings come as the rows that were looked up.
        used = [
            (tf.convert_to_tensor(g), v)
            for g, v in zip(gradients, work.variables, strict=True)
            if g is not None
        ]
        summed = context.all_reduce(tf.distribute.ReduceOp.SUM, [g for g, _ in used])
        clipped, norm = _clip(summed, work.clip_norm)
        # Keras sums over the replicas once more, hence the division.
        equal_shares = [gradient / context.num_replicas_in_sync for gradient in clipped]
        # A step that fails in a black box has moved nothing.
        with tf.control_dependencies([norm]):
            work.optimizer.apply(equal_shares, [v for _, v in used])
        return terms, norm

    def _noise_seed(self, context: Any, step: tf.Tensor) -> tf.Tensor:
        """Another seed for each step and replica, the same in every run."""
        replica = tf.cast(context.replica_id_in_sync_group, tf.int64)
        seed = step + self._seed * _SEED_STRIDE + replica * _REPLICA_STRIDE
        return tf.cast(tf.math.floormod(seed, tf.int32.max), tf.int32)


def _terms(objective: Objective, batch: Batch, outputs: Any) -> dict[str, tf.Tensor]:
    terms = objective(batch, outputs)
    if not isinstance(terms, Mapping):
        raise ArgumentError(
            "An objective should give a dictionary of terms; this one gave "
            f"`{type(terms).__name__}`. `losses.Compare` makes an objective of a loss."
        )
    return {name: tf.cast(value, tf.float32) for name, value in terms.items()}


def _added(model: keras.Model) -> dict[str, tf.Tensor]:
    """What layers add to the loss while they are trained: how far vectors are from their codes."""
    return {"added": tf.add_n(model.losses)} if model.losses else {}


def _named(terms: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """The sum of the terms, and each."""
    total = tf.add_n(list(terms.values())) if terms else tf.zeros([])
    return {"loss": total, **{f"loss_{name}": value for name, value in terms.items()}}


def _prefixed(terms: Mapping[str, tf.Tensor], prefix: str) -> dict[str, tf.Tensor]:
    return {f"loss{prefix}{name.removeprefix('loss')}": value for name, value in terms.items()}


def _clip(gradients: list[tf.Tensor], clip_norm: float | None) -> tuple[list[tf.Tensor], tf.Tensor]:
    norm = tf.linalg.global_norm(gradients)
    if clip_norm is None:
        return gradients, norm
    clipped, _ = tf.clip_by_global_norm(gradients, clip_norm, use_norm=norm)
    return clipped, norm


def _set_xla(model: keras.Model, xla: Literal["auto"] | bool) -> None:
    if xla not in ("auto", True, False):
        raise ArgumentError(f"`xla` must be 'auto', True or False, but is {xla!r}.")
    if not hasattr(model, "jit_network"):
        if xla is True:
            raise ArgumentError("`xla` is True, but the model has no `jit_network` to switch on.")
        return
    # On a GPU the recurrent layer runs in cuDNN, which XLA can't call; a TPU's step is compiled
    # whole.
    model.jit_network = is_on_cpu() if xla == "auto" else xla
