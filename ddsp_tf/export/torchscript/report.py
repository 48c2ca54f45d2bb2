"""What an export for hosts of TorchScript came to."""

import math
from dataclasses import dataclass
from typing import Any

from ddsp_tf.export.live_parity import LiveParity


@dataclass(frozen=True)
class TorchReport:
    """The figures of a file.

    Args:
        parity: How closely it equals Python: sound, and salience where it has a tracker.
        n_bytes: Size of all that was written.
    """

    parity: LiveParity
    n_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Gives the figures, ready for JSON."""
        return {**self.parity.to_dict(), "n_bytes": self.n_bytes}

    def __str__(self) -> str:
        errors = self.parity.errors
        sound_db = 20.0 * math.log10(max(errors["audio"], 1e-10))
        said = f"equals Python to {sound_db:.0f} dB in sound"
        if "salience" in errors:
            said += f" and {errors['salience']:.1e} in salience"
        return f"{said}; {self.n_bytes / 1e6:.1f} MB."
