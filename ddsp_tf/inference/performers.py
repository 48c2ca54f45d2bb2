"""The performers that go by name."""

from collections.abc import Mapping

from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference.performer import Performer
from ddsp_tf.inference.plain_performer import PlainPerformer
from ddsp_tf.inference.rule_performer import RulePerformer

PERFORMERS: Mapping[str, type[Performer]] = {"rules": RulePerformer, "plain": PlainPerformer}


def get_performer(performer: Performer | str) -> Performer:
    """Gives a performer by its name, or the one that is given.

    Raises:
        ArgumentError: There is none of that name.

    Example:
        >>> type(get_performer("plain")).__name__
        'PlainPerformer'
    """
    if isinstance(performer, Performer):
        return performer
    if performer not in PERFORMERS:
        names = ", ".join(f"`{name}`" for name in PERFORMERS)
        raise ArgumentError(f"`performer` must be one of {names}; got {performer!r}.")
    return PERFORMERS[performer]()
