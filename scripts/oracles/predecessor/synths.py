"""The predecessor's `synths` by `ddsp_tf.processors`."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ddsp_tf import dsp, processors
from predecessor import left_out


class _Synthesizer:
    """Plays a processor whose hop follows from the frames and samples, as it does there."""

    def __init__(
        self,
        make: Callable[..., Any],
        names: tuple[str, ...],
        *,
        n_samples: int = 64000,
        name: str = "synthesizer",
    ) -> None:
        self.name = name
        self._make = make
        self._names = names
        self._n_samples = n_samples

    def __call__(self, *inputs: Any) -> tf.Tensor:
        hop_length = dsp.hop_length_for(self._n_samples, inputs[0].shape[1])
        processor = self._make(hop_length=hop_length, width=inputs[-1].shape[-1])
        return processor(dict(zip(self._names, inputs, strict=True)))


class Harmonic(_Synthesizer):
    def __init__(
        self,
        n_samples: int = 64000,
        sample_rate: int = 16000,
        scale_fn: Any = dsp.exp_sigmoid,
        normalize_below_nyquist: bool = True,
        name: str = "harmonic",
    ) -> None:
        super().__init__(
            lambda hop_length, width: processors.Harmonic(
                sample_rate=sample_rate,
                hop_length=hop_length,
                scale=scale_fn is not None,
                normalize_below_nyquist=normalize_below_nyquist,
            ),
            ("amplitudes", "harmonic_distribution", "f0_hz"),
            n_samples=n_samples,
            name=name,
        )


class FilteredNoise(_Synthesizer):
    def __init__(self, n_samples: int = 64000, name: str = "filtered_noise") -> None:
        super().__init__(
            lambda hop_length, width: processors.FilteredNoise(
                n_bands=width, hop_length=hop_length
            ),
            ("noise_magnitudes",),
            n_samples=n_samples,
            name=name,
        )


class Wavetable(_Synthesizer):
    def __init__(
        self, n_samples: int = 64000, sample_rate: int = 16000, scale_fn: Any = dsp.exp_sigmoid
    ) -> None:
        self._settings = {"sample_rate": sample_rate, "scale": scale_fn is not None}
        super().__init__(
            processors.Wavetable, ("amplitudes", "wavetables", "f0_hz"), n_samples=n_samples
        )

    def __call__(self, *inputs: Any) -> tf.Tensor:
        hop_length = dsp.hop_length_for(self._n_samples, inputs[0].shape[1])
        n_points = inputs[1].shape[-1]
        processor = self._make(n_points=n_points, hop_length=hop_length, **self._settings)
        return processor(dict(zip(self._names, inputs, strict=True)))


class Sinusoidal(_Synthesizer):
    def __init__(
        self, n_samples: int = 64000, sample_rate: int = 16000, freq_scale_fn: Any = None
    ) -> None:
        super().__init__(
            lambda hop_length, width: processors.Sinusoidal(
                sample_rate=sample_rate, hop_length=hop_length
            ),
            ("amplitudes", "frequencies_hz"),
            n_samples=n_samples,
        )

    def get_controls(self, *args: Any) -> Any:
        left_out("a frequency is one number in its own band, not a sum over a depth")
