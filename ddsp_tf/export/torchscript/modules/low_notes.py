"""The second opinion on low notes: `ddsp_tf.features.crepe.low_notes.LowNotes` in torch."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from ddsp_tf.features.crepe import low_notes as rules
from ddsp_tf.features.crepe.network import N_BINS


class LowNotes(nn.Module):
    """Moves salience from a harmonic to the fundamental where the sound repeats more slowly."""

    def __init__(self) -> None:
        super().__init__()
        n_steps = int(rules.steps_above_lowest(rules.HIGHEST_HARMONIC_HZ))
        cents = rules.LOWEST_CENTS + rules.STEP_CENTS * np.arange(n_steps)
        f0_hz = rules.REFERENCE_HZ * 2.0 ** (cents / 1200.0)
        n = int(rules.steps_above_lowest(rules.HIGHEST_HZ))
        self.n_candidates = n
        fade = np.log2(rules.HIGHEST_HZ / f0_hz[:n]) / rules.FADE_OCTAVES
        partials_hz = np.arange(rules.N_SPECTRUM_BINS) * (rules.LOW_RATE / rules.SPECTRUM_LENGTH)
        self._keep("fade", np.clip(fade, 0.0, 1.0))
        self._keep("low_pass", rules.low_pass_taps()[np.newaxis, np.newaxis])
        self._keep("overlaps", rules.overlaps())
        self._keep("at_periods", rules.lag_interpolation(rules.LOW_RATE / f0_hz))
        self._keep("spectrum", rules.windowed_dft())
        self._keep("outside_interval", rules.partials_outside_intervals())
        self._keep("partials_hz", partials_hz)
        self._keep("numbers", np.arange(1, rules.N_PARTIALS + 1)[:, np.newaxis])
        self._keep("bins", rules.LOWEST_CENTS + rules.CENTS_PER_BIN * np.arange(N_BINS))
        self.firsts: list[int] = [
            round(1200 * math.log2(prime) / rules.STEP_CENTS) - 1 for prime in rules.PRIMES
        ]
        self.decimation, self.n_lags = rules.DECIMATION, rules.N_LAGS
        self.least_power = rules.LEAST_POWER
        self.periodic, self.better = rules.PERIODIC, rules.BETTER
        self.low_share, self.own_harmonics = rules.LOW_SHARE, rules.OWN_HARMONICS
        self.agrees = rules.AGREES
        self.small, self.least = rules.SMALL_APERIODICITY, rules.LEAST_APERIODICITY
        self.lowest_cents, self.step_cents = rules.LOWEST_CENTS, rules.STEP_CENTS
        self.reference_hz = rules.REFERENCE_HZ
        self.reach_hz, self.most_hidden = rules.PARTIAL_REACH_HZ, rules.MOST_HIDDEN
        self.clear = rules.CLEAR
        self.near_square, self.note_square = rules.NEAR_CENTS**2, rules.NOTE_CENTS**2

    def _keep(self, name: str, values: npt.NDArray[Any]) -> None:
        self.register_buffer(name, torch.from_numpy(values.astype(np.float32)))

    def forward(self, frames: Tensor, power: Tensor, salience: Tensor) -> Tensor:
        """Corrects salience `[n, 360]` of frames `[n, 1024]` with a mean square of `[n, 1]`."""
        low = functional.conv1d(frames.unsqueeze(1), self.low_pass, stride=self.decimation)[:, 0]
        low = low - low.mean(dim=1, keepdim=True)
        squares = low.square()
        share = squares.mean(dim=1, keepdim=True) / power.clamp(min=self.least_power)
        spectrum = torch.fft.rfft(low, 512)
        products = torch.fft.irfft(spectrum.real.square() + spectrum.imag.square() + 0j, 512)
        energy = torch.matmul(squares, self.overlaps).clamp(min=self.least_power)
        likeness = 2.0 * products[:, : self.n_lags] / energy
        aperiodicity = 1.0 - torch.matmul(likeness, self.at_periods)
        certainty, residue, cents = self._best_candidate(aperiodicity)
        own = self._own_share(low, cents) / (residue + self.least)
        certainty = certainty * rise(share, self.low_share) * rise(own, self.own_harmonics)
        confidence = self.clear * certainty * (1.0 - residue)
        return self._move(salience, cents, certainty, confidence)

    def _best_candidate(self, aperiodicity: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Certainty (0 to 1), aperiodicity and pitch in cents of the best one, `[n, 1]`."""
        n = self.n_candidates
        found = aperiodicity[:, :n]
        certainty = rise(1.0 - found, self.periodic) * self.fade
        multiples = self._best_multiple(aperiodicity)
        certainty = certainty * rise((multiples - found) / (multiples + self.small), self.better)
        below = functional.pad(aperiodicity[:, : n - 1], [1, 0], value=-2.0)
        above = aperiodicity[:, 1 : n + 1]
        certainty = certainty * ((found <= below) & (found <= above))
        best = (certainty * (1.0 - found)).argmax(dim=1, keepdim=True)
        left, middle = below.gather(1, best), found.gather(1, best)
        right = above.gather(1, best)
        offset = 0.5 * (left - right) / (left + right - 2.0 * middle).clamp(min=1e-6)
        steps = best.float() + offset.clamp(-0.5, 0.5)
        return certainty.gather(1, best), middle, self.lowest_cents + self.step_cents * steps

    def _best_multiple(self, aperiodicity: Tensor) -> Tensor:
        """The least aperiodicity at a prime multiple of each candidate's frequency."""
        n, n_steps = self.n_candidates, aperiodicity.size(1)
        beside = torch.minimum(aperiodicity[:, 1:], aperiodicity[:, :-1])
        beside = functional.pad(beside, [0, 1], value=2.0)
        nearest = torch.minimum(beside[:, 1:], aperiodicity[:, 1:])
        nearest = torch.minimum(nearest, beside[:, :-1])
        best = torch.full_like(aperiodicity[:, :n], 2.0)
        for first in self.firsts:
            last = min(n, n_steps - 1 - first)
            part = nearest[:, first : first + last]
            best = torch.minimum(best, functional.pad(part, [0, n - part.size(1)], value=2.0))
        return best

    def _own_share(self, low: Tensor, cents: Tensor) -> Tensor:
        """Share of the power in partials that no two higher notes have."""
        parts = torch.matmul(low, self.spectrum)
        n_bins = parts.size(1) // 2
        power = parts[:, :n_bins].square() + parts[:, n_bins:].square()
        f0_hz = self.reference_hz * torch.exp2(cents / 1200.0)
        ratio = (self.partials_hz / f0_hz).unsqueeze(1)
        hidden = (self.reach_hz / f0_hz).clamp(max=self.most_hidden)
        reach = (1.0 - hidden).clamp(max=0.5).unsqueeze(1)
        belongs = (ratio - self.numbers).abs() <= reach
        partials = (belongs * power.unsqueeze(1)).sum(dim=2)
        # Partials far below the strongest one may be hum.
        strongest = partials.argmax(dim=1, keepdim=True) + 1
        partials = partials * (4.0 * self.numbers[:, 0] >= strongest)
        own = torch.matmul(partials, self.outside_interval).amin(dim=1, keepdim=True)
        return own / power.sum(dim=1, keepdim=True).clamp(min=self.least_power)

    def _move(
        self, salience: Tensor, cents: Tensor, certainty: Tensor, confidence: Tensor
    ) -> Tensor:
        square = -0.5 * (self.bins - cents).square()
        near = torch.exp(square / self.near_square)
        heard = (salience * near).amax(dim=1, keepdim=True)
        raised = (confidence / heard.clamp(min=1e-3)).clamp(min=1.0) - 1.0
        agrees = rise(heard, self.agrees)
        own = salience * (1.0 + agrees * raised * near - certainty * (1.0 - near))
        note = (1.0 - agrees) * confidence * torch.exp(square / self.note_square)
        return torch.maximum(own, note).clamp(max=1.0)


def rise(x: Tensor, limits: tuple[float, float]) -> Tensor:
    """Goes from 0 at the lower limit to 1 at the upper one."""
    return ((x - limits[0]) / (limits[1] - limits[0])).clamp(0.0, 1.0)
