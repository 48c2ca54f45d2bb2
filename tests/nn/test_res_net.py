"""The residual network: each part against numpy, causal normalisation, sizes, configs."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from contracts import check_config, check_gradients, check_modes_agree

from ddsp_tf.errors import ArgumentError
from ddsp_tf.nn import ChannelNormalization, ResidualBlock, ResNet

RANDOM = np.random.default_rng(3)


def _drawn(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def _with_drawn_weights(layer, inputs):
    layer(inputs)
    for weight in layer.weights:
        weight.assign(0.5 * _drawn(*weight.shape))
    return layer


def _normalized(x: np.ndarray, layer: ChannelNormalization) -> np.ndarray:
    parts = np.split(x.astype(np.float64), layer.n_groups, axis=-1)
    normal = [
        (part - part.mean(axis=(2, 3), keepdims=True))
        / np.sqrt(part.var(axis=(2, 3), keepdims=True) + 1e-5)
        for part in parts
    ]
    return np.concatenate(normal, axis=-1) * layer.gain.numpy() + layer.offset.numpy()


def _convolved(x: np.ndarray, layer, stride: int = 1) -> np.ndarray:
    """Sums shifted copies; what TensorFlow calls "same" has the shorter padding first."""
    kernel, bias = (w.numpy().astype(np.float64) for w in (layer.kernel, layer.bias))
    n_time, n_bins = kernel.shape[:2]
    n_out = -(-x.shape[2] // stride)
    missing = max((n_out - 1) * stride + n_bins - x.shape[2], 0)
    before = ((n_time - 1) // 2, missing // 2)
    after = (n_time - 1 - before[0], missing - missing // 2)
    padded = np.pad(x, [(0, 0), (before[0], after[0]), (before[1], after[1]), (0, 0)])
    return bias + sum(
        padded[:, i : i + x.shape[1], j : j + (n_out - 1) * stride + 1 : stride] @ kernel[i, j]
        for i in range(n_time)
        for j in range(n_bins)
    )


def _block(x: np.ndarray, block: ResidualBlock) -> np.ndarray:
    first = np.maximum(_normalized(x, block.normalization[0]), 0.0)
    kept = x if block.shortcut is None else _convolved(first, block.shortcut, block.stride)
    hidden = _convolved(first, block.convolutions[0])
    hidden = np.maximum(_normalized(hidden, block.normalization[1]), 0.0)
    hidden = _convolved(hidden, block.convolutions[1], block.stride)
    hidden = np.maximum(_normalized(hidden, block.normalization[2]), 0.0)
    return kept + _convolved(hidden, block.convolutions[2])


@pytest.mark.parametrize("n_groups", [1, 2, 4])
def test_a_frame_is_normalised_over_bins_and_groups(n_groups: int) -> None:
    x = 3.0 * _drawn(2, 5, 7, 4) + 1.0
    layer = _with_drawn_weights(ChannelNormalization(n_groups), x)
    np.testing.assert_allclose(layer(x), _normalized(x, layer), atol=1e-5)
    # A frame knows of no other.
    later = np.concatenate([x[:, :3], 9.0 * x[:, 3:]], axis=1)
    np.testing.assert_allclose(layer(later)[:, :3], layer(x)[:, :3], atol=1e-6)


@pytest.mark.parametrize(("stride", "n_channels"), [(1, 8), (1, 3), (2, 8)])
def test_a_block_is_its_shortcut_and_three_convolutions(stride: int, n_channels: int) -> None:
    x = _drawn(2, 6, 9, n_channels)
    block = _with_drawn_weights(ResidualBlock(2, stride=stride, n_groups=1), x)
    assert (block.shortcut is None) == (stride == 1 and n_channels == 8)
    np.testing.assert_allclose(block(x), _block(x, block), atol=2e-4)


def test_the_network_is_its_parts() -> None:
    spectra = _drawn(1, 9, 30)
    network = _with_drawn_weights(ResNet(2, blocks=(1, 2)), spectra)
    hidden = _convolved(spectra[..., np.newaxis], network.entry, 2)
    padded = np.pad(hidden, [(0, 0), (0, 0), (1, 1), (0, 0)], constant_values=-np.inf)
    hidden = np.max([padded[:, :, i : i + 15 : 2] for i in range(3)], axis=0)
    for block in network.stack:
        hidden = _block(hidden, block)
    expected = np.maximum(_normalized(hidden, network.last), 0.0)
    found = network(spectra)
    assert found.shape == (1, 9, network.n_bins(30), network.n_outputs) == (1, 9, 4, 16)
    assert np.ptp(expected) > 0.5
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_by_itself_it_has_the_papers_sizes() -> None:
    network = ResNet()
    assert [block.channels for block in network.stack] == [32] * 2 + [64] * 3 + [128] * 4 + [
        256
    ] * 3
    assert [i for i, block in enumerate(network.stack) if block.stride == 2] == [2, 5, 9]
    assert network.n_outputs == 1024
    assert [network.n_bins(n) for n in (229, 128, 129)] == [8, 4, 5]
    assert ResNet(3, blocks=(1,)).n_outputs == 12


def test_it_runs_everywhere_and_can_be_trained() -> None:
    network = ResNet(2, blocks=(1, 1), n_groups=2)
    inputs = {"spectra": _drawn(2, 9, 16)}
    check_modes_agree(lambda spectra: network(spectra), inputs, {"spectra": _drawn(1, 5, 16)})
    check_config(network, lambda twin: twin(inputs["spectra"]))
    check_gradients(network, inputs, call=lambda layer, given: layer(given["spectra"]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ChannelNormalization(0), "`n_groups` should be at least 1. Received 0."),
        (lambda: ChannelNormalization(3)(_drawn(1, 1, 1, 4)), "the 4 channels evenly. Received 3."),
        (lambda: ResidualBlock(0), "at least 1. Received 0 and 1."),
        (lambda: ResidualBlock(1, stride=0), "at least 1. Received 1 and 0."),
        (lambda: ResNet(0), r"Received 0 and \[2, 3, 4, 3\]"),
        (lambda: ResNet(1, blocks=()), r"Received 1 and \[\]"),
        (lambda: ResNet(1, blocks=(1, 0)), r"Received 1 and \[1, 0\]"),
    ],
)
def test_nonsense_is_refused(make, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


def test_a_gradient_moves_frames_that_it_should() -> None:
    """Each convolution of three frames reaches one farther, the entry three."""
    moved = set()
    for seed in range(4):  # of one alone, units that are off may hide the outermost frames
        keras.utils.set_random_seed(seed)
        network = ResNet(1, blocks=(1, 1))
        spectra = tf.constant(_drawn(1, 21, 8))
        with tf.GradientTape() as tape:
            tape.watch(spectra)
            middle = tf.reduce_sum(network(spectra)[:, 10] * _drawn(network.n_outputs))
        slopes = np.abs(tape.gradient(middle, spectra)[0]).sum(axis=-1)
        moved.update(np.flatnonzero(slopes).tolist())
    assert moved == set(range(5, 16))


def test_gradients_of_few_channels_stay_in_their_memory() -> None:
    """oneDNN wrote past its own with AVX-512: a crash at one of these, sooner or later."""
    for _ in range(60):
        block = ResidualBlock(2, stride=2)
        frames = tf.constant(_drawn(1, 21, 2, 4))
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(block(frames))
        slopes = tape.gradient(total, block.trainable_variables)
        assert all(np.isfinite(slope).all() for slope in slopes)
