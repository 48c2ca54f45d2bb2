"""What the DDSP-VST plug-in demands of a model file."""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from ddsp_tf.errors import ExportError, ModelError
from ddsp_tf.export.appended_metadata import ENTRY, read_appended_metadata
from ddsp_tf.export.file_tensor import FileTensor
from ddsp_tf.export.litert.litert_contents import read_litert

SAMPLE_RATE, HOP_LENGTH, FRAME_LENGTH = 16000, 320, 1024
N_HARMONICS, N_NOISE_BANDS, N_STATE = 60, 65, 512

FUNCTION = "call"
INPUTS = {"call_f0_scaled:0": 1, "call_pw_scaled:0": 1, "call_state:0": N_STATE}
AMPLITUDE, HARMONICS, NOISE, STATE = (f"StatefulPartitionedCall:{index}" for index in range(4))
OUTPUTS = {AMPLITUDE: 1, HARMONICS: N_HARMONICS, NOISE: N_NOISE_BANDS, STATE: N_STATE}
RANGES = (
    "mean_min_pitch_note_hz",
    "mean_max_pitch_note_hz",
    "mean_min_power_note",
    "mean_max_power_note",
)
IDENTITY = ("version", "export_time")


def check_vst(content: bytes) -> None:
    """Checks a file as the plug-in does when it scans its folder of models, and more strictly.

    The plug-in reads sizes from the file and not types; it ignores a file that lacks a name, and
    would crash on other types. It knows built-in operations alone. It takes pitch and power range
    and the model's identity from the archive at the file's end.

    Args:
        content: The whole file, archive included.

    Raises:
        ExportError: The plug-in would ignore or misread the file; all reasons are named.
    """
    try:
        found = read_litert(content)
        metadata = read_appended_metadata(content)
    except ModelError as error:
        raise ExportError(f"DDSP-VST can't read the file. {error}") from error
    failures = [
        *_tensor_failures("input", found.inputs, INPUTS),
        *_tensor_failures("output", found.outputs, OUTPUTS),
    ]
    if found.custom_operations:
        failures.append(f"operations that are not built in: {', '.join(found.custom_operations)}")
    failures += _metadata_failures(metadata)
    try:
        content.partition(b"\0")[0].decode()
    except UnicodeDecodeError:
        failures.append("its bytes before the first 0 aren't UTF-8, as JUCE's reader needs them")
    if metadata is not None and not _archive_is_absolute(content):
        failures.append("the archive counts its places from somewhere else than the file's start")
    if failures:
        raise ExportError(f"DDSP-VST would not take the file: {'; '.join(failures)}.")


def _tensor_failures(
    kind: str, tensors: Sequence[FileTensor], expected: Mapping[str, int]
) -> list[str]:
    names = [tensor.name for tensor in tensors]
    if sorted(names) != sorted(expected):
        return [f"its {kind}s should be {', '.join(expected)}, and are {', '.join(names)}"]
    return [
        f"`{tensor.name}` should be {expected[tensor.name]} numbers of type float32, and is "
        f"{list(tensor.shape)} of type {tensor.dtype}"
        for tensor in tensors
        if tensor.size != expected[tensor.name] or tensor.dtype != "float32"
    ]


def _metadata_failures(metadata: Mapping[str, Any] | None) -> list[str]:
    if metadata is None:
        return [f"there is no `{ENTRY}` at its end"]
    failures = [
        f"`{key}` should be a number in its metadata, and is {metadata.get(key)!r}"
        for key in RANGES
        if isinstance(metadata.get(key), bool) or not isinstance(metadata.get(key), int | float)
    ]
    return failures + [
        f"`{key}` should be a text in its metadata, and is {metadata.get(key)!r}"
        for key in IDENTITY
        if not isinstance(metadata.get(key), str) or not metadata[key]
    ]


def _archive_is_absolute(content: bytes) -> bool:
    """Whether the places in the archive's directory count from the file's start.

    Python's reader corrects them if they don't; the plug-in's takes them as they are.
    """
    end = content.rfind(b"PK\x05\x06")
    (directory,) = struct.unpack_from("<I", content, end + 16)
    if content[directory : directory + 4] != b"PK\x01\x02":
        return False
    (entry,) = struct.unpack_from("<I", content, directory + 42)
    return content[entry : entry + 4] == b"PK\x03\x04"
