"""Which devices train: one, several, several machines, or a TPU."""

import json
import os
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ddsp_tf.errors import ArgumentError, TrainingError

STRATEGIES = ("single", "mirrored", "multi_worker", "tpu")

_LAYOUT = (
    '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
)


def get_strategy(
    name: tf.distribute.Strategy | str | None = "single",
) -> tf.distribute.Strategy:
    """Returns a distribution strategy by name.

    Args:
        name: "single" or None: the first GPU, or the CPU. "mirrored": every GPU of this machine.
            "multi_worker": every GPU of the machines that the environment variable `TF_CONFIG`
            lists; it is asked for before TensorFlow has done anything else, and waits for the
            other machines. "tpu": the TPU that `TPU_NAME` names, or that of this machine. A
            strategy is returned as it is.

    Raises:
        ArgumentError: The name is unknown.
        TrainingError: `TF_CONFIG` is missing or wrong, or there is no TPU.

    Example:
        >>> get_strategy("single").num_replicas_in_sync
        1
    """
    if isinstance(name, tf.distribute.Strategy):
        return name
    if name is None or name == "single":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    if name == "multi_worker":
        return _multi_worker()
    if name == "tpu":
        return _tpu()
    choices = ", ".join(repr(choice) for choice in STRATEGIES)
    raise ArgumentError(f"`strategy` must be one of {choices}, but is {name!r}.")


def is_on_cpu() -> bool:
    """Whether there is nothing faster than the CPU."""
    return not any(tf.config.list_logical_devices(kind) for kind in ("GPU", "TPU"))


def _multi_worker() -> tf.distribute.Strategy:
    check_tf_config(os.environ)
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise TrainingError(
            "Several machines can be joined only before TensorFlow has done anything. Call "
            '`get_strategy("multi_worker")` first in the program.'
        ) from error
    except tf.errors.OpError as error:
        raise TrainingError(
            f"The machines of `TF_CONFIG` could not be joined: {error.message.splitlines()[0]} "
            "Check that each runs with its own `index`, and reaches the others' ports."
        ) from error


def check_tf_config(environment: Mapping[str, str]) -> None:
    """Checks what says which machines train together.

    Args:
        environment: Where `TF_CONFIG` is looked for.

    Raises:
        TrainingError: It is missing, or isn't what TensorFlow takes; the message says which part.
    """
    text = environment.get("TF_CONFIG")
    if not text:
        raise TrainingError(
            "`strategy` is 'multi_worker', which takes the machines from the environment variable "
            f"`TF_CONFIG`; it isn't set. Set it on each, as in TF_CONFIG='{_LAYOUT}'."
        )
    try:
        found = json.loads(text)
        cluster, task = found["cluster"], found["task"]
        kind, index = task["type"], task["index"]
        listed = cluster[kind]
        wrong = _wrong_with(cluster, kind, index, listed)
    except (ValueError, KeyError, TypeError) as error:
        wrong = f"it can't be read ({error!r})"
    if wrong:
        raise TrainingError(
            f"`TF_CONFIG` should look like '{_LAYOUT}', but {wrong}. Received '{text}'."
        )


def _wrong_with(cluster: Mapping[str, Any], kind: str, index: Any, listed: Any) -> str:
    addresses = [address for job in cluster.values() for address in job]
    if not set(cluster) <= {"chief", "worker"}:
        return "its `cluster` should list workers, and at most a chief"
    if any(not isinstance(address, str) or ":" not in address for address in addresses):
        return "each machine should be `host:port`"
    if len(set(addresses)) < len(addresses):
        return "a machine is listed twice"
    if not isinstance(index, int) or not 0 <= index < len(listed):
        return f"the `index` {index!r} is none of its {len(listed)} machines of type `{kind}`"
    return ""


def _tpu() -> tf.distribute.Strategy:
    name = os.environ.get("TPU_NAME", "local")
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=name)
        if name != "local":
            tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        return tf.distribute.TPUStrategy(resolver)
    except (tf.errors.OpError, ValueError, RuntimeError, OSError, KeyError) as error:
        raise TrainingError(
            f"`strategy` is 'tpu', but no TPU answers to the name `{name}`. Run this on a TPU "
            "machine with TensorFlow's build for TPUs (`pip install tensorflow-tpu`), or set "
            "`TPU_NAME`."
        ) from error
