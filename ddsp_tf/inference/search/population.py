"""What methods have in common that keep a population."""

from typing import Any, ClassVar

import numpy as np

from ddsp_tf.inference.search.method import Losses, Method
from ddsp_tf.types import FloatArray


class Population(Method):
    """Keeps places with their losses. The first step draws them.

    Subclasses say how many in `size`, and how they go on in `evolve`.
    """

    kept: ClassVar[tuple[str, ...]] = ("places", "losses", "n_told")

    size: int

    def __init__(self, n_dimensions: int, **about: Any) -> None:
        super().__init__(n_dimensions, **about)
        self.places: FloatArray = np.zeros([0, n_dimensions])
        self.losses: FloatArray = np.zeros([0])

    def step(self, losses: Losses) -> None:
        """Draws the population, or lets it evolve."""
        if len(self.places):
            self.evolve(losses)
            return
        self.places = self.first_places(self.size)
        self.losses = losses(self.places)
        self.n_told += self.size

    def evolve(self, losses: Losses) -> None:
        """Makes the next generation."""
        raise NotImplementedError
