"""Makes the failure cases of `scripts/benchmarks/` importable, and gives small instruments."""

import sys
from pathlib import Path

import pytest
from inference_toys import following_instrument, range_statistics, recurrent_instrument

from ddsp_tf.models import Instrument

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "benchmarks"))


@pytest.fixture(scope="session")
def following() -> Instrument:
    return following_instrument(range_statistics())


@pytest.fixture(scope="session")
def recurrent() -> Instrument:
    return recurrent_instrument(range_statistics())
