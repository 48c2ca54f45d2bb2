"""What is declared about a signal, compared with the tensor that comes, when a graph is traced.

All of it looks at static shapes alone: nothing is left of it in a graph.
"""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import Kind, Signal

_RANKS: Mapping[Kind, tuple[int, ...]] = {
    "frames": (3,),
    "samples": (2, 3),
    "notes": (3,),
    # One number, or one row, may serve the whole batch.
    "value": (0, 1, 2),
}
_LAYOUTS: Mapping[Kind, str] = {
    "frames": "frames `[batch, n_frames, {}]`",
    "samples": "audio `[batch, n_samples]` or `[batch, n_samples, {}]`",
    "notes": "notes `[batch, n_notes, {}]`",
    "value": "values `[batch, {}]`",
}


def check_inputs(
    owner: str,
    values: Mapping[str, Any],
    signals: Mapping[str, Signal],
    *,
    hop_length: int | None = None,
) -> None:
    """Compares tensors with what is declared about them, and with each other.

    Args:
        owner: Who takes them, for the messages.
        values: Tensors by name; those that nothing declares, and None, are passed over.
        signals: What is declared.
        hop_length: Samples per frame, where audio and frames have to fit together.

    Raises:
        ArgumentError: A tensor has another rank or width than is declared, there is no frame or
            no sample, or batch sizes, numbers of frames or lengths differ.
    """
    counts: dict[str, tuple[str, int]] = {}
    for key, signal in signals.items():
        value: Any = values.get(key)
        if not hasattr(value, "shape"):
            continue
        shape = tuple(value.shape)
        _check_layout(owner, key, shape, signal)
        if signal.kind == "value" and len(shape) < 2:
            continue
        _compare(owner, counts, "batch", key, shape[0])
        if signal.kind in ("frames", "samples"):
            _compare(owner, counts, signal.kind, key, shape[1])
    if hop_length is None or not {"frames", "samples"} <= set(counts):
        return
    (frames_key, n_frames), (samples_key, n_samples) = counts["frames"], counts["samples"]
    if n_samples != n_frames * hop_length:
        raise ArgumentError(
            f"`{owner}`: `{samples_key}` should have {n_frames} * {hop_length} = "
            f"{n_frames * hop_length} samples, since `{frames_key}` has {n_frames} frames of "
            f"{hop_length} samples. Received {n_samples}."
        )


def kind_of(value: Any, signal: Signal | None) -> Kind | None:
    """Gives the kind of a tensor; of what nothing declares, rank 3 is taken for frames."""
    if signal is not None:
        return signal.kind
    rank = len(value.shape) if hasattr(value, "shape") else 0
    return {2: "samples", 3: "frames"}.get(rank)  # type: ignore[return-value]


def hold_frames(control: Any, n_extra: int, signal: Signal | None = None) -> Any:
    """Repeats the last frame another `n_extra` times; passes on what has no frames.

    Args:
        control: A tensor, or anything else.
        n_extra: How often.
        signal: What is declared about it; None: three axes are `[batch, n_frames, n_channels]`.
    """
    if not n_extra or kind_of(control, signal) != "frames":
        return control
    return dsp.hold_last_frame(control, n_extra)


