"""Writes a prepared dataset as plain NumPy files, for programs that don't have ddsp_tf.

Example:
    python scripts/benchmarks/quality_material.py dataset/ -o material/
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from ddsp_tf.errors import AudioFileError, DatasetError, DdspError

if TYPE_CHECKING:
    from ddsp_tf.features import Features


@click.command()
@click.argument("dataset")
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="New folder.")
@click.option("--instrument", help="Also write how this instrument would be asked to play ...")
@click.option("--transfer", "melodies", multiple=True, help="... this melody. Repeatable.")
@click.option("--overwrite", is_flag=True, help="Replace the folder.")
def write_material(
    dataset: str, output: Path, instrument: str | None, melodies: tuple[str, ...], overwrite: bool
) -> None:
    """Writes the audio and features of DATASET: `train/` and `eval/`, an .npz a passage.

    What the features are is in `features.json`. Melodies go to `eval/transfer/`, with the pitch
    and loudness that a transfer makes of them; files that hold no melody are named and skipped.
    """
    from ddsp_tf.data import Dataset
    from ddsp_tf.evaluation.evaluation import held_out
    from ddsp_tf.files import FolderSort, atomic_directory, write_json

    if bool(instrument) != bool(melodies):
        raise click.UsageError("--instrument and --transfer need each other.")
    opened = Dataset.open(dataset)
    sort = FolderSort("material", "features.json", keys={"sample_rate": None}, files=("*.npz",))
    with atomic_directory(output, sort=sort, overwrite=overwrite) as folder:
        for name, arrays in _transfers(instrument, melodies).items():
            _write(folder / "eval" / "transfer" / f"{name}.npz", arrays)
        write_json(folder / "features.json", opened.features.to_dict())
        for split in ("train", "eval"):
            for key, _, audio, features in held_out(opened, split):
                _write(folder / split / f"{key}.npz", _arrays(audio, features))
    click.echo(f"Wrote {output}/")


def _transfers(
    instrument: str | None, melodies: tuple[str, ...]
) -> dict[str, Mapping[str, np.ndarray]]:
    from ddsp_tf.audio import check_usable, find_audio_files, read_audio
    from ddsp_tf.inference import TimbreTransfer

    if instrument is None:
        return {}
    play = TimbreTransfer(instrument)
    hop_length = play.settings.hop_length
    transfers: dict[str, Mapping[str, np.ndarray]] = {}
    for path in [file for melody in melodies for file in find_audio_files(melody)]:
        try:
            audio, _ = read_audio(path, sample_rate=play.sample_rate)
            check_usable(audio, n_samples=hop_length, name=path)
        except AudioFileError as error:
            click.echo(f"Skipped: {error}", err=True)
            continue
        n_samples = len(audio) // hop_length * hop_length
        result = play(audio[:n_samples], play.sample_rate)
        transfers[path.stem] = _arrays(audio[:n_samples], result.controls)
    if not transfers:
        raise DatasetError("There is no melody left to transfer: every file was skipped.")
    return transfers


def _arrays(audio: np.ndarray, features: "Features") -> dict[str, Any]:
    return {
        "audio": audio.astype(np.float32),
        "f0_hz": features.f0_hz,
        "f0_confidence": features.f0_confidence,
        "loudness_db": features.loudness_db,
    }


def _write(path: Path, arrays: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)


if __name__ == "__main__":
    try:
        write_material()
    except DdspError as error:
        sys.exit(f"Error: {error}")
