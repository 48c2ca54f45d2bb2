"""Damaged copies of a file's content: bits, lengths and pieces of any, values of a JSON file."""

import copy
import json
from typing import Any

import numpy as np

_SIZES = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1]
"""Counts and lengths at which readers go wrong."""

_TOKENS = [
    *(b"", b",", b";", b"\n", b'"', b"\x00", b"\xff\xfe", b"0", b"-1", b"1e999", b"nan", b"-inf"),
    *(b"null", b"[]", b"{}", b"[" * 50_000, b"9" * 400, b"9" * 5000, b"../../x", "\u202e".encode()),
    *(b"1e-320", b"true", b"0x10", b"4294967296", b"18446744073709551616", b" " * 3000),
]
"""Words that don't belong where they land."""

_VALUES = [
    *(None, True, False, 0, 1, -1, 0.5, 2**31, 2**63, 10**400, -(10**30), float("nan")),
    *(float("inf"), "", "x", "../../etc/passwd", "\x00", "9" * 5000, [], {}, [[]], [0] * 3),
    *({"a": 1}, [None], "int32", "float16", "\ud800"),
]


def mutate(content: bytes, random: np.random.Generator) -> bytes:
    """One to four changes of the content, drawn from `random`; it may come to be empty."""
    changed = bytearray(content)
    for _ in range(random.integers(1, 5)):
        _change(changed, random)
    return bytes(changed)


def mutate_json(content: bytes, random: np.random.Generator) -> bytes:
    """A JSON file in which one or two values are others, lacking, or doubled."""
    root = [json.loads(content)]
    for _ in range(random.integers(1, 3)):
        places = list(_places(root))
        parent, key = places[random.integers(len(places))]
        way = random.integers(8)
        if way == 0 and parent is not root:
            del parent[key]
        elif way == 1 and isinstance(parent, list) and parent is not root:
            parent.insert(key, parent[key])
        elif way == 2 and isinstance(parent[key], int | float):
            parent[key] = -parent[key] if random.integers(2) else parent[key] * 1000 + 1
        elif way == 3:
            other, there = places[random.integers(len(places))]
            parent[key] = json.loads(json.dumps(other[there]))
        else:
            parent[key] = copy.deepcopy(_VALUES[random.integers(len(_VALUES))])
    return json.dumps(root[0]).encode()


def _change(content: bytearray, random: np.random.Generator) -> None:
    size = len(content)
    at = int(random.integers(size + 1))
    # Formats keep what matters at the beginning of their parts.
    if random.integers(2):
        at = min(at, int(random.integers(64)))
    length = int(min(size - at, 2 ** random.integers(0, 12)))
    match random.integers(8):
        case 0 if size:
            content[min(at, size - 1)] ^= 1 << int(random.integers(8))
        case 1:
            width = int(random.choice([1, 2, 4, 8]))
            order = "little" if random.integers(2) else "big"
            value = _SIZES[random.integers(len(_SIZES))] % 256**width
            content[at : at + width] = value.to_bytes(width, order)
        case 2:
            del content[at : at + length]
        case 3:
            content[at:at] = content[at : at + length]
        case 4:
            del content[at:]
        case 5:
            content[at : at + length] = random.bytes(length)
        case 6:
            content[at:at] = _TOKENS[random.integers(len(_TOKENS))]
        case _:
            source = int(random.integers(size + 1))
            content[at : at + length] = content[source : source + length]


def _places(parent: Any) -> Any:
    """Every place of a value, as what holds it and where."""
    entries = parent.items() if isinstance(parent, dict) else enumerate(parent)
    for key, value in list(entries):
        yield parent, key
        if isinstance(value, dict | list):
            yield from _places(value)
