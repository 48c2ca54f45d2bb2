"""Tables that are learned, and played as a mixture."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.wavetables import require_points, stream_table_mix
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.synthesizers.wavetable import Wavetable


class WavetableBank(Wavetable):
    """Plays a mixture of tables that all frames share; the tables are the processor's weights.

    Subclasses say by which control the tables are mixed. Tables begin as sines of 1, 2 ... cycles,
    which stay as they are, and as small noise, which is learned; or as the `tables` that are given.

    Args:
        n_tables: >= 1.
        n_points: Of a table, at least 4.
        n_sines: Tables, the first ones, that are sines and not learned.
        trainable_tables: Whether the other tables are learned.
        tables: `[n_tables, n_points]`, where the tables begin, in place of sines and noise. They
            are stored as weights, not in the config, and set both sizes.
        seed: Of the noise.
        name: The processor's name.
        **kwargs: As for `Wavetable`.

    Raises:
        ArgumentError: No table, a negative seed, more sines than tables or than their points can
            hold, tables of fewer than 4 points or that aren't finite numbers.
    """

    def __init__(
        self,
        *,
        n_tables: int = 20,
        n_points: int = 512,
        n_sines: int = 4,
        trainable_tables: bool = True,
        tables: Sequence[Sequence[float]] | None = None,
        seed: int = 0,
        name: str = "wavetable_bank",
        **kwargs: Any,
    ) -> None:
        if tables is None:
            require_points(n_points, name="n_points")
            start = _sines_and_noise(n_tables, n_points, n_sines, seed)
        else:
            start, n_sines = _given(tables), 0
            n_tables, n_points = start.shape
        super().__init__(n_points=n_points, name=name, **kwargs)
        self.n_tables = n_tables
        self.n_sines = n_sines
        self.trainable_tables = trainable_tables
        self.seed = seed
        self._fixed = self._weight("sines", start[:n_sines], trainable=False)
        self._learned = self._weight("tables", start[n_sines:], trainable=trainable_tables)

    def tables(self) -> tf.Tensor:
        """Gives the tables, `[n_tables, n_points]`."""
        parts = [x for x in (self._fixed, self._learned) if x is not None]
        return tf.concat([tf.convert_to_tensor(x) for x in parts], axis=0)

    def mixture(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Gives the share of each table, `[batch, n_frames, n_tables]`."""
        raise NotImplementedError

    def read(self, controls: Mapping[str, Any], **settings: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Reads the mixtures of one block."""
        weights = controls["amplitudes"] * self.mixture(controls)
        return stream_table_mix(controls["f0_hz"], weights, self.tables(), **settings)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments; the tables themselves are weights."""
        return {
            **super().get_config(),
            "n_tables": self.n_tables,
            "n_sines": self.n_sines,
            "trainable_tables": self.trainable_tables,
            "seed": self.seed,
        }

    def _weight(self, name: str, values: np.ndarray, *, trainable: bool) -> Any:
        if not len(values):
            return None
        return self.add_weight(
            name=name,
            shape=values.shape,
            initializer=lambda shape, dtype=None: tf.constant(values, dtype or tf.float32),
            trainable=trainable,
        )


def _sines_and_noise(n_tables: int, n_points: int, n_sines: int, seed: int) -> np.ndarray:
    most = min(n_tables, (n_points - 1) // 2)
    if n_tables < 1 or not 0 <= n_sines <= most:
        raise ArgumentError(
            "`n_tables` should be at least 1, and `n_sines` at most as many and at most the "
            f"partials of {n_points} points. Received {n_tables} and {n_sines}."
        )
    if seed < 0:
        raise ArgumentError(f"`seed` should be 0 or more. Received {seed}.")
    noise = 0.01 * np.random.default_rng(seed).standard_normal([n_tables, n_points])
    cycles = np.arange(1, n_sines + 1)[:, np.newaxis]
    noise[:n_sines] = np.sin(2.0 * math.pi * cycles * np.arange(n_points) / n_points)
    return noise.astype(np.float32)


def _given(tables: Sequence[Sequence[float]]) -> np.ndarray:
    start = np.asarray(tables, np.float32)
    if start.ndim != 2 or not len(start):
        raise ArgumentError(
            f"`tables` should be [n_tables, n_points]. Received the shape {list(start.shape)}."
        )
    require_points(start.shape[1], name="tables")
    if not np.isfinite(start).all():
        raise ArgumentError("`tables` should be finite numbers. There are NaN or infinite ones.")
    return start
