"""Delay networks beside FLAMO's (scripts/oracles/reverbs.py)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ddsp_tf.dsp.all_pass_networks import all_pass_network_response
from ddsp_tf.dsp.delay_networks import delay_network_response

GOLDEN = json.loads((Path(__file__).parent / "golden" / "reverbs.json").read_text())
N_POINTS = 512


def parts() -> dict[str, Any]:
    """The golden network's lines; absorption is a gain."""
    absorption = np.zeros([4, 1, 5])
    absorption[:, 0, 0] = GOLDEN["gains"]
    known = {key: np.array(GOLDEN[key]) for key in ("inputs", "outputs")}
    return {**known, "absorption": absorption}


@pytest.mark.parametrize("name", ["householder", "rotation"])
def test_a_network_has_the_response_that_flamo_gives(name: str) -> None:
    golden = GOLDEN["networks"][name]
    made = delay_network_response(
        GOLDEN["delays"], np.array(golden["matrix"]), **parts(), fft_length=N_POINTS
    )
    np.testing.assert_allclose(made, golden["response"], atol=1e-12)


def test_the_closed_form_of_a_householder_network_is_the_same() -> None:
    spectrum = all_pass_network_response(
        GOLDEN["delays"],
        [[]] * 4,
        np.zeros([4, 0]),
        **parts(),
        fft_length=N_POINTS,
    )
    wanted = GOLDEN["networks"]["householder"]["response"]
    np.testing.assert_allclose(np.fft.irfft(spectrum), wanted, atol=1e-12)


def test_a_network_of_any_matrix_is_flamo_s_too() -> None:
    golden = GOLDEN["networks"]["rotation"]
    spectrum = all_pass_network_response(
        GOLDEN["delays"],
        [[]] * 4,
        np.zeros([4, 0]),
        **parts(),
        matrix=np.array(golden["matrix"]),
        fft_length=N_POINTS,
    )
    np.testing.assert_allclose(np.fft.irfft(spectrum), golden["response"], atol=1e-12)
