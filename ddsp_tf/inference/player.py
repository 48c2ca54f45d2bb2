"""An instrument playing features of any length, with a gate before its room."""

from collections.abc import Iterator, Mapping

import numpy as np

from ddsp_tf.inference.gated_model import GATE, gated_model
from ddsp_tf.models import BlockPlayer, Model
from ddsp_tf.types import FloatArray


class Player:
    """Plays features in blocks of equal length with exact state, so that no seam can be heard.

    Every block has the same shape, hence one trace of one function serves all files; memory does
    not depend on their length. A gate before the room silences the gaps between notes while the
    room rings on. If the room is not the last processor, the gate comes last. Several voices are
    rows of one batch, summed before the room.

    Args:
        model: The instrument's model.
        reverb: Whether its room is heard.
        block_frames: Frames a block.
        n_voices: How many voices play at once.

    Example:
        >>> from ddsp_tf import Instrument
        >>> player = Player(Instrument.load("runs/violin").model, reverb=True, block_frames=100)
        >>> note = {"f0_hz": np.full([250, 1], 440.0), "loudness_db": np.full([250, 1], -20.0)}
        >>> [len(block) for block in player.blocks(note, gate=np.ones(250))]
        [6400, 6400, 3200]
    """

    def __init__(self, model: Model, *, reverb: bool, block_frames: int, n_voices: int = 1) -> None:
        played = gated_model(model, reverb=reverb, n_voices=n_voices)
        self._blocks = BlockPlayer(played, block_frames=block_frames)

    def blocks(self, features: Mapping[str, FloatArray], gate: FloatArray) -> Iterator[FloatArray]:
        """Plays.

        Args:
            features: What the model takes, encoded: frames `[n_frames, n_voices * n_channels]`, the
                first voice first; audio `[n_samples]`.
            gate: Gain of the dry sound, `[n_frames]` or `[n_frames, n_voices]`.

        Yields:
            Float32 audio, `n_frames * hop_length` samples in all. A model that can't be played
            in blocks gives one.
        """
        gates = np.asarray(gate)
        return self._blocks.blocks(
            {**features, GATE: gates[:, np.newaxis] if gates.ndim == 1 else gates}
        )

    @property
    def n_traces(self) -> int:
        """How often the block was traced so far: once serves all lengths."""
        return int(self._blocks.play_block.experimental_get_tracing_count())
