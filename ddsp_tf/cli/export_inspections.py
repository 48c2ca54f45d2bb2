"""What `ddsp-tf inspect` says of exported models."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddsp_tf.errors import ArgumentError, ModelError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ddsp_tf.export.file_tensor import FileTensor

MODEL_SUFFIXES = (".tflite", ".onnx")
PLUGIN_SUFFIX = ".ddsp"
TORCH_SUFFIXES = (".ts", ".nm")

Facts = tuple[str, dict[str, str], dict[str, Any], list[str]]
"""Kind, facts for a person, values for a program, warnings."""


def inspect_model_file(path: Path) -> Facts:
    """Looks into a `.tflite` or `.onnx` file, without running it.

    Raises:
        ModelError: It is damaged, foreign or made to mislead.
        ExportError: A package for reading it is missing.
    """
    from ddsp_tf.export.model_file import read_model_file

    found = read_model_file(path)
    own = _own_metadata(found.metadata)
    facts = {
        "inputs": _list_tensors(found.inputs),
        "outputs": _list_tensors(found.outputs),
        "operations": f"{found.n_operations}, with {found.n_weight_bytes / 1e6:.1f} MB of weights",
        **_describe(own),
    }
    if path.suffix.lower() == ".tflite":
        facts["DDSP-VST"] = "loads it" if found.plays_in_vst else "does not load it"
    values = {
        "inputs": [_tensor_values(tensor) for tensor in found.inputs],
        "outputs": [_tensor_values(tensor) for tensor in found.outputs],
        "n_operations": found.n_operations,
        "n_weight_bytes": found.n_weight_bytes,
        "plays_in_vst": found.plays_in_vst,
        "metadata": found.metadata,
    }
    warnings = list(found.warnings)
    if not own:
        warnings.append("It does not say what it is: another program wrote it.")
    return found.kind, facts, values, warnings


def inspect_plugin_file(path: Path) -> Facts:
    """Looks into a `.ddsp` file.

    Raises:
        ModelError: It is damaged, foreign or newer.
    """
    from ddsp_tf.export.plugin.container import read_container

    found = read_container(path)
    n_numbers = sum(values.size for values in found.arrays.values())
    size = f"{path.stat().st_size / 1e6:.1f} MB, {n_numbers:,} numbers"
    facts = {**_describe(_own_metadata(found.facts)), "size": size}
    return "instrument for the plug-in", facts, {"metadata": found.facts}, []


def inspect_torch_file(path: Path) -> Facts:
    """Looks into a TorchScript file, without running it and without torch.

    Raises:
        ModelError: It is damaged or of another kind.
    """
    from ddsp_tf.export.torchscript.archive import read_description

    found = read_description(path)
    own = _own_metadata(found)
    facts = {**_describe(own), "size": f"{path.stat().st_size / 1e6:.1f} MB"}
    warnings = [] if own else ["It does not say what it is: another program wrote it."]
    return "TorchScript model", facts, {"metadata": found}, warnings


def inspect_export(path: Path) -> Facts:
    """Reads what an exported folder says of itself.

    Raises:
        ModelError: Its metadata is damaged.
    """
    from ddsp_tf.files import read_json

    metadata = read_json(path / "metadata.json", error=ModelError)
    own = _own_metadata(metadata)
    sizes = {file.name: file.stat().st_size for file in path.rglob("*") if file.is_file()}
    facts = {**_describe(own), "size": f"{sum(sizes.values()) / 1e6:.1f} MB in {len(sizes)} files"}
    return "exported instrument", facts, {"metadata": metadata}, []


def is_export(path: Path) -> bool:
    """Whether a folder is what `ddsp-tf export` wrote."""
    return (path / "metadata.json").is_file() and not (path / "model.json").exists()


def no_drawing() -> "Figure":
    """Stands for the drawing of what has none.

    Raises:
        ArgumentError: Always.
    """
    raise ArgumentError(
        "`--plot` draws recordings, datasets, runs and instruments. For an exported model, plot "
        "the instrument that it was made of."
    )


def _own_metadata(metadata: Any) -> dict[str, Any]:
    """What ddsp_tf wrote, wherever in the metadata it is; empty if it wrote nothing."""
    if isinstance(metadata, dict) and isinstance(metadata.get("ddsp_tf"), dict):
        metadata = metadata["ddsp_tf"]
    known = isinstance(metadata, dict) and "ddsp_tf_version" in metadata
    return metadata if known else {}


def _describe(own: dict[str, Any]) -> dict[str, str]:
    facts = {
        "what": own.get("format"),
        "part": own.get("model"),
        "instrument": own.get("title"),
        "licence": own.get("licence"),
        "written by": own.get("ddsp_tf_version") and f"ddsp_tf {own['ddsp_tf_version']}",
        "weights": own.get("weights"),
        "parity": _describe_parity(own.get("parity")),
    }
    if isinstance(own.get("sample_rate"), int | float):
        facts["rates"] = f"{own['sample_rate']} Hz, hop {own.get('hop_length')}"
    return {name: str(value) for name, value in facts.items() if value}


def _describe_parity(parity: Any) -> str | None:
    errors = parity.get("errors") if isinstance(parity, dict) else None
    if not isinstance(errors, dict) or not errors:
        return None
    listed = ", ".join(f"{name} {error:.1e}" for name, error in errors.items() if _number(error))
    return f"{listed} ({parity.get('case')})"


def _number(value: Any) -> bool:
    return isinstance(value, int | float)


def _list_tensors(tensors: Any) -> str:
    return ", ".join(
        f"{tensor.name} {'x'.join(map(str, tensor.shape)) or 'scalar'}"
        + ("" if tensor.dtype == "float32" else f" ({tensor.dtype})")
        for tensor in tensors
    )


def _tensor_values(tensor: "FileTensor") -> dict[str, Any]:
    return {"name": tensor.name, "shape": list(tensor.shape), "dtype": tensor.dtype}
