"""A filter of moving gains: what it lets through, without delay, and the contract."""

import numpy as np
import pytest
from contracts import check_declarations, check_layer, check_refusals

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import FirFilter, ProcessorGroup

HOP, N_BANDS = 32, 33


def _inputs(batch: int, n_frames: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(2)
    return {
        "audio": random.uniform(-1, 1, [batch, n_frames * HOP]).astype(np.float32),
        "magnitudes": random.uniform(-2, 2, [batch, n_frames, N_BANDS]).astype(np.float32),
    }


def test_what_is_let_through_keeps_its_level_and_place() -> None:
    """Sines in and out of a band: the gains at their frequencies, and no phase."""
    n_frames, rate = 100, 16000
    seconds = np.arange(n_frames * HOP) / rate
    gains = np.zeros([1, n_frames, N_BANDS], np.float32)
    gains[..., 3:6] = 0.5  # 750 to 1250 Hz
    play = FirFilter(n_bands=N_BANDS, hop_length=HOP, scale=False)
    for hz, gain in ((1000, 0.5), (4000, 0.0)):
        sound = np.sin(2 * np.pi * hz * seconds)[np.newaxis].astype(np.float32)
        heard = play({"audio": sound, "magnitudes": gains}).numpy()
        middle = slice(10 * HOP, -10 * HOP)
        np.testing.assert_allclose(heard[0, middle], gain * sound[0, middle], atol=0.01)


def test_it_opens_from_frame_to_frame_and_scales_what_a_network_says() -> None:
    inputs = _inputs(1, 20)
    raw = np.where(np.arange(20)[:, np.newaxis] < 10, -50.0, 0.0) * np.ones(N_BANDS)
    inputs["magnitudes"] = raw[np.newaxis].astype(np.float32)
    heard = FirFilter(n_bands=N_BANDS, hop_length=HOP)(inputs).numpy()[0]
    assert np.max(np.abs(heard[: 8 * HOP])) < 1e-5
    opened = slice(12 * HOP, -HOP)
    gain = float(dsp.exp_sigmoid(0.0))
    np.testing.assert_allclose(heard[opened], gain * inputs["audio"][0, opened], atol=1e-4)


def test_a_shorter_window_smooths_the_response() -> None:
    inputs = _inputs(2, 12)
    short = FirFilter(n_bands=N_BANDS, hop_length=HOP, window_length=8)
    responses = dsp.impulse_response_from_magnitudes(
        dsp.exp_sigmoid(inputs["magnitudes"]), window_length=8
    )
    expected = dsp.time_varying_fir(inputs["audio"], responses, hop_length=HOP)
    np.testing.assert_allclose(short(inputs), expected, atol=1e-6)
    longer = FirFilter(n_bands=N_BANDS, hop_length=HOP)(inputs)
    assert np.max(np.abs(longer - expected)) > 0.01


def test_it_holds_the_contract_and_refuses_the_rest() -> None:
    check_layer(lambda: FirFilter(n_bands=N_BANDS, hop_length=HOP), _inputs, tolerance=1e-4)
    made = FirFilter(n_bands=N_BANDS, hop_length=HOP)
    check_declarations(made, _inputs(2, 5))
    check_refusals(made, _inputs(2, 5))
    group = ProcessorGroup(dag=[(made, ["audio", "magnitudes"])])
    assert not group.streamable
    with pytest.raises(ArgumentError, match=r"`n_bands` should be at least 2. Received 1"):
        FirFilter(n_bands=1)
