"""What rooms share that play first reflections as they are, and what follows by octaves."""

from typing import Any, Literal

import numpy as np

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.response_reverb import ResponseReverb
from ddsp_tf.types import FloatArray


class EarlyLateReverb(ResponseReverb):
    """A room of taps for the first milliseconds and of a late part that a subclass makes.

    Args:
        early_ms: Length of the direct sound and the first reflections, which are taps.
        method: "frequency" samples the late part's filters, "exact" runs them.
        name: The processor's name.
        **kwargs: As for `ResponseReverb`: `length_s`, `add_dry`, `sample_rate`.

    Raises:
        ArgumentError: An unknown method, or what `ResponseReverb` refuses.
    """

    def __init__(
        self,
        *,
        early_ms: float,
        method: Literal["exact", "frequency"],
        sample_rate: int,
        name: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, name=name, **kwargs)
        if method not in ("exact", "frequency"):
            raise ArgumentError(f'`method` should be "exact" or "frequency". Received {method!r}.')
        self.early_ms = early_ms
        self.method = method
        self.bands_hz = dsp.octave_bands_hz(sample_rate=sample_rate)

    @property
    def n_early(self) -> int:
        """Taps of the direct sound and the first reflections."""
        return max(1, round(self.early_ms * self.sample_rate / 1000))

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "early_ms": self.early_ms, "method": self.method}


def early_taps(missing: FloatArray, n_early: int) -> FloatArray:
    """What a room lacks in its first samples, in percent, faded out over the last third."""
    taps = np.zeros(n_early)
    n = min(n_early, len(missing))
    taps[:n] = 100.0 * missing[:n]
    fade = n_early // 3
    taps[n_early - fade :] *= np.cos(0.5 * np.pi * (np.arange(fade) + 1) / (fade + 1)) ** 2
    return taps
