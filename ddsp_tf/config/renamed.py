"""What names of earlier versions are called now: one table, for gin files and `--gin-param`."""

from ddsp_tf.errors import ConfigError

_SCHEDULE = (
    *("batch_size", "clip_s", "seed", "log_every", "validate_every", "validation_batches"),
    *("checkpoint_every", "keep"),
)
_LIMITS = ("num_steps", "max_minutes", "patience")
_OPTIMIZATION = (
    *("learning_rate", "decay_rate", "decay_steps", "warmup_steps", "gradient_clip_norm"),
    "ema_decay",
)

RENAMED = {
    **{f"train.{name}": f"Schedule.{name}" for name in _SCHEDULE},
    **{f"train.{name}": f"Limits.{name}" for name in _LIMITS},
    **{f"train.{name}": f"Optimization.{name}" for name in _OPTIMIZATION},
    "train.loss": "Compare.loss, with `train.objective = @losses.Compare()`",
    "train.config_text": "train.texts",
    "train.operative_config_text": "train.texts",
    **{
        f"{decoder}.{old}": new
        for decoder in ("RnnFcDecoder", "MinGruFcDecoder")
        for old, new in (
            ("n_harmonics", "Harmonic.n_harmonics"),
            ("n_noise_bands", "FilteredNoise.n_bands"),
        )
    },
    "adam": "Optimization",
    "training.adam": "training.Optimization",
    "training.evaluate": "evaluation.evaluate",
}
"""The new name by the old one: `Owner.parameter`, or the name of a class or function, which a
module may stand in front of. What follows a comma is said after the name."""


def require_current_name(name: str) -> None:
    """Checks that a name isn't one of an earlier version.

    Args:
        name: `Owner.parameter`, a class or a function; modules may stand in front.

    Raises:
        ConfigError: It is. The message says what it is called now.
    """
    parts = name.split(".")
    for start in range(len(parts)):
        old = ".".join(parts[start:])
        if old in RENAMED:
            new, _, more = RENAMED[old].partition(", ")
            raise ConfigError(
                f"`{old}` of version 0.1.0 is called `{new}` now{', ' if more else ''}{more}."
            )


def renamed_parameters(owner: str) -> dict[str, str]:
    """Gives the parameters that an owner had in earlier versions, and what they are called now."""
    name = owner.rpartition(".")[-1]
    return {
        old.partition(".")[-1]: new.partition(", ")[0]
        for old, new in RENAMED.items()
        if old.partition(".")[0] == name
    }
