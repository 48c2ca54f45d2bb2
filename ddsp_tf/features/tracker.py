"""What a tracker of the fundamental is."""

from typing import Protocol

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
