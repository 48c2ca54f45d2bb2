"""What training asks of whoever plays a melody at its validations."""

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ddsp_tf.models import Instrument


class PlayedMelody(Protocol):
    """A melody before and after, for example an `inference.TransferResult`."""

    sample_rate: int
    input_sample_rate: int

    @property
    def audio(self) -> np.ndarray:
        """What was played, `[n_samples]`."""
        ...

    @property
    def input_audio(self) -> np.ndarray:
        """The melody itself, `[n_samples]`."""
        ...

    def figure(self, title: str | None = None) -> "Figure":
        """Draws both."""
        ...


class MelodyPlayer(Protocol):
    """Plays the same melody each time, for example an `inference.TransferSample`."""

    def __call__(self, instrument: "Instrument") -> PlayedMelody:
        """Plays it with the weights that the instrument has now."""
        ...
