"""Differential evolution."""

from typing import Any

import numpy as np

from ddsp_tf.inference.search.method import Losses, reflected
from ddsp_tf.inference.search.population import Population

_WEIGHT, _CROSSOVER = 0.7, 0.9
_LEAST, _MOST = 20, 80


class DifferentialEvolution(Population):
    """Moves each place by the difference of two others from a third, and keeps what is better.

    Reference:
        Storn and Price 1997, "Differential evolution", as rand/1/bin with F = 0.7, CR = 0.9.
    """

    # TFP's draws from operations that count their calls: it can't be taken up where it stopped.

    def __init__(self, n_dimensions: int, **about: Any) -> None:
        super().__init__(n_dimensions, **about)
        self.size = min(_MOST, max(_LEAST, 10 * n_dimensions))

    def evolve(self, losses: Losses) -> None:
        """Tries one new place for each."""
        n = self.size
        # Three others of each, none twice: the first of a permutation that aren't the place itself.
        drawn = np.argsort(self.random.random([n, n]) + 2.0 * np.eye(n), axis=1)[:, :3]
        first, second, third = (self.places[drawn[:, index]] for index in range(3))
        mutants = reflected(first + _WEIGHT * (second - third))
        crossed = self.random.random(mutants.shape) < _CROSSOVER
        crossed[np.arange(n), self.random.integers(0, self.n_dimensions, n)] = True
        trials = np.where(crossed, mutants, self.places)
        found = losses(trials)
        better = found < self.losses
        self.places = np.where(better[:, np.newaxis], trials, self.places)
        self.losses = np.where(better, found, self.losses)
        self.n_told += n
