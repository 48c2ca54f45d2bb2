"""What synthesisers that glide from frame to frame have in common."""

from collections.abc import Mapping

from ddsp_tf.processors.processor import Processor
from ddsp_tf.types import Signal


class Synthesizer(Processor):
    """Makes one channel of sound; every frame's controls glide towards the next one's.

    Subclasses implement what `Processor` asks for, but its outputs and its look ahead.
    """

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """One channel."""
        return {"signal": Signal("samples")}

    @property
    def lookahead_frames(self) -> int:
        """The next frame: the last one glides towards it."""
        return 1
