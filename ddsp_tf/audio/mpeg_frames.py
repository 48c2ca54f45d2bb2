"""The frames of an MP3 file, counted one by one: its header may say too little, or nothing."""

import itertools
import re
import struct
from dataclasses import dataclass
from functools import lru_cache
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
_BLOCK_BYTES = 1 << 18
_TAGS = frozenset({b"Xing", b"Info", b"VBRI"})
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
    place, tag_start, in_step = 0, 0, False
    after_tag = False  # One that begins a recording; others end it.
    while place + 4 <= size:
        head = _read(file, place, _BYTES_LOOKED_AT)
        tag_bytes = _tag_bytes(head, size - place)
        if tag_bytes:
            if head[:3] == b"ID3":
                tag_start, after_tag = place, True
            place, in_step = place + tag_bytes, False
            continue
        frame = _parse(head, place)
        if frame is None or not (in_step or _is_followed(file, frame, size)):
            place, in_step = _next_sync(file, place + 1, size), False
            continue
        if frame.start + frame.n_bytes > size:
            break
        describes = frame.count_place is not None
        if not parts or after_tag or describes or frame.kind != parts[-1].first.kind:
            start = tag_start if after_tag else place
            parts.append(MpegPart(start, place, frame, -int(describes), set()))
        parts[-1].n_frames += 1
        if not describes:
            parts[-1].kbps.add(frame.kbps)
        place = _count_run(file, frame.start + frame.n_bytes, size, parts[-1])
        in_step, after_tag = True, False
    for part, following in itertools.pairwise(parts):
        part.end = following.start
    if parts:
        parts[-1].end = size
    return [part for part in parts if part.n_frames > 0]


def _count_run(file: BinaryIO, place: int, size: int, part: MpegPart) -> int:
    """Counts the frames that follow each other within a block, and returns where they end."""
    block = _read(file, place, _BLOCK_BYTES)
    at, last = 0, min(len(block) - _BYTES_LOOKED_AT, size - place)
    tag_place, wanted = part.first.tag_place, part.first.kind
    while at <= last and block[at] == 0xFF:
        layout = _layout(block[at : at + 4])
        if layout is None or layout[2:] != wanted or place + at + layout[0] > size:
            break
        if block[at + tag_place : at + tag_place + 4] in _TAGS or block[at + 36 : at + 40] in _TAGS:
            break
        part.n_frames += 1
        part.kbps.add(layout[1])
        at += layout[0]
    return place + at


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


def _is_followed(file: BinaryIO, frame: MpegFrame, size: int) -> bool:
    end = frame.start + frame.n_bytes
    if end + 4 > size:
        return True
    head = _read(file, end, 32)
    following = _parse(head, end)
    return bool(_tag_bytes(head, size)) or (following is not None and following.kind == frame.kind)


def _next_sync(file: BinaryIO, place: int, size: int) -> int:
    """The next place where a frame or a tag may begin."""
    while place < size:
        found = _MAY_BEGIN.search(_read(file, place, _BLOCK_BYTES))
        if found is not None:
            return place + found.start()
        place += _BLOCK_BYTES - 8
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
    layout = _layout(head[:4])
    if layout is None:
        return None
    n_bytes, kbps, sample_rate, n_samples, is_mono, layer = layout
    return MpegFrame(start, n_bytes, sample_rate, n_samples, kbps, head, is_mono, layer)


@lru_cache(maxsize=4096)
def _layout(head: bytes) -> tuple[int, int, int, int, bool, int] | None:
    """Bytes, bit rate, sample rate, samples, whether mono, and layer of a frame, by its header."""
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
    return n_bytes, kbps, sample_rate, n_samples, head[3] >> 6 == 3, layer


def _read(file: BinaryIO, place: int, n: int) -> bytes:
    file.seek(place)
    return file.read(n)
