"""An instrument that is played live, one block after the other."""

import os
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference.streaming_graph import FEATURES, StreamingGraph
from ddsp_tf.models import Autoencoder, Instrument
from ddsp_tf.processors import Crop

StreamState = dict[str, npt.NDArray[np.generic]]

_N_AHEAD = "n_frames_ahead"
_DEFAULT_BLOCK_FRAMES = 16


class Streamer:
    """Plays features as they come: frames in, as many frames of audio out.

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
        instrument: Instrument | Autoencoder | str | os.PathLike[str],
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
        require_streamable(model)
        model = model if reverb else model.without_reverb()
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

    def process(self, f0_hz: npt.ArrayLike, loudness_db: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Plays one block of any length.

        Args:
            f0_hz: Fundamental in Hz, `[batch, n_frames]`, >= 0; n_frames may be 0.
            loudness_db: Loudness in dB as the instrument's features define it, of the same shape.

        Returns:
            Audio `[batch, n_frames * hop_length]`. Sample 0 of the first frame comes after
            `latency_samples` samples of silence.

        Raises:
            ArgumentError: The shapes are wrong, or a number is not finite or is negative. The state
                is then as it was before the call.
        """
        inputs = self._checked(f0_hz, loudness_db)
        n_frames, hop = inputs.shape[2], self.hop_length
        if not n_frames:
            return np.zeros([self.batch_size, 0], np.float32)
        start = min(n_frames, self._lookahead_frames - self._n_ahead)
        for frame in range(start):
            self._graph.prime(inputs[:, :, frame : frame + 1])
        self._n_ahead += start
        parts = [np.zeros([self.batch_size, start * hop], np.float32)] if start else []
        for size in self._sizes:
            while n_frames - start >= size:
                parts.append(self._graph.play(inputs[:, :, start : start + size]))
                start += size
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def flush(self) -> npt.NDArray[np.float32]:
        """Plays what the latency still holds back, as if the last frame were held, and resets.

        Returns:
            Audio `[batch, latency_samples]`; empty if nothing was played.
        """
        n_frames = self._lookahead_frames if self._n_ahead else 0
        state = self._graph.state
        last = [state[f"ahead/{key}"][:, -1:, 0] for key in FEATURES] if n_frames else []
        held = [np.repeat(x, n_frames, axis=1) for x in last]
        audio = self.process(*held) if held else np.zeros([self.batch_size, 0], np.float32)
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

    def _checked(self, f0_hz: npt.ArrayLike, loudness_db: npt.ArrayLike) -> np.ndarray:
        pair = [np.asarray(f0_hz, np.float32), np.asarray(loudness_db, np.float32)]
        for name, values in zip(FEATURES, pair, strict=True):
            if values.ndim != 2 or len(values) != self.batch_size:
                raise ArgumentError(
                    f"`{name}` must be [batch, n_frames] with a batch of {self.batch_size}; "
                    f"got shape {values.shape}."
                )
        if pair[0].shape != pair[1].shape:
            raise ArgumentError(
                "`f0_hz` and `loudness_db` must have the same shape; "
                f"got {pair[0].shape} and {pair[1].shape}."
            )
        inputs = np.array(pair)
        if not np.isfinite(inputs).all():
            name = FEATURES[int(np.isfinite(inputs[0]).all())]
            raise ArgumentError(f"`{name}` holds NaN or infinity. Replace it before streaming.")
        if (inputs[0] < 0.0).any():
            raise ArgumentError(f"`f0_hz` must be >= 0 Hz; got {inputs[0].min():g}.")
        return inputs


def require_streamable(model: Autoencoder) -> None:
    """Checks that a model can be played frame by frame.

    Raises:
        ArgumentError: It can't; the message names the part that needs the whole sound.
    """
    crops = [p.name for p in model.processor_group.processors if isinstance(p, Crop)]
    if model.encoder is not None:
        reason = "its encoder makes `z` from the whole recording"
    elif not model.decoder.causal:
        reason = f"its decoder `{model.decoder.name}` reads frames of the future"
    elif crops:
        reason = f"its processor `{crops[0]}` changes the sound's length"
    elif not model.processor_group.streamable:
        reason = f"a processor of `{model.processor_group.name}` needs the whole sound"
    else:
        return
    raise ArgumentError(
        f"This model can't be streamed: {reason}. Play whole recordings with it "
        "(`ddsp-tf transfer`), or train a model without it, such as models/small_instrument.gin."
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
