"""Results as Markdown, and the block of a page that holds them."""

from collections.abc import Iterable, Sequence

from line import Line
from results_file import RowResult
from series import Series

BEGIN = "<!-- results: written by scripts/benchmarks/run.py -->"
END = "<!-- end of the results -->"
_BUSY = 0.1

_Rows = Sequence[tuple[str, RowResult]]


def markdown(rows: _Rows) -> str:
    """Writes the tables: targets, the profile, everything else, and the machine.

    Args:
        rows: Names and results in the order of the table.
    """
    lines = [(name, line) for name, result in rows for line in result.lines]
    profile = [line for name, line in lines if name.startswith("profile")]
    rest = [line for name, line in lines if not name.startswith("profile")]
    aimed = [line for line in rest if line.target is not None]
    others = [line for line in rest if line.target is None]
    parts = [
        _machine(rows),
        _section("Targets", _target_table(aimed) if aimed else ""),
        _section("Where a training step's time goes", _plain_table(profile) if profile else ""),
        _section("Beside the targets", _plain_table(others) if others else ""),
        _notes(rows),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def replace_block(page: str, block: str, *, begin: str = BEGIN, end: str = END) -> str:
    """Puts results between the two markers of a page.

    Raises:
        ValueError: The page doesn't have each marker once, in their order.
    """
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise ValueError(f"The page should have `{begin}` and after it `{end}`, each once.")
    before, rest = page.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n\n{block.strip()}\n\n{end}{after}"


def describe_line(line: Line) -> str:
    """One line of the table, for a terminal."""
    result = "" if line.result is None else f": {_result(line)}"
    verdict = {True: ", reached", False: ", MISSED", None: ""}[line.reached]
    target = "" if line.target is None else f" (target {_target(line)}{verdict})"
    return f"{line.what}{result}{target}"


def _section(title: str, table: str) -> str:
    return f"### {title}\n\n{table}" if table else ""


def _target_table(lines: Iterable[Line]) -> str:
    head = ("what", "ddsp_tf", "held against", "result", "target", "", "of the floor")
    cells = [
        (
            line.what,
            _spread(line.ours, line.unit),
            _beside(line),
            "-" if line.result is None else _result(line),
            _target(line),
            {True: "reached", False: "**missed**", None: "not measured"}[line.reached],
            "" if line.floor_share is None else f"{100.0 * line.floor_share:.0f}%",
        )
        for line in lines
    ]
    return _table(head, cells)


def _plain_table(lines: Iterable[Line]) -> str:
    head = ("what", "ddsp_tf", "held against", "result")
    cells = [
        (
            line.what,
            _spread(line.ours, line.unit),
            _beside(line),
            "" if line.result is None else _result(line),
        )
        for line in lines
    ]
    return _table(head, cells)


def _table(head: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    rows = [head, ["---"] * len(head), *cells]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _beside(line: Line) -> str:
    if line.peer is None:
        return ""
    return f"{line.against or 'ddsp 3.7.0'}: {_spread(line.peer, line.unit)}"


def _spread(series: Series, unit: str) -> str:
    scale, name = (1.0, "MB") if unit == "MB" else (1.0, "s")
    if unit == "s" and series.median < 0.1:
        scale, name = 1000.0, "ms"
    text = f"{_number(scale * series.median)} {name}"
    if len(series.values) == 1:
        return text
    lower, upper = (_number(scale * x) for x in series.quartiles)
    return f"{text} ({lower} to {upper})"


def _result(line: Line) -> str:
    if line.result is None:
        return ""
    unit = line.result_unit
    return f"{_number(line.result)}{'' if unit.startswith(('x', '%')) else ' '}{unit}"


def _target(line: Line) -> str:
    if line.target is None:
        return ""
    unit = line.result_unit.split(" ")[0]
    return f"{line.target.kind} {line.target.value:g}{'' if unit in ('x', '%') else ' '}{unit}"


def _number(value: float) -> str:
    """Three digits that count, and no exponent."""
    size = abs(value)
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def _machine(rows: _Rows) -> str:
    if not rows:
        return ""
    conditions = rows[0][1].conditions
    machine, versions = conditions["machine"], conditions["versions"]
    gpus = ", ".join(machine.get("gpus", [])) or "no GPU"
    text = (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']:g} GB, {gpus}; "
        f"{_versions(versions)}."
    )
    days = sorted(str(result.facts.get("measured", ""))[:10] for _, result in rows)
    text = f"Measured {days[0] if days[0] == days[-1] else f'{days[0]} to {days[-1]}'}: {text}"
    peers = [result.conditions.get("peer") for _, result in rows]
    peer = next((versions for versions in peers if versions), None)
    return f"{text} Beside it: {_versions(peer)}." if peer else text


def _versions(versions: object) -> str:
    return ", ".join(f"{k} {v}" for k, v in versions.items()) if isinstance(versions, dict) else ""


def _notes(rows: _Rows) -> str:
    notes = [f"{x.what}: {x.note}." for _, result in rows for x in result.lines if x.note]
    others = {name: result.facts.get("others_share") or 0.0 for name, result in rows}
    busy = [f"`{name}` ({100.0 * share:.0f}%)" for name, share in others.items() if share > _BUSY]
    if busy:
        notes.append(
            "Other programs took that much of the processor meanwhile, so that times are too long, "
            f"real time is too slow, and ratios are rough: {', '.join(busy)}."
        )
    quick = [f"`{name}`" for name, result in rows if result.conditions.get("quick")]
    if quick:
        notes.append(f"Measured with --quick, so that the figures mean little: {', '.join(quick)}.")
    if len({str(result.conditions.get("source")) for _, result in rows}) > 1:
        notes.append("Not all rows were measured with the same version of the code.")
    return "\n".join(f"- {note}" for note in notes)
