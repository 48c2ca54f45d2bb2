"""The export of an instrument as a SavedModel."""

import os

from ddsp_tf.errors import ExportError
from ddsp_tf.export.description import SAVED_MODEL_FORMAT, describe_export
from ddsp_tf.export.finite_weights import require_finite
from ddsp_tf.export.graph_file import GRAPH_FILES, write_graphs
from ddsp_tf.export.parity import measure_parity
from ddsp_tf.export.parity_report import ParityReport
from ddsp_tf.export.tracing import trace_instrument
from ddsp_tf.files import FolderSort, atomic_directory, write_json
from ddsp_tf.models import Instrument
from ddsp_tf.types import Progress, no_progress

METADATA = "metadata.json"
SAVED_MODEL = FolderSort(
    "a SavedModel", METADATA, keys={"format": SAVED_MODEL_FORMAT}, files=GRAPH_FILES
)

_TRACED, _WRITTEN = 0.3, 0.5
"""Shares of the work that are done at these points, for the progress."""


def export_saved_model(
    instrument: Instrument,
    directory: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ParityReport:
    """Writes an instrument as a SavedModel that runs without ddsp_tf, and checks that it is right.

    It has two signatures, for any batch size and length:

    - `synthesize(f0_hz, loudness_db)`, each `[batch, n_frames]`, gives `audio`
      `[batch, n_frames * hop_length]`. An instrument with an encoder needs `z`
      `[batch, n_frames, n_z]` too.
    - `transfer(audio)`, `[batch, n_samples]` at the instrument's rate, gives `audio` of that
      length, and what it found in the input: `f0_hz`, `f0_confidence`, `loudness_db`, and `z`. It
      plays pitch and loudness as they are: whoever wants to move them to the instrument's range
      (`metadata.json` has it) edits what `transfer` found and passes it to `synthesize`.

    Pitch is found by CREPE in the graph; at other rates than 16 kHz the graph resamples for it. An
    instrument trained with pYIN, which has no graph, hears with CREPE tiny. The noise is that of
    the model's seed, the same at every call.

    The folder is written whole or not at all. `metadata.json` in it says what the instrument is,
    and how closely the SavedModel equals Python.

    Args:
        instrument: What to export.
        directory: The folder to write.
        overwrite: Whether an export of the same sort may be replaced.
        progress: Is called with the share that is done, 0 to 1.

    Returns:
        The differences between Python and what was written: in audio at most 1e-4.

    Raises:
        ExportError: The model has NaN weights, can't be traced, needs Python to run, or the
            SavedModel differs.
        OutputError: The folder exists, is of another sort or holds something else, or can't be
            written.
        ModelError: The weights of the pitch tracker aren't installed.

    Example:
        >>> from ddsp_tf import Instrument
        >>> report = export_saved_model(Instrument.load("runs/violin"), "out")
        >>> report.audio_error < 1e-4
        True
    """
    report_progress = progress or no_progress
    require_finite(instrument)
    with atomic_directory(directory, sort=SAVED_MODEL, overwrite=overwrite) as folder:
        tracing = trace_instrument(instrument)
        report_progress(_TRACED)
        write_graphs(tracing, folder)
        report_progress(_WRITTEN)
        parity = measure_parity(
            instrument,
            folder,
            progress=lambda share: report_progress(_WRITTEN + (1 - _WRITTEN) * share),
        )
        failures = parity.failures()
        if failures:
            raise ExportError(
                f"The exported model does not equal the one in Python: {'; '.join(failures)}. "
                "Nothing was written. A layer that counts its calls, or draws its own random "
                "numbers, can be the cause."
            )
        write_json(folder / METADATA, describe_export(instrument, tracing, parity))
    return parity
