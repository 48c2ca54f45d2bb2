"""What the decoders remember by: recurrences, and convolutions over the past."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ddsp_tf.export.torchscript.modules.stack import Arrays, dense, normalization


def recurrence(network: Mapping[str, Any], arrays: Arrays, n_in: int) -> nn.Module:
    """Makes the one that a file describes.

    Args:
        network: As `describe_decoder` gives.
        arrays: Of the decoder.
        n_in: Channels that it reads.
    """
    if network["kind"] == "gru":
        return Gru(arrays, n_in, network["units"])
    if network["kind"] == "min_gru":
        return MinGru(arrays, network["units"], network["recurrences"])
    return Convolutions(arrays, network["units"], network["kernel_size"], network["dilations"])


class Gru(nn.Module):
    """Keras' GRU, whose equations torch shares; its gates stand in another order."""

    def __init__(self, arrays: Arrays, n_in: int, units: int) -> None:
        super().__init__()
        self.gru = nn.GRU(n_in, units, batch_first=True)
        name = "decoder/recurrence/0"
        order = np.concatenate([np.arange(units, 2 * units), np.arange(units)])
        order = np.concatenate([order, np.arange(2 * units, 3 * units)])
        with torch.no_grad():
            for kind, read in (("ih", name), ("hh", f"{name}/state")):
                kernel = arrays[f"{read}/kernel"].T[order]
                getattr(self.gru, f"weight_{kind}_l0").copy_(torch.from_numpy(kernel))
                bias = arrays[f"{read}/bias"][order]
                getattr(self.gru, f"bias_{kind}_l0").copy_(torch.from_numpy(bias))

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Runs over frames `[batch, n_frames, n_in]`; state `[batch, n_state]`."""
        sequence, after = self.gru(x, state.unsqueeze(0).contiguous())
        return sequence, after[0]


class MinGru(nn.Module):
    """Minimal GRUs in a row, each normalised; all are read."""

    def __init__(self, arrays: Arrays, units: int, n_layers: int) -> None:
        super().__init__()
        self.units = units
        names = [f"decoder/recurrence/{i}" for i in range(n_layers)]
        self.layers = nn.ModuleList([_MinGruLayer(arrays, name, units) for name in names])

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """As `Gru.forward`."""
        sequences: list[Tensor] = []
        states: list[Tensor] = []
        for i, layer in enumerate(self.layers):
            x, after = layer(x, state[:, i * self.units : (i + 1) * self.units])
            sequences.append(x)
            states.append(after)
        return torch.cat(sequences, dim=-1), torch.cat(states, dim=-1)


class _MinGruLayer(nn.Module):
    def __init__(self, arrays: Arrays, name: str, units: int) -> None:
        super().__init__()
        self.units = units
        self.gates = dense(arrays, name)
        self.normalize = normalization(arrays, name)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        gates = self.gates(x)
        update = torch.sigmoid(gates[..., : self.units])
        candidate = gates[..., self.units :]
        frames: list[Tensor] = []
        for t in range(x.size(1)):
            state = torch.lerp(state, candidate[:, t], update[:, t])
            frames.append(state)
        return self.normalize(torch.stack(frames, dim=1)), state


class Convolutions(nn.Module):
    """Residual dilated convolutions in a row over the past; the last one is read."""

    def __init__(
        self, arrays: Arrays, units: int, kernel_size: int, dilations: Sequence[int]
    ) -> None:
        super().__init__()
        self.entry = dense(arrays, "decoder/entry")
        self.layers = nn.ModuleList(
            [
                _Convolution(arrays, f"decoder/recurrence/{i}", units, kernel_size, dilation)
                for i, dilation in enumerate(dilations)
            ]
        )

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """As `Gru.forward`; the state is the frames that are read again."""
        x = self.entry(x)
        states: list[Tensor] = []
        start = 0
        for layer in self.layers:
            end = start + layer.n_state
            x, after = layer(x, state[:, start:end])
            states.append(after)
            start = end
        return x, torch.cat(states, dim=-1)


class _Convolution(nn.Module):
    def __init__(
        self, arrays: Arrays, name: str, units: int, kernel_size: int, dilation: int
    ) -> None:
        super().__init__()
        self.units, self.kernel_size, self.dilation = units, kernel_size, dilation
        self.n_past = (kernel_size - 1) * dilation
        self.n_state = self.n_past * units
        self.product = dense(arrays, name)
        self.normalize = normalization(arrays, name)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        n_rows, n_frames = x.size(0), x.size(1)
        read = torch.cat([state.reshape(n_rows, self.n_past, self.units), x], dim=1)
        taps: list[Tensor] = []
        for tap in range(self.kernel_size):
            start = tap * self.dilation
            taps.append(read[:, start : start + n_frames])
        y = x + self.normalize(self.product(torch.cat(taps, dim=-1)))
        return y, read[:, n_frames:].reshape(n_rows, self.n_state)
