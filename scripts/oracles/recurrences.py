"""Makes tests/dsp/golden/recurrences.json: recursions and gradients by torchlpc and philtorch.

Runs in an environment of its own, which requirements-recurrences.txt beside it describes; ddsp_tf
isn't needed.

Example:
    python -m venv oracle
    oracle/bin/pip install -r scripts/oracles/requirements-recurrences.txt
    oracle/bin/python scripts/oracles/recurrences.py tests/dsp/golden/recurrences.json
"""

import importlib.metadata
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from philtorch import lpv
from torchlpc import sample_wise_lpc

BATCH, LENGTH, ORDER = 2, 24, 4


def main(target: Path) -> None:
    """Writes inputs, outputs and the gradients of a weighted sum of the outputs."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=[BATCH, LENGTH])
    coefficients = 0.25 * rng.normal(size=[BATCH, LENGTH, ORDER])
    sections = np.concatenate(
        [rng.normal(size=[BATCH, LENGTH, 3]), 0.4 * rng.normal(size=[BATCH, LENGTH, 2])], axis=-1
    )
    results = {
        "all_pole": _case(sample_wise_lpc, [x, coefficients, rng.normal(size=[BATCH, ORDER])], rng),
        "first_order": _case(
            lambda x, a, s: lpv.linear_recurrence(a, s, x),
            [x, rng.uniform(-1, 1, [BATCH, LENGTH]), rng.normal(size=[BATCH])],
            rng,
        ),
        "state_space": _case(
            lambda x, a, s: lpv.state_space_recursion(a, s, x),
            [
                rng.normal(size=[BATCH, LENGTH, 2]),
                0.5 * rng.normal(size=[BATCH, LENGTH, 2, 2]),
                rng.normal(size=[BATCH, 2]),
            ],
            rng,
        ),
        "second_order_sections": _case(
            lambda x, c: lpv.lfilter(c[..., :3], c[..., 3:], x, form="tdf2"), [x, sections], rng
        ),
    }
    packages = ("numpy", "torch", "torchlpc", "philtorch")
    results["versions"] = {name: importlib.metadata.version(name) for name in packages}
    target.write_text(json.dumps(results) + "\n", encoding="utf-8")


def _case(
    function: Callable[..., Any], inputs: list[np.ndarray], rng: np.random.Generator
) -> dict[str, Any]:
    tensors = [torch.tensor(value, requires_grad=True) for value in inputs]
    output = function(*tensors)
    weights = rng.normal(size=output.shape)
    (output * torch.tensor(weights)).sum().backward()
    return {
        "inputs": [value.tolist() for value in inputs],
        "output": output.tolist(),
        "weights": weights.tolist(),
        "gradients": [tensor.grad.tolist() for tensor in tensors],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
