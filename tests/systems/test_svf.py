"""The state-variable filter of Kuznetsov et al. in use: a filter identified from its sound."""

from typing import Any

import numpy as np
import pytest
import scipy.signal

from ddsp_tf import config, dsp
from ddsp_tf.inference import match

GIN = "papers/kuznetsov2020/svf.gin"
RATE = 16000


def found_section(parameters: dict[str, Any]) -> np.ndarray:
    hz, q, *mix = (
        parameters[key][0] for key in ("frequency_hz", "q", "mix_low", "mix_band", "mix_high")
    )
    return dsp.state_variable_section(hz, q, np.array(mix), sample_rate=RATE).numpy()


@pytest.mark.slow
@pytest.mark.parametrize(
    "known",
    [
        scipy.signal.butter(2, 1500, fs=RATE, output="sos")[0],
        np.concatenate(scipy.signal.iirpeak(700, 3.0, fs=RATE)),
    ],
    ids=["low-pass", "resonance"],
)
def test_a_filter_of_second_order_is_identified_to_a_thousandth(known: np.ndarray) -> None:
    b, a = np.split(np.ravel(known), 2)
    dry = 0.1 * np.random.default_rng(0).standard_normal(RATE)
    parsed = config.parse([GIN], [f"SAMPLE_RATE={RATE}", "HOP_LENGTH=64"])
    result = match(
        parsed.build_model(),
        scipy.signal.lfilter(b, a, dry),
        dry=dry,
        objective=parsed.build_objective(),
        n_steps=300,
    )
    np.testing.assert_allclose(found_section(result.parameters), [*b, *a[1:]], atol=1e-3)
    assert result.loss < 1e-6
