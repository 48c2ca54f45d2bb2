"""Times the oracles' recursions; started by scripts/benchmarks/against_torch.py, which talks to it.

An environment of its own, with both requirements files beside this one. Reads a line "NAME" from
its input and answers with the milliseconds of one run, so that both sides alternate.
"""

import sys
import time

import torch
import torchcomp
import torchlpc

BATCH, N_SAMPLES, ORDER = 8, 64_000, 22


def main() -> None:
    """Answers until the input ends."""
    torch.manual_seed(0)
    audio = 0.1 * torch.randn(BATCH, N_SAMPLES)
    poles = 0.02 * torch.randn(BATCH, N_SAMPLES, ORDER)
    level = audio.abs() + 1e-3
    about = (-20.0, 4.0, -60.0, 0.5, 0.002, 0.0005)

    def gain(x: torch.Tensor) -> torch.Tensor:
        return torchcomp.compexp_gain(x, *about)

    def all_pole(x: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        return torchlpc.sample_wise_lpc(x, a)

    runs = {
        "all_pole": lambda: all_pole(audio, poles),
        "all_pole_gradient": lambda: _gradient(all_pole, audio, poles),
        "compressor": lambda: gain(level),
        "compressor_gradient": lambda: _gradient(gain, level),
    }
    for run in runs.values():
        run()
    print("ready", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        runs[line.strip()]()
        print(1000.0 * (time.perf_counter() - start), flush=True)


def _gradient(function, *values):  # type: ignore[no-untyped-def]
    given = [value.clone().requires_grad_() for value in values]
    function(*given).sum().backward()


if __name__ == "__main__":
    main()
