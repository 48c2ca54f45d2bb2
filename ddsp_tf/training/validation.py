"""Losses on held-out data, always the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from ddsp_tf.errors import DatasetError
from ddsp_tf.training.trainer import Trainer

if TYPE_CHECKING:
    from ddsp_tf.data import Dataset

# Not the run's seed: runs with different seeds stay comparable.
_CROPS_SEED = 20_200_114


@dataclass(frozen=True)
class ValidationExample:
    """One held-out clip and what the model makes of it.

    Attributes:
        columns: The clip's columns, without the axis of the batch; sounds `[n_samples]` or
            `[n_samples, n_channels]`, frames `[n_frames, width]`.
        outputs: The sounds among the model's outputs, in the same way.
        heard: Which of the columns are sounds.
    """

    columns: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]
    heard: Sequence[str] = ("audio",)


class Validation:
    """Computes the losses of training on fixed crops of the held-out recordings.

    Args:
        data: The dataset; its "eval" split is used.
        batch_size: Examples at a time.
        clip_s: Seconds an example.
        n_batches: At most so many batches.
        n_examples: How many outputs to keep for listening and looking.

    Raises:
        DatasetError: There are no held-out examples.
    """

    def __init__(
        self,
        data: "Dataset",
        *,
        batch_size: int,
        clip_s: float,
        n_batches: int = 8,
        n_examples: int = 3,
    ) -> None:
        n_available = data.n_examples("eval", clip_s=clip_s)
        if n_available < 1:
            raise DatasetError(
                "The dataset holds no held-out examples to validate on. Prepare it again from "
                "more or longer recordings."
            )
        dataset = data.batches(
            "eval",
            batch_size=min(batch_size, n_available),
            clip_s=clip_s,
            seed=_CROPS_SEED,
            repeat=False,
        )
        self._batches: list[dict[str, Any]] = list(islice(dataset, n_batches))
        self._n_examples = n_examples
        columns = getattr(data, "columns", None)
        signals = columns and {name: column.signal for name, column in columns.items()}
        self._heard = sounds_of(signals or None)

    def run(self, trainer: Trainer) -> tuple[dict[str, float], list[ValidationExample]]:
        """Returns the mean losses over all examples, and the first few outputs.

        The averaged weights are used if the trainer keeps an average.
        """
        sums: dict[str, float] = {}
        n_examples = 0
        kept: list[ValidationExample] = []
        sounds = sounds_of(getattr(trainer.model, "output_signals", None))
        with trainer.averaged():
            for index, batch in enumerate(self._batches):
                losses, outputs = trainer.losses(batch, noise_seed=index)
                n_batch = int(next(iter(batch.values())).shape[0])
                n_examples += n_batch
                for name, value in losses.items():
                    sums[name] = sums.get(name, 0.0) + n_batch * float(value)
                missing = min(n_batch, self._n_examples - len(kept))
                heard = {n: outputs[n][:missing].numpy() for n in sounds if n in outputs}
                kept += [self._example(batch, heard, row) for row in range(missing)]
        return {name: value / n_examples for name, value in sums.items()}, kept

    def _example(
        self, batch: Mapping[str, Any], outputs: Mapping[str, np.ndarray], row: int
    ) -> ValidationExample:
        return ValidationExample(
            columns={name: np.asarray(value[row]) for name, value in batch.items()},
            outputs={name: value[row] for name, value in outputs.items()},
            heard=[name for name in self._heard if name in batch],
        )


def sounds_of(signals: Mapping[str, Any] | None) -> list[str]:
    """Names the sounds among signals; where nothing is declared, "audio" is one."""
    if signals is None:
        return ["audio"]
    return [name for name, signal in signals.items() if signal.kind == "samples"]
