"""The check that an instrument's weights are numbers."""

import numpy as np

from ddsp_tf.errors import ExportError
from ddsp_tf.models import Instrument


def require_finite(instrument: Instrument) -> None:
    """Checks every weight.

    Raises:
        ExportError: One holds NaN or infinity.
    """
    for weight in instrument.model.weights:
        if not np.isfinite(weight.numpy()).all():
            raise ExportError(
                f"The instrument's weight `{weight.path}` holds NaN or infinity, so it can't play. "
                "Train it again, or take an earlier checkpoint."
            )
