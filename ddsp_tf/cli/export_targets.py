"""What `ddsp-tf export --target` can write. Nothing heavy is imported until a target is used."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ddsp_tf.cli.terminal import Advance
from ddsp_tf.errors import ArgumentError

if TYPE_CHECKING:
    from ddsp_tf.models import Instrument


class Report(Protocol):
    """What an export returns: a sentence, and its figures."""

    def to_dict(self) -> dict[str, Any]:
        """Gives the figures, ready for JSON."""
        ...


@dataclass(frozen=True)
class Order:
    """One export.

    Args:
        instrument: What to write.
        output: Where.
        overwrite: Whether what is there may be replaced.
        quantize: "float16", "int8" or None; targets that can't quantise never see another.
        advance: Is told the share that is done.
        name: What the instrument is called, from the name of its folder.
        trim_db: By how much it plays softer; targets that can't trim never see another than None.
    """

    instrument: "Instrument"
    output: Path
    overwrite: bool
    quantize: Any
    advance: Advance
    name: str
    trim_db: float | None = None


@dataclass(frozen=True)
class Target:
    """A format.

    Args:
        summary: What it is, in a line of `--help`.
        write: Does the work.
        suffix: Of the file that it writes; None: it writes a folder.
        quantizes: What it takes as `--quantize`.
        adds: Whether it adds to a folder of its own, and looks itself at what is there.
        trims: Whether it takes `--trim`.
        builds: Whether it takes `--build`.
    """

    summary: str
    write: Callable[[Order], Report]
    suffix: str | None = None
    quantizes: tuple[str, ...] = ()
    adds: bool = False
    trims: bool = False
    builds: bool = False

    def check(
        self,
        name: str,
        output: Path,
        quantize: str | None,
        *,
        trim_db: float | None = None,
        build: bool = False,
    ) -> None:
        """Refuses options that don't go with the target, before any work is done.

        Raises:
            ArgumentError: It writes a file of another suffix, does not quantise, or compiles
                nothing.
        """
        if build and not self.builds:
            able = ", ".join(key for key, target in TARGETS.items() if target.builds)
            raise ArgumentError(
                f"--build goes with --target {able}; {name} has nothing to compile."
            )
        if self.suffix is not None and output.suffix.lower() != self.suffix:
            raise ArgumentError(
                f"--target {name} writes one file; its name should end in {self.suffix}. "
                f"Got `{output}`."
            )
        if quantize is not None and quantize not in self.quantizes:
            able = ", ".join(key for key, target in TARGETS.items() if quantize in target.quantizes)
            stores = " or ".join(["float32", *self.quantizes])
            raise ArgumentError(
                f"--quantize {quantize} goes with --target {able}; {name} stores {stores}."
            )
        if trim_db is not None and not self.trims:
            able = ", ".join(key for key, target in TARGETS.items() if target.trims)
            raise ArgumentError(f"--trim goes with --target {able}; hosts of {name} have a volume.")


def _by(function: str, *settings: str, **fixed: Any) -> Callable[[Order], Report]:
    """Writes with a function of `ddsp_tf.export`, which takes these settings of an order."""

    def write(order: Order) -> Report:
        from ddsp_tf import export

        return getattr(export, function)(
            order.instrument,
            order.output,
            overwrite=order.overwrite,
            progress=order.advance,
            **{key: getattr(order, key) for key in settings},
            **fixed,
        )

    return write


TARGETS: dict[str, Target] = {
    "saved_model": Target(
        "TensorFlow SavedModel, whole sounds: server, Python.", _by("export_saved_model")
    ),
    "native": Target(
        "SavedModel, frames: native hosts by TensorFlow's C API.",
        _by("export_native", "trim_db"),
        trims=True,
    ),
    "vst": Target("One .tflite file: the DDSP-VST plug-in.", _by("export_vst"), suffix=".tflite"),
    "litert": Target(
        "LiteRT (TensorFlow Lite), a frame at a time: phone, board.",
        _by("export_live", "quantize", runtime="litert"),
        quantizes=("float16", "int8"),
    ),
    "onnx": Target(
        "ONNX, a frame at a time: any language.",
        _by("export_live", "quantize", runtime="onnx"),
        quantizes=("float16", "int8"),
    ),
    "c": Target(
        "C99 source, a frame at a time: boards and hosts without a runtime.",
        _by("export_c", "name", "quantize"),
        quantizes=("int8",),
    ),
    "plugin": Target(
        "One .ddsp file in a folder: ddsp_tf's own plug-in and C++ engine; --build compiles it.",
        _by("export_plugin", "name", "quantize"),
        quantizes=("float16",),
        adds=True,
        builds=True,
    ),
    "ddsp_tilde": Target(
        "TorchScript, room and sizes: ddsp~ in Pure Data and Max.", _by("export_ddsp_tilde", "name")
    ),
    "nn_tilde": Target(
        "One .ts file: nn~ in Max and Pure Data.", _by("export_nn_tilde"), suffix=".ts"
    ),
    "neutone": Target(
        "One .nm file: the plug-in Neutone FX.", _by("export_neutone", "name"), suffix=".nm"
    ),
    "web": Target(
        "A page that plays it in a browser; see `ddsp-tf demo`.",
        _by("export_web", "name"),
        adds=True,
    ),
}
