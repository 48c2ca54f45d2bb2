"""CREPE with its check of low notes."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from ddsp_tf.export.torchscript.modules.low_notes import LowNotes
from ddsp_tf.types import Float32Array

_FRAME_LENGTH, _FIRST_STRIDE = 1024, 4


class Crepe(nn.Module):
    """Salience of frames, as `FrameSalience`.

    Args:
        arrays: As `gather_arrays` gives, with normalisation folded in.
    """

    def __init__(self, arrays: Mapping[str, Float32Array]) -> None:
        super().__init__()
        names = sorted({key.split("/")[1] for key in arrays if key.startswith("tracker/")})
        names.remove("classifier")
        first = torch.from_numpy(arrays["tracker/0/kernel"][:, 0].copy())
        self.register_buffer("first", first)
        self.register_buffer("first_bias", torch.from_numpy(arrays["tracker/0/bias"].copy()))
        pad = len(first) - _FIRST_STRIDE
        self.first_pad = [pad // 2, pad - pad // 2]
        layers = [f"tracker/{name}" for name in names[1:]]
        self.layers = nn.ModuleList(
            [
                _Layer(
                    arrays[f"{layer}/kernel"],
                    arrays[f"{layer}/bias"],
                    arrays.get(f"{layer}/least"),
                )
                for layer in layers
            ]
        )
        kernel, bias = (arrays[f"tracker/classifier/{part}"] for part in ("kernel", "bias"))
        self.register_buffer("classifier", torch.from_numpy(kernel.copy()))
        self.register_buffer("classifier_bias", torch.from_numpy(bias.copy()))
        self.low_notes = LowNotes()

    def forward(self, frames: Tensor) -> Tensor:
        """Gives salience, 0 to 1, `[n, 360]`, of frames at 16 kHz, `[n, 1024]`."""
        centred = frames - frames.mean(dim=1, keepdim=True)
        power = centred.square().mean(dim=1, keepdim=True)
        scaled = centred / power.sqrt().clamp(min=1e-5)
        padded = functional.pad(scaled, self.first_pad)
        windows = padded.unfold(1, self.first.size(0), 4)
        y = torch.relu(torch.matmul(windows, self.first) + self.first_bias).transpose(1, 2)
        y = functional.max_pool1d(y, 2)
        for layer in self.layers:
            y = layer(y)
        rows = y.transpose(1, 2).reshape(y.size(0), -1)
        salience = torch.sigmoid(torch.matmul(rows, self.classifier) + self.classifier_bias)
        return self.low_notes(frames, power, salience)


class _Layer(nn.Module):
    """Convolution, ReLU, pooling by twos; of some channels of the largest network by the least."""

    def __init__(
        self, kernel: Float32Array, bias: Float32Array, least: Float32Array | None
    ) -> None:
        super().__init__()
        n_taps = len(kernel)
        self.pad = [(n_taps - 1) // 2, n_taps - 1 - (n_taps - 1) // 2]
        self.register_buffer("kernel", torch.from_numpy(kernel.transpose(2, 1, 0).copy()))
        self.register_buffer("bias", torch.from_numpy(bias.T.copy()))
        self.has_least = least is not None
        # The least of two is the largest of their negatives.
        sign = torch.ones(bias.shape[1], 1)
        if least is not None:
            sign = 1.0 - 2.0 * torch.from_numpy(least.copy())[:, None]
        self.register_buffer("sign", sign)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(functional.conv1d(functional.pad(x, self.pad), self.kernel) + self.bias)
        if self.has_least:
            return functional.max_pool1d(y * self.sign, 2) * self.sign
        return functional.max_pool1d(y, 2)
