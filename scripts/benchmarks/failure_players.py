"""An instrument set up in every way that the failure cases play it."""

import functools
from typing import Any

import numpy as np
from failure_inputs import RATE, Audio

from ddsp_tf.inference import Edits, TimbreTransfer, TransferResult
from ddsp_tf.inference.live_transfer import LiveTransfer
from ddsp_tf.models import Instrument

_BLOCK_SAMPLES = 1024


class FailurePlayers:
    """Plays audio as `ddsp-tf transfer` and `ddsp-tf stream` do.

    Args:
        instrument: One at 16 kHz, or its name or path.
    """

    def __init__(self, instrument: Instrument | str) -> None:
        if not isinstance(instrument, Instrument):
            instrument = Instrument.load(instrument)
        self.instrument = instrument
        self._live: dict[tuple[Any, ...], LiveTransfer] = {}

    @functools.cached_property
    def _wet(self) -> TimbreTransfer:
        return TimbreTransfer(self.instrument)

    @functools.cached_property
    def _dry(self) -> TimbreTransfer:
        return TimbreTransfer(self.instrument, reverb=False)

    def transfer(
        self, audio: Audio, *, reverb: bool = False, limiter: bool = False, **edits: Any
    ) -> TransferResult:
        """Plays a recording, without the room unless it is asked for."""
        transfer = self._wet if reverb else self._dry
        # One object for all edits, since each traces its own graph.
        transfer.edits, transfer.limiter = Edits(**edits), limiter
        return transfer(audio.astype(np.float32), RATE)

    def live(self, audio: Audio, *, reverb: bool = False, **options: Any) -> Audio:
        """Plays block by block without the latency, and without the room unless it is asked for."""
        key = (reverb, *sorted(options.items()))
        if key not in self._live:
            self._live[key] = LiveTransfer(
                self.instrument, block_samples=_BLOCK_SAMPLES, reverb=reverb, xla=False, **options
            )
        live, samples = self._live[key], audio.astype(np.float32)
        starts = range(0, len(samples), _BLOCK_SAMPLES)
        parts = [live.process(samples[start : start + _BLOCK_SAMPLES]) for start in starts]
        return np.concatenate([*parts, live.flush()])[live.latency_samples :].astype(np.float64)
