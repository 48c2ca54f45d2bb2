"""The features of one recording."""

from dataclasses import dataclass

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import Float32Array


@dataclass(frozen=True, eq=False)
class Features:
    """Fundamental, its confidence, and loudness; frame i stands at sample `i * hop_length`.

    Args:
        f0_hz: Fundamental in Hz, `[n_frames]`, > 0. Unvoiced frames continue a neighbour.
        f0_confidence: How sure the tracker is, `[n_frames]`, 0 to 1.
        loudness_db: `[n_frames]`, -80 (silence) upwards.

    Raises:
        ArgumentError: The arrays aren't one-dimensional and equally long.

    Example:
        >>> features = Features(np.full(4, 440.0), np.ones(4), np.full(4, -20.0))
        >>> features[1:3].n_frames
        2
    """

    f0_hz: Float32Array
    f0_confidence: Float32Array
    loudness_db: Float32Array

    def __post_init__(self) -> None:
        for name in ("f0_hz", "f0_confidence", "loudness_db"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float32))
        shapes = [self.f0_hz.shape, self.f0_confidence.shape, self.loudness_db.shape]
        if self.f0_hz.ndim != 1 or len(set(shapes)) > 1:
            raise ArgumentError(
                "`f0_hz`, `f0_confidence` and `loudness_db` must all be [n_frames]; "
                f"got shapes {', '.join(map(str, shapes))}."
            )

    @property
    def n_frames(self) -> int:
        """The number of frames."""
        return len(self.f0_hz)

    def __len__(self) -> int:
        return self.n_frames

    def __getitem__(self, frames: slice) -> "Features":
        """The features of a range of frames."""
        return Features(self.f0_hz[frames], self.f0_confidence[frames], self.loudness_db[frames])

    def as_batch(self) -> dict[str, Float32Array]:
        """The features as a model takes them: each `[1, n_frames, 1]`, float32."""
        return {
            name: getattr(self, name)[np.newaxis, :, np.newaxis]
            for name in ("f0_hz", "f0_confidence", "loudness_db")
        }
