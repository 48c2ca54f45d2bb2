"""A model without a pitch: noise that is as loud as it is told, and as bright."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ddsp_tf.dsp.noise import uniform_noise
from ddsp_tf.features import FeatureSettings
from ddsp_tf.models import Instrument, Model
from ddsp_tf.processors.signal_checks import hold_frames
from ddsp_tf.types import Signal

RATE, HOP = 16000, 64
SETTINGS = FeatureSettings(columns=("loudness_db", "spectral_centroid_hz"))


class ToyNoise(Model):
    """White noise whose level glides from frame to frame, with an offset that tells the centroid.

    Its frames end up in the sound as `10 ** (loudness_db / 20) * noise + centroid / 1e6`.
    """

    sample_rate, hop_length = RATE, HOP
    lookahead_frames = 1
    why_not_streamable = ""

    def __init__(self, **extra: Signal) -> None:
        super().__init__(name="toy_noise")
        self._extra = extra
        self.built = True

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        return {
            "loudness_db": Signal("frames", unit="dB", low=-80.0, high=0.0),
            "spectral_centroid_hz": Signal("frames", unit="Hz", low=0.0, high=8000.0),
            **self._extra,
        }

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        inputs = self.encode(batch)
        held = {key: hold_frames(x, 1, self.input_signals[key]) for key, x in inputs.items()}
        n_frames = tf.shape(inputs["loudness_db"])[1]
        return self.stream(held, self.initial_state(1), n_frames)[0]

    def initial_state(self, batch_size: Any) -> dict[str, Any]:
        return {"start": tf.zeros([], tf.int64)}

    def stream(self, inputs: Mapping[str, Any], state: Any, n_frames: Any) -> Any:
        at_samples = {}
        for key in ("loudness_db", "spectral_centroid_hz"):
            now, later = inputs[key][:, :n_frames], inputs[key][:, 1 : n_frames + 1]
            glide = now + (later - now) * tf.range(HOP, dtype=tf.float32) / HOP
            at_samples[key] = tf.reshape(glide, [tf.shape(glide)[0], n_frames * HOP])
        level = 10.0 ** (at_samples["loudness_db"] / 20.0)
        noise = uniform_noise(1, n_frames * HOP, seed=1, start=state["start"])
        audio = level * noise + at_samples["spectral_centroid_hz"] / 1e6
        return {"audio": audio}, {"start": state["start"] + tf.cast(n_frames * HOP, tf.int64)}


def toy_instrument(**extra: Signal) -> Instrument:
    return Instrument(ToyNoise(**extra), SETTINGS)
