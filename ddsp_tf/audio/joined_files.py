"""Files that hold more sound than their header says: recordings joined end to end, or cut short.

A decoder stops where the header of the first recording says so. Here a file's structure is read to
its end, so that each recording in it can be decoded on its own.
"""

import io
import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ddsp_tf.audio.flac_frames import corrected_length
from ddsp_tf.audio.mpeg_frames import described, mpeg_parts

Piece = bytes | tuple[int, int]
"""Given bytes, or those of the file from the first place up to the second."""

_FLAC_START = b"fLaC\x00\x00\x00\x22"
_W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_BUFFER = 1 << 18
_WRAPPED = 1 << 32
# Recorders that stream a WAV write a size near 2**31 or 2**32 that they never correct.
STREAMED_SIZE = 0x7FFFF000


@dataclass(frozen=True)
class Part:
    """One recording in a file.

    Attributes:
        pieces: What its decoder is given.
        is_counted: Whether its length was counted here, as its header is wrong.
    """

    pieces: tuple[Piece, ...]
    is_counted: bool = False


class PartFile(io.RawIOBase):
    """A part as a file of its own.

    Args:
        file: The whole file.
        part: The part of it.
    """

    def __init__(self, file: BinaryIO, part: Part) -> None:
        super().__init__()
        self._file = file
        self._pieces = part.pieces
        self._place = 0
        lengths = [_length(piece) for piece in part.pieces]
        self._starts = [sum(lengths[:index]) for index in range(len(lengths))]
        self._n_bytes = sum(lengths)

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The place in the part."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Goes to a place in the part."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._n_bytes}[whence]
        self._place = max(0, origin + offset)
        return self._place

    def readinto(self, buffer: object) -> int:
        """Fills a buffer as far as the part reaches."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        n_read = 0
        for piece, start in zip(self._pieces, self._starts, strict=True):
            inside = self._place - start
            n = min(len(view) - n_read, _length(piece) - inside)
            if inside < 0 or n <= 0:
                continue
            data = self._bytes(piece, inside, n)
            view[n_read : n_read + len(data)] = data
            n_read += len(data)
            self._place += len(data)
            if len(data) < n:
                break
        return n_read

    def _bytes(self, piece: Piece, inside: int, n: int) -> bytes:
        if isinstance(piece, bytes):
            return piece[inside : inside + n]
        self._file.seek(piece[0] + inside)
        return self._file.read(n)


def find_parts(path: Path) -> list[Part]:
    """Finds the recordings in a file.

    Args:
        path: Any file.

    Returns:
        Them in order; empty when there is one only and its header is right, as far as can be
        seen without decoding.
    """
    size = path.stat().st_size
    with path.open("rb", buffering=_BUFFER) as file:
        start = file.read(16)
        for magic, find in _FINDERS:
            if start.startswith(magic):
                return find(file, size)
        if start[:3] == b"ID3" or (start[:1] == b"\xff" and len(start) > 1 and start[1] >= 0xE0):
            return _mpeg(file, size)
    return []


def _mpeg(file: BinaryIO, size: int) -> list[Part]:
    found = []
    for part in mpeg_parts(file, size):
        declared = part.n_declared
        # Without a declaration a decoder goes by the bit rate of the first frame.
        is_wrong = len(part.kbps) > 1 if declared is None else part.n_frames > declared + 1
        if is_wrong:
            head, rest = described(part)
            found.append(Part((head, (rest, part.end)), True))
        else:
            found.append(Part(((part.start, part.end),)))
    return found if len(found) > 1 or any(part.is_counted for part in found) else []


def _ogg(file: BinaryIO, size: int) -> list[Part]:
    starts: list[int] = []
    place, only_beginnings = 0, False
    while place + 27 <= size:
        file.seek(place)
        head = file.read(27)
        if head[:4] != b"OggS":
            place = _find(file, b"OggS", place + 1, size)
            continue
        begins = bool(head[5] & 2)
        if begins and not only_beginnings:
            starts.append(place)
        only_beginnings = begins
        place += 27 + head[26] + sum(file.read(head[26]))
    return _split_at(starts, size)


def _flac(file: BinaryIO, size: int) -> list[Part]:
    starts, place = [0], _find(file, _FLAC_START, 8, size)
    while place < size:
        starts.append(place)
        place = _find(file, _FLAC_START, place + 8, size)
    parts = _split_at(starts, size) or [Part(((0, size),))]
    for index, part in enumerate(parts):
        start, end = part.pieces[0]
        corrected = corrected_length(file, int(start), int(end))
        if corrected is not None:
            at, field = corrected
            pieces = ((int(start), at), field, (at + len(field), int(end)))
            parts[index] = Part(pieces, True)
    return parts if len(parts) > 1 or parts[0].is_counted else []


def _riff(file: BinaryIO, size: int) -> list[Part]:
    parts: list[Part] = []
    start, is_wrong = 0, False
    while start < size:
        end, part = _riff_part(file, start, size)
        parts.append(part)
        is_wrong |= part.is_counted
        start = end
    return parts if len(parts) > 1 or is_wrong else []


def _riff_part(file: BinaryIO, start: int, size: int) -> tuple[int, Part]:
    """One WAV file within a file: where it ends, and how to read it."""
    place = start + 12
    data: tuple[int, int] | None = None
    while place + 8 <= size:
        name, length = struct.unpack("<4sI", _read(file, place, 8))
        if name == b"RIFF" and _read(file, place + 8, 4) == b"WAVE":
            return place, Part(((start, place),))
        is_chunk = name.isascii() and name.decode("ascii", "replace").isprintable()
        if data is not None and not (is_chunk and place + 8 + length <= size + 1):
            break
        if name == b"data":
            data = (place, length)
            if length >= STREAMED_SIZE and place + 8 + length > size:
                return size, Part(((start, size),))
            if length >= STREAMED_SIZE and size - place > _WRAPPED:
                return size, _long_wav(start, place, size)
        place += 8 + length + (length & 1 if place + 8 + length < size else 0)
    if data is None or place >= size:
        return size, Part(((start, size),))
    n_more = size - place
    if n_more < _WRAPPED and not any(_read(file, place, 1 << 16)):
        return size, Part(((start, size),))
    # What follows is no chunk, so it is sound that the recorder did not live to write down.
    n_bytes = size - data[0] - 8
    if n_bytes >= STREAMED_SIZE:
        return size, _long_wav(start, data[0], size)
    riff, length = struct.pack("<I", size - start - 8), struct.pack("<I", n_bytes)
    pieces = (b"RIFF" + riff, (start + 8, data[0] + 4), length, (data[0] + 8, size))
    return size, Part(pieces, True)


def _long_wav(start: int, data: int, size: int) -> Part:
    """A WAV file too long for its own sizes, as RF64."""
    n_bytes = size - data - 8
    sizes = struct.pack("<4sIQQQI", b"ds64", 28, size - start + 28, n_bytes, 0, 0)
    unknown = b"\xff\xff\xff\xff"
    head = b"RF64" + unknown + b"WAVE" + sizes
    return Part((head, (start + 12, data + 4), unknown, (data + 8, size)), True)


def _form(file: BinaryIO, size: int) -> list[Part]:
    return _chain(file, size, lambda at: 8 + _unsigned(file, at + 4, ">I"), b"FORM", aligned=2)


def _au(file: BinaryIO, size: int) -> list[Part]:
    def length(at: int) -> int:
        return _unsigned(file, at + 4, ">I") + _unsigned(file, at + 8, ">I")

    return _chain(file, size, length, b".snd", aligned=1)


def _w64(file: BinaryIO, size: int) -> list[Part]:
    return _chain(file, size, lambda at: _unsigned(file, at + 16, "<Q"), _W64_RIFF, aligned=8)


def _caf(file: BinaryIO, size: int) -> list[Part]:
    starts, place = [0], 8
    while place + 12 <= size:
        head = _read(file, place, 12)
        if head[:8] == b"caff\x00\x01\x00\x00":
            starts.append(place)
            place += 8
            continue
        length = struct.unpack(">q", head[4:])[0]
        if length < 0:
            break
        place += 12 + length
    return _split_at(starts, size)


def _chain(
    file: BinaryIO, size: int, length: Callable[[int], int], magic: bytes, *, aligned: int
) -> list[Part]:
    """Follows files that say how long they are."""
    starts = [0]
    while True:
        end = starts[-1] + length(starts[-1])
        end += -end % aligned
        if end <= starts[-1] or end >= size or _read(file, end, len(magic)) != magic:
            return _split_at(starts, size)
        starts.append(end)


def _split_at(starts: Sequence[int], size: int) -> list[Part]:
    if len(starts) < 2:
        return []
    ends = [*starts[1:], size]
    return [Part(((start, end),)) for start, end in zip(starts, ends, strict=True)]


def _find(file: BinaryIO, what: bytes, place: int, size: int) -> int:
    """The next place of some bytes, or the size if there is none."""
    while place < size:
        file.seek(place)
        block = file.read(_BUFFER + len(what) - 1)
        found = block.find(what)
        if found >= 0:
            return place + found
        place += _BUFFER
    return size


def _read(file: BinaryIO, place: int, n: int) -> bytes:
    file.seek(place)
    return file.read(n)


def _unsigned(file: BinaryIO, place: int, layout: str) -> int:
    data = _read(file, place, struct.calcsize(layout))
    return int(struct.unpack(layout, data)[0]) if len(data) == struct.calcsize(layout) else 0


def _length(piece: Piece) -> int:
    return len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]


_FINDERS: tuple[tuple[bytes, Callable[[BinaryIO, int], list[Part]]], ...] = (
    (b"OggS", _ogg),
    (b"RIFF", _riff),
    (b"fLaC", _flac),
    (b"FORM", _form),
    (b".snd", _au),
    (b"caff", _caf),
    (_W64_RIFF, _w64),
)
