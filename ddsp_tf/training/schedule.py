"""What each step takes, and how often a run looks up from its work."""

from dataclasses import dataclass

from ddsp_tf.training.positive import require_positive


@dataclass(frozen=True)
class Schedule:
    """Which examples the steps take, and how many steps lie between two other things.

    Attributes:
        batch_size: Examples a step, over all devices.
        clip_s: Seconds an example.
        seed: Of the order of the data, the crops, and the model's noise.
        log_every: Steps between two lines of `metrics.jsonl`; only then is the loss read.
        validate_every: Steps between two validations.
        validation_batches: The held-out batches of a validation, at most.
        checkpoint_every: Steps between two checkpoints.
        keep: How many of the newest checkpoints stay, besides the best.

    Raises:
        ArgumentError: A number is not above 0.

    Example:
        >>> Schedule(batch_size=8).clip_s
        4.0
    """

    batch_size: int = 16
    clip_s: float = 4.0
    seed: int = 0
    log_every: int = 10
    validate_every: int = 500
    validation_batches: int = 8
    checkpoint_every: int = 500
    keep: int = 3

    def __post_init__(self) -> None:
        require_positive(self, ignore=("seed",))
