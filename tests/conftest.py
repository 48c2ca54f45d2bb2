"""What every test shares: where the real recordings are, and stricter rules than users have.

Warnings are errors and there is no network (pyproject.toml); random examples are the same in
every run.
"""

import os
import signal
from pathlib import Path

import hypothesis
import pytest

SHARED_DATA = Path(
    os.environ.get("DDSP_TF_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")
)

# Shells start background jobs with Ctrl-C ignored, which the programs under test would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# TensorFlow's first call of a function takes longer than any deadline for an example.
hypothesis.settings.register_profile("ddsp_tf", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("ddsp_tf")


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of real recordings. Without it a test is skipped here, but fails in CI."""
    if SHARED_DATA.is_dir():
        return SHARED_DATA
    message = f"The recordings are not at `{SHARED_DATA}`; set DDSP_TF_TEST_DATA to their folder."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
