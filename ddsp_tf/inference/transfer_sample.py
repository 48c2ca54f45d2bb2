"""A melody that a model plays again and again while it learns."""

import os

from ddsp_tf.audio import read_audio
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import Features
from ddsp_tf.inference.timbre_transfer import TimbreTransfer
from ddsp_tf.inference.transfer_result import TransferResult
from ddsp_tf.models import Instrument
from ddsp_tf.presets import MELODY


class TransferSample:
    """Plays the same few seconds with an instrument whose weights change between two calls.

    `train.transfer = @TransferSample()` lets one hear a run learn to play what is none of its
    recordings. Pitch and loudness are found once and mapped to the instrument's as by
    `ddsp-tf transfer`; the graph is traced once.

    Args:
        melody: An audio file; by default the melody that ships with the package.
        seconds: How much of its beginning is played, at most.

    Raises:
        ArgumentError: `seconds` is not above 0.
        AudioFileError: The file is missing or damaged.

    Example:
        >>> from ddsp_tf import Instrument
        >>> sample = TransferSample(seconds=1.0)
        >>> result = sample(Instrument.load("runs/violin"))
        >>> len(result.audio) / result.sample_rate
        1.0
    """

    def __init__(
        self, melody: str | os.PathLike[str] | None = None, *, seconds: float = 10.0
    ) -> None:
        if not seconds > 0:
            raise ArgumentError(f"`seconds` must be above 0; got {seconds!r}.")
        audio, self._sample_rate = read_audio(MELODY if melody is None else melody)
        self._audio = audio[: max(1, round(seconds * self._sample_rate))]
        self._transfer: TimbreTransfer | None = None
        self._features: Features | None = None

    def __call__(self, instrument: Instrument) -> TransferResult:
        """Plays the melody with the instrument as it is now.

        Args:
            instrument: The same one each time; another one is set up anew.

        Raises:
            AudioFileError: The melody is silent, or shorter than a frame.
        """
        if self._transfer is None or self._transfer.instrument is not instrument:
            self._transfer, self._features = TimbreTransfer(instrument), None
        result = self._transfer(self._audio, self._sample_rate, features=self._features)
        self._features = result.features
        return result
