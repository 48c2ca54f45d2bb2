"""Damaged files are read or refused: those that once were neither, and some hundreds more."""

import contextlib
import shutil
from pathlib import Path

import pytest
from fuzz import fuzz, shares
from targets import TARGETS

from ddsp_tf.errors import DdspError

CASES = sorted((Path(__file__).parent / "cases").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_was_found_is_read_or_refused_now(case: Path, tmp_path: Path) -> None:
    """`fuzz.py --keep` wrote them."""
    shutil.copytree(case, tmp_path / "input")
    before = sorted(tmp_path.rglob("*"))
    with contextlib.suppress(DdspError):
        TARGETS[case.name.rsplit("-", 2)[0]].read(tmp_path / "input")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.slow
@pytest.mark.parametrize(("reader", "n_inputs"), list(shares(list(TARGETS), 2500)))
def test_damaged_files_are_read_or_refused(reader: str, n_inputs: int, tmp_path: Path) -> None:
    found = fuzz(reader, range(n_inputs), tmp_path, seed=1, limit_s=10.0, limit_mib=1024)
    assert not found, "\n".join(f"input {x.number}: {x.what}\n{x.text}" for x in found)
