"""Makes tests/dsp/golden/reverbs.json: responses of delay networks, by FLAMO.

Runs in an environment of its own, which requirements-reverbs.txt beside it describes; ddsp_tf isn't
needed.

Example:
    python -m venv oracle
    oracle/bin/pip install -r scripts/oracles/requirements-reverbs.txt
    oracle/bin/python scripts/oracles/reverbs.py tests/dsp/golden/reverbs.json
"""

import importlib.metadata
import json
import sys
from pathlib import Path

import numpy as np
import torch
from flamo.processor import dsp, system

N_POINTS, RATE = 512, 1000
DELAYS = [13, 17, 22, 29]


def main(target: Path) -> None:
    """Writes networks of a Householder matrix and of a drawn rotation, and their responses."""
    rng = np.random.default_rng(0)
    matrices = {
        "householder": np.full([4, 4], 0.5) - np.eye(4),
        "rotation": np.linalg.qr(rng.normal(size=[4, 4]))[0],
    }
    gains = 10.0 ** (-3.0 * np.array(DELAYS) / (0.1 * RATE))
    inputs, outputs = rng.normal(size=[2, 4])
    results = {
        "delays": DELAYS,
        "gains": gains.tolist(),
        "inputs": inputs.tolist(),
        "outputs": outputs.tolist(),
        "networks": {
            name: {"matrix": m.tolist(), "response": response(m, gains, inputs, outputs).tolist()}
            for name, m in matrices.items()
        },
        "versions": {
            name: importlib.metadata.version(name) for name in ("numpy", "torch", "flamo")
        },
    }
    target.write_text(json.dumps(results) + "\n", encoding="utf-8")


def response(
    matrix: np.ndarray, gains: np.ndarray, inputs: np.ndarray, outputs: np.ndarray
) -> np.ndarray:
    """The impulse response, wrapped around after `N_POINTS`."""
    about = {"nfft": N_POINTS, "dtype": torch.float64}
    delays = dsp.parallelDelay(size=(4,), max_len=64, isint=True, unit=1, fs=RATE, **about)
    delays.assign_value(delays.sample2s(torch.tensor(DELAYS, dtype=torch.float64)))
    absorption = dsp.parallelGain(size=(4,), **about)
    absorption.assign_value(torch.tensor(gains))
    feedback = dsp.Gain(size=(4, 4), **about)
    feedback.assign_value(torch.tensor(matrix))
    entering, leaving = dsp.Gain(size=(4, 1), **about), dsp.Gain(size=(1, 4), **about)
    entering.assign_value(torch.tensor(inputs[:, np.newaxis]))
    leaving.assign_value(torch.tensor(outputs[np.newaxis]))
    loop = system.Recursion(fF=system.Series(delays, absorption), fB=feedback)
    network = system.Series(
        dsp.FFT(N_POINTS, dtype=torch.float64),
        entering,
        loop,
        leaving,
        dsp.iFFT(N_POINTS, dtype=torch.float64),
    )
    click = torch.zeros(1, N_POINTS, 1, dtype=torch.float64)
    click[0, 0, 0] = 1.0
    return network(click).detach().numpy().ravel()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
