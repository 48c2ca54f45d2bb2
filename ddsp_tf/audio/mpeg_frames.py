"""The frames of an MP3 file, counted one by one: its header may say too little, or nothing."""

import itertools
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_KBPS = {
    # (version 1 or 2, layer): the bit rates of indices 1 to 14.
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_BYTES_LOOKED_AT = 64
_SEARCHED_BYTES = 1 << 16
_MAY_BEGIN = re.compile(rb"\xff[\xe0-\xff]|ID3|APETAGEX", re.DOTALL)
# "Xing" or "Info", flags, and then the number of frames if the lowest flag is set.
_FRAMES_FLAG = 1


@dataclass(frozen=True)
class MpegFrame:
    """One frame.

    Attributes:
        start: Its first byte in the file.
        n_bytes: Its length.
        sample_rate: Of its samples.
        n_samples: How many it has.
        kbps: Its bit rate.
        head: Its first bytes.
        is_mono: Whether it has one channel.
        layer: 1, 2 or 3.
    """

    start: int
    n_bytes: int
    sample_rate: int
    n_samples: int
    kbps: int
    head: bytes
    is_mono: bool
    layer: int

    @property
    def kind(self) -> tuple[int, int, bool, int]:
        """What does not change within one recording."""
        return self.sample_rate, self.n_samples, self.is_mono, self.layer

    @property
    def tag_place(self) -> int:
        """Where in it an encoder describes the recording: after the side information."""
        if self.sample_rate >= 32000:
            return 21 if self.is_mono else 36
        return 13 if self.is_mono else 21

    @property
    def count_place(self) -> int | None:
        """Where in it the number of the recording's frames is written, if it is."""
        place = self.tag_place
        tag = self.head[place : place + 8]
        if tag[:4] in (b"Xing", b"Info"):
            return place + 8 if len(tag) == 8 and tag[7] & _FRAMES_FLAG else None
        return 50 if self.head[36:40] == b"VBRI" else None


@dataclass
class MpegPart:
    """A recording within the file: the frames of one encoder's run.

    Attributes:
        start: Its first byte, a tag's included.
        end: The byte after its last.
        first: Its first frame.
        n_frames: How many there are, without one that only describes it.
        kbps: The bit rates that occur.
    """

    start: int
    end: int
    first: MpegFrame
    n_frames: int
    kbps: set[int]

    @property
    def n_declared(self) -> int | None:
        """How many frames its first frame says that there are."""
        place = self.first.count_place
        if place is None:
            return None
        return int(struct.unpack(">I", self.first.head[place : place + 4])[0])


def mpeg_parts(file: BinaryIO, size: int) -> list[MpegPart]:
    """Counts the frames of every recording in an MP3 file.

    Args:
        file: The opened file.
        size: Its length in bytes.

    Returns:
        The recordings, in order; empty if no frame was found.
    """
    parts: list[MpegPart] = []
    tag_start: int | None = 0
    for found in _frames_and_tags(file, size):
        if isinstance(found, int):
            tag_start = found
            continue
        part = parts[-1] if parts else None
        describes = found.count_place is not None
        if part is None or tag_start is not None or describes or found.kind != part.first.kind:
            start = found.start if tag_start is None else tag_start
            part = MpegPart(start, found.start, found, -int(describes), set())
            parts.append(part)
        tag_start = None
        part.n_frames += 1
        part.kbps.add(found.kbps)
        part.end = found.start + found.n_bytes
    for part, following in itertools.pairwise(parts):
        part.end = following.start
    if parts:
        parts[-1].end = size
    return [part for part in parts if part.n_frames > 0]


def described(part: MpegPart) -> tuple[bytes, int]:
    """Makes the beginning of a part say how many frames it has.

    Returns:
        `(head, rest)`: the new beginning, and the first byte of the file that follows it.
    """
    first, place = part.first, part.first.count_place
    if place is not None:
        return first.head[:place] + struct.pack(">I", part.n_frames), first.start + place + 4
    header = bytearray(first.head[:4])
    header[1] |= 1  # No checksum follows.
    frame = first
    for index in range(1, 15):
        header[2] = (index << 4) | (header[2] & 0x0C)
        frame = _parse(bytes(header), 0) or first
        if frame.n_bytes >= first.tag_place + 16:
            break
    head = bytearray(frame.n_bytes)
    head[:4] = header
    tag = b"Xing" + struct.pack(">II", _FRAMES_FLAG, part.n_frames)
    head[first.tag_place : first.tag_place + len(tag)] = tag
    return bytes(head), first.start


def _frames_and_tags(file: BinaryIO, size: int) -> Iterator[MpegFrame | int]:
    """Yields frames, and the places of the tags between them."""
    place, in_step = 0, False
    while place + 4 <= size:
        file.seek(place)
        head = file.read(_BYTES_LOOKED_AT)
        tag_bytes = _tag_bytes(head, size - place)
        if tag_bytes:
            yield place
            place, in_step = place + tag_bytes, False
            continue
        frame = _parse(head, place)
        fits = frame is not None and place + frame.n_bytes <= size
        if frame is not None and fits and (in_step or _is_followed(file, frame, size)):
            yield frame
            place, in_step = place + frame.n_bytes, True
            continue
        place, in_step = _next_sync(file, place + 1, size), False


def _is_followed(file: BinaryIO, frame: MpegFrame, size: int) -> bool:
    end = frame.start + frame.n_bytes
    if end + 4 > size:
        return True
    file.seek(end)
    head = file.read(16)
    following = _parse(head, end)
    return bool(_tag_bytes(head, size)) or (following is not None and following.kind == frame.kind)


def _next_sync(file: BinaryIO, place: int, size: int) -> int:
    """The next place where a frame or a tag may begin."""
    while place < size:
        file.seek(place)
        found = _MAY_BEGIN.search(file.read(_SEARCHED_BYTES))
        if found is not None:
            return place + found.start()
        place += _SEARCHED_BYTES - 1
    return size


def _tag_bytes(head: bytes, n_left: int) -> int:
    """Length of a tag (ID3, APE) that begins here; 0 if none does."""
    if head[:3] == b"ID3" and len(head) >= 10 and max(head[6:10]) < 0x80:
        length = 0
        for byte in head[6:10]:
            length = length << 7 | byte
        return 10 + length
    if head[:3] == b"TAG" and n_left >= 128:
        return 128
    if head[:8] == b"APETAGEX" and len(head) >= 24:
        length, _, flags = struct.unpack("<III", head[12:24])
        return (32 if flags & 0x20000000 else 0) + max(int(length), 32)
    return 0


def _parse(head: bytes, start: int) -> MpegFrame | None:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = (head[1] >> 3) & 3, 4 - ((head[1] >> 1) & 3)
    index, rate = head[2] >> 4, (head[2] >> 2) & 3
    if version == 1 or layer == 4 or index in (0, 15) or rate == 3:
        return None
    of_version = 1 if version == 3 else 2
    kbps, sample_rate = _KBPS[of_version, layer][index - 1], _RATES[version][rate]
    padding = (head[2] >> 1) & 1
    if layer == 1:
        n_samples, n_bytes = 384, (12000 * kbps // sample_rate + padding) * 4
    else:
        n_samples = 576 if layer == 3 and of_version == 2 else 1152
        n_bytes = n_samples // 8 * 1000 * kbps // sample_rate + padding
    is_mono = head[3] >> 6 == 3
    return MpegFrame(start, n_bytes, sample_rate, n_samples, kbps, head, is_mono, layer)
