"""The performers that go by name, and those that were trained."""

import os
from collections.abc import Mapping
from pathlib import Path

from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference.performer import Performer
from ddsp_tf.inference.plain_performer import PlainPerformer
from ddsp_tf.inference.rule_performer import RulePerformer
from ddsp_tf.inference.trained_performer import TrainedPerformer

PERFORMERS: Mapping[str, type[Performer]] = {"rules": RulePerformer, "plain": PlainPerformer}


def get_performer(performer: Performer | str | os.PathLike[str]) -> Performer:
    """Gives a performer by its name, a trained one by its folder, or the one that is given.

    Args:
        performer: A name of `PERFORMERS`; or a run or a folder, see `TrainedPerformer`.

    Raises:
        ArgumentError: There is none of that name, nor a folder.
        ModelError: The folder holds no performer.

    Example:
        >>> type(get_performer("plain")).__name__
        'PlainPerformer'
    """
    if isinstance(performer, Performer):
        return performer
    if str(performer) in PERFORMERS:
        return PERFORMERS[str(performer)]()
    if Path(performer).exists():
        return TrainedPerformer(performer)
    names = ", ".join(f"`{name}`" for name in PERFORMERS)
    raise ArgumentError(
        f"`performer` must be one of {names}, or the folder of a trained one; got {performer!r}."
    )
