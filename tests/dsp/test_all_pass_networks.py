"""Networks with all-passes: the recursion sample by sample, both ways, error of sampling."""

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.all_pass_networks import all_pass_network, all_pass_network_response
from ddsp_tf.dsp.delay_networks import delay_network, hadamard_matrix, householder_matrix
from ddsp_tf.dsp.octave_equalizer import octave_absorption_sections
from ddsp_tf.dsp.room_acoustics import reverberation_times_s
from ddsp_tf.errors import ArgumentError

RATE = 4000
DELAYS = [61, 67, 74]
SPREAD = [[35, 39], [37, 41], [36, 43]]


@tf.function(autograph=False)
def played(sound: tf.Tensor, parts: dict[str, tf.Tensor]) -> tf.Tensor:
    """The network in time."""
    return delay_network(sound, **all_pass_network(DELAYS, SPREAD, **parts))[0]


def network(times: list[float], seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    passes = [delay + sum(line) for delay, line in zip(DELAYS, SPREAD, strict=True)]
    sections = octave_absorption_sections(
        passes, np.array(times), [250.0, 500.0, 1000.0], sample_rate=RATE
    )
    return {
        "all_pass_gains": rng.uniform(0.2, 0.6, [3, 2]),
        "inputs": rng.normal(size=3),
        "outputs": rng.normal(size=3),
        "absorption": np.asarray(sections),
    }


def by_samples(sound: np.ndarray, parts: dict[str, np.ndarray]) -> np.ndarray:
    """The equations one sample after the other, with each all-pass as its difference equation."""
    matrix = parts.get("matrix", np.full([3, 3], 2.0 / 3.0) - np.eye(3))
    n = len(sound)
    entered = [np.zeros(n + delay) for delay in DELAYS]
    u = np.zeros([3, 3, n])  # in front of and after each all-pass
    memory = np.zeros([3, parts["absorption"].shape[1], 2])
    heard = np.zeros(n)
    for t in range(n):
        for i in range(3):
            x = entered[i][t]
            for k, (b0, b1, b2, a1, a2) in enumerate(parts["absorption"][i]):
                y = b0 * x + memory[i, k, 0]
                memory[i, k] = b1 * x - a1 * y + memory[i, k, 1], b2 * x - a2 * y
                x = y
            u[i, 0, t] = x
            for k, delay in enumerate(SPREAD[i]):
                g = parts["all_pass_gains"][i, k]
                late = (u[i, k, t - delay], u[i, k + 1, t - delay]) if t >= delay else (0.0, 0.0)
                u[i, k + 1, t] = -g * u[i, k, t] + late[0] + g * late[1]
        out = u[:, 2, t]
        heard[t] = parts["outputs"] @ out
        fed = matrix @ out + parts["inputs"] * sound[t]
        for i, delay in enumerate(DELAYS):
            entered[i][t + delay] = fed[i]
    return heard


@pytest.mark.parametrize("matrix", ["householder", "rotation"])
def test_both_forms_are_the_recursion_sample_by_sample(matrix: str) -> None:
    parts = network([0.3, 0.2, 0.1])
    if matrix == "rotation":
        parts["matrix"] = np.linalg.qr(np.random.default_rng(5).normal(size=[3, 3]))[0]
    click = np.eye(1, 700)
    wanted = by_samples(click[0], parts)
    exact = played(click, parts)
    np.testing.assert_allclose(exact[0], wanted, atol=1e-12)
    spectrum = all_pass_network_response(DELAYS, SPREAD, **parts, fft_length=8192)
    np.testing.assert_allclose(np.fft.irfft(spectrum)[:700], wanted, atol=1e-10)


def test_the_matrix_of_all_lines_loses_nothing_but_in_the_absorption() -> None:
    """Every line's all-passes and the mixing keep energy: the state is a rotation of itself."""
    parts = network([0.3, 0.2, 0.1])
    gains = parts["all_pass_gains"]
    matrix = np.asarray(all_pass_network(DELAYS, SPREAD, **parts)["matrix"])
    # Scaled so that an all-pass's line holds sqrt(1 - g^2) of its end, the matrix is orthogonal.
    scale = np.concatenate([np.ones(3), np.sqrt(1 - gains.ravel() ** 2)])
    turned = matrix * scale[:, np.newaxis] / scale
    np.testing.assert_allclose(turned @ turned.T, np.eye(9), atol=1e-6)


@pytest.mark.parametrize("t60_s", [0.25, 0.5, 1.0])
def test_a_sampled_response_errs_as_the_rule_says(t60_s: float) -> None:
    """-60 n / (T60 sample_rate) dB, for lines whose decay is one time at all frequencies."""
    parts = {**network([t60_s] * 3), "all_pass_gains": np.zeros([3, 2])}
    length = 4000
    sampled = np.fft.irfft(all_pass_network_response(DELAYS, SPREAD, **parts, fft_length=length))
    exact = played(np.eye(1, length), parts)
    error = np.sqrt(np.mean((sampled - exact[0]) ** 2) / np.mean(np.square(exact[0])))
    assert 20 * np.log10(error) == pytest.approx(-60 * length / (t60_s * RATE), abs=5.0)
    # A fast length, so up to a quarter more.
    needed = dsp.fft_length_for_decay(t60_s, sample_rate=RATE)
    assert 1.0 <= needed / (1.33 * t60_s * RATE) < 1.26


def test_octaves_decay_in_their_times() -> None:
    bands, known = [250.0, 500.0, 1000.0], [0.8, 0.6, 0.4]
    made = np.fft.irfft(
        all_pass_network_response(DELAYS, SPREAD, **network(known), fft_length=16000)
    )[:8000]
    measured = reverberation_times_s(made, bands, sample_rate=RATE)
    # All-passes delay some frequencies more than others, which then decay more slowly.
    np.testing.assert_allclose(measured, known, rtol=0.2)


def test_the_gradients_are_those_of_differences() -> None:
    parts = network([0.2, 0.15, 0.1])
    weights = np.random.default_rng(3).normal(size=129)

    def total(*values: tf.Tensor) -> tf.Tensor:
        response = all_pass_network_response(
            DELAYS, SPREAD, *values, tf.constant(parts["absorption"]), fft_length=256
        )
        return tf.reduce_sum(tf.math.real(response) * weights)

    given = [tf.constant(parts[key]) for key in ("all_pass_gains", "inputs", "outputs")]
    theory, numbers = tf.test.compute_gradient(total, given, delta=1e-6)
    for one, other in zip(theory, numbers, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_long_responses_are_made_in_parts_with_the_same_gradients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = {key: tf.constant(x) for key, x in network([0.2, 0.15, 0.1]).items()}

    def made() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(parts)
            response = all_pass_network_response(DELAYS, SPREAD, **parts, fft_length=256)
            total = tf.reduce_sum(tf.math.real(response) * tf.range(129.0, dtype=tf.float64))
        return [response, *tape.gradient(total, list(parts.values()))]

    whole = made()
    monkeypatch.setattr("ddsp_tf.dsp.all_pass_networks._CHUNK", 50)
    for one, other in zip(made(), whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_a_householder_matrix_that_is_given_is_the_closed_form() -> None:
    parts = network([0.3, 0.2, 0.1])
    given = {**parts, "matrix": -householder_matrix(3)}
    one, other = (
        all_pass_network_response(DELAYS, SPREAD, **x, fft_length=512) for x in (parts, given)
    )
    np.testing.assert_allclose(one, other, atol=1e-11)


def test_hadamard_s_matrix_is_orthogonal_and_mixes_evenly() -> None:
    matrix = hadamard_matrix(8)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(8), atol=1e-12)
    np.testing.assert_allclose(np.abs(matrix), 8**-0.5, atol=1e-12)
    with pytest.raises(ArgumentError, match="a power of 2 of lines"):
        hadamard_matrix(6)


def test_what_is_refused() -> None:
    parts = network([0.3, 0.2, 0.1])
    with pytest.raises(ArgumentError, match="`delays` and `all_pass_delays` should be"):
        all_pass_network(DELAYS, SPREAD[:2], **parts)
    with pytest.raises(ArgumentError, match="`inputs` should be"):
        all_pass_network(DELAYS, SPREAD, **{**parts, "inputs": np.ones(2)})
    with pytest.raises(ArgumentError, match="`matrix` should be"):
        all_pass_network(DELAYS, SPREAD, **parts, matrix=np.eye(2))
    with pytest.raises(ArgumentError, match="`fft_length` should be even"):
        all_pass_network_response(DELAYS, SPREAD, **parts, fft_length=255)
