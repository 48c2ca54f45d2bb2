"""What a tracker of the fundamental is, and which there are."""

from functools import lru_cache
from typing import Protocol

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features.settings import F0_TRACKERS
from ddsp_tf.types import Float32Array, Progress


class F0Tracker(Protocol):
    """Tracks the fundamental of a monophonic recording of any length, in bounded memory.

    Frame k is centred on `k / frame_rate` seconds.
    """

    frame_rate: int

    def track(
        self, audio: Float32Array, sample_rate: int, *, progress: Progress | None = None
    ) -> tuple[Float32Array, Float32Array]:
        """Tracks a recording.

        Args:
            audio: Mono, `[n_samples]`.
            sample_rate: Of `audio`, in Hz.
            progress: Is called with the share that is done, 0 to 1.

        Returns:
            `f0_hz` (> 0, unvoiced frames continue a neighbour) and `confidence` (0 to 1), each
            `[ceil(seconds * frame_rate)]`.
        """
        ...


@lru_cache(maxsize=2)
def get_tracker(name: str) -> F0Tracker:
    """The tracker of a name.

    Args:
        name: One of `F0_TRACKERS`.

    Raises:
        ArgumentError: There is none of this name.
        ModelError: Its weights are not installed.

    Example:
        >>> get_tracker("crepe-tiny").frame_rate
        100
    """
    if name == "pyin":
        from ddsp_tf.features.pyin.pyin_tracker import PyinTracker

        return PyinTracker()
    if name in F0_TRACKERS:
        from ddsp_tf.features.crepe.crepe_tracker import CrepeTracker

        return CrepeTracker(name.removeprefix("crepe-"))
    raise ArgumentError(f"`f0_tracker` must be one of {', '.join(F0_TRACKERS)}; got {name!r}.")
