"""A reader of flatbuffers that trusts nothing: every offset is checked against the file's end.

TensorFlow's own `schema_py_generated` has no verifier: it takes a file of 876 bytes at its word
that it holds 2,147,483,647 graphs, reads wherever an offset points, and raises `struct.error` or
`TypeError` at best.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ddsp_tf.errors import ModelError

LARGEST_VECTOR = 1_000_000
"""Elements of a vector that is walked through; a network has thousands of tensors at most."""


@dataclass(frozen=True)
class Table:
    """A table in a flatbuffer.

    Args:
        content: The whole file.
        position: Where the table begins.

    Reference:
        The flatbuffers documentation, "FlatBuffer internals".
    """

    content: bytes
    position: int

    @classmethod
    def root(cls, content: bytes, *, identifier: bytes) -> "Table":
        """Gives the outermost table.

        Raises:
            ModelError: The file has another identifier, or is cut off.
        """
        if len(content) < 8 or content[4:8] != identifier:
            raise ModelError(f"It has no `{identifier.decode()}` at byte 4, as such files have.")
        return cls(content, read_number(content, "<I", 0))

    def scalar(self, field: int, form: str, default: int) -> int:
        """Gives a number in the form that `struct` calls `form`."""
        place = self._place(field)
        return default if place is None else read_number(self.content, form, place)

    def text(self, field: int) -> str:
        """Gives a string, "" if there is none."""
        data = self.data(field)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise damaged("a name is not text") from error

    def data(self, field: int) -> bytes:
        """Gives a vector of bytes, or a string's."""
        start, count = self._vector(field, size=1)
        return self.content[start : start + count]

    def data_length(self, field: int) -> int:
        """Gives the length of a vector of bytes, which lies within the file."""
        return self._vector(field, size=1)[1]

    def integers(self, field: int) -> list[int]:
        """Gives a vector of 32-bit integers."""
        start, count = self._vector(field, size=4)
        return list(struct.unpack_from(f"<{_walkable(count)}i", self.content, start))

    def table(self, field: int) -> "Table | None":
        """Gives a table that this one refers to."""
        place = self._place(field)
        return None if place is None else self._follow(place)

    def tables(self, field: int) -> Iterator["Table"]:
        """Gives a vector of tables."""
        start, count = self._vector(field, size=4)
        for index in range(_walkable(count)):
            yield self._follow(start + 4 * index)

    def _place(self, field: int) -> int | None:
        """Where a field is, by the table of offsets that this table shares with its like."""
        offsets = self.position - read_number(self.content, "<i", self.position)
        size = read_number(self.content, "<H", offsets)
        entry = 4 + 2 * field
        if entry + 2 > size:
            return None
        offset = read_number(self.content, "<H", offsets + entry)
        return self.position + offset if offset else None

    def _follow(self, place: int) -> "Table":
        return Table(self.content, place + read_number(self.content, "<I", place))

    def _vector(self, field: int, *, size: int) -> tuple[int, int]:
        place = self._place(field)
        if place is None:
            return 0, 0
        start = place + read_number(self.content, "<I", place)
        count = read_number(self.content, "<I", start)
        if start + 4 + count * size > len(self.content):
            raise damaged("it says that it is longer than it is")
        return start + 4, count


def read_number(content: bytes, form: str, position: int) -> int:
    """Reads a number.

    Raises:
        ModelError: It would lie outside the file.
    """
    if not 0 <= position <= len(content) - struct.calcsize(form):
        raise damaged("it refers to a place outside itself")
    number: int = struct.unpack_from(form, content, position)[0]
    return number


def damaged(why: str) -> ModelError:
    """Makes the error for a file that contradicts itself."""
    return ModelError(f"The file is damaged or was made to mislead: {why}.")


def _walkable(count: int) -> int:
    if count > LARGEST_VECTOR:
        raise damaged(f"it lists {count:,} things")
    return count
