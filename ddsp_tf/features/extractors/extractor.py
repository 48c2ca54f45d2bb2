"""What an extractor is."""

from abc import ABC, abstractmethod
from typing import ClassVar

from ddsp_tf.features.column import Column
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array, Progress


class Extractor(ABC):
    """Makes one or a few frame columns of mono sound.

    Frame i describes the sound around sample `i * hop_length`. Memory is bounded for any length,
    and the result doesn't depend on where blocks end.

    Attributes:
        columns: The names of what it makes.
        depends_on: Fields of `FeatureSettings`, besides the rates, that change what it makes.
    """

    columns: ClassVar[tuple[str, ...]]
    depends_on: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def describe(self, settings: FeatureSettings) -> dict[str, Column]:
        """Width, unit, range and hop of each column that it makes."""

    @abstractmethod
    def extract(
        self, audio: Float32Array, settings: FeatureSettings, *, progress: Progress | None = None
    ) -> dict[str, Float32Array]:
        """Makes the columns.

        Args:
            audio: Mono at `settings.sample_rate`, `[n_samples]`, at least one sample, finite.
            settings: Rates and definitions.
            progress: Called with the share that is done, by what takes long.

        Returns:
            By name, `[n_frames]`, or `[n_frames, width]` of several numbers a frame.
        """
