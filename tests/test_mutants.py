"""The mutation check makes the faults that it says, and leaves alone what no test should notice."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]

SOURCE = '''"""Twice 2 + 2 < 5."""

from math import pi

__all__ = ["twice"]
Numbers = dict[str, int]


def twice(x: int = 3) -> float:
    """Gives 2 * x."""
    if x < 0 or not pi:
        raise ValueError(f"{x + 1} is below {-1}")
    x += 1
    print(x)
    return 2.0 * x if x else -x
'''

FAULTS = [
    ("off by one", "def twice(x: int = 4) -> float:"),
    ("boolean", "if (x < 0 and (not pi)):"),
    ("condition", "if (not (x < 0 or not pi)):"),
    ("comparison", "if (x <= 0) or not pi:"),
    ("off by one", "if x < 1 or not pi:"),
    ("sign", "if x < 0 or (pi):"),
    ("removed statement", "pass"),
    ("off by one", "x += 2"),
    ("removed statement", "pass"),
    ("return", "return None"),
    ("arithmetic", "return (2.0 / x) if x else -x"),
    ("constant", "return 4.0 * x if x else -x"),
    ("condition", "return 2.0 * x if (not (x)) else -x"),
    ("sign", "return 2.0 * x if x else (x)"),
]


def test_every_fault_is_made_once(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(SOURCE)
    made = runpy.run_path(str(ROOT / "scripts" / "mutants.py"))["mutants_of"](tmp_path, "module.py")
    found = []
    for mutant in made:
        compile(mutant.apply(SOURCE.encode()), "module.py", "exec")
        (changed,) = (x for x in mutant.diff(SOURCE.encode()).splitlines()[3:] if x[0] == "+")
        found.append((mutant.kind, changed[1:].strip()))
    assert sorted(found) == sorted(FAULTS)
