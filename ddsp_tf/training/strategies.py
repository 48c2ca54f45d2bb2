"""Which devices train: one, several, or several machines."""

import tensorflow as tf

from ddsp_tf.errors import ArgumentError

STRATEGIES = ("default", "mirrored", "multi_worker")


def get_strategy(
    name: tf.distribute.Strategy | str | None = "default",
) -> tf.distribute.Strategy:
    """Returns a distribution strategy by name.

    Args:
        name: "default" or None: the first GPU, or the CPU. "mirrored": every GPU of this machine.
            "multi_worker": the machines that the environment variable `TF_CONFIG` lists. A
            strategy is returned as it is.

    Raises:
        ArgumentError: The name is unknown.

    Example:
        >>> get_strategy("default").num_replicas_in_sync
        1
    """
    if isinstance(name, tf.distribute.Strategy):
        return name
    if name is None or name == "default":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    if name == "multi_worker":
        return tf.distribute.MultiWorkerMirroredStrategy()
    choices = ", ".join(repr(choice) for choice in STRATEGIES)
    raise ArgumentError(f"`strategy` must be one of {choices}, but is {name!r}.")


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process writes the run directory (all but one of several workers don't)."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    if resolver.task_type == "chief":
        return True
    cluster = resolver.cluster_spec().as_dict()
    return "chief" not in cluster and resolver.task_type == "worker" and resolver.task_id == 0
