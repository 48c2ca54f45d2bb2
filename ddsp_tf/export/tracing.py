"""An instrument as graphs for any batch size and length."""

from dataclasses import dataclass
from typing import TypeAlias

import tensorflow as tf

from ddsp_tf.errors import DdspError, ExportError
from ddsp_tf.export.graph_features import GraphFeatures
from ddsp_tf.models import Instrument

SYNTHESIZE, TRANSFER = "synthesize", "transfer"

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
    """Traces both functions of an instrument.

    - `synthesize(f0_hz, loudness_db)` plays frames `[batch, n_frames]` and gives `audio`. With an
      encoder it takes `z` `[batch, n_frames, n_z]` too.
    - `transfer(audio)` finds the features of audio `[batch, n_samples]` and plays them. It gives
      `audio` of the same length, and the features that it found.

    Both refuse empty, unequal and non-finite inputs when they run.

    Raises:
        ExportError: The model can't be traced without knowing batch size or length.
        ModelError: The tracker's weights are not installed.
    """
    model = instrument.model
    compiled = model.jit_network
    model.jit_network = False  # XLA would make the graph depend on who runs it.
    try:
        find_features = GraphFeatures(instrument.features)
        graphs = {
            SYNTHESIZE: _trace_synthesize(instrument),
            TRANSFER: _trace_transfer(instrument, find_features),
        }
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
        model.jit_network = compiled


def _trace_synthesize(instrument: Instrument) -> Graph:
    model = instrument.model

    def synthesize(
        f0_hz: tf.Tensor, loudness_db: tf.Tensor, z: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        frames = {"f0_hz": f0_hz[..., tf.newaxis], "loudness_db": loudness_db[..., tf.newaxis]}
        frames |= {} if z is None else {"z": z}
        return {"audio": model(_checked_frames(frames))["audio"]}

    inputs = [tf.TensorSpec([None, None], tf.float32, key) for key in ("f0_hz", "loudness_db")]
    if model.encoder is not None:
        inputs.append(tf.TensorSpec([None, None, model.encoder.n_z], tf.float32, "z"))
    return _trace(synthesize, inputs)


def _trace_transfer(instrument: Instrument, find_features: GraphFeatures) -> Graph:
    model = instrument.model

    def transfer(audio: tf.Tensor) -> dict[str, tf.Tensor]:
        _require(tf.shape(audio)[1] > 0, "`audio` must hold at least one sample.")
        audio = tf.debugging.assert_all_finite(audio, "`audio` holds NaN or infinite samples.")
        found = find_features(audio)
        features = {key: found[key][..., tf.newaxis] for key in ("f0_hz", "loudness_db")}
        if model.encoder is not None:
            features = model.encode({**features, "audio": audio})
            found["z"] = features["z"]
        played = model(features)["audio"]
        return {"audio": played[:, : tf.shape(audio)[1]], **found}

    return _trace(transfer, [tf.TensorSpec([None, None], tf.float32, "audio")])


def _trace(function: object, inputs: list[tf.TensorSpec]) -> Graph:
    return tf.function(function, input_signature=inputs, autograph=False).get_concrete_function()


def _checked_frames(frames: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    shapes = [tf.shape(x)[:2] for x in frames.values()]
    names = " and ".join(f"`{key}`" for key in frames)
    same = tf.reduce_all([tf.reduce_all(shape == shapes[0]) for shape in shapes])
    _require(same, f"{names} must have the same batch size and number of frames.")
    _require(shapes[0][1] > 0, f"{names} must hold at least one frame.")
    return {
        key: tf.debugging.assert_all_finite(x, f"`{key}` holds NaN or infinite values.")
        for key, x in frames.items()
    }


def _require(condition: tf.Tensor, message: str) -> None:
    tf.debugging.Assert(condition, [message])
