"""An instrument as graphs for any batch size and length."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import tensorflow as tf

from ddsp_tf.dsp.compilation import played_graph
from ddsp_tf.errors import DdspError, ExportError
from ddsp_tf.export.black_boxes import refuse_black_boxes
from ddsp_tf.export.graph_features import GraphFeatures
from ddsp_tf.models import Instrument, Model
from ddsp_tf.types import Signal

SYNTHESIZE, TRANSFER = "synthesize", "transfer"
_HEARD = ("f0_hz", "loudness_db")

Graph: TypeAlias = tf.types.experimental.ConcreteFunction


@dataclass(frozen=True)
class Tracing:
    """The functions of an instrument as graphs.

    Args:
        graphs: By the names of their signatures.
        weights: Every variable that a graph reads, once. Graphs alone don't keep them alive.
    """

    graphs: dict[str, Graph]
    weights: list[tf.Variable]


def trace_instrument(instrument: Instrument) -> Tracing:
    """Traces the functions of an instrument.

    - `synthesize(f0_hz, loudness_db)` plays frames `[batch, n_frames]` and gives `audio`. With an
      encoder it takes `z` `[batch, n_frames, n_z]` too. Other models take what they declare in the
      same way, and audio `[batch, n_samples]`.
    - `transfer(audio)` finds the features of audio `[batch, n_samples]` and plays them. It gives
      `audio` of the same length, and the features that it found. A model that takes more than
      pitch, loudness and what its encoder makes has none.

    Both refuse empty, unequal and non-finite inputs when they run.

    Raises:
        ExportError: The model computes outside TensorFlow, or can't be traced without knowing batch
            size or length.
        ModelError: The tracker's weights are not installed.
    """
    model = instrument.model
    refuse_black_boxes(model)
    if "audio" not in model.output_signals:
        raise ExportError(
            f"`{type(model).__name__}` makes no sound, but {', '.join(model.output_signals)}. Use "
            "it from Python."
        )
    compiled = getattr(model, "jit_network", None)
    if compiled is not None:
        model.jit_network = False  # XLA would make the graph depend on who runs it.
    try:
        graphs = {SYNTHESIZE: _trace_synthesize(instrument)}
        if hears(model):
            find_features = GraphFeatures(instrument.features)
            graphs[TRANSFER] = _trace_transfer(instrument, find_features)
        weights = {id(weight): weight for graph in graphs.values() for weight in graph.variables}
        return Tracing(graphs, list(weights.values()))
    except DdspError:
        raise
    except Exception as error:
        # Layers raise what they like, and all of it means that this model has no such graph.
        raise ExportError(
            f"The model can't be traced for any batch size and length: {error}. Every layer must "
            "take its sizes from its inputs when it runs."
        ) from error
    finally:
        if compiled is not None:
            model.jit_network = compiled


def hears(model: Model) -> bool:
    """Whether all that a model takes is found in a sound: pitch, loudness, and the sound itself."""
    needed = model.input_signals.keys() - set(model.optional_input_names)
    return needed <= {*_HEARD, "audio"}


def _trace_synthesize(instrument: Instrument) -> Graph:
    model = instrument.model
    signals = model.encoded_signals

    def synthesize(*values: tf.Tensor) -> dict[str, tf.Tensor]:
        given = dict(zip(signals, values, strict=True))
        frames = _checked_frames(
            {
                key: x[..., tf.newaxis] if len(_layout(signals[key])) < _rank(signals[key]) else x
                for key, x in given.items()
            },
            signals,
        )
        return {"audio": model(frames)["audio"]}

    inputs = [tf.TensorSpec(_layout(x), tf.float32, key) for key, x in signals.items()]
    return played_graph(synthesize, inputs)


def _layout(signal: Signal) -> list[int | None]:
    """The shape in which a signature takes a signal: no axis for a single number or channel."""
    time: list[int | None] = [] if signal.kind == "value" else [None]
    return [None, *time, *([] if signal.width == 1 else [signal.width])]


def _rank(signal: Signal) -> int:
    """Axes of a signal as a model takes it."""
    one_channel = signal.kind == "samples" and signal.width == 1
    return 2 if signal.kind == "value" or one_channel else 3


def _trace_transfer(instrument: Instrument, find_features: GraphFeatures) -> Graph:
    model = instrument.model

    def transfer(audio: tf.Tensor) -> dict[str, tf.Tensor]:
        _require(tf.shape(audio)[1] > 0, "`audio` must hold at least one sample.")
        audio = tf.debugging.assert_all_finite(audio, "`audio` holds NaN or infinite samples.")
        found = find_features(audio)
        heard = {key: found[key][..., tf.newaxis] for key in _HEARD}
        features = model.encode({**heard, "audio": audio})
        # What an encoder makes of the sound is given out, too, and its input is not.
        found |= {key: x for key, x in features.items() if key not in (*_HEARD, "audio")}
        played = model(features)["audio"]
        return {"audio": played[:, : tf.shape(audio)[1]], **found}

    return played_graph(transfer, [tf.TensorSpec([None, None], tf.float32, "audio")])


def _checked_frames(
    frames: dict[str, tf.Tensor], signals: Mapping[str, Signal]
) -> dict[str, tf.Tensor]:
    for kind in ("frames", "samples"):
        alike = {key: x for key, x in frames.items() if signals[key].kind == kind}
        if not alike:
            continue
        shapes = [tf.shape(x)[:2] for x in alike.values()]
        names = " and ".join(f"`{key}`" for key in alike)
        same = tf.reduce_all([tf.reduce_all(shape == shapes[0]) for shape in shapes])
        what = "frame" if kind == "frames" else "sample"
        _require(same, f"{names} must have the same batch size and number of {what}s.")
        _require(shapes[0][1] > 0, f"{names} must hold at least one {what}.")
    return {
        key: tf.debugging.assert_all_finite(x, f"`{key}` holds NaN or infinite values.")
        for key, x in frames.items()
    }


def _require(condition: tf.Tensor, message: str) -> None:
    tf.debugging.Assert(condition, [message])
