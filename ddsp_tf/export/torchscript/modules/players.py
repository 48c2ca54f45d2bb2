"""Blocks of any length, from an instrument that plays hops."""

import torch
from torch import Tensor, nn

from ddsp_tf.export.torchscript.modules.front_end import FrontEnd
from ddsp_tf.export.torchscript.modules.streamed_instrument import StreamedInstrument


class HopQueue(nn.Module):
    """Holds what was played and not yet given: less than a hop.

    Args:
        hop_length: Samples of a hop.
    """

    def __init__(self, hop_length: int) -> None:
        super().__init__()
        self.hop_length = hop_length
        self.n_left = 0
        self.register_buffer("left", torch.zeros(1, hop_length))

    def resize(self, n_rows: int) -> None:
        """Starts anew with so many rows."""
        self.left = torch.zeros(n_rows, self.hop_length)
        self.n_left = 0

    @torch.jit.export
    def n_missing(self, n_samples: int) -> int:
        """Hops that have to be played before so many samples can be given."""
        missing = n_samples - self.n_left
        return (missing + self.hop_length - 1) // self.hop_length if missing > 0 else 0

    def forward(self, played: Tensor, n_samples: int) -> Tensor:
        """Takes the missing hops, and gives the samples that are asked for."""
        joined = torch.cat([self.left[:, self.hop_length - self.n_left :], played], dim=1)
        self.n_left = joined.size(1) - n_samples
        self.left[:, self.hop_length - self.n_left :].copy_(joined[:, n_samples:])
        return joined[:, :n_samples]


class ControlPlayer(nn.Module):
    """Plays signals of pitch and loudness, which it reads at the first sample of each hop.

    Where there is no pitch, which trackers in hosts write as 0 Hz, the one before it is held.

    Args:
        instrument: What plays.
        usual_f0_hz: Pitch before the first one.
    """

    def __init__(self, instrument: StreamedInstrument, usual_f0_hz: float) -> None:
        super().__init__()
        self.instrument = instrument
        self.queue = HopQueue(instrument.hop_length)
        self.hop_length = instrument.hop_length
        self.usual_f0_hz = usual_f0_hz
        self.register_buffer("last_hz", torch.full((1, 1), usual_f0_hz))

    @torch.jit.export
    def reset(self) -> None:
        """Returns to silence."""
        self._resize(1)

    def _resize(self, n_rows: int) -> None:
        self.instrument.resize(n_rows)
        self.queue.resize(n_rows)
        self.last_hz = torch.full((n_rows, 1), self.usual_f0_hz)

    def forward(
        self, f0_hz: Tensor, loudness_db: Tensor, noise: float = 1.0, room: float = 1.0
    ) -> Tensor:
        """Plays a block: `[batch, n_samples]` each; see `StreamedInstrument.forward`."""
        n_rows, n_samples = f0_hz.size(0), f0_hz.size(1)
        if n_rows != self.queue.left.size(0):
            self._resize(n_rows)
        played = torch.zeros(n_rows, 0)
        if self.queue.n_missing(n_samples) > 0:
            first = self.queue.n_left
            hz = self._held(f0_hz[:, first :: self.hop_length])
            played = self.instrument(hz, loudness_db[:, first :: self.hop_length], noise, room)
        return self.queue(played, n_samples)

    def _held(self, f0_hz: Tensor) -> Tensor:
        joined = torch.cat([self.last_hz, f0_hz], dim=1)
        numbers = torch.arange(joined.size(1)) * (joined > 8.17)
        held = joined.gather(1, torch.cummax(numbers, dim=1)[0])
        self.last_hz.copy_(held[:, -1:])
        return held[:, 1:]


class SoundPlayer(nn.Module):
    """Plays sound: hears its pitch and loudness, and plays them, as `LiveTransfer` does.

    Args:
        instrument: What plays.
        front_end: What hears.
    """

    def __init__(self, instrument: StreamedInstrument, front_end: FrontEnd) -> None:
        super().__init__()
        self.instrument = instrument
        self.front_end = front_end
        self.queue = HopQueue(instrument.hop_length)
        self.hop_length = instrument.hop_length
        self.n_hops = 0
        self.latency_samples: int = (
            front_end.n_late + instrument.lookahead
        ) * instrument.hop_length

    @torch.jit.export
    def reset(self) -> None:
        """Returns to silence."""
        self._resize(1)

    def _resize(self, n_rows: int) -> None:
        self.instrument.resize(n_rows)
        self.front_end.resize(n_rows)
        self.queue.resize(n_rows)
        self.n_hops = 0

    def forward(
        self,
        audio: Tensor,
        semitones: float = 0.0,
        loudness_db: float = 0.0,
        noise: float = 1.0,
        room: float = 1.0,
    ) -> Tensor:
        """Plays a block.

        Args:
            audio: `[batch, n_samples]`, full scale -1 to 1.
            semitones: Transposition.
            loudness_db: Change of loudness before the instrument plays it.
            noise: As in `StreamedInstrument.forward`.
            room: Likewise.

        Returns:
            `[batch, n_samples]`, later by `latency_samples`.
        """
        n_rows, n_samples = audio.size(0), audio.size(1)
        if n_rows != self.queue.left.size(0):
            self._resize(n_rows)
        n_hops = self.queue.n_missing(n_samples)
        # Hops before the first frame is heard are silent, and no frames of the instrument.
        n_silent = min(n_hops, max(0, self.front_end.n_late - self.n_hops))
        self.n_hops += n_hops
        played = torch.zeros(n_rows, n_silent * self.hop_length)
        f0_hz, level = self.front_end(audio, n_hops - n_silent, semitones, loudness_db)
        if n_hops > n_silent:
            sound = self.instrument(f0_hz, level, noise, room)
            played = torch.cat([played, sound], dim=1)
        return self.queue(played, n_samples)