def extent(
    values: Mapping[str, Any], signals: Mapping[str, Signal], hop_length: int | None
) -> dict[str, Any]:
    """Gives how many examples of how many frames tensors hold.

    Args:
        values: Tensors by name.
        signals: What is declared about them.
        hop_length: Samples per frame; None: there are no frames, and each sample counts as one.

    Returns:
        `batch_size` and `n_frames`, integers or tensors; nothing if no tensor has a length.
    """
    kinds = {key: kind_of(x, signals.get(key)) for key, x in values.items()}
    for kind in ("frames", "samples"):
        for key, x in values.items():
            if kinds[key] == kind:
                length = tf.shape(x)[1] if x.shape[1] is None else x.shape[1]
                if kind == "samples" and hop_length is not None:
                    length = -(-length // hop_length)
                return {"batch_size": tf.shape(x)[0], "n_frames": length}
    return {}


def default_value(
    signal: Signal, *, batch_size: Any, n_frames: Any, hop_length: int | None
) -> tf.Tensor:
    """Makes what an input is where nobody gives it."""
    n_samples = n_frames if hop_length is None else n_frames * hop_length
    width = signal.width or 1
    shape = {
        "frames": [batch_size, n_frames, width],
        "samples": [batch_size, n_samples] + ([width] if width > 1 else []),
        "notes": [batch_size, 0, width],
        "value": [batch_size, width],
    }[signal.kind]
    return tf.cast(tf.fill(shape, signal.default or 0.0), signal.dtype)


def n_extra_channels(values: Mapping[str, Any], signals: Mapping[str, Signal]) -> int:
    """Gives the channels of audio that is declared to have one, or 0 if it has no axis for them.

    Such audio is played with the channels as rows of the batch.
    """
    for key, signal in signals.items():
        value: Any = values.get(key)
        if signal.kind == "samples" and signal.width == 1 and hasattr(value, "shape"):
            if len(value.shape) == 3:
                return int(value.shape[2])
    return 0


def fold_channels(
    values: Mapping[str, Any], signals: Mapping[str, Signal], n_channels: int
) -> dict[str, Any]:
    """Makes the channels of all audio rows of the batch, and repeats everything else for each.

    Args:
        values: By name; audio `[batch, n_samples, n_channels]`, or with one channel.
        signals: What is declared about them.
        n_channels: How many rows each becomes.

    Returns:
        Audio `[batch * n_channels, n_samples]`, frames `[batch * n_channels, n_frames, width]`.
    """
    return {
        key: _folded(value, kind_of(value, signals.get(key)), n_channels)
        for key, value in values.items()
    }


def unfold_channels(audio: tf.Tensor, n_channels: int) -> tf.Tensor:
    """Takes `[batch * n_channels, n_samples]` back to `[batch, n_samples, n_channels]`."""
    rows = tf.reshape(audio, [-1, n_channels, tf.shape(audio)[1]])
    unfolded = tf.transpose(rows, [0, 2, 1])
    n_rows = audio.shape[0]
    batch_size = None if n_rows is None else n_rows // n_channels
    return tf.ensure_shape(unfolded, [batch_size, audio.shape[1], n_channels])


def require_same_channels(owner: str, *sounds: tf.Tensor) -> list[tf.Tensor]:
    """Gives sounds that can be added to each other: one channel stands for all.

    Raises:
        ArgumentError: They have different numbers of channels, or different lengths.
    """
    shapes = [tuple(sound.shape) for sound in sounds]
    lengths = {shape[1] for shape in shapes} - {None}
    channels = {shape[2] for shape in shapes if len(shape) == 3} - {1, None}
    if len(lengths) > 1 or len(channels) > 1:
        raise ArgumentError(
            f"`{owner}` takes sounds of one length, each with one channel or all with as many. "
            f"Received the shapes {', '.join(map(_shown, shapes))}."
        )
    if all(len(shape) == 2 for shape in shapes):
        return list(sounds)
    return [sound[..., tf.newaxis] if len(sound.shape) == 2 else sound for sound in sounds]


def _folded(value: Any, kind: Kind | None, n_channels: int) -> Any:
    rank = len(value.shape) if hasattr(value, "shape") else 0
    if kind == "samples" and rank == 3 and value.shape[2] == n_channels:
        n_samples = value.shape[1] or tf.shape(value)[1]
        return tf.reshape(tf.transpose(value, [0, 2, 1]), [-1, n_samples])
    if kind == "samples" and rank == 3:
        value = tf.squeeze(value, axis=2)
    return tf.repeat(value, n_channels, axis=0) if rank >= 2 else value


def _check_layout(owner: str, key: str, shape: tuple[int | None, ...], signal: Signal) -> None:
    def fail(received: str) -> None:
        width = "n" if signal.width is None else signal.width
        if signal.kind == "samples" and signal.width == 1:
            width = "n_channels"
        layout = _LAYOUTS[signal.kind].format(width)
        raise ArgumentError(f"`{owner}`: `{key}` should be {layout}. Received {received}.")

    rank = len(shape)
    if rank not in _RANKS[signal.kind]:
        fail(f"the shape {_shown(shape)}")
    # Audio of several channels goes through what treats one at a time.
    one_by_one = signal.kind == "samples" and (rank == 2 or signal.width == 1)
    width = shape[-1] if rank else 1
    if signal.kind == "samples" and rank == 2 and (signal.width or 1) > 1:
        fail(f"the shape {_shown(shape)}")
    if not one_by_one and signal.width is not None and width not in (None, signal.width):
        fail(f"{width} channels, of the shape {_shown(shape)}")
    if signal.kind in ("frames", "samples") and shape[1] == 0:
        one = "frame" if signal.kind == "frames" else "sample"
        fail(f"the shape {_shown(shape)}: there should be one {one} at least")


def _compare(
    owner: str, counts: dict[str, tuple[str, int]], what: str, key: str, count: int | None
) -> None:
    if count is None:
        return
    first, expected = counts.setdefault(what, (key, count))
    if count == expected:
        return
    noun = {"batch": "examples", "frames": "frames", "samples": "samples"}[what]
    advice = (
        f"Repeat `{key if count == 1 else first}` for every example (tf.repeat)."
        if what == "batch" and 1 in (count, expected)
        else "All should have as many."
    )
    raise ArgumentError(
        f"`{owner}`: `{first}` has {expected} {noun}, and `{key}` has {count}. {advice}"
    )


def _shown(shape: tuple[int | None, ...]) -> str:
    return str(list(shape))
