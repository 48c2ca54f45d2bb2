"""The covariance matrix adaptation evolution strategy."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference.search.method import Losses, Method
from ddsp_tf.types import FloatArray

_FIRST_SPREAD = 0.3
_LEAST = 16


class CovarianceMatrixAdaptation(Method):
    """Learns in which directions to draw: the CMA-ES of the package pycma.

    Its state is the losses that it was told: of these it goes the same way again.

    Raises:
        ArgumentError: The package `cma` isn't installed, or there is one dimension.

    Reference:
        Hansen and Ostermeier 2001, "Completely derandomized self-adaptation in evolution
        strategies".
    """

    kept: ClassVar[tuple[str, ...]] = ("told",)

    def __init__(self, n_dimensions: int, **about: Any) -> None:
        super().__init__(n_dimensions, **about)
        if n_dimensions < 2:
            raise ArgumentError("`method` cma needs two parameters at least. Choose ga.")
        self.told: FloatArray = np.zeros([0, 0])
        self._strategy = self._new()

    def step(self, losses: Losses) -> None:
        """Draws a population, and learns from it."""
        places = np.array(self._strategy.ask())
        found = losses(places)
        self._strategy.tell(list(places), list(found))
        self.told = np.concatenate([self.told.reshape(-1, len(found)), found[np.newaxis]])
        self.n_told += len(found)

    def restore(self, state: Mapping[str, FloatArray]) -> None:
        """Goes the way again that the losses led."""
        self.__init__(  # type: ignore[misc]
            self.n_dimensions, n_evaluations=self.n_evaluations, seed=self.seed, start=self.start
        )
        for row in state["told"]:
            self.step(lambda places, row=row: row)  # type: ignore[misc]

    def _new(self) -> Any:
        try:
            import cma
        except ImportError as error:
            raise ArgumentError(
                "`method` cma needs the package cma, which is not installed. Install it: "
                'pip install "ddsp-tf[search]"'
            ) from error
        n = self.n_dimensions
        return cma.CMAEvolutionStrategy(
            np.full(n, 0.5) if self.start is None else self.start,
            _FIRST_SPREAD,
            {
                "bounds": [0.0, 1.0],
                "popsize": max(_LEAST, 4 + int(3 * math.log(n))),
                # Its own chance is NumPy's for the whole process.
                "randn": lambda *shape: self.random.standard_normal(shape),
                "seed": math.nan,
                "verbose": -9,
                "verb_log": 0,
            },
        )
