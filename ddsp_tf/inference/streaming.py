"""An instrument that is played live, one block after the other."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference.streaming_graph import StreamingGraph
from ddsp_tf.models import Instrument, Model
from ddsp_tf.types import Signal

StreamState = dict[str, npt.NDArray[np.generic]]

_N_AHEAD = "n_frames_ahead"
_DEFAULT_BLOCK_FRAMES = 16


class Streamer:
    """Plays what a model takes as it comes: frames in, as many frames of audio out.

    The audio is what the model plays when it is called on the whole, to -80 dB, later by
    `latency_frames`. A frame glides towards the one after it and the noise's filters reach over
    their frame's ends, hence the latency; there is no other. The state between two calls is small,
    does not grow, and can be read, stored, set and reset.

    Everything is compiled at construction, for blocks of `block_frames` and for single frames,
    from which any other number is put together. So no later call is slower than others of its
    length. An object plays one sound (or a batch of them in step) and is used from one thread.

    Args:
        instrument: A trained instrument, a model, or the name or path of an instrument.
        batch_size: Sounds that are played in step.
        block_frames: The number of frames that calls will usually have. None: 16. Others work, and
            cost more processor time a frame.
        reverb: Whether the instrument's room is heard.
        xla: Whether XLA compiles the blocks: seconds at construction, then several times faster.

    Raises:
        ArgumentError: The model can't be streamed: it has an encoder of z, a non-causal decoder or
            a `Crop`. Or `batch_size` or `block_frames` is not a positive integer.
        ModelError: The instrument can't be loaded.

    Example:
        >>> streamer = Streamer("runs/violin", block_frames=1)
        >>> streamer.process(f0_hz=np.full([1, 5], 440.0), loudness_db=np.full([1, 5], -20.0)).shape
        (1, 320)
        >>> streamer.latency_ms
        8.0
    """

    def __init__(
        self,
        instrument: Instrument | Model | str | os.PathLike[str],
        *,
        batch_size: int = 1,
        block_frames: int | None = None,
        reverb: bool = True,
        xla: bool = True,
    ) -> None:
        block_frames = _DEFAULT_BLOCK_FRAMES if block_frames is None else block_frames
        for name, value in (("batch_size", batch_size), ("block_frames", block_frames)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ArgumentError(f"`{name}` must be an integer of at least 1; got {value!r}.")
        if isinstance(instrument, str | os.PathLike):
            instrument = Instrument.load(instrument)
        model = instrument.model if isinstance(instrument, Instrument) else instrument
        require_live(model)
        model = model if reverb else model.without_rooms()
        self.batch_size = batch_size
        self.sample_rate = model.sample_rate
        self.hop_length = model.hop_length
        self._lookahead_frames = model.lookahead_frames
        self._sizes = sorted({1, block_frames}, reverse=True)
        self._graph = StreamingGraph(model, batch_size=batch_size, block_sizes=self._sizes, xla=xla)
        self._n_ahead = 0

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.sample_rate / self.hop_length

    @property
    def latency_frames(self) -> int:
        """Frames by which the audio is later than the features."""
        return self._lookahead_frames

    @property
    def latency_samples(self) -> int:
        """The latency in samples."""
        return self._lookahead_frames * self.hop_length

    @property
    def latency_ms(self) -> float:
        """The latency in milliseconds, without that of collecting a block."""
        return 1000.0 * self.latency_samples / self.sample_rate

    @property
    def input_signals(self) -> dict[str, Signal]:
        """What `process` takes, in order."""
        return self._graph.input_signals

    def process(
        self, *inputs: npt.ArrayLike, **named_inputs: npt.ArrayLike
    ) -> npt.NDArray[np.float32]:
        """Plays one block of any length.

        Args:
            inputs: What the model takes, in the order of `input_signals`: frames of one number
                `[batch, n_frames]`, of several `[batch, n_frames, width]`, and audio
                `[batch, n_frames * hop_length]`. For an instrument `f0_hz`, the fundamental in Hz,
                >= 0, and `loudness_db`, as its features define it. n_frames may be 0.
            named_inputs: The same by name.

        Returns:
            Audio `[batch, n_frames * hop_length]`. Sample 0 of the first frame comes after
            `latency_samples` samples of silence.

        Raises:
            ArgumentError: An input is missing, the shapes are wrong, or a number is not finite or
                out of its range. The state is then as it was before the call.
        """
        block = self._checked(inputs, named_inputs)
        n_frames, hop = block.shape[2], self.hop_length
        if not n_frames:
            return np.zeros([self.batch_size, 0], np.float32)
        start = min(n_frames, self._lookahead_frames - self._n_ahead)
        for frame in range(start):
            self._graph.prime(block[:, :, frame : frame + 1])
        self._n_ahead += start
        parts = [np.zeros([self.batch_size, start * hop], np.float32)] if start else []
        for size in self._sizes:
            while n_frames - start >= size:
                parts.append(self._graph.play(block[:, :, start : start + size]))
                start += size
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def flush(self) -> npt.NDArray[np.float32]:
        """Plays what the latency still holds back, as if the last frame were held, and resets.

        Returns:
            Audio `[batch, latency_samples]`; empty if nothing was played.
        """
        n_frames = self._lookahead_frames if self._n_ahead else 0
        audio = np.zeros([self.batch_size, 0], np.float32)
        if n_frames:
            audio = self.process(**{key: self._held(key, n_frames) for key in self.input_signals})
        self.reset()
        return audio

    def reset(self) -> None:
        """Returns to silence, as before the first call."""
        self._graph.reset()
        self._n_ahead = 0

    @property
    def state(self) -> StreamState:
        """All that is remembered between calls, as arrays by name: `numpy.savez` can store it.

        Setting it continues where it was read, in this object or in another of the same instrument,
        batch size and reverb. What is read is a copy.

        Raises:
            ArgumentError: On setting, if parts are missing, unknown, or of another shape or type.
        """
        return {**self._graph.state, _N_AHEAD: np.array(self._n_ahead, np.int64)}

    @state.setter
    def state(self, values: Mapping[str, npt.ArrayLike]) -> None:
        given = {name: np.asarray(value) for name, value in values.items()}
        _require_equal_layout(given, self.state)
        n_ahead = int(given.pop(_N_AHEAD))
        if not 0 <= n_ahead <= self._lookahead_frames:
            raise ArgumentError(
                f"`{_N_AHEAD}` must be from 0 to {self._lookahead_frames}; got {n_ahead}."
            )
        self._graph.state = given
        self._n_ahead = n_ahead

    def _held(self, key: str, n_frames: int) -> np.ndarray:
        """The last frame of an input so many times, or as much silence."""
        waiting, signal = self._graph.state[f"ahead/{key}"], self.input_signals[key]
        if signal.kind == "samples":
            return np.zeros([self.batch_size, n_frames * self.hop_length], np.float32)
        held = np.repeat(waiting[:, -1:], n_frames, axis=1)
        return held[..., 0] if signal.width == 1 else held

    def _checked(
        self, inputs: Sequence[npt.ArrayLike], named: Mapping[str, npt.ArrayLike]
    ) -> np.ndarray:
        """All inputs as a block of the graph."""
        signals = self.input_signals
        given = {**dict(zip(signals, inputs, strict=False)), **named}
        if len(given) != len(inputs) + len(named) or given.keys() != signals.keys():
            raise ArgumentError(
                f"The model plays {', '.join(f'`{key}`' for key in signals)}, each given once. "
                f"Received {len(inputs)} by position and {', '.join(named) or 'none'} by name."
            )
        arrays = {key: np.asarray(given[key], np.float32) for key in signals}
        for key, values in arrays.items():
            self._check_shape(key, values, signals[key])
        n_frames = {self._n_frames(x, signals[key]) for key, x in arrays.items()}
        if len(n_frames) > 1:
            raise ArgumentError(
                f"{' and '.join(f'`{key}`' for key in arrays)} must have the same shape; got "
                f"{' and '.join(str(x.shape) for x in arrays.values())}."
            )
        for key, values in arrays.items():
            _check_range(key, values, signals[key])
        if all(
            values.ndim == 2 and signals[key].kind == "frames" for key, values in arrays.items()
        ):
            return np.array(list(arrays.values()))
        columns = [
            x.reshape(self.batch_size, -1, self._graph.width(key)) for key, x in arrays.items()
        ]
        return np.ascontiguousarray(np.moveaxis(np.concatenate(columns, axis=2), 2, 0))

    def _check_shape(self, key: str, values: np.ndarray, signal: Signal) -> None:
        several = signal.kind == "frames" and signal.width != 1
        layout = "[batch, n_frames]"
        fits = values.ndim == (3 if several else 2) and len(values) == self.batch_size
        if several:
            layout = f"[batch, n_frames, {signal.width}]"
            fits = fits and values.shape[2] == signal.width
        elif signal.kind == "samples":
            layout = f"[batch, n_frames * {self.hop_length}]"
            fits = fits and values.shape[1] % self.hop_length == 0
        if not fits:
            raise ArgumentError(
                f"`{key}` must be {layout} with a batch of {self.batch_size}; "
                f"got shape {values.shape}."
            )

    def _n_frames(self, values: np.ndarray, signal: Signal) -> int:
        return values.shape[1] // (self.hop_length if signal.kind == "samples" else 1)


def _check_range(key: str, values: np.ndarray, signal: Signal) -> None:
    if not np.isfinite(values).all():
        raise ArgumentError(f"`{key}` holds NaN or infinity. Replace it before streaming.")
    if signal.low is not None and (values < signal.low).any():
        raise ArgumentError(
            f"`{key}` must be >= {signal.low:g} {signal.unit}; got {values.min():g}."
        )
    if signal.high is not None and (values > signal.high).any():
        raise ArgumentError(
            f"`{key}` must be <= {signal.high:g} {signal.unit}; got {values.max():g}."
        )


def require_live(model: Model) -> None:
    """Checks that a model can be played frame by frame.

    Raises:
        ArgumentError: It can't; the message names the part that needs the whole sound.
    """
    if model.why_not_live:
        raise ArgumentError(
            f"This model can't be streamed: {model.why_not_live}. Play whole recordings with it "
            "(`ddsp-tf transfer`), or train a model without it, such as "
            "models/small_instrument.gin."
        )


def _require_equal_layout(
    given: Mapping[str, npt.NDArray[np.generic]], expected: Mapping[str, npt.NDArray[np.generic]]
) -> None:
    if given.keys() != expected.keys():
        missing = ", ".join(sorted(expected.keys() - given.keys())) or "nothing"
        unknown = ", ".join(sorted(given.keys() - expected.keys())) or "nothing"
        raise ArgumentError(
            f"`state` is of another instrument: missing is {missing}; unknown is {unknown}."
        )
    for name, value in given.items():
        wanted = expected[name]
        if value.shape != wanted.shape or value.dtype != wanted.dtype:
            raise ArgumentError(
                f"`state` is of another instrument or batch size: `{name}` should be "
                f"{wanted.dtype} {wanted.shape}. Received {value.dtype} {value.shape}."
            )
