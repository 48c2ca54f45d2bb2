"""Wavetables in a row, of which a position chooses."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.dsp.wavetables import scan_weights
from ddsp_tf.processors.processor import Controls
from ddsp_tf.processors.synthesizers.wavetable_bank import WavetableBank
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class ScannedWavetable(WavetableBank):
    """Plays the place between the tables at which a position stands, as synthesisers have it.

    Inputs: `amplitudes` `[batch, n_frames, 1]`, any real numbers; `position`
    `[batch, n_frames, 1]`, 0 at the first table and 1 at the last; `f0_hz`
    `[batch, n_frames, 1]`, >= 0. Controls: the same names. Between two tables both are heard.

    Args:
        name: The processor's name.
        **kwargs: As for `WavetableBank`.

    Example:
        >>> import numpy as np
        >>> turns = np.arange(64) / 64
        >>> sine, square = np.sin(2 * np.pi * turns), np.where(turns < 0.5, 1.0, -1.0)
        >>> synthesizer = ScannedWavetable(tables=[sine, square])
        >>> frames = np.ones([1, 250, 1], np.float32)
        >>> synthesizer({"amplitudes": frames, "position": 0.5 * frames,
        ...              "f0_hz": 220.0 * frames}).shape
        TensorShape([1, 16000])
    """

    def __init__(self, *, name: str = "scanned_wavetable", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def wave_signals(self, *, raw: bool) -> dict[str, Signal]:
        """Declares `position`."""
        del raw
        return {"position": Signal("frames", low=0.0, high=1.0)}

    def wave_controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Keeps the position within the row."""
        return {"position": tf.clip_by_value(tf.cast(inputs["position"], tf.float32), 0.0, 1.0)}

    def mixture(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Gives the two tables beside the position their shares."""
        return scan_weights(controls["position"], n_tables=self.n_tables)
