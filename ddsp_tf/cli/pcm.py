"""Raw PCM on stdin and stdout."""

from typing import IO, TYPE_CHECKING

from ddsp_tf.errors import AudioFileError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

PCM_FORMATS = ("s16le", "f32le")
_SAMPLE_BYTES = {"s16le": 2, "f32le": 4}
_FULL_SCALE = 32768.0


class PcmReader:
    """Reads mono samples as they come, whatever number of bytes comes at a time.

    Args:
        stream: A buffered binary stream.
        pcm_format: One of `PCM_FORMATS`.

    Attributes:
        n_samples: Samples that were read.
        n_odd_bytes: Bytes after the last whole sample, known at the end.
    """

    def __init__(self, stream: IO[bytes], pcm_format: str) -> None:
        self._stream = stream
        self._format = pcm_format
        self._rest = b""
        self.n_samples = 0
        self.n_odd_bytes = 0

    def read(self, n_most: int) -> "npt.NDArray[np.float32] | None":
        """Waits for samples and gives those that are there, None at the end.

        Args:
            n_most: The most samples to give.

        Raises:
            AudioFileError: A sample is NaN or infinite.
        """
        import numpy as np

        size = _SAMPLE_BYTES[self._format]
        data = self._stream.read1(n_most * size - len(self._rest))  # type: ignore[attr-defined]
        if not data:
            self.n_odd_bytes = len(self._rest)
            return None
        data = self._rest + data
        n_whole = len(data) // size * size
        self._rest = data[n_whole:]
        if self._format == "s16le":
            samples = np.frombuffer(data[:n_whole], "<i2").astype(np.float32) / _FULL_SCALE
        else:
            samples = np.frombuffer(data[:n_whole], "<f4").astype(np.float32)
        finite = np.isfinite(samples)
        if not finite.all():
            position = self.n_samples + int(np.argmin(finite))
            raise AudioFileError(
                f"Sample {position} of the input is NaN or infinite. Repair the source, or check "
                f"that it is raw {self._format}: mono, little-endian, without a header."
            )
        self.n_samples += len(samples)
        return samples


class PcmWriter:
    """Writes mono samples at once.

    Args:
        stream: A binary stream.
        pcm_format: One of `PCM_FORMATS`.

    Attributes:
        n_clipped: Samples beyond full scale so far; s16le can't hold them, f32le can.
    """

    def __init__(self, stream: IO[bytes], pcm_format: str) -> None:
        self._stream = stream
        self._format = pcm_format
        self.n_clipped = 0

    def write(self, samples: "npt.NDArray[np.float32]") -> None:
        """Writes `[n_samples]` and passes them on without waiting for more.

        Raises:
            BrokenPipeError: Nobody reads any more.
        """
        import numpy as np

        if not len(samples):
            return
        self.n_clipped += int(np.count_nonzero(np.abs(samples) > 1.0))
        if self._format == "s16le":
            steps = np.clip(np.round(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1.0)
            data = steps.astype("<i2").tobytes()
        else:
            data = samples.astype("<f4").tobytes()
        self._stream.write(data)
        self._stream.flush()
