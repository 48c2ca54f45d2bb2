"""One optimisation step, on one device or many."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError, TrainingError
from ddsp_tf.training.precision import set_precision
from ddsp_tf.training.weight_average import WeightAverage

Batch = Mapping[str, Any]

# Keeps the noise of the replicas apart; any odd number far from the number of steps does.
_REPLICA_STRIDE = 1_000_003
_SEED_STRIDE = 7_368_787


class Trainer:
    """Fits a model by gradient descent, one batch a call, without waiting for the result.

    The loss is the mean over the whole batch whatever the number of replicas, and the
    gradient is clipped after it has been summed over them: two devices take the same step
    as one. The step is traced without autograph: models and losses that branch on the value
    of a tensor use `tf.cond`.

    Args:
        model: A Keras model: features (a dict) -> dict with "audio" `[batch, n_samples]`.
            With several replicas it must have been created inside `strategy.scope()`.
        loss: (target audio, audio) -> scalar.
        optimizer: A Keras optimiser. It need not be built.
        gradient_clip_norm: Largest global norm of the gradient, or None for no limit.
        seed: Together with the step it seeds the model's noise.
        ema_decay: Keeps a moving average of the weights with this decay. None: no average.
        xla: Whether the model compiles its network with XLA: "auto" does where it has
            been measured to be faster (on the CPU).
        precision: What the model computes its network in: "float32", "bfloat16" (weights, sound
            and loss stay float32), or "auto", bfloat16 on GPUs that have it.
        strategy: Where to train. None: the current one.

    Raises:
        ArgumentError: A value is outside its range.

    Example:
        >>> class Amplifier(keras.Model):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.gain = self.add_weight(shape=(), initializer="zeros")
        ...     def call(self, inputs):
        ...         return {"audio": self.gain * inputs["audio"]}
        >>> loss = lambda target, audio: tf.reduce_mean((target - audio) ** 2)
        >>> trainer = Trainer(Amplifier(), loss, keras.optimizers.SGD(0.25))
        >>> losses = [trainer.step({"audio": tf.ones([2, 4])})["loss"] for _ in range(3)]
        >>> [float(loss) for loss in losses]
        [1.0, 0.25, 0.0625]
    """

    def __init__(
        self,
        model: keras.Model,
        loss: Any,
        optimizer: keras.optimizers.Optimizer,
        *,
        gradient_clip_norm: float | None = 3.0,
        seed: int = 0,
        ema_decay: float | None = None,
        xla: Literal["auto"] | bool = "auto",
        precision: Literal["auto", "float32", "bfloat16"] = "float32",
        strategy: tf.distribute.Strategy | None = None,
    ) -> None:
        if gradient_clip_norm is not None and gradient_clip_norm <= 0:
            raise ArgumentError(
                f"`gradient_clip_norm` must be above 0 or None, but is {gradient_clip_norm}."
            )
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.strategy = strategy or tf.distribute.get_strategy()
        self.average: WeightAverage | None = None
        self._gradient_clip_norm = gradient_clip_norm
        self._seed = seed
        self._ema_decay = ema_decay
        self._built = False
        # Without autograph tracing is a quarter faster, and doesn't read sources while it runs.
        self._train_step = tf.function(self._distributed_step, autograph=False)
        self._validation_step = tf.function(
            self._losses_without_training, autograph=False, reduce_retracing=True
        )
        set_precision(model, precision)
        _set_xla(model, xla)

    @property
    def n_steps(self) -> int:
        """How many steps the optimiser has taken."""
        return int(self.optimizer.iterations.numpy())

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        return float(self.optimizer.learning_rate)

    def build(self, batch: Batch) -> None:
        """Creates the weights of the model and of the optimiser, if they don't exist yet.

        Args:
            batch: Any batch of features; only its first example is used.

        Raises:
            TrainingError: The model was created outside the strategy's scope.
        """
        if self._built:
            return
        with self.strategy.scope():
            if not self.model.built:
                self.model(self._features({name: value[:1] for name, value in batch.items()}, 0))
            self._check_scope()
            self.optimizer.build(self.model.trainable_variables)
            if self._ema_decay is not None:
                self.average = WeightAverage(self.model.trainable_variables, self._ema_decay)
        self._built = True

    def variables(self) -> dict[str, list[Any]]:
        """Returns all that a checkpoint must hold, as lists of TensorFlow variables."""
        groups = {
            "model": [variable.value for variable in self.model.variables],
            "optimizer": [variable.value for variable in self.optimizer.variables],
        }
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
            "loss_<term>", and "gradient_norm" before clipping.
        """
        if not self._built:
            self.build(self.strategy.experimental_local_results(batch)[0])
        with self.strategy.scope():
            return self._train_step(batch)

    def losses(self, batch: Batch, *, noise_seed: int = 0) -> tuple[dict[str, tf.Tensor], Any]:
        """Returns the losses and the outputs of a batch, without training.

        Args:
            batch: Features of any batch size.
            noise_seed: Seeds the model's noise.
        """
        self.build(batch)
        return self._validation_step(dict(batch), tf.constant(noise_seed, tf.int32))

    @property
    def has_workers(self) -> bool:
        """Whether several processes train together."""
        return isinstance(self.strategy, tf.distribute.MultiWorkerMirroredStrategy)

    def any_worker(self, flag: bool) -> bool:
        """Whether `flag` is true in any worker. All workers must ask at the same step."""
        if not self.has_workers:
            return flag
        values = self.strategy.experimental_distribute_values_from_function(
            lambda _: tf.constant(float(flag))
        )
        return float(self.strategy.reduce(tf.distribute.ReduceOp.SUM, values, axis=None)) > 0

    def averaged(self) -> AbstractContextManager[None]:
        """Returns a context in which the model has the averaged weights, if there are any."""
        return self.average.applied() if self.average is not None else nullcontext()

    def _check_scope(self) -> None:
        if self.strategy.num_replicas_in_sync == 1:
            return
        for variable in self.model.variables:
            if not self.strategy.extended.variable_created_in_scope(variable.value):
                raise TrainingError(
                    f"The model's variable `{variable.path}` was created outside the strategy. "
                    "Create the model inside `with strategy.scope():`."
                )

    def _features(self, batch: Batch, noise_seed: Any) -> dict[str, Any]:
        return {**batch, "noise_seed": tf.cast(noise_seed, tf.int32)}

    def _terms(self, batch: Batch, audio: tf.Tensor) -> dict[str, tf.Tensor]:
        """The loss and, if it has several, its terms."""
        if hasattr(self.loss, "with_terms"):  # As `terms`, with a gradient that takes less memory.
            total, terms = self.loss.with_terms(batch["audio"], audio)
        elif hasattr(self.loss, "terms"):
            terms = self.loss.terms(batch["audio"], audio)
            total = tf.add_n(list(terms.values()))
        else:
            return {"loss": self.loss(batch["audio"], audio)}
        return {"loss": total, **{f"loss_{name}": value for name, value in terms.items()}}

    def _losses_without_training(
        self, batch: Batch, noise_seed: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], Any]:
        outputs = self.model(self._features(batch, noise_seed), training=False)
        return self._terms(batch, outputs["audio"]), outputs

    def _distributed_step(self, batch: Any) -> dict[str, tf.Tensor]:
        n_before = tf.identity(self.optimizer.iterations.value)
        results = self.strategy.run(self._replica_step, args=(batch,))
        if self.average is not None:
            self.average.update(n_before)
        return {
            name: self.strategy.reduce(tf.distribute.ReduceOp.MEAN, value, axis=None)
            for name, value in results.items()
        }

    def _replica_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        context = tf.distribute.get_replica_context()
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            outputs = self.model(self._features(batch, self._noise_seed(context)), training=True)
            terms = self._terms(batch, outputs["audio"])
            share = terms["loss"] / context.num_replicas_in_sync
        gradients = tape.gradient(share, [variable.value for variable in variables])
        used = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
        summed = context.all_reduce(tf.distribute.ReduceOp.SUM, [g for g, _ in used])
        clipped, norm = self._clip(summed)
        # Keras sums over the replicas once more, hence the division.
        equal_shares = [gradient / context.num_replicas_in_sync for gradient in clipped]
        self.optimizer.apply(equal_shares, [v for _, v in used])
        return {**terms, "gradient_norm": norm}

    def _clip(self, gradients: list[tf.Tensor]) -> tuple[list[tf.Tensor], tf.Tensor]:
        norm = tf.linalg.global_norm(gradients)
        if self._gradient_clip_norm is None:
            return gradients, norm
        clipped, _ = tf.clip_by_global_norm(gradients, self._gradient_clip_norm, use_norm=norm)
        return clipped, norm

    def _noise_seed(self, context: Any) -> tf.Tensor:
        """Another seed for each step and replica, the same in every run."""
        step = tf.cast(self.optimizer.iterations.value, tf.int64)
        replica = tf.cast(context.replica_id_in_sync_group, tf.int64)
        seed = step + self._seed * _SEED_STRIDE + replica * _REPLICA_STRIDE
        return tf.cast(tf.math.floormod(seed, tf.int32.max), tf.int32)


def _set_xla(model: keras.Model, xla: Literal["auto"] | bool) -> None:
    if xla not in ("auto", True, False):
        raise ArgumentError(f"`xla` must be 'auto', True or False, but is {xla!r}.")
    if not hasattr(model, "jit_network"):
        if xla is True:
            raise ArgumentError("`xla` is True, but the model has no `jit_network` to switch on.")
        return
    # On a GPU the recurrent layer runs in cuDNN, which XLA can't call.
    on_cpu = not tf.config.list_logical_devices("GPU")
    model.jit_network = on_cpu if xla == "auto" else xla
