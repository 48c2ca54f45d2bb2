"""Raw PCM on stdin and stdout."""

from typing import IO, TYPE_CHECKING

from ddsp_tf.errors import AudioFileError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_TYPES = {"s16le": "<i2", "f32le": "<f4", "s16be": ">i2", "f32be": ">f4"}
PCM_FORMATS = tuple(_TYPES)
_FULL_SCALE = 32768.0
_HEADERS = {
    b"RIFF": "WAV",
    b"RIFX": "WAV",
    b"RF64": "WAV",
    b"FORM": "AIFF",
    b"fLaC": "FLAC",
    b"OggS": "Ogg",
    b"caff": "CAF",
    b".snd": "AU",
    b"ID3\x03": "MP3",
    b"ID3\x04": "MP3",
}
"""How files begin that are no raw PCM."""


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
            AudioFileError: A sample is NaN or infinite, or the input begins as a sound file does.
        """
        import numpy as np

        kind = np.dtype(_TYPES[self._format])
        size = kind.itemsize
        data = self._stream.read1(n_most * size - len(self._rest))  # type: ignore[attr-defined]
        if not data:
            self.n_odd_bytes = len(self._rest)
            return None
        data = self._rest + data
        if not self.n_samples:
            _refuse_header(data[:4], self._format)
        n_whole = len(data) // size * size
        self._rest = data[n_whole:]
        samples = np.frombuffer(data[:n_whole], kind).astype(np.float32)
        if kind.kind == "i":
            samples /= _FULL_SCALE
        finite = np.isfinite(samples)
        if not finite.all():
            position = self.n_samples + int(np.argmin(finite))
            raise AudioFileError(
                f"Sample {position} of the input is NaN or infinite. Repair the source, or check "
                f"that it is raw {self._format}: mono, without a header."
            )
        self.n_samples += len(samples)
        return samples


class PcmWriter:
    """Writes mono samples at once.

    Args:
        stream: A binary stream.
        pcm_format: One of `PCM_FORMATS`.

    Attributes:
        n_clipped: Samples beyond full scale so far; integers can't hold them, floats can.
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
        kind = np.dtype(_TYPES[self._format])
        if kind.kind == "i":
            samples = np.clip(np.round(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1.0)
        self._stream.write(samples.astype(kind).tobytes())
        self._stream.flush()


def _refuse_header(start: bytes, pcm_format: str) -> None:
    for header, name in _HEADERS.items():
        if start == header:
            raise AudioFileError(
                f"The input begins as a {name} file does, and raw {pcm_format} is needed. Take the "
                f"header off: ffmpeg -i FILE -f {pcm_format} -ac 1 -ar RATE -"
            )
