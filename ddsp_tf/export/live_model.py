"""An instrument's networks as files for a runtime, each compared with Python."""

from dataclasses import dataclass
from typing import Any

from ddsp_tf.errors import ExportError
from ddsp_tf.export.decoder_step import STEP, DecoderStep
from ddsp_tf.export.description import describe_signature
from ddsp_tf.export.finite_weights import require_finite
from ddsp_tf.export.frame_tracker import TRACK, FrameTracker
from ddsp_tf.export.graph_features import graph_settings
from ddsp_tf.export.live_parity import (
    LiveParity,
    Runner,
    measure_decoder_parity,
    measure_tracker_parity,
)
from ddsp_tf.export.quantization import Quantization
from ddsp_tf.export.runtimes import Runtime
from ddsp_tf.export.sound_loss import SoundLoss, measure_sound_loss, measure_tracker_loss
from ddsp_tf.export.tracing import Graph
from ddsp_tf.models import Instrument


@dataclass(frozen=True)
class LiveModel:
    """A network in a runtime's format.

    Args:
        content: The file, without metadata.
        function: Name of its function.
        parity: How closely it equals Python; of a quantised network, its float32 twin.
        loss: What quantisation costs, or None.
        description: Shapes and meanings of its tensors, and the two above, ready for JSON.
    """

    content: bytes
    function: str
    parity: LiveParity
    loss: SoundLoss | None
    description: dict[str, Any]


def make_decoder(
    instrument: Instrument, runtime: Runtime, *, quantize: Quantization | None = None
) -> LiveModel:
    """Converts an instrument's decoder, one frame at a time, and compares it with Python.

    Args:
        instrument: What to convert.
        runtime: `LITERT` or `ONNX`.
        quantize: How weights are stored: "float16", "int8", or None for float32.

    Raises:
        ExportError: The model can't be played frame by frame or converted, or it differs.
    """
    require_finite(instrument)
    step = DecoderStep(instrument.model)

    def measure(run: Runner) -> LiveParity:
        return measure_decoder_parity(
            instrument, step.parts, run, n_state=step.n_state, runtime=runtime.description
        )

    def listen(run: Runner) -> SoundLoss:
        return measure_sound_loss(instrument, step.parts, run, n_state=step.n_state)

    return _make(step.graph(), STEP, runtime, quantize, measure, listen)


def make_tracker(
    instrument: Instrument, runtime: Runtime, *, quantize: Quantization | None = None
) -> LiveModel:
    """Converts the pitch tracker of an instrument, one frame at a time; see `make_decoder`.

    An instrument trained with pYIN, which is no network, gets CREPE tiny.
    """
    capacity = graph_settings(instrument.features).f0_tracker.removeprefix("crepe-")

    def measure(run: Runner) -> LiveParity:
        return measure_tracker_parity(run, capacity=capacity, runtime=runtime.description)

    tracker = FrameTracker(capacity)
    graph = tracker.graph()
    return _make(graph, TRACK, runtime, quantize, measure, measure_tracker_loss(graph))


def _make(
    graph: Graph,
    function: str,
    runtime: Runtime,
    quantize: Quantization | None,
    measure: Any,
    listen: Any,
) -> LiveModel:
    # The float32 twin shows that the conversion is right, which a quantised network can't.
    content = runtime.convert(graph, function, None)
    parity = measure(runtime.run(content, function))
    parity.require(f"{runtime.title} model")
    loss = None
    if quantize is not None:
        content = runtime.convert(graph, function, quantize)
        loss = listen(runtime.run(content, function))
        loss.require(quantize)
    description = {
        **describe_signature(graph),
        "function": function,
        "weights": quantize or "float32",
        "needs_at_least": runtime.oldest[quantize or "float32"],
        "parity": parity.to_dict(),
        "quantization_loss": None if loss is None else loss.to_dict(),
    }
    return LiveModel(content, function, parity, loss, description)


def require_unchanged(content: bytes, model: LiveModel, runtime: Runtime) -> None:
    """Checks that a file still loads after metadata was put into it.

    Raises:
        ExportError: It does not.
    """
    try:
        runtime.run(content, model.function)
    except ExportError as error:
        raise ExportError(f"The file does not load with its metadata. {error}") from error
