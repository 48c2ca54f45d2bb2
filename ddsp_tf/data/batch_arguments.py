"""The arguments that all sources of batches take."""

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings


def check_batches(batch_size: int, start_step: int) -> None:
    """Checks size and start.

    Raises:
        ArgumentError: One is too small.
    """
    if batch_size < 1 or start_step < 0:
        raise ArgumentError(
            f"`batch_size` must be at least 1 and `start_step` at least 0, not {batch_size} "
            f"and {start_step}."
        )


def clip_frames_of(clip_s: float, features: FeatureSettings) -> int:
    """The frames of a clip.

    Raises:
        ArgumentError: There is none.
    """
    n_frames = round(clip_s * features.frame_rate)
    if n_frames < 1:
        raise ArgumentError(f"`clip_s` must be at least one frame long, not {clip_s} s.")
    return n_frames
