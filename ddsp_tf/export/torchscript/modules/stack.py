"""Dense layers of the decoder, from the arrays of an instrument."""

from collections.abc import Mapping

import torch
from torch import nn

from ddsp_tf.types import Float32Array

Arrays = Mapping[str, Float32Array]

_EPSILON, _SLOPE = 1e-3, 0.2


def dense(arrays: Arrays, name: str) -> nn.Linear:
    """Makes a layer of `NAME/kernel` `[n_in, n_out]` and `NAME/bias`."""
    kernel, bias = arrays[f"{name}/kernel"], arrays[f"{name}/bias"]
    layer = nn.Linear(*kernel.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(kernel.T.copy()))
        layer.bias.copy_(torch.from_numpy(bias.copy()))
    return layer


def normalization(arrays: Arrays, name: str) -> nn.Sequential:
    """Makes what follows a layer: layer normalisation and a leaky ReLU."""
    gain, offset = arrays[f"{name}/gain"], arrays[f"{name}/offset"]
    layer = nn.LayerNorm(len(gain), eps=_EPSILON)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(gain.copy()))
        layer.bias.copy_(torch.from_numpy(offset.copy()))
    return nn.Sequential(layer, nn.LeakyReLU(_SLOPE))


def stack(arrays: Arrays, name: str, n_layers: int) -> nn.Sequential:
    """Makes an MLP; without layers it gives what it gets."""
    layers = [
        layer
        for i in range(n_layers)
        for layer in (dense(arrays, f"{name}/{i}"), normalization(arrays, f"{name}/{i}"))
    ]
    return nn.Sequential(*layers) if layers else nn.Sequential(nn.Identity())
