"""The processes that train together: who this is, what all say, and who has gone."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import tensorflow as tf

from ddsp_tf.errors import TrainingError

_TASK = re.compile(r"/job:(\w+)(?:/replica:\d+)?/task:(\d+)")
# What TensorFlow raises when one that takes part has crashed, hangs, or is cut off.
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.DeadlineExceededError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
)
_TELL_TALES = ("ollective", "eartbeat", "oordination")


class Workers:
    """The processes of a strategy; this one alone, unless it spans several.

    What is asked of all is asked of all at the same point of the program, as they wait for each
    other there.

    Args:
        strategy: Where to train.

    Attributes:
        names: Each as `worker 0 (host:port)`, the chief first.
        index: Which of them this process is.

    Example:
        >>> alone = Workers(tf.distribute.get_strategy())
        >>> alone.names, alone.is_chief, alone.share(3.0)
        (['this process'], True, [3.0])
    """

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        self._strategy = strategy
        self.names, self.index = ["this process"], 0
        self._tasks: list[tuple[str, int]] = []
        if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            resolver = strategy.cluster_resolver
            cluster = resolver.cluster_spec().as_dict()
            self._tasks = [
                (job, task)
                for job in ("chief", "worker")
                for task in range(len(cluster.get(job, ())))
            ]
        if len(self._tasks) > 1:
            self.names = [f"{job} {task} ({cluster[job][task]})" for job, task in self._tasks]
            self.index = self._tasks.index((resolver.task_type, resolver.task_id))

    @property
    def are_several(self) -> bool:
        """Whether there are others."""
        return len(self.names) > 1

    @property
    def is_chief(self) -> bool:
        """Whether this is the one that writes."""
        return self.index == 0

    def share(self, value: float) -> list[float]:
        """Gives what each has said, exactly for integers below 2**53, in the order of `names`."""
        if not self.are_several:
            return [float(value)]
        n_devices = self._strategy.num_replicas_in_sync // len(self.names)
        said = tf.one_hot(self.index, len(self.names), dtype=tf.float64) * float(value) / n_devices
        values = self._strategy.experimental_distribute_values_from_function(lambda _: said)
        summed = self._strategy.reduce(tf.distribute.ReduceOp.SUM, values, axis=None)
        return [float(each) for each in summed.numpy()]

    def any(self, flag: bool) -> bool:
        """Whether `flag` is true in any of them."""
        return any(self.share(float(flag)))

    def of_chief(self, value: float) -> float:
        """What the chief says: of figures that all compute, but that have to be the same."""
        return self.share(value)[0]

    def require_same(self, fingerprint: str) -> None:
        """Checks that all train the same on the same.

        Args:
            fingerprint: Of model, data and settings, hexadecimal; the first 12 digits count.

        Raises:
            TrainingError: One has another; all say so.
        """
        said = self.share(int(fingerprint[:12], 16))
        pairs = zip(self.names, said, strict=True)
        if others := [name for name, each in pairs if each != said[0]]:
            raise TrainingError(
                f"The model, dataset or settings of {' and '.join(others)} are not those of "
                f"{self.names[0]}. Give all workers the same files and flags."
            )

    @contextmanager
    def missed(self) -> Iterator[None]:
        """Names who has gone, where an error of TensorFlow is about that.

        Raises:
            TrainingError: One no longer answers.
        """
        try:
            yield
        except _LOST as error:
            if not self.are_several or not any(word in error.message for word in _TELL_TALES):
                raise
            gone = " and ".join(self._named_in(error.message)) or "Another worker"
            raise TrainingError(
                f"{gone} no longer answers: it has ended, hangs, or is cut off; what it wrote last "
                "says why. This worker stops too. Start all of them again with --resume: the run "
                "goes on from its last checkpoint."
            ) from error

    def _named_in(self, message: str) -> Sequence[str]:
        if "CoordinationService" in message:  # The chief's, which each asks for signs of life.
            return [self.names[0]]
        # What comes first is who noticed. This process is there too, as where the error was seen.
        about = re.split("unhealthy|remote target", message, maxsplit=1)[-1]
        found = [(job, int(task)) for job, task in _TASK.findall(about)]
        return [
            name
            for number, (name, task) in enumerate(zip(self.names, self._tasks, strict=True))
            if task in found and number != self.index
        ]
