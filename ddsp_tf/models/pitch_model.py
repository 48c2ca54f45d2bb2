"""What models that hear pitch have in common."""

from collections.abc import Mapping
from typing import Any

from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.model import Model
from ddsp_tf.types import Signal

HEARD_RATE = 16000
"""Of the sound that the networks below `features` read."""


class PitchModel(Model):
    """Hears the pitch of sound at 16 kHz; `features` tracks with the network that it trains.

    Args:
        sample_rate: 16000.
        hop_length: Samples per frame.

    Raises:
        ArgumentError: Another rate.
    """

    def __init__(self, *, sample_rate: int, hop_length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if sample_rate != HEARD_RATE:
            raise ArgumentError(f"`sample_rate` should be {HEARD_RATE}. Received {sample_rate}.")
        self.sample_rate, self.hop_length = sample_rate, hop_length

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound."""
        return {"audio": Signal("samples")}
