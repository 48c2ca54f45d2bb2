"""The predecessor's `losses` by `ddsp_tf.losses`."""

from typing import Any

import tensorflow as tf

from ddsp_tf import losses
from ddsp_tf.features import hear_by_crepe
from predecessor import left_out


class SpectralLoss:
    def __init__(
        self,
        mag_weight: float = 1.0,
        delta_time_weight: float = 0.0,
        delta_freq_weight: float = 0.0,
        cumsum_freq_weight: float = 0.0,
        logmag_weight: float = 0.0,
        loudness_weight: float = 0.0,
    ) -> None:
        self.loss = losses.SpectralLoss(
            magnitude_weight=mag_weight,
            delta_time_weight=delta_time_weight,
            delta_frequency_weight=delta_freq_weight,
            cumulative_frequency_weight=cumsum_freq_weight,
            log_magnitude_weight=logmag_weight,
            loudness_weight=loudness_weight,
        )

    def __call__(self, target: tf.Tensor, audio: tf.Tensor) -> tf.Tensor:
        return self.loss(target, audio)


class PretrainedCREPEEmbeddingLoss:
    def __init__(self, name: str = "crepe_loss") -> None:
        self.loss = losses.EmbeddingLoss(hear_by_crepe())

    def __call__(self, target: tf.Tensor, audio: tf.Tensor) -> tf.Tensor:
        return self.loss(target, audio)


class LossGroup:
    def __init__(self, **kwargs: Any) -> None:
        left_out("losses are summed by `losses.Objectives`, without a graph")
