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


def _saved_model(order: Order) -> Report:
    from ddsp_tf.export import export_saved_model

    return export_saved_model(
        order.instrument, order.output, overwrite=order.overwrite, progress=order.advance
    )


def _live(runtime: Any) -> Callable[[Order], Report]:
    def write(order: Order) -> Report:
        from ddsp_tf.export import export_live

        return export_live(
            order.instrument,
            order.output,
            runtime=runtime,
            quantize=order.quantize,
            overwrite=order.overwrite,
            progress=order.advance,
        )

    return write


def _native(order: Order) -> Report:
    from ddsp_tf.export import export_native

    return export_native(
        order.instrument,
        order.output,
        trim_db=order.trim_db,
        overwrite=order.overwrite,
        progress=order.advance,
    )


def _vst(order: Order) -> Report:
    from ddsp_tf.export import export_vst

    return export_vst(
        order.instrument, order.output, overwrite=order.overwrite, progress=order.advance
    )


def _web(order: Order) -> Report:
    from ddsp_tf.export import export_web

    return export_web(
        order.instrument,
        order.output,
        name=order.name,
        overwrite=order.overwrite,
        progress=order.advance,
    )


def _plugin(order: Order) -> Report:
    from ddsp_tf.export import export_plugin

    return export_plugin(
        order.instrument,
        order.output,
        name=order.name,
        quantize=order.quantize,
        overwrite=order.overwrite,
        progress=order.advance,
    )


def _ddsp_tilde(order: Order) -> Report:
    from ddsp_tf.export import export_ddsp_tilde

    return export_ddsp_tilde(
        order.instrument,
        order.output,
        name=order.name,
        overwrite=order.overwrite,
        progress=order.advance,
    )


def _nn_tilde(order: Order) -> Report:
    from ddsp_tf.export import export_nn_tilde

    return export_nn_tilde(
        order.instrument, order.output, overwrite=order.overwrite, progress=order.advance
    )


def _neutone(order: Order) -> Report:
    from ddsp_tf.export import export_neutone

    return export_neutone(
        order.instrument,
        order.output,
        name=order.name,
        overwrite=order.overwrite,
        progress=order.advance,
    )


def _c(order: Order) -> Report:
    from ddsp_tf.export import export_c

    return export_c(
        order.instrument,
        order.output,
        name=order.name,
        quantize=order.quantize,
        overwrite=order.overwrite,
        progress=order.advance,
    )


TARGETS: dict[str, Target] = {
    "saved_model": Target("TensorFlow SavedModel, whole sounds: server, Python.", _saved_model),
    "native": Target(
        "SavedModel, frames: native hosts by TensorFlow's C API.", _native, trims=True
    ),
    "vst": Target("One .tflite file: the DDSP-VST plug-in.", _vst, suffix=".tflite"),
    "litert": Target(
        "LiteRT (TensorFlow Lite), a frame at a time: phone, board.",
        _live("litert"),
        quantizes=("float16", "int8"),
    ),
    "onnx": Target(
        "ONNX, a frame at a time: any language.", _live("onnx"), quantizes=("float16", "int8")
    ),
    "c": Target(
        "C99 source, a frame at a time: boards and hosts without a runtime.",
        _c,
        quantizes=("int8",),
    ),
    "plugin": Target(
        "One .ddsp file in a folder: ddsp_tf's own plug-in and C++ engine; --build compiles it.",
        _plugin,
        quantizes=("float16",),
        adds=True,
        builds=True,
    ),
    "ddsp_tilde": Target("TorchScript, room and sizes: ddsp~ in Pure Data and Max.", _ddsp_tilde),
    "nn_tilde": Target("One .ts file: nn~ in Max and Pure Data.", _nn_tilde, suffix=".ts"),
    "neutone": Target("One .nm file: the plug-in Neutone FX.", _neutone, suffix=".nm"),
    "web": Target("A page that plays it in a browser; see `ddsp-tf demo`.", _web, adds=True),
}
