"""What every method of searching offers."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np

from ddsp_tf.types import FloatArray

Losses = Callable[[FloatArray], FloatArray]
"""Of places `[n, n_dimensions]`, 0 to 1, gives what is to be least, `[n]`."""

_RANDOM = "random"


class Method(ABC):
    """Looks for the place in a unit cube where a loss is least, some places at a time.

    What it does depends on its arguments and on the losses that it is told, so that one which is
    restored goes on as if it had not been stopped.

    Args:
        n_dimensions: Of the cube.
        n_evaluations: How many places will be asked for in all.
        seed: Of all chance.
        start: A place to begin with, `[n_dimensions]`, or None.
    """

    kept: ClassVar[tuple[str, ...]]
    """Names of the arrays that are its state, beside the state of its chance."""

    def __init__(
        self, n_dimensions: int, *, n_evaluations: int, seed: int, start: FloatArray | None = None
    ) -> None:
        self.n_dimensions = n_dimensions
        self.n_evaluations = n_evaluations
        self.seed = seed
        self.start = start
        self.n_told = 0
        self.random = np.random.default_rng(seed)

    @abstractmethod
    def step(self, losses: Losses) -> None:
        """Asks for the losses of some places, and learns from them."""

    def state(self) -> dict[str, FloatArray]:
        """Gives all that `restore` needs: arrays of numbers, and of letters."""
        random = np.frombuffer(json.dumps(self.random.bit_generator.state).encode(), np.uint8)
        return {**{key: np.asarray(getattr(self, key)) for key in self.kept}, _RANDOM: random}

    def restore(self, state: Mapping[str, FloatArray]) -> None:
        """Takes up the state of another of the same arguments."""
        self.random.bit_generator.state = json.loads(bytes(state[_RANDOM]))
        for key in self.kept:
            setattr(self, key, state[key][()])

    def first_places(self, n: int) -> FloatArray:
        """Draws places to begin with; the first of them is `start`, if there is one."""
        places = self.random.random([n, self.n_dimensions])
        if self.start is not None:
            places[0] = self.start
        return places


def reflected(places: FloatArray) -> FloatArray:
    """Folds places that have left the cube back into it, as if its sides were mirrors."""
    return 1.0 - np.abs(1.0 - np.abs(places) % 2.0)
