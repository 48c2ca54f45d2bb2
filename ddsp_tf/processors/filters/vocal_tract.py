"""The vocal tract as a filter."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.frame_filters import filter_frames, silent_tail
from ddsp_tf.dsp.tube import tube_response
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.filters.all_pole import LENGTH_RATIO
from ddsp_tf.processors.processor import Controls, Processor, State, optional_inputs
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class VocalTract(Processor):
    """Sends a sound through a tube of cylinders, whose diameters change from frame to frame.

    Inputs and controls: `audio` `[batch, n_frames * hop_length]` and `diameters`
    `[batch, n_frames, n_sections]`, 0.05 to 4, from glottis to lips; only their ratios matter.
    Optional: `tract_length_ratio` `[batch, 1]`, 0.5 to 2, of the tube to `length_cm`.

    Args:
        n_sections: Cylinders, >= 2.
        length_cm: Of the tube.
        fft_length: Points of the responses, even; what rings longer comes in too early.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        name: The processor's name.

    Raises:
        ArgumentError: Too few cylinders, no length, or a transform that isn't longer than the hop.

    Example:
        >>> tract = VocalTract(sample_rate=16000, hop_length=64)
        >>> tract({"audio": tf.ones([1, 640]), "diameters": tf.ones([1, 10, 44])}).shape
        TensorShape([1, 640])

    Reference:
        Sudholt, Camara, Xu and Reiss 2023, section 3.1.
    """

    optional_input_names = ("tract_length_ratio",)

    def __init__(
        self,
        *,
        n_sections: int = 44,
        length_cm: float = 17.5,
        fft_length: int = 1024,
        sample_rate: int = 16000,
        hop_length: int = 64,
        name: str = "vocal_tract",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        if n_sections < 2 or not length_cm > 0 or fft_length % 2 or fft_length <= hop_length:
            raise ArgumentError(
                "`n_sections` should be at least 2, `length_cm` above 0, and `fft_length` even and "
                f"above the hop, {hop_length}. Received {n_sections}, {length_cm}, {fft_length}."
            )
        self.n_sections = n_sections
        self.length_cm = length_cm
        self.fft_length = fft_length

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, the diameters, and how much longer the tube is."""
        return {**self.control_signals, "tract_length_ratio": LENGTH_RATIO}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The sound and the diameters."""
        diameters = Signal("frames", self.n_sections, low=0.05, high=4.0, default=1.0)
        return {"audio": Signal("samples"), "diameters": diameters}

    @property
    def lookahead_frames(self) -> int:
        """The next frame: the last one glides towards it."""
        return 1

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Keeps the tube open."""
        signal = self.control_signals["diameters"]
        diameters = tf.clip_by_value(
            tf.cast(inputs["diameters"], tf.float32), signal.low, signal.high
        )
        return {
            "audio": inputs["audio"],
            "diameters": diameters,
            **optional_inputs(self, inputs),
        }

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Silence."""
        return {
            "tail": silent_tail(batch_size, fft_length=self.fft_length, hop_length=self.hop_length)
        }

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Filters one block; the state is what rings."""
        diameters = controls["diameters"][:, : n_frames + 1]
        ratio = controls.get("tract_length_ratio")
        length = tf.constant(self.length_cm)
        if ratio is not None:
            length = self.length_cm * tf.cast(ratio, tf.float32)
        hz = np.linspace(0.0, 0.5 * self.sample_rate, self.fft_length // 2 + 1, dtype=np.float32)
        responses = tube_response(tf.square(diameters), tf.constant(hz), length_cm=length)
        played, tail = filter_frames(
            controls["audio"], responses, hop_length=self.hop_length, tail=state["tail"]
        )
        return played, {"tail": tail}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_sections": self.n_sections,
            "length_cm": self.length_cm,
            "fft_length": self.fft_length,
        }
