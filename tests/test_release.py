"""A release is the same bytes wherever it is built, and its checksums are right."""

import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from test_packaging import ROOT, tracked_files

pytestmark = pytest.mark.slow


def test_two_builds_are_the_same_bytes(tmp_path: Path) -> None:
    tree, output = tmp_path / "tree", tmp_path / "release"
    for name in tracked_files():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tree / name)
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    for arguments in (("init", "-q"), ("add", "-A", "-f"), (*who, "commit", "-q", "-m", "All")):
        subprocess.run(["git", "-C", str(tree), *arguments], check=True)
    command = (sys.executable, str(tree / "scripts" / "make_release.py"), "-o", str(output))
    done = subprocess.run(
        [*command, "--check", "--no-sbom", "--no-isolation"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "the same, byte for byte" in done.stdout
    sums = dict(
        reversed(line.split("  ")) for line in (output / "SHA256SUMS").read_text().splitlines()
    )
    assert sorted(name.rpartition(".")[2] for name in sums) == ["gz", "whl"]
    for name, digest in sums.items():
        assert hashlib.sha256((output / name).read_bytes()).hexdigest() == digest
    (archive,) = (name for name in sums if name.endswith(".gz"))
    with tarfile.open(output / archive) as files:
        members = files.getmembers()
    assert any(member.name.endswith("/ddsp_tf/presets/violin/weights.h5") for member in members)
    assert {(member.uid, member.uname) for member in members} == {(0, "")}
    assert len({member.mtime for member in members}) == 1
