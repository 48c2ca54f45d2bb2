"""What nn~ calls."""

from collections.abc import Mapping
from typing import Any

import nn_tilde
import torch
from torch import Tensor

from ddsp_tf.export.torchscript.modules.front_end import FrontEnd
from ddsp_tf.export.torchscript.modules.players import ControlPlayer, SoundPlayer
from ddsp_tf.export.torchscript.modules.stack import Arrays
from ddsp_tf.export.torchscript.modules.streamed_instrument import StreamedInstrument

MOST_GAIN = 4.0


class NnTildeModule(nn_tilde.Module):
    """Plays signals of pitch and loudness (`forward`) or sound (`transfer`), any number in step.

    Args:
        facts: As `describe_for_engine` gives.
        arrays: As `gather_arrays` gives.
    """

    def __init__(self, facts: Mapping[str, Any], arrays: Arrays) -> None:
        super().__init__(sr=facts["sample_rate"])
        told = StreamedInstrument(facts, arrays)
        heard = StreamedInstrument(facts, arrays, told.decoder)
        self.controls = ControlPlayer(told, facts["usual_f0_hz"])
        self.sound = SoundPlayer(heard, FrontEnd(facts, arrays))
        self.most_gain = MOST_GAIN
        self.register_attribute("octave", 0)
        self.register_attribute("loudness", 0.0)
        self.register_attribute("room", 1.0)
        self.register_attribute("noise", 1.0)
        labels = ["(signal) pitch in Hz", "(signal) loudness in dB, -80 to 0"]
        played = ["(signal) the instrument"]
        for method, inlets in (("forward", labels), ("transfer", ["(signal) sound, one note"])):
            self.register_method(
                method, len(inlets), 1, 1, 1, input_labels=inlets, output_labels=played
            )
        # It was tried while it was registered.
        self.controls.reset()
        self.sound.reset()

    @torch.jit.export
    def forward(self, x: Tensor) -> Tensor:
        """Plays `[batch, 2, n_samples]`: pitch in Hz, and loudness in dB."""
        f0_hz = x[:, 0] * 2.0 ** float(self.octave[0])
        loudness_db = x[:, 1] + self.loudness[0]
        return self.controls(f0_hz, loudness_db, self.noise[0], self.room[0]).unsqueeze(1)

    @torch.jit.export
    def transfer(self, x: Tensor) -> Tensor:
        """Plays what it hears in `[batch, 1, n_samples]`."""
        semitones = 12.0 * float(self.octave[0])
        return self.sound(
            x[:, 0], semitones, self.loudness[0], self.noise[0], self.room[0]
        ).unsqueeze(1)

    @torch.jit.export
    def get_octave(self) -> int:
        """Octaves by which the pitch is shifted."""
        return self.octave[0]

    @torch.jit.export
    def set_octave(self, octave: int) -> int:
        """Shifts by -4 to 4 octaves; gives -1 and changes nothing where it is more."""
        if octave < -4 or octave > 4:
            return -1
        self.octave = (octave,)
        return 0

    @torch.jit.export
    def get_loudness(self) -> float:
        """Change of loudness in dB."""
        return self.loudness[0]

    @torch.jit.export
    def set_loudness(self, loudness: float) -> int:
        """Changes loudness by -40 to 40 dB, before the instrument plays it."""
        if not (loudness >= -40.0 and loudness <= 40.0):
            return -1
        self.loudness = (loudness,)
        return 0

    @torch.jit.export
    def get_room(self) -> float:
        """Gain of the room."""
        return self.room[0]

    @torch.jit.export
    def set_room(self, room: float) -> int:
        """Sets the room's gain, 0 to 4."""
        if not (room >= 0.0 and room <= self.most_gain):
            return -1
        self.room = (room,)
        return 0

    @torch.jit.export
    def get_noise(self) -> float:
        """Gain of the noise."""
        return self.noise[0]

    @torch.jit.export
    def set_noise(self, noise: float) -> int:
        """Sets the noise's gain, 0 to 4."""
        if not (noise >= 0.0 and noise <= self.most_gain):
            return -1
        self.noise = (noise,)
        return 0
