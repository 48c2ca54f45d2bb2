"""How long a FLAC stream really is: its last frame says where it stands."""

import re
from typing import BinaryIO

_SYNC = re.compile(rb"\xff[\xf8\xf9]")
_BLOCK_SIZES = {1: 192, **{code: 576 << (code - 2) for code in range(2, 6)}}
_BLOCK_SIZES |= {code: 256 << (code - 8) for code in range(8, 16)}
_LONGEST_FRAME = 1 << 21
_USUAL_FRAME = 1 << 17
_TOTAL_PLACE = 21
"""Where in the stream its length stands: the low half of this byte, and four more."""


def corrected_length(file: BinaryIO, start: int, end: int) -> tuple[int, bytes] | None:
    """Compares the length that a FLAC stream declares with its last frame.

    Args:
        file: The file.
        start: The stream's first byte.
        end: The byte after its last.

    Returns:
        `(place, field)`: the bytes that should stand at that place of the file; None if the
        declared length is right, or nothing better is known.
    """
    file.seek(start)
    head = file.read(42)
    if len(head) < 42 or head[4] & 0x7F:
        return None
    declared = int.from_bytes(head[_TOTAL_PLACE : _TOTAL_PLACE + 5], "big") & 0xF_FFFF_FFFF
    longest = int.from_bytes(head[15:18], "big") or _USUAL_FRAME
    block_size = int.from_bytes(head[8:10], "big")
    first = max(start + 42, end - min(longest, _LONGEST_FRAME) - 64)
    file.seek(first)
    tail = file.read(end - first)
    for match in reversed(list(_SYNC.finditer(tail))):
        counted = _samples_up_to(tail[match.start() :][:17], block_size)
        if counted is None or not tail[match.start() + 2] & 0xF0:
            continue
        if 0 < counted <= declared:
            return None
        if _crc(tail[match.start() :], 0x8005, 16) == 0:
            field = (head[_TOTAL_PLACE] & 0xF0) << 32 | counted
            return start + _TOTAL_PLACE, field.to_bytes(5, "big")
    return None


def _samples_up_to(head: bytes, stream_block_size: int) -> int | None:
    """Reads a frame's header: how many samples there are up to its end."""
    if len(head) < 6 or head[3] & 1:
        return None
    n_bytes = 1 if head[4] < 0x80 else 8 - (head[4] ^ 0xFF).bit_length()
    if n_bytes == 0 or n_bytes > 7 or (0x80 <= head[4] < 0xC0):
        return None
    number = head[4] if n_bytes == 1 else head[4] & (0x7F >> n_bytes)
    for byte in head[5 : 4 + n_bytes]:
        number = number << 6 | byte & 0x3F
    place, code = 4 + n_bytes, head[2] >> 4
    extra = {6: 1, 7: 2}.get(code, 0)
    size = _BLOCK_SIZES.get(code) or int.from_bytes(head[place : place + extra], "big") + 1
    place += extra + {12: 1, 13: 2, 14: 2}.get(head[2] & 0x0F, 0)
    if place >= len(head) or _crc(head[: place + 1], 0x07, 8):
        return None
    is_variable = bool(head[1] & 1)
    return (number if is_variable else number * stream_block_size) + size


def _crc(data: bytes, polynomial: int, n_bits: int) -> int:
    top, mask, value = 1 << (n_bits - 1), (1 << n_bits) - 1, 0
    table = []
    for byte in range(256):
        remainder = byte << (n_bits - 8)
        for _ in range(8):
            remainder = (remainder << 1 ^ (polynomial if remainder & top else 0)) & mask
        table.append(remainder)
    for byte in data:
        value = (value << 8 & mask) ^ table[value >> (n_bits - 8) ^ byte]
    return value
