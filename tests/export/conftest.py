from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from export_toys import small_instrument

from ddsp_tf.export import ParityReport, export_saved_model
from ddsp_tf.models import Instrument


@dataclass(frozen=True)
class Exported:
    instrument: Instrument
    folder: Path
    report: ParityReport
    shares: list[float]
    loaded: Any

    def __call__(self, name: str, **inputs: Any) -> Any:
        """Runs a signature of the stored model."""
        return self.loaded.signatures[name](
            **{key: tf.constant(x, tf.float32) for key, x in inputs.items()}
        )


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A small instrument at 16 kHz, exported and loaded."""
    folder = tmp_path_factory.mktemp("exports") / "toy_saved_model"
    instrument = small_instrument()
    shares: list[float] = []
    report = export_saved_model(instrument, folder, progress=shares.append)
    return Exported(instrument, folder, report, shares, tf.saved_model.load(str(folder)))
