"""Writes the violin for ddsp~, nn~ and Neutone into a folder. Runs in torch's environment."""

import sys
from pathlib import Path

from ddsp_tf import Instrument
from ddsp_tf.export import export_ddsp_tilde, export_neutone, export_nn_tilde

folder, violin = Path(sys.argv[1]), Instrument.load("violin")
reports = (
    export_ddsp_tilde(violin, folder / "ddsp_tilde", name="violin"),
    export_nn_tilde(violin, folder / "violin.ts"),
    export_neutone(violin, folder / "violin.nm", name="violin"),
)
for report in reports:
    assert report.parity.error < 1e-4
