"""What all filters made of second-order sections have in common."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, Processor, State
from ddsp_tf.types import Kind, Signal

LOWEST_HZ = 20.0
HIGHEST_SHARE = 0.475
"""Of the sample rate: near its half a bell has no room above its centre."""


class SectionFilter(Processor):
    """Filters a sound by sections in series, which a subclass designs from its parameters.

    Sections run sample after sample, which is exact, or as a product of spectra, which trains
    several times as fast and leaves an error below -80 dB. Both play in blocks, and have no
    weights: what was trained by one is played by the other. Live sound is always exact, see
    `for_live`.

    Args:
        method: "exact", or "frequency" for sampled responses.
        fft_length: Points of the sampled response, even. None: the next power of two above
            1.33 seconds, for the error of -80 dB of a section that rings for a second
            (`dsp.fft_length_for_decay`).
        modulated: Whether parameters are frames, `[batch, n_frames, 1]`, instead of one value,
            `[batch, 1]`. Sections are interpolated between frames, and `method` must be "exact".
        sample_rate: In Hz.
        hop_length: Samples per frame, where parameters are frames.
        name: The processor's name.

    Raises:
        ArgumentError: An unknown method, an odd `fft_length`, or `modulated` without `hop_length`
            or with sampled responses.
    """

    def __init__(
        self,
        *,
        method: Literal["exact", "frequency"] = "exact",
        fft_length: int | None = None,
        modulated: bool = False,
        sample_rate: int = 44100,
        hop_length: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        if method not in ("exact", "frequency"):
            raise ArgumentError(f'`method` should be "exact" or "frequency". Received {method!r}.')
        if fft_length is not None and (fft_length < 2 or fft_length % 2):
            raise ArgumentError(f"`fft_length` should be even and above 0. Received {fft_length}.")
        if modulated and (method != "exact" or hop_length is None):
            raise ArgumentError(
                'With `modulated`, `method` should be "exact" and `hop_length` given. '
                f"Received {method!r} and {hop_length}."
            )
        self.method = method
        self.fft_length = fft_length
        self.modulated = modulated

    @property
    def n_sections(self) -> int:
        """Sections in series."""
        raise NotImplementedError

    def design(self, parameters: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Designs the sections.

        Args:
            parameters: By name, `[batch]`, or `[batch, n_frames]` if they are frames, in float64:
                low corners need its precision.

        Returns:
            `[batch, n_sections, 5]` or `[batch, n_frames, n_sections, 5]`.
        """
        raise NotImplementedError

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The sound and the coefficients b0, b1, b2, a1, a2 of section after section."""
        return {"audio": Signal("samples"), "sections": self.parameter(width=5 * self.n_sections)}

    def parameter(self, **about: Any) -> Signal:
        """Declares a parameter: a value, or frames."""
        kind: Kind = "frames" if self.modulated else "value"
        return Signal(kind, **about)

    def frequency(self, default_hz: float = 1000.0) -> Signal:
        """Declares a corner or centre in Hz."""
        high = HIGHEST_SHARE * self.sample_rate
        default = min(max(default_hz, LOWEST_HZ), high)
        return self.parameter(unit="Hz", low=LOWEST_HZ, high=high, default=default)

    @property
    def lookahead_frames(self) -> int:
        """Parameters that are frames lead to the frame after the block."""
        return int(self.modulated)

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Designs the sections, in float64."""
        parameters = {
            key: tf.cast(value[..., 0], tf.float64)
            for key, value in inputs.items()
            if key != "audio"
        }
        sections = self.design(parameters)
        flat = tf.concat([tf.shape(sections)[:-2], [5 * self.n_sections]], axis=0)
        return {"audio": inputs["audio"], "sections": tf.reshape(sections, flat)}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Silence: in both memories of each section, or in the tail of what was played."""
        return self.silence(batch_size, self.n_sections)

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[Any, State]:
        """Filters one block; the state is what the sections remember."""
        del n_frames
        return self.run(controls["audio"], self.unpacked(controls["sections"]), state)

    def unpacked(self, sections: tf.Tensor) -> tf.Tensor:
        """Gives the control "sections", `[..., 5 * n_sections]`, as `[..., n_sections, 5]`."""
        split = tf.concat([tf.shape(sections)[:-1], [self.n_sections, 5]], axis=0)
        return tf.reshape(sections, split)

    def silence(self, batch_size: int | tf.Tensor, n_sections: int) -> State:
        """Gives the state of `run` before the first sample."""
        if self.method == "exact":
            return {"memories": tf.zeros([batch_size, n_sections, 2], tf.float64)}
        return {"tail": tf.zeros([batch_size, self._n_points - 1])}

    def run(self, audio: tf.Tensor, sections: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
        """Filters one block by given sections.

        Args:
            audio: `[batch, n_samples]`.
            sections: `[batch, n_sections, 5]` or, of frames and the one after the block,
                `[batch, n_frames + 1, n_sections, 5]`.
            state: As `silence` or the previous block gave.

        Returns:
            The audio and the state for the next block.
        """
        n_samples = audio.shape[1] or tf.shape(audio)[1]
        if self.method == "exact":
            if self.modulated:
                sections = dsp.biquads_at_samples(sections, self.hop_length)[:, :n_samples]
            filtered, memories = dsp.filter_biquads(audio, sections, state["memories"])
            return filtered, {"memories": memories}
        filtered = dsp.filter_biquads_by_frequency(
            tf.pad(audio, [[0, 0], [0, self._n_points - 1]]), sections, fft_length=self._n_points
        )
        filtered += tf.pad(state["tail"], [[0, 0], [0, n_samples]])
        return filtered[:, :n_samples], {"tail": filtered[:, n_samples:]}

    def for_live(self, hop_length: int) -> Processor:
        """Gives the exact one, for which a short block costs little."""
        del hop_length
        exact: Processor = type(self).from_config({**self.get_config(), "method": "exact"})
        return exact

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "method": self.method,
            "fft_length": self.fft_length,
            "modulated": self.modulated,
        }

    @property
    def _n_points(self) -> int:
        return self.fft_length or 2 ** math.ceil(math.log2(4 / 3 * self.sample_rate))
