"""Makes tests/dsp/golden/dynamics.json: gain curves, and attack and release, by torchcomp.

Runs in an environment of its own, which requirements-dynamics.txt beside it describes; ddsp_tf
isn't needed.

Example:
    python -m venv oracle
    oracle/bin/pip install -r scripts/oracles/requirements-dynamics.txt
    oracle/bin/python scripts/oracles/dynamics.py tests/dsp/golden/dynamics.json
"""

import importlib.metadata
import json
import sys
from pathlib import Path

import numpy as np
import torch
import torchcomp
from torchcomp.core import compressor_core

BATCH, LENGTH = 2, 40
COMPRESSOR, EXPANDER = (-20.0, 4.0), (-50.0, 2.0)
"""Threshold in dB and ratio."""


def main(target: Path) -> None:
    """Writes inputs, outputs and the gradients of a weighted sum of the outputs."""
    rng = np.random.default_rng(0)
    inputs = [
        rng.normal(size=[BATCH, LENGTH]).cumsum(axis=1),
        np.array([0.5, 0.9]),
        np.array([0.1, 0.3]),
        rng.normal(size=[BATCH]),
    ]
    tensors = [torch.tensor(value, requires_grad=True) for value in inputs]
    x, attack, release, initial = tensors
    output = compressor_core(x, initial, attack, release)
    weights = torch.tensor(rng.normal(size=[BATCH, LENGTH]))
    gradients = torch.autograd.grad((output * weights).sum(), tensors)
    # A level a row that stays, until the gain has followed.
    level_db = np.linspace(-80.0, 0.0, LENGTH)
    rms = torch.tensor(10 ** (level_db / 20))[:, None].repeat(1, 200)
    half = torch.full([LENGTH], 0.5, dtype=torch.float64)
    # Below 1, its ratio expands.
    gain = torchcomp.compexp_gain(rms, *COMPRESSOR, EXPANDER[0], 1 / EXPANDER[1], half, half)
    results = {
        "attack_release": {
            "inputs": [value.tolist() for value in inputs],
            "weights": weights.tolist(),
            "output": output.tolist(),
            "gradients": [gradient.tolist() for gradient in gradients],
        },
        "curve": {
            "level_db": level_db.tolist(),
            "compressor": COMPRESSOR,
            "expander": EXPANDER,
            "gain_db": (20 * torch.log10(gain[:, -1])).tolist(),
        },
        "versions": {
            name: importlib.metadata.version(name) for name in ("numpy", "torch", "torchcomp")
        },
    }
    target.write_text(json.dumps(results) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
