"""Files as phones, cameras and messengers record them, made with PyAV."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def write_phone_file(
    path: Path,
    audio: np.ndarray,
    sample_rate: int,
    codec: str,
    *,
    options: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Encodes `[n_samples]` or `[n_samples, 2]` with a codec, in the container of the suffix."""
    columns = audio.reshape(len(audio), -1).astype(np.float32)
    layout = "mono" if columns.shape[1] == 1 else "stereo"
    with av.open(path, "w", container_options=options or {}) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=sample_rate, layout=layout)
        if codec.startswith("wma"):
            stream.bit_rate = 128_000
        _encode(container, stream, columns, layout, sample_rate)
    return path


def write_silent_video(path: Path) -> Path:
    """A second of pictures without sound."""
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _encode(container, stream, columns, layout, sample_rate) -> None:
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(columns.T), format="fltp", layout=layout
    )
    frame.sample_rate, frame.pts, frame.time_base = sample_rate, 0, Fraction(1, sample_rate)
    accepted = stream.codec_context.codec.audio_formats[0].name
    resampler = av.AudioResampler(format=accepted, layout=layout, rate=sample_rate)
    for converted in [*resampler.resample(frame), *resampler.resample(None)]:
        container.mux(stream.encode(converted))
    container.mux(stream.encode(None))
