"""Which pitch a set of sinusoids has, by the two-way mismatch."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

CANDIDATES = 32.7 * 2.0 ** (np.arange(216) / 36.0)


def best(frequencies_hz: list[float], amplitudes: list[float]) -> float:
    error = dsp.two_way_mismatch(CANDIDATES, frequencies_hz, amplitudes)
    return float(CANDIDATES[int(tf.argmin(error))])


@pytest.mark.parametrize("f0_hz", [55.0, 110.0, 261.6, 880.0])
@pytest.mark.parametrize("numbers", [(1, 2, 3, 4, 5), (1, 3, 5, 7), (1, 3, 4, 6, 7)])
def test_it_finds_the_pitch_of_partials_some_of_which_are_missing(
    f0_hz: float, numbers: tuple[int, ...]
) -> None:
    found = best([f0_hz * k for k in numbers], [1.0 / k for k in numbers])
    assert abs(1200 * np.log2(found / f0_hz)) < 35


def test_what_is_nearly_silent_is_no_sinusoid() -> None:
    heard = [440.0, 880.0, 1320.0, 97.0]
    amplitudes = [1.0, 0.5, 0.3, 0.001]
    assert abs(1200 * np.log2(best(heard, amplitudes) / 440.0)) < 35
    assert not dsp.two_way_mismatch(CANDIDATES, heard, np.zeros(4)).numpy().any()


def test_by_hand() -> None:
    """One sinusoid at 100 Hz, of one candidate: 100 Hz fits, 110 Hz is 10 Hz off both ways."""
    error = dsp.two_way_mismatch([100.0, 110.0], [100.0], [1.0], n_harmonics=1).numpy()
    both = [0.0 - 0.5, 10.0 / np.sqrt(110.0) * 2.4 - 0.5]
    back = [0.0 - 0.5, 10.0 / np.sqrt(100.0) * 2.4 - 0.5]
    np.testing.assert_allclose(error, np.add(both, 0.33 * np.array(back)), rtol=1e-5)


def test_eager_graph_and_xla_agree() -> None:
    random = np.random.default_rng(0)
    check_modes_agree(
        lambda f, a: dsp.two_way_mismatch([55.0, 110.0, 220.0], f, a),
        {
            "f": random.uniform(50.0, 2000.0, [2, 3, 6]).astype(np.float32),
            "a": random.uniform(0.0, 1.0, [2, 3, 6]).astype(np.float32),
        },
    )


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ArgumentError, match="of one shape"):
        dsp.two_way_mismatch([100.0], [100.0, 200.0], [1.0])
    with pytest.raises(ArgumentError, match="1 or more"):
        dsp.two_way_mismatch([100.0], [100.0], [1.0], n_harmonics=0)
