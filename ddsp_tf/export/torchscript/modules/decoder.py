"""The decoder: pitch and loudness to what the synthesiser is told."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ddsp_tf.export.decoder_contents import state_sizes
from ddsp_tf.export.torchscript.modules.recurrences import recurrence
from ddsp_tf.export.torchscript.modules.stack import Arrays, dense, stack


class Decoder(nn.Module):
    """Decodes blocks of frames, as `Autoencoder.decode` and the processors' `controls` do.

    Args:
        facts: As `describe_for_engine` gives.
        arrays: As `gather_arrays` gives.
    """

    def __init__(self, facts: Mapping[str, Any], arrays: Arrays) -> None:
        super().__init__()
        network, synthesis = facts["network"], facts["synthesis"]
        keys, n_layers = network["input_keys"], network["layers_per_stack"]
        self.reads_pitch: list[bool] = [key == "f0_scaled" for key in keys]
        self.reads_loudness = not all(self.reads_pitch)
        numbers = torch.arange(1, network["input_cosines"] + 1, dtype=torch.float32)
        self.register_buffer("half_turns", math.pi * numbers)
        self.inputs = nn.ModuleList([stack(arrays, f"decoder/{key}", n_layers) for key in keys])
        n_joined = len(keys) * (network["channels"] if n_layers else 1 + network["input_cosines"])
        self.recurrence = recurrence(network, arrays, n_joined)
        self.n_state: int = sum(state_sizes(network))
        self.output = stack(arrays, "decoder/output", n_layers)
        self.controls = dense(arrays, "decoder/controls")
        self._place_controls(network["outputs"])
        self._know_ranges(facts["read_range"])
        self.scales: bool = synthesis["scale_harmonics"]
        self.mutes: bool = synthesis["normalize_below_nyquist"]
        self.nyquist = 0.5 * facts["sample_rate"]
        noise = synthesis["noise"]
        self.scales_noise: bool = bool(noise and noise["scale"])
        self.noise_bias: float = noise["initial_bias"] if noise else 0.0
        partials = torch.arange(1, self.n_harmonics + 1, dtype=torch.float32)
        self.register_buffer("partials", partials)
        self.requires_grad_(False)

    def forward(
        self, f0_hz: Tensor, loudness_db: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Decodes frames.

        Args:
            f0_hz: `[batch, n_frames]`, > 0.
            loudness_db: `[batch, n_frames]`.
            state: `[batch, n_state]`.

        Returns:
            Amplitudes of the partials `[batch, n_frames, n_harmonics]`, noise magnitudes
            `[batch, n_frames, n_bands]`, and the state after the last frame.
        """
        pitch = (69.0 + self.semitones * torch.log(f0_hz.clamp(min=8.1757989) / 440.0)) / 127.0
        level = loudness_db / 80.0 + 1.0
        louder = torch.zeros_like(level)
        if self.knows_range:
            pitch = self._soften(pitch)
            if self.reads_loudness:
                read = level.clamp(self.softest, self.loudest)
                nothing = (level - 0.25).clamp(max=0.0)
                louder = (level - read + 2.5 * nothing) * 4.0
                level = read
        read_inputs: list[Tensor] = []
        for i, layers in enumerate(self.inputs):
            value = (pitch if self.reads_pitch[i] else level).unsqueeze(-1)
            read_inputs.append(
                layers(torch.cat([value, torch.cos(value * self.half_turns)], dim=-1))
            )
        joined = torch.cat(read_inputs, dim=-1)
        sequence, after = self.recurrence(joined, state)
        raw = self.controls(self.output(torch.cat([joined, sequence], dim=-1)))
        partials, magnitudes = self._finish(raw, louder.unsqueeze(-1), f0_hz.unsqueeze(-1))
        return partials, magnitudes, after

    def _finish(self, raw: Tensor, louder: Tensor, f0_hz: Tensor) -> tuple[Tensor, Tensor]:
        amplitude = raw[..., self.amplitude_at : self.amplitude_at + 1] + louder
        distribution = raw[..., self.distribution_at : self.distribution_at + self.n_harmonics]
        if self.scales:
            amplitude, distribution = exp_sigmoid(amplitude), exp_sigmoid(distribution)
        if self.mutes:
            heard = f0_hz * self.partials < self.nyquist
            distribution = distribution * heard
        total = distribution.sum(dim=-1, keepdim=True)
        nothing = total == 0.0
        shares = distribution / torch.where(nothing, torch.ones_like(total), total)
        magnitudes = raw[..., self.noise_at : self.noise_at + self.n_bands] + louder
        if self.scales_noise:
            magnitudes = exp_sigmoid(magnitudes + self.noise_bias)
        return amplitude * shares, magnitudes

    def _soften(self, pitch: Tensor) -> Tensor:
        """What the network reads of a pitch outside its training: see `PitchRange.soften`."""
        margin = 3.0 / 127.0
        known = pitch.clamp(self.lowest, self.highest)
        beyond = (pitch - known) / margin
        below, above = torch.exp(beyond.clamp(max=0.0)), torch.exp((-beyond).clamp(max=0.0))
        return known + margin * (below - above)

    def _place_controls(self, outputs: list[dict[str, Any]]) -> None:
        start = 0
        self.amplitude_at, self.distribution_at, self.noise_at = 0, 0, 0
        self.n_harmonics, self.n_bands = 0, 0
        for output in outputs:
            if output["name"] == "amplitudes":
                self.amplitude_at = start
            elif output["name"] == "harmonic_distribution":
                self.distribution_at, self.n_harmonics = start, output["size"]
            else:
                self.noise_at, self.n_bands = start, output["size"]
            start += output["size"]

    def _know_ranges(self, known: Mapping[str, Any] | None) -> None:
        self.semitones = 12.0 / math.log(2.0)
        self.knows_range = known is not None
        midi = (0.0, 127.0) if known is None else known["f0_midi"]
        db = (-80.0, 0.0) if known is None else known["loudness_db"]
        self.lowest, self.highest = midi[0] / 127.0, midi[1] / 127.0
        self.softest, self.loudest = db[0] / 80.0 + 1.0, db[1] / 80.0 + 1.0


def exp_sigmoid(x: Tensor) -> Tensor:
    """Gives 2 sigmoid(x)^ln(10) + 1e-7, in an order that doesn't underflow."""
    return 2.0 * torch.exp(-2.302585092994046 * functional.softplus(-x)) + 1e-7
