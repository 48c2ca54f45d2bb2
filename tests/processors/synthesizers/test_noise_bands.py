"""Noise bands: flat together, as loud as told, looped without a seam."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_declarations, check_layer, check_refusals, check_streaming
from scipy import signal

from ddsp_tf.dsp.band_noises import band_edges_hz, band_filter, band_noises, mix_bands
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import NoiseBands

RATES = {"sample_rate": 4000, "hop_length": 16}


def amplitudes(batch, n_frames, seed=4, n_bands=12):
    rng = np.random.default_rng(seed)
    return {"amplitudes": rng.uniform(-2, 2, [batch, n_frames, n_bands]).astype(np.float32)}


def make(**arguments):
    return NoiseBands(n_bands=12, **RATES, **arguments)


@pytest.mark.parametrize("scale", [True, False])
def test_holds_the_contract(scale):
    def inputs(batch, n_frames):
        drawn = amplitudes(batch, n_frames)
        return drawn if scale else {key: np.abs(x) for key, x in drawn.items()}

    check_layer(lambda: make(scale=scale, seed=3, initial_bias=0.5), inputs, tolerance=1e-4)
    check_streaming(make(scale=scale), inputs(2, 18), hop_length=16)
    check_declarations(make(scale=scale), inputs(2, 5))
    check_refusals(make(scale=scale), inputs(2, 5))


def test_blocks_go_round_the_loop_with_a_seed_too():
    noise = NoiseBands(n_bands=4, sample_rate=4000, hop_length=512)
    assert noise.loop_length == 4096
    inputs = {**amplitudes(1, 18, n_bands=4), "noise_seed": np.int32(11)}
    check_streaming(noise, inputs, hop_length=512)


def test_equal_amplitudes_are_white_within_a_decibel_in_third_octaves():
    rate = 16000
    noise = NoiseBands(n_bands=256, sample_rate=rate, scale=False)
    looped = noise({"amplitudes": tf.ones([1, noise.loop_length // 32, 256])})[0]
    powers = np.abs(np.fft.rfft(looped)) ** 2
    bins_hz = np.fft.rfftfreq(len(looped), 1 / rate)
    sums = np.concatenate([[0.0], np.cumsum(powers)])
    smoothed = []
    for centre_hz in np.geomspace(50, 0.45 * rate, 200):
        low, high = np.searchsorted(bins_hz, centre_hz * 2.0 ** np.array([-1 / 6, 1 / 6]))
        smoothed.append((sums[high] - sums[low]) / (high - low))
    levels_db = 10 * np.log10(smoothed)
    assert np.ptp(levels_db) < 1.0


def test_filters_are_those_of_scipy_and_as_long_as_the_papers():
    for low, high in itertools.pairwise(band_edges_hz(64, sample_rate=16000)):
        taps = band_filter(low, high, sample_rate=16000)
        window = ("kaiser", signal.kaiser_beta(50.0))
        expected = signal.firwin(len(taps), [low, high], pass_zero=False, window=window, fs=16000)
        np.testing.assert_allclose(taps, expected, atol=1e-12)
        # Kaiser's number of taps, made odd.
        n_taps, _ = signal.kaiserord(50.0, 0.2 * (high - low) / 8000)
        assert len(taps) - n_taps in (0, 1)
    edges = band_edges_hz(2048, sample_rate=44100)
    assert len(edges) == 2047
    assert edges[[0, 1023]] == pytest.approx([20.0, 44100 / 8])
    # The paper's 120,287 taps.
    assert NoiseBands(n_bands=2048, sample_rate=44100).loop_length == 2**17


def test_a_band_sounds_between_its_edges_alone():
    noises = band_noises(16, sample_rate=16000, loop_length=32768)
    assert np.abs(noises).max() == 1.0
    edges = np.concatenate([[0.0], band_edges_hz(16, sample_rate=16000), [8000.0]])
    bins_hz = np.fft.rfftfreq(32768, 1 / 16000)
    for band in range(16):
        powers = np.abs(np.fft.rfft(noises[:, band])) ** 2
        margin = 0.11 * (edges[band + 1] - edges[band])
        inside = (bins_hz > edges[band] - margin) & (bins_hz < edges[band + 1] + margin)
        assert powers[~inside].max(initial=0.0) < 10**-4.5 * powers.max()
        # A flat pass-band: all of a band's bins are of one size, whatever their phases.
        core = (bins_hz > edges[band] + margin) & (bins_hz < edges[band + 1] - margin)
        assert np.ptp(10 * np.log10(powers[core])) < 0.2


def test_amplitudes_are_joined_by_straight_lines_and_loops_have_no_seam():
    noise = make(scale=False)
    frames = np.zeros([1, 300, 12], np.float32)
    frames[0, :, 7] = np.random.default_rng(1).uniform(0, 1, 300)
    audio = noise({"amplitudes": frames})[0].numpy()
    positions = np.arange(300 * 16)
    gains = np.interp(positions / 16, np.arange(300), frames[0, :, 7])
    looped = noise.noises.numpy()[positions % noise.loop_length, 7]
    assert 300 * 16 > noise.loop_length
    np.testing.assert_allclose(audio, gains * looped, atol=1e-6)
    steps = np.abs(np.diff(noise.noises[:, 7]))
    seam = abs(float(noise.noises[0, 7] - noise.noises[-1, 7]))
    assert seam < 1.5 * steps.max()


def test_another_seed_of_the_noise_begins_elsewhere_in_the_loop():
    noise = make(scale=False)
    ones = {"amplitudes": tf.ones([1, noise.loop_length // 16, 12])}
    plain = noise(ones)[0].numpy()
    rolled = noise({**ones, "noise_seed": tf.constant(5)})[0].numpy()
    again = noise({**ones, "noise_seed": tf.constant(5)})[0].numpy()
    np.testing.assert_array_equal(rolled, again)
    spectrum = np.fft.rfft(rolled) * np.conj(np.fft.rfft(plain))
    shift = int(np.argmax(np.fft.irfft(spectrum)))
    assert shift != 0
    np.testing.assert_allclose(np.roll(plain, shift), rolled, atol=1e-5)
    other = make(scale=False, seed=1)(ones)[0].numpy()
    assert abs(np.corrcoef(plain, other)[0, 1]) < 0.2


def test_long_sounds_are_made_in_pieces_with_the_same_samples_and_gradients(monkeypatch):
    noises = tf.constant(make().noises)
    gains = tf.constant(np.abs(amplitudes(2, 41)["amplitudes"]))
    weights = tf.random.stateless_normal([2, 640], [1, 2])

    def played():
        with tf.GradientTape() as tape:
            tape.watch(gains)
            audio = mix_bands(gains, noises, hop_length=16, start=100)
            loss = tf.reduce_sum(audio * weights)
        return audio.numpy(), tape.gradient(loss, gains).numpy()

    whole = played()
    monkeypatch.setattr("ddsp_tf.dsp.band_noises._NUMBERS_AT_ONCE", 1000)
    monkeypatch.setattr("ddsp_tf.dsp.band_noises._NUMBERS_IN_A_CHUNK", 7 * 16 * 12)
    for one, other in zip(played(), whole, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_bands": 7}, "`n_bands` should be even, and at least 4. Received 7"),
        ({"n_bands": 2}, "`n_bands` should be even"),
        ({"n_bands": 12, "loop_length": 100}, "`loop_length` should be even, and"),
        ({"n_bands": 12, "loop_length": 65537}, "`loop_length` should be even, and"),
        ({"n_bands": 12, "sample_rate": 100}, "`sample_rate` should be above 160 Hz"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        NoiseBands(**arguments)
