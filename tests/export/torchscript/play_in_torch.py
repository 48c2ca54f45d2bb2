"""Plays instruments in torch, those that ship and odd ones; prints how far from Python they are.

Runs in torch's environment.
"""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import torch

from ddsp_tf.export.torchscript.archive import script
from ddsp_tf.export.torchscript.contents import take_contents
from ddsp_tf.export.torchscript.modules.players import ControlPlayer
from ddsp_tf.export.torchscript.modules.streamed_instrument import StreamedInstrument
from ddsp_tf.export.torchscript.parity import measure_audio
from ddsp_tf.inference.score_inputs import is_played_by_notes
from ddsp_tf.models import (
    DilatedConvDecoder,
    Instrument,
    MinGruFcDecoder,
    RnnFcDecoder,
    list_presets,
)

sys.path.insert(0, str(Path(__file__).parents[1]))
from live_toys import odd_instrument

MIN_GRU = partial(MinGruFcDecoder, channels=11)
GRU = partial(RnnFcDecoder, channels=11)
CONVOLUTIONS = partial(DilatedConvDecoder, channels=11)
# Decoder, hop, whether there are noise, room and statistics.
CASES: dict[str, tuple[Any, int, bool, bool, bool]] = {
    "three minimal GRUs": (
        partial(MIN_GRU, rnn_channels=37, rnn_layers=3, input_cosines=2, layers_per_stack=2),
        40,
        True,
        True,
        True,
    ),
    "no MLPs": (partial(MIN_GRU, rnn_channels=8, layers_per_stack=0), 7, True, False, False),
    "long hops": (partial(GRU, rnn_channels=37, input_cosines=3), 320, True, True, True),
    "no noise": (partial(GRU, rnn_channels=8, layers_per_stack=0), 64, False, True, True),
    "hops of a sample": (partial(GRU, rnn_channels=5, layers_per_stack=4), 1, False, False, True),
    "convolutions": (partial(CONVOLUTIONS, conv_channels=37), 64, True, True, True),
    "convolutions of two frames": (
        partial(CONVOLUTIONS, conv_channels=8, kernel_size=2, dilations=(1, 7, 300)),
        16,
        False,
        False,
        False,
    ),
    "convolutions of one frame": (
        partial(CONVOLUTIONS, conv_channels=8, kernel_size=1, dilations=(1, 2)),
        64,
        True,
        False,
        True,
    ),
    "pitch alone": (partial(GRU, rnn_channels=9, input_keys=["f0_scaled"]), 64, True, False, True),
}
BLOCKS = (1, 300, 64, 1024, 5000)


def odd(decoder: Any, hop_length: int, noise: bool, room: bool, statistics: bool) -> Instrument:
    """One whose room's last taps lie in the second part of the convolution."""
    keras.utils.set_random_seed(4)
    parts = {"noise": noise, "room": room, "statistics": statistics, "n_taps": 2500}
    return odd_instrument(decoder(), hop_length, **parts)


def measure(instrument: Instrument) -> float:
    """Gives the error as a share of the sound."""
    contents = take_contents(instrument)
    told = StreamedInstrument(contents.facts, contents.arrays)
    player = script(ControlPlayer(told, contents.facts["usual_f0_hz"]))
    hop_length = instrument.features.hop_length

    def play(f0_hz: np.ndarray, loudness_db: np.ndarray) -> np.ndarray:
        signals = torch.from_numpy(np.stack([f0_hz, loudness_db]).repeat(hop_length, axis=1))
        parts, start, number = [], 0, 0
        with torch.no_grad():
            while start < signals.shape[1]:
                end = start + BLOCKS[number % len(BLOCKS)]
                parts.append(player(*signals[:, None, start:end]))
                start, number = end, number + 1
        return torch.cat(parts, dim=1)[0].numpy()

    return measure_audio(contents, play, reverb=True).error


errors = {name: measure(odd(*case)) for name, case in CASES.items()}
shipped = {name: Instrument.load(name) for name in list_presets()}
errors |= {name: measure(x) for name, x in shipped.items() if not is_played_by_notes(x.model)}
print(json.dumps(errors))  # noqa: T201
