"""A search from its beginning to its end: how long, how far, and where it is kept."""

import importlib
import os
import time
from dataclasses import dataclass, field

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference.search.method import Losses, Method
from ddsp_tf.inference.search.search_file import SearchFile
from ddsp_tf.types import FloatArray, PathLike, Progress, no_progress

_ROOM = "ddsp_tf.inference.search"
_METHODS = {
    "ga": ("genetic_algorithm", "GeneticAlgorithm"),
    "de": ("differential_evolution", "DifferentialEvolution"),
    "cma": ("covariance_matrix_adaptation", "CovarianceMatrixAdaptation"),
    "mcmc": ("metropolis", "Metropolis"),
}
METHODS = tuple(_METHODS)
"""Names of the methods: genetic algorithm, differential evolution, CMA-ES, Metropolis' chains."""

_KEPT_EVERY_S = 20.0


@dataclass(frozen=True)
class Found:
    """What a search has found.

    Attributes:
        place: The best, `[n_dimensions]`, 0 to 1.
        loss: There.
        n_evaluations: How many places were tried.
        losses: Of each of them, in order, `[n_evaluations]`.
        interrupted: Whether it was stopped before its end.
    """

    place: FloatArray
    loss: float
    n_evaluations: int
    losses: FloatArray = field(repr=False)
    interrupted: bool = False


def search(
    losses: Losses,
    n_dimensions: int,
    *,
    method: str = "ga",
    n_evaluations: int = 2000,
    seed: int = 0,
    start: FloatArray | None = None,
    state: PathLike | SearchFile | None = None,
    max_minutes: float | None = None,
    progress: Progress | None = None,
) -> Found:
    """Finds the place in a unit cube where a loss is least, without its gradient.

    Args:
        losses: Of places `[n, n_dimensions]`, each number 0 to 1, gives `[n]`; what isn't finite is
            as bad as can be.
        n_dimensions: At least 1.
        method: One of `METHODS`.
        n_evaluations: How many places are tried; a last generation may go a little beyond.
        seed: Of all chance. The same seed finds the same.
        start: A place to begin with, among others.
        state: Where the search is kept, every 20 s and at its end; one that is there goes on as if
            it had not been stopped.
        max_minutes: A limit of time, or None.
        progress: Is called with the share that is done, 0 to 1.

    Returns:
        The best. Ctrl-C ends it with the best until then.

    Raises:
        ArgumentError: An unknown method, a number out of range, a start of another size, or the
            search that is kept has other settings.

    Example:
        >>> found = search(lambda x: np.sum((x - 0.3) ** 2, axis=1), 3, n_evaluations=2000)
        >>> bool(np.max(np.abs(found.place - 0.3)) < 0.05)
        True
    """
    tool = _method(method, n_dimensions, n_evaluations=n_evaluations, seed=seed, start=start)
    settings = {
        "method": method,
        "n_dimensions": n_dimensions,
        "n_evaluations": n_evaluations,
        "seed": seed,
    }
    file = SearchFile(state, {}) if isinstance(state, str | os.PathLike) else state
    if file is not None:
        file = SearchFile(file.path, {**file.settings, **settings})
    best = np.full(n_dimensions, 0.5) if start is None else np.asarray(start, np.float64)
    least, told = np.inf, []
    kept = file.read() if file is not None else None
    if kept is not None:
        tool.restore({key.removeprefix("method/"): x for key, x in kept.items()})
        best, least, told = kept["best"], float(kept["least"]), [kept["told_losses"]]

    def evaluate(places: FloatArray) -> FloatArray:
        nonlocal best, least
        found = np.asarray(losses(places), np.float64)
        found = np.where(np.isfinite(found), found, np.inf)
        first = int(np.argmin(found))
        if found[first] < least:
            best, least = places[first].copy(), float(found[first])
        told.append(found)
        return found

    def keep() -> None:
        if file is not None:
            arrays = {f"method/{key}": x for key, x in tool.state().items()}
            found = {"best": best, "least": np.array(least), "told_losses": _joined(told)}
            file.write({**arrays, **found})

    began = last = time.monotonic()
    interrupted = False
    try:
        while tool.n_told < n_evaluations:
            if max_minutes is not None and time.monotonic() - began > 60.0 * max_minutes:
                break
            before, n_before = tool.state(), len(told)
            try:
                tool.step(evaluate)
            except KeyboardInterrupt:  # A step that wasn't finished is taken again.
                tool.restore(before)
                del told[n_before:]
                raise
            (progress or no_progress)(min(1.0, tool.n_told / n_evaluations))
            if time.monotonic() - last > _KEPT_EVERY_S:
                keep()
                last = time.monotonic()
    except KeyboardInterrupt:
        interrupted = True
    keep()
    return Found(best, least, int(tool.n_told), _joined(told), interrupted)


def _joined(told: list[FloatArray]) -> FloatArray:
    return np.concatenate(told) if told else np.zeros([0])


def _method(
    name: str, n_dimensions: int, *, n_evaluations: int, seed: int, start: FloatArray | None
) -> Method:
    if name not in _METHODS:
        raise ArgumentError(f"`method` should be one of {', '.join(METHODS)}. Received {name!r}.")
    if n_dimensions < 1 or n_evaluations < 1 or seed < 0:
        raise ArgumentError(
            "`n_dimensions` and `n_evaluations` should be 1 or more, and `seed` 0 or more. "
            f"Received {n_dimensions}, {n_evaluations} and {seed}."
        )
    if start is not None:
        start = np.asarray(start, np.float64)
        if start.shape != (n_dimensions,) or not np.all((start >= 0.0) & (start <= 1.0)):
            raise ArgumentError(
                f"`start` should be [{n_dimensions}], 0 to 1. Received shape {start.shape}."
            )
    module, class_name = _METHODS[name]
    made: Method = getattr(importlib.import_module(f"{_ROOM}.{module}"), class_name)(
        n_dimensions, n_evaluations=n_evaluations, seed=seed, start=start
    )
    return made
