"""Prepares the parts of a training step, each forward and backward on its own."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import tensorflow as tf
from training_tasks import HOP_LENGTH, N_FRAMES, build_trainer, random_batch
from worker_loop import Work

from ddsp_tf.processors import FilteredNoise, Harmonic, Reverb
from ddsp_tf.training import Optimization, Trainer

_Forward = Callable[..., Any]


@lru_cache(maxsize=1)
def _trainer(bindings: tuple[str, ...]) -> Trainer:
    trainer = build_trainer(bindings)
    trainer.build(random_batch(1))
    return trainer


def profile_part(
    part: str, batch_size: int, bindings: Sequence[str] = ()
) -> tuple[Work, dict[str, Any]]:
    """One part of a step, with the gradient of its inputs and weights."""
    trainer = _trainer(tuple(bindings))
    model = trainer.model
    audio = tf.random.stateless_normal([batch_size, N_FRAMES * HOP_LENGTH], [1, 2])
    if part == "optimizer":
        return _optimizer(trainer), {}
    if part == "decoder":
        decoder = model.decoder
        inputs = {key: _random(batch_size, 1) for key in decoder.input_keys}
        state = decoder.initial_state(batch_size)
        return both_ways(lambda x: decoder(x, state)[0], inputs, decoder), {}
    if part == "recurrence":
        recurrence = model.decoder.rnn
        width = recurrence.kernel.shape[0]
        sequence = _random(batch_size, width)
        state = model.decoder.initial_state(batch_size)
        return both_ways(lambda x: recurrence(x, state)[0], sequence, recurrence), {}
    if part == "loss":
        target = tf.random.stateless_normal(audio.shape, [3, 4])
        return both_ways(lambda x: trainer.objective({"audio": target}, {"audio": x}), audio), {}
    processor = _processor(model, {"harmonic": Harmonic, "noise": FilteredNoise}.get(part, Reverb))
    if part == "reverb":
        return both_ways(lambda x: processor({"audio": x}), audio, processor), {}
    sizes = model.decoder.output_sizes
    names = [name for name in processor.input_names if name in sizes]
    raw = {name: _random(batch_size, sizes[name]) for name in names}
    f0_hz = random_batch(batch_size)["f0_hz"]
    return both_ways(lambda x: processor({**x, "f0_hz": f0_hz}), raw), {}


def _processor(model: Any, kind: type) -> Any:
    return next(x for x in model.processor_group.processors if isinstance(x, kind))


def _random(batch_size: int, width: int) -> tf.Tensor:
    return tf.random.stateless_normal([batch_size, N_FRAMES, width], [5, 6])


def both_ways(forward: _Forward, inputs: Any, layer: Any = None) -> Work:
    """Something with the gradient of its inputs, and of a layer's weights."""
    weights = [] if layer is None else [weight.value for weight in layer.trainable_variables]

    @tf.function(autograph=False)
    def step(inputs: Any) -> list[tf.Tensor]:
        flat = tf.nest.flatten(inputs)
        with tf.GradientTape() as tape:
            tape.watch(flat)
            outputs = tf.nest.flatten(forward(inputs))
            size = tf.add_n([tf.reduce_sum(tf.abs(output)) for output in outputs])
        gradients = tape.gradient(size, [*flat, *weights])
        return [size, *(gradient for gradient in gradients if gradient is not None)]

    def work() -> None:
        for gradient in step(inputs):
            float(tf.reshape(gradient, [-1])[0])

    return work


def _optimizer(trainer: Trainer) -> Work:
    variables = trainer.model.trainable_variables
    optimizer = Optimization().make_optimizer()
    optimizer.build(variables)
    gradients = [tf.random.stateless_normal(x.shape, [7, 8]) for x in variables]

    @tf.function(autograph=False)
    def step() -> tf.Tensor:
        clipped, norm = tf.clip_by_global_norm(gradients, 3.0)
        optimizer.apply(clipped, variables)
        return norm

    def work() -> None:
        float(step())
        float(tf.reshape(variables[-1].value, [-1])[0])

    return work
