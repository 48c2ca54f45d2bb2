"""What Neutone's plug-in calls."""

from dataclasses import dataclass
from typing import Any

import torch
from neutone_sdk import ContinuousNeutoneParameter, WaveformToWaveformBase
from torch import Tensor

from ddsp_tf.export.torchscript.modules.players import SoundPlayer

BLOCK = 1024
_KNOBS = {
    "pitch": "Transposition in semitones, whole ones: two octaves down to two up",
    "loudness": "How loud the instrument is told to play: 24 dB softer to 24 dB louder",
    "noise": "Breath or bow noise: none to twice as much",
    "room": "The room: none to twice as much",
}


@dataclass(frozen=True)
class NeutoneTexts:
    """What Neutone shows of a model.

    Args:
        name: At most 30 characters.
        authors: At most 5.
        short: At most 150 characters.
        long: At most 500.
        technical: At most 500.
        tags: At most 7 of 15 characters.
        citation: At most 150.
        version: Of the model.
    """

    name: str
    authors: list[str]
    short: str
    long: str
    technical: str
    tags: list[str]
    citation: str
    version: str


class NeutoneModule(WaveformToWaveformBase):
    """An instrument that plays the sound it hears.

    Args:
        player: What plays.
        sample_rate: Of the instrument.
        texts: What is said of it.
    """

    def __init__(self, player: SoundPlayer, sample_rate: int, texts: NeutoneTexts) -> None:
        # The base asks for all of it while it is made.
        self.sample_rate, self.latency = sample_rate, player.latency_samples
        self.title, self.authors, self.tags = texts.name, texts.authors, texts.tags
        self.short, self.long, self.technical = texts.short, texts.long, texts.technical
        self.citation, self.version = texts.citation, texts.version
        super().__init__(player)

    def get_model_name(self) -> str:
        return self.title

    def get_model_authors(self) -> list[str]:
        return self.authors

    def get_model_short_description(self) -> str:
        return self.short

    def get_model_long_description(self) -> str:
        return self.long

    def get_technical_description(self) -> str:
        return self.technical

    def get_tags(self) -> list[str]:
        return self.tags

    def get_citation(self) -> str:
        return self.citation

    def get_model_version(self) -> str:
        return self.version

    def is_experimental(self) -> bool:
        return False

    def get_neutone_parameters(self) -> list[Any]:
        return [ContinuousNeutoneParameter(name, said, 0.5) for name, said in _KNOBS.items()]

    @torch.jit.export
    def is_input_mono(self) -> bool:
        return True

    @torch.jit.export
    def is_output_mono(self) -> bool:
        return True

    @torch.jit.export
    def get_native_sample_rates(self) -> list[int]:
        return [self.sample_rate]

    @torch.jit.export
    def get_native_buffer_sizes(self) -> list[int]:
        return [1024]

    @torch.jit.export
    def calc_model_delay_samples(self) -> int:
        return self.latency

    @torch.jit.export
    def reset_model(self) -> bool:
        self.model.reset()
        return True

    def do_forward_pass(self, x: Tensor, params: dict[str, Tensor]) -> Tensor:
        """Plays a block `[1, 1024]`; the knobs go from 0 to 1, and their middle changes nothing."""
        semitones = float(torch.round(48.0 * params["pitch"] - 24.0).item())
        loudness_db = float(48.0 * params["loudness"].item() - 24.0)
        noise, room = 2.0 * params["noise"].item(), 2.0 * params["room"].item()
        return self.model(x, semitones, loudness_db, float(noise), float(room))
