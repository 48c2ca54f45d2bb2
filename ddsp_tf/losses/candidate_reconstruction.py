"""Which of several candidates explains what is heard, by how near each comes."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.objective import found

_MADE = "the model's outputs"


@keras.saving.register_keras_serializable("ddsp_tf")
class CandidateReconstruction:
    """The negative log-likelihood of a spectrum that one of several candidates made.

    With shares p of the candidates (the softmax of `pitch_logits`) and the mean error e of each
    (`candidate_errors`), it is `-ln sum p exp(-e / scale)`, in units of the error: `scale` times
    that. Its slope in a logit is the share less what the errors make of it, so that the likeliest
    candidate is learned as a class is, wherever it lies, and the others don't pull.

    Args:
        scale: The error by which a candidate is less likely by a factor of e, > 0.
        weight: Of the term, >= 0.

    Raises:
        ArgumentError: A value is outside what is stated above.

    Example:
        >>> outputs = {"pitch_logits": tf.zeros([1, 4, 2]),
        ...            "candidate_errors": tf.constant([[[0.0, 9.0], [9.0, 0.0]]])}
        >>> terms = CandidateReconstruction(scale=0.5)({}, outputs)
        >>> {name: round(float(x), 4) for name, x in terms.items()}
        {'candidates': 0.3466}

    Reference:
        Reconstruction through a distribution over classes, as Engel et al. 2020, "Self-supervised
        Pitch Detection by Inverse Audio Synthesis", choose pitches; the likelihood of a mixture in
        place of the mean.
    """

    def __init__(self, *, scale: float = 0.01, weight: float = 1.0) -> None:
        if not scale > 0 or weight < 0:
            raise ArgumentError(
                "`scale` should be above 0 and `weight` not negative. "
                f"Received {scale} and {weight}."
            )
        self.scale, self.weight = scale, weight

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives the term "candidates".

        Raises:
            ArgumentError: The model lacks an output.
        """
        del batch
        errors = found("candidate_errors", outputs, _MADE)
        logits = found("pitch_logits", outputs, _MADE)
        # Errors may be those of every second frame, or of every third.
        step = -(-tf.shape(logits)[1] // tf.maximum(tf.shape(errors)[1], 1))
        shares = tf.nn.log_softmax(logits[:, ::step])
        likelihood = tf.reduce_logsumexp(shares - errors / self.scale, axis=-1)
        return {"candidates": -self.weight * self.scale * tf.reduce_mean(likelihood)}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {"scale": self.scale, "weight": self.weight}
