"""Losses on held-out data, always the same."""

from collections.abc import Mapping
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
    """One held-out clip and what the model makes of its features.

    Attributes:
        target: The recording, `[n_samples]`.
        audio: The model's version of it, `[n_samples]`.
        f0_hz: What it was played from, `[n_frames]`.
        f0_confidence: 0 to 1, `[n_frames]`.
        loudness_db: `[n_frames]`.
    """

    target: np.ndarray
    audio: np.ndarray
    f0_hz: np.ndarray
    f0_confidence: np.ndarray
    loudness_db: np.ndarray


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

    def run(self, trainer: Trainer) -> tuple[dict[str, float], list[ValidationExample]]:
        """Returns the mean losses over all examples, and the first few outputs.

        The averaged weights are used if the trainer keeps an average.
        """
        sums: dict[str, float] = {}
        n_examples = 0
        kept: list[ValidationExample] = []
        with trainer.averaged():
            for index, batch in enumerate(self._batches):
                losses, outputs = trainer.losses(batch, noise_seed=index)
                n_batch = int(batch["audio"].shape[0])
                n_examples += n_batch
                for name, value in losses.items():
                    sums[name] = sums.get(name, 0.0) + n_batch * float(value)
                missing = min(n_batch, self._n_examples - len(kept))
                audio = outputs["audio"][:missing].numpy()
                kept += [_example(batch, audio, row) for row in range(missing)]
        return {name: value / n_examples for name, value in sums.items()}, kept


def _example(batch: Mapping[str, Any], audio: np.ndarray, row: int) -> ValidationExample:
    frames = {
        name: np.asarray(batch[name][row])[:, 0]
        for name in ("f0_hz", "f0_confidence", "loudness_db")
    }
    return ValidationExample(target=np.asarray(batch["audio"][row]), audio=audio[row], **frames)
