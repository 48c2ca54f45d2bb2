"""What the modules in torch are made of."""

from dataclasses import dataclass
from typing import Any

from ddsp_tf.export.decoder_contents import Arrays, require_known_decoder
from ddsp_tf.export.description import describe_instrument
from ddsp_tf.export.finite_weights import require_finite
from ddsp_tf.export.live_parts import LiveParts, find_live_parts
from ddsp_tf.export.plugin.plugin_contents import describe_for_engine, gather_arrays
from ddsp_tf.models import Instrument

ROOM = "room/impulse_response"


@dataclass(frozen=True)
class Contents:
    """An instrument as facts and arrays: what a `.ddsp` file holds, too.

    Args:
        instrument: What they are of.
        parts: Of its model.
        facts: Rates, sizes and ranges.
        arrays: Weights by name.
    """

    instrument: Instrument
    parts: LiveParts
    facts: dict[str, Any]
    arrays: Arrays

    @property
    def dry(self) -> Arrays:
        """The arrays without the room."""
        return {name: x for name, x in self.arrays.items() if name != ROOM}

    def describe(self, format_: str) -> dict[str, Any]:
        """Gives what an export says of itself, without its parity."""
        return {
            "format": format_,
            **describe_instrument(self.instrument),
            "features": self.facts["features"],
            "weights": "float32",
            "instrument": self.facts["instrument"],
        }


def take_contents(instrument: Instrument) -> Contents:
    """Takes an instrument apart.

    Raises:
        ExportError: It can't be played frame by frame, or its weights aren't numbers.
        ModelError: The weights of the pitch tracker aren't installed.
    """
    require_finite(instrument)
    parts = find_live_parts(instrument.model)
    require_known_decoder(parts, "The instrument in torch")
    facts, arrays = describe_for_engine(instrument, parts), gather_arrays(instrument, parts)
    return Contents(instrument, parts, facts, arrays)
