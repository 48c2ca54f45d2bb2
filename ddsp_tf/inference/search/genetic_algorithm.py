"""A genetic algorithm."""

import numpy as np

from ddsp_tf.inference.search.method import Losses, reflected
from ddsp_tf.inference.search.population import Population
from ddsp_tf.types import FloatArray

_ELITE, _TOURNAMENT = 2, 3
_FIRST_SPREAD, _LAST_SPREAD = 0.1, 0.02
_MUTATES = 0.1
"""So likely is each number to be moved; one of a place's at least, in the mean."""


class GeneticAlgorithm(Population):
    """Of three places drawn the best is a parent, twice; a child has numbers of both, some moved.

    The best two stay. Moves are normal; their deviation falls evenly in its logarithm from 0.1 to
    0.02 of the range.
    """

    size = 40

    def evolve(self, losses: Losses) -> None:
        """Replaces all but the best."""
        order = np.argsort(self.losses, kind="stable")
        places, fitness = self.places[order], self.losses[order]
        n = self.size - _ELITE
        mothers, fathers = places[self._chosen(n)], places[self._chosen(n)]
        children = np.where(self.random.random(mothers.shape) < 0.5, mothers, fathers)
        share = min(1.0, self.n_told / self.n_evaluations)
        spread = _FIRST_SPREAD * (_LAST_SPREAD / _FIRST_SPREAD) ** share
        moves = self.random.normal(0.0, spread, children.shape)
        moved = self.random.random(children.shape) < max(_MUTATES, 1.0 / self.n_dimensions)
        children = reflected(children + np.where(moved, moves, 0.0))
        self.losses = np.concatenate([fitness[:_ELITE], losses(children)])
        self.places = np.concatenate([places[:_ELITE], children])
        self.n_told += n

    def _chosen(self, n: int) -> FloatArray:
        """Indices of the winners of tournaments, of a population whose best come first."""
        return np.min(self.random.integers(0, self.size, [n, _TOURNAMENT]), axis=1)
