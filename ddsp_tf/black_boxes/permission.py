"""Which effects may run: a stored model can name any, and a name is not a reason to run it."""

import os
import re
from collections.abc import Sequence

from ddsp_tf.errors import ArgumentError

VARIABLE = "DDSP_TF_BLACK_BOXES"
"""Environment variable with names of effects that stored models may run, separated as in PATH."""

_OWN = frozenset({"ddsp_tf.black_boxes.numpy_compressor.compress"})
_BUILT_IN = re.compile(r"pedalboard\.[A-Z][A-Za-z0-9]*")
_NO_EFFECTS = frozenset({"VST3Plugin", "AudioUnitPlugin", "ExternalPlugin"})
_allowed: set[str] = set()


def allow_black_boxes(*effects: str) -> None:
    """Lets stored models run effects in this process: say it of what you trust.

    Effects built into pedalboard and those of ddsp_tf always may. Who makes a `BlackBox` in Python
    or by a gin file names its effects himself, and has thereby said it.

    Args:
        *effects: Names of Python functions, such as "my_effects.compress", or files of plug-ins.

    Example:
        >>> allow_black_boxes("my_effects.compress")
    """
    _allowed.update(effects)


def is_allowed(effect: str) -> bool:
    """Whether an effect may run because it is known, or because the user said so."""
    if effect in _OWN or effect in _allowed:
        return True
    name = effect.removeprefix("pedalboard.")
    if _BUILT_IN.fullmatch(effect) and name not in _NO_EFFECTS:
        return True
    named = os.environ.get(VARIABLE, "")
    return bool(effect) and effect in named.split(os.pathsep)


def require_allowed(owner: str, effects: Sequence[str]) -> None:
    """Checks that effects may run.

    Args:
        owner: Who names them, for the message.
        effects: Their names.

    Raises:
        ArgumentError: One may not. The message says how to allow it.
    """
    refused = [effect for effect in effects if not is_allowed(effect)]
    if refused:
        listed = ", ".join(f"`{effect}`" for effect in refused)
        names = ", ".join(f'"{effect}"' for effect in refused)
        raise ArgumentError(
            f"`{owner}` would run {listed}, which a stored model names and you have not allowed: "
            "a plug-in or a Python function can do all that you can. If you trust it, call "
            f"`ddsp_tf.black_boxes.allow_black_boxes({names})`, or set the environment variable "
            f"{VARIABLE} to {os.pathsep.join(refused)}."
        )
