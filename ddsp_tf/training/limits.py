"""When a run ends."""

from dataclasses import dataclass

from ddsp_tf.training.positive import require_positive


@dataclass(frozen=True)
class Limits:
    """When a run ends: at the first of these. Earlier sessions of a resumed run count.

    Attributes:
        num_steps: Steps in all.
        max_minutes: Minutes in all, or None.
        patience: Validations in a row without improvement, or None.

    Raises:
        ArgumentError: A number is not above 0.

    Example:
        >>> Limits(max_minutes=30.0).num_steps
        30000
    """

    num_steps: int = 30_000
    max_minutes: float | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        require_positive(self)
