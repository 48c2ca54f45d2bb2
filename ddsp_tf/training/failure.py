"""What is written when the loss stops being a number."""

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ddsp_tf.errors import TrainingError
from ddsp_tf.files import atomic_file, write_json


def non_finite_loss(
    folder: Path,
    batches: Iterable[Mapping[str, Any]],
    *,
    step: int,
    seed: int,
    batch_size: int,
    resume_step: int | None,
) -> TrainingError:
    """Records the batch at which the loss became NaN or infinite.

    Args:
        folder: The run directory. `non_finite.json` and `non_finite_batch.npz` go there.
        batches: The data from that batch on.
        step: Its index: so many batches had gone well before.
        seed: The run's seed, which together with `step` identifies the batch.
        batch_size: Its size.
        resume_step: The newest checkpoint, or None.

    Returns:
        The error to raise.
    """
    arrays: dict[str, Any] = {
        name: np.asarray(value) for name, value in next(iter(batches)).items()
    }
    ranges = {name: _range(value) for name, value in arrays.items() if value.dtype.kind == "f"}
    record = {"step": step, "seed": seed, "batch_size": batch_size, "batch": ranges}
    write_json(folder / "non_finite.json", record, overwrite=True)
    with atomic_file(folder / "non_finite_batch.npz", overwrite=True) as temporary:
        np.savez_compressed(temporary, **arrays)
    bad = [name for name, summary in ranges.items() if not summary["finite"]]
    cause = (
        f"The batch itself is at fault: {' and '.join(f'`{name}`' for name in bad)} not finite. "
        "Prepare the dataset again"
        if bad
        else "The batch's own values are finite, so lower the learning rate, raise "
        "`warmup_steps`, or go on with another `seed`"
    )
    saved = (
        f"--resume goes on from step {resume_step}"
        if resume_step
        else "No step had been saved yet, so start again with --overwrite"
    )
    return TrainingError(
        f"The loss is not finite at step {step + 1} (batch {step} of seed {seed}; saved with its "
        f"ranges as `{folder / 'non_finite_batch.npz'}`). {cause}; {saved}."
    )


def _range(values: np.ndarray) -> dict[str, Any]:
    finite = values[np.isfinite(values)]
    summary: dict[str, Any] = {"finite": bool(finite.size == values.size)}
    with contextlib.suppress(ValueError):
        summary.update(minimum=float(finite.min()), maximum=float(finite.max()))
    per_example = values.reshape(len(values), -1) if values.ndim else values.reshape(1, 1)
    summary["examples_not_finite"] = np.flatnonzero(~np.isfinite(per_example).all(1)).tolist()
    return summary
