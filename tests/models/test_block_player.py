"""Sounds in blocks: who plays them, and what is left of that."""

from typing import Any

import numpy as np
from function_graphs import graphs
from live_toys import live_instrument

from ddsp_tf.inference import Streamer
from ddsp_tf.models import BlockPlayer, DilatedConvDecoder, Instrument

N_FRAMES = 8


def play_blocks(instrument: Instrument) -> BlockPlayer:
    player = BlockPlayer(instrument.model, block_frames=4)
    frames = {"f0_hz": np.full([N_FRAMES, 1], 220.0), "loudness_db": np.full([N_FRAMES, 1], -20.0)}
    assert np.any(np.concatenate(list(player.blocks(frames))))
    return player


def play_live(instrument: Instrument) -> Streamer:
    streamer = Streamer(instrument, block_frames=4, xla=False)
    streamer.process(np.full([1, N_FRAMES], 220.0), np.full([1, N_FRAMES], -20.0))
    return streamer


def test_of_instruments_that_are_gone_no_graph_stays() -> None:
    # TensorFlow never forgets a graph that holds a gradient of its own.
    toys: dict[str, Any] = {"n_harmonics": 5, "n_noise_bands": 5, "hop_length": 64}
    before = graphs()
    toys |= {"rnn_channels": 4, "decoder_type": DilatedConvDecoder}
    players = [play(live_instrument(**toys)) for play in (play_blocks, play_live)]
    assert graphs() - before
    del players
    assert not graphs() - before
