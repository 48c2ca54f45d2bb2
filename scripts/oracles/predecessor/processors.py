"""The predecessor's `processors` by `ddsp_tf.processors`."""

from typing import Any

import tensorflow as tf

from ddsp_tf import processors
from predecessor import left_out


class Add:
    def __init__(self, name: str = "add") -> None:
        self.add = processors.Add(name=name)

    def __call__(self, one: tf.Tensor, two: tf.Tensor) -> tf.Tensor:
        return self.add({"signal_one": one, "signal_two": two})


class Mix:
    def __init__(self, name: str = "mix") -> None:
        self.mix = processors.Mix(hop_length=1, name=name)

    def __call__(self, one: Any, two: Any, level: Any) -> tf.Tensor:
        return self.mix({"signal_one": one, "signal_two": two, "mix_level": level})


class ProcessorGroup:
    def __init__(self, **kwargs: Any) -> None:
        left_out("controls have other names: `noise_magnitudes`, `impulse_response`")
