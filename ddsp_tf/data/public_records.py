"""Public data sets that come as TFRecords: their sounds as files, with their labels beside them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import tensorflow as tf

from ddsp_tf.data.metadata_files import by_text
from ddsp_tf.errors import DatasetError
from ddsp_tf.files import atomic_file, write_text

METADATA = "metadata.jsonl"
_AUDIO = "audio"
_RATE = 16000
_INT16 = 32768.0
_OWN_NAMES = {"instrument_label": "instrument", "instrument_id": "instrument"}
"""What TFDS and the URMP records call the name of the instrument, and what it is called here."""
_NAMES = ("id", "note", "recording_id")
_SUFFIXES = {b"RIFF": ".wav", b"fLaC": ".flac", b"OggS": ".ogg", b"ID3": ".mp3"}


@dataclass(frozen=True)
class Unpacked:
    """What became of some paths.

    Attributes:
        paths: Those without records, and the folder of what was in records.
        failed: Why a file of records wasn't read to its end, by its name.
    """

    paths: list[Path]
    failed: Mapping[str, str]


def unpack_records(paths: Sequence[Path], into: Path) -> Unpacked:
    """Turns TFRecords among some paths into a folder of sound files and a `metadata.jsonl`.

    A record is a `tf.train.Example` with `audio`: floats, whole numbers of 16 bits, or a file's
    bytes. Its other numbers and texts of one value are labels, with `/` as `_`: NSynth's own
    records (`instrument_str`, `pitch`, `velocity`, ...), those of TensorFlow Datasets
    (`instrument/label`, ..., whose names are in `instrument-label.labels.txt` beside them), and
    the URMP records of magenta's DDSP library (`instrument_id`, `recording_id`). Frames in them,
    such as f0, are left, since a dataset measures its own.

    Args:
        paths: Files and folders.
        into: A folder that may be there already, from a preparation that was interrupted.

    Raises:
        DatasetError: A file holds other records.
    """
    files = {path: _record_files(path) for path in paths}
    others = [path for path, found in files.items() if not found]
    if len(others) == len(paths):
        return Unpacked(list(paths), {})
    failed: dict[str, str] = {}
    if not (into / METADATA).exists():
        into.mkdir(parents=True, exist_ok=True)
        rows: list[dict[str, Any]] = []
        for path in sorted({file for found in files.values() for file in found}):
            rows += _unpack(path, into, failed)
        if not rows:
            raise DatasetError("; ".join(failed.values()) or "The TFRecords hold no record.")
        write_text(into / METADATA, "".join(json.dumps(row) + "\n" for row in rows))
    return Unpacked([*others, into], failed)


def _record_files(path: Path) -> list[Path]:
    """TFRecords at a path; none in a dataset of this library."""
    if path.is_file():
        return [path] if ".tfrecord" in path.name else []
    if (path / "dataset.json").exists() or not path.is_dir():
        return []
    return sorted(file for file in path.iterdir() if ".tfrecord" in file.name and file.is_file())


def _unpack(path: Path, into: Path, failed: dict[str, str]) -> Iterator[dict[str, Any]]:
    classes, rate = _class_names(path.parent), _sample_rate(path.parent)
    records = iter(tf.data.TFRecordDataset(str(path)))
    index = 0
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except tf.errors.DataLossError:
            failed[path.name] = (
                f"`{path}` is damaged after {index} records. Download it again; the others are in."
            )
            return
        yield _write(record.numpy(), path, index, into, classes, rate)
        index += 1


def _write(
    record: bytes,
    path: Path,
    index: int,
    into: Path,
    classes: Mapping[str, Sequence[str]],
    sample_rate: int,
) -> dict[str, Any]:
    stored = _features(record, path)
    labels = _labels(stored, classes)
    named = next((str(labels[key]) for key in _NAMES if key in labels), path.name.split(".")[0])
    rate = int(labels.pop("sample_rate", sample_rate))
    stem = re.sub(r"[^\w.-]", "_", f"{named}-{index:06d}" if named else f"{index:06d}")
    content, suffix = _sound(stored[_AUDIO])
    folder = into / re.sub(r"[^\w-]", "_", path.name)
    folder.mkdir(exist_ok=True)
    target = folder / f"{stem}{suffix}"
    if not target.exists():
        with atomic_file(target) as temporary:
            if isinstance(content, bytes):
                Path(temporary).write_bytes(content)
            else:
                soundfile.write(str(temporary), content, rate, subtype="FLOAT", format="WAV")
    return {"file_name": target.relative_to(into).as_posix(), **labels}


def _features(record: bytes, path: Path) -> Mapping[str, Any]:
    try:
        stored = tf.train.Example.FromString(record).features.feature
    except ValueError as error:
        raise DatasetError(f"`{path}` holds another kind of record.") from error
    if _AUDIO not in stored:
        raise DatasetError(
            f"The records of `{path}` have no `audio`; they have {sorted(stored) or 'nothing'}."
        )
    if "f0_hz" in stored and not {"id", "note_str", "recording_id"} & set(stored):
        raise DatasetError(
            f"`{path}` was made by ddsp_prepare_tfrecord: its records overlap and don't say of "
            "which recording they are, so none can be held out. Prepare the recordings, or open "
            "these from Python: ddsp_tf.Dataset.open_magenta(train, eval)."
        )
    return stored


def _sound(feature: Any) -> tuple[bytes | np.ndarray, str]:
    if feature.HasField("bytes_list"):
        content = feature.bytes_list.value[0]
        suffix = next((x for start, x in _SUFFIXES.items() if content.startswith(start)), ".wav")
        return content, suffix
    if feature.HasField("int64_list"):
        return np.asarray(feature.int64_list.value, np.float32) / np.float32(_INT16), ".wav"
    return np.asarray(feature.float_list.value, np.float32), ".wav"


def _labels(stored: Mapping[str, Any], classes: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Everything of one value. A class is its name, where that is known."""
    labels: dict[str, Any] = {}
    for key in sorted(stored):
        kind = stored[key].WhichOneof("kind")
        values: Any = getattr(stored[key], kind).value if kind else ()
        if key == _AUDIO or len(values) != 1:
            continue
        value: Any = values[0]
        if isinstance(value, bytes):
            value = value.decode(errors="replace")
        elif key in classes and 0 <= int(value) < len(classes[key]):
            value = classes[key][int(value)]
        name = key.replace("/", "_").replace("-", "_")
        labels[_OWN_NAMES.get(name, name)] = value
    return by_text(labels)


def _class_names(folder: Path) -> dict[str, list[str]]:
    """The names of classes that TensorFlow Datasets writes beside its records."""
    suffix = ".labels.txt"
    return {
        path.name.removesuffix(suffix).replace("-", "/"): path.read_text("utf-8").split("\n")
        for path in folder.glob(f"*{suffix}")
    }


def _sample_rate(folder: Path) -> int:
    """What TensorFlow Datasets writes of its sound; 16 kHz if nothing says."""
    path = folder / "features.json"
    if not path.exists():
        return _RATE
    found = re.search(r'"sample_?[rR]ate"\s*:\s*"?(\d+)', path.read_text("utf-8"))
    return int(found[1]) if found else _RATE
