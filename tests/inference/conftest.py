"""Small instruments."""

import pytest
from inference_toys import following_instrument, range_statistics, recurrent_instrument

from ddsp_tf.models import Instrument


@pytest.fixture(scope="session")
def following() -> Instrument:
    return following_instrument(range_statistics())


@pytest.fixture(scope="session")
def recurrent() -> Instrument:
    return recurrent_instrument(range_statistics())
