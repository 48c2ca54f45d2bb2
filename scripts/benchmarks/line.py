"""One line of the table: what was measured, what it comes to, and what was aimed at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from series import Series

Unit = Literal["s", "MB"]
Kind = Literal["at least", "at most"]


@dataclass(frozen=True)
class Target:
    """What a result is held against. Missing it is a fact to report and no error.

    Example:
        >>> Target("at least", 3.0).reached(3.1)
        True
    """

    kind: Kind
    value: float

    def reached(self, result: float) -> bool:
        """Whether `result` is good enough."""
        return result >= self.value if self.kind == "at least" else result <= self.value


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        what: What was measured.
        ours: By ddsp_tf.
        peer: The same by its predecessor, or whatever else it is held against.
        unit: Of both.
        result: The figure that the target is about.
        result_unit: Its unit, such as "x" or "x real time".
        target: What it should be.
        floor_share: Shortest possible time divided by the measured one.
        note: What else there is to say.
        against: What `peer` is, if it is not the predecessor.
    """

    what: str
    ours: Series
    peer: Series | None = None
    unit: Unit = "s"
    result: float | None = None
    result_unit: str = ""
    target: Target | None = None
    floor_share: float | None = None
    note: str = ""
    against: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached. None: there is none, or nothing to hold against it."""
        if self.target is None or self.result is None:
            return None
        return self.target.reached(self.result)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON, with medians, quartiles and the verdict for other programs."""
        return {
            "what": self.what,
            "unit": self.unit,
            "ours": _series_to_dict(self.ours),
            "peer": None if self.peer is None else _series_to_dict(self.peer),
            "against": self.against,
            "result": self.result,
            "result_unit": self.result_unit,
            "target": None
            if self.target is None
            else {"kind": self.target.kind, "value": self.target.value},
            "reached": self.reached,
            "floor_share": self.floor_share,
            "note": self.note,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """A line from what `to_dict` gave."""
        peer, target = values["peer"], values["target"]
        plain = ("what", "unit", "against", "result", "result_unit", "floor_share", "note")
        return cls(
            **{name: values[name] for name in plain},
            ours=Series(tuple(values["ours"]["values"])),
            peer=None if peer is None else Series(tuple(peer["values"])),
            target=None if target is None else Target(target["kind"], target["value"]),
        )


def _series_to_dict(series: Series) -> dict[str, Any]:
    return {
        "values": list(series.values),
        "median": series.median,
        "quartiles": list(series.quartiles),
    }
