"""Markov chain Monte Carlo."""

import warnings
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.inference.search.method import Losses
from ddsp_tf.inference.search.population import Population

_FIRST_SCALE, _LAST_SCALE = 0.2, 0.01
_COLDER = 0.05
"""Of the spread of the first losses: so much worse a place is taken once in e times."""


class Metropolis(Population):
    """Chains that walk at random: to where it is better, and sometimes to where it is worse.

    Sixteen chains side by side, the first with steps of a fifth of the range, the last with a
    hundredth. The walks are those of TensorFlow Probability's `RandomWalkMetropolis`.

    Reference:
        Metropolis et al. 1953, "Equation of state calculations by fast computing machines".
    """

    size = 16
    kept = (*Population.kept, "temperature")

    def __init__(self, n_dimensions: int, **about: Any) -> None:
        super().__init__(n_dimensions, **about)
        self.temperature = 0.0

    def evolve(self, losses: Losses) -> None:
        """One step of every chain."""
        with warnings.catch_warnings():
            # It asks `distutils` which TensorFlow there is.
            warnings.simplefilter("ignore", DeprecationWarning)
            from tensorflow_probability import mcmc
        if not self.temperature:
            finite = self.losses[np.isfinite(self.losses)]
            self.temperature = _COLDER * float(np.std(finite)) + 1e-12
        scales = np.geomspace(_FIRST_SCALE, _LAST_SCALE, self.size)[:, np.newaxis]
        # The kernel asks for where the chains stand before it asks for where they might go: that is
        # known, and kept, so that a step costs each chain one evaluation.
        known = [self.losses]
        asked: list[Any] = []

        def log_probability(places: tf.Tensor) -> tf.Tensor:
            if known:
                return tf.constant(-known.pop() / self.temperature)
            asked.append(losses(places.numpy()))
            return tf.constant(-asked[-1] / self.temperature)

        walk = mcmc.random_walk_normal_fn(tf.constant(scales))

        def moved(parts: list[tf.Tensor], seed: Any) -> list[tf.Tensor]:
            return [1.0 - tf.abs(1.0 - tf.abs(x) % 2.0) for x in walk(parts, seed)]

        kernel = mcmc.RandomWalkMetropolis(log_probability, new_state_fn=moved)
        state = tf.constant(self.places)
        places, results = kernel.one_step(
            state, kernel.bootstrap_results(state), seed=[self.seed, self.n_told]
        )
        accepted = results.is_accepted.numpy()
        self.places = places.numpy()
        self.losses = np.where(accepted, asked[-1], self.losses)
        self.n_told += self.size
