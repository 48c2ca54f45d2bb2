"""What an extractor is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
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
        needs: Columns of other extractors that it works with.
    """

    columns: ClassVar[tuple[str, ...]]
    depends_on: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()

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

    def extract_beside(
        self,
        audio: Float32Array,
        settings: FeatureSettings,
        made: Mapping[str, Float32Array],
        *,
        progress: Progress | None = None,
    ) -> dict[str, Float32Array]:
        """Makes the columns where those that it `needs` are made already; by default `extract`."""
        del made
        return self.extract(audio, settings, progress=progress)
