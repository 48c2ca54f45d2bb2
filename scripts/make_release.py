"""Builds the wheel and the source archive of a commit, the same bytes wherever and whenever.

What goes in are the committed files, dated by the commit; names, order, owners and times of the
archives are fixed. SHA256SUMS holds their checksums, and sbom.json (CycloneDX) what is installed
when the wheel is. `pip install build cyclonedx-bom` gives it its tools.

Example:
    python scripts/make_release.py -o release/
    python scripts/make_release.py -o release/ --check
"""

import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path

import click

from ddsp_tf.errors import DdspError, OutputError
from ddsp_tf.files import atomic_file

ROOT = Path(__file__).parents[1]


@click.command()
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="A folder.")
@click.option("--commit", default="HEAD", show_default=True, help="What is built.")
@click.option("--check", is_flag=True, help="Build a second time elsewhere, and compare.")
@click.option("--sbom/--no-sbom", default=True, help="Whether to write sbom.json.")
@click.option("--isolation/--no-isolation", default=True, help="Build with a new setuptools.")
def make_release(output: Path, commit: str, *, check: bool, sbom: bool, isolation: bool) -> None:
    """Builds a release into OUTPUT."""
    built = build(commit, isolation=isolation)
    if check:
        again = build(commit, isolation=isolation)
        differ = [name for name in built if built[name] != again.get(name)]
        if differ or set(built) != set(again):
            raise OutputError(
                f"Two builds of {commit} differ in {', '.join(differ) or 'their names'}. Build "
                "both with one version of setuptools, and look for what takes the time or the "
                "folder in."
            )
        click.echo("Two builds in two folders are the same, byte for byte.")
    output.mkdir(parents=True, exist_ok=True)
    sums = [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in built.items()]
    files = {**built, "SHA256SUMS": ("\n".join(sums) + "\n").encode()}
    for name, content in files.items():
        with atomic_file(output / name, overwrite=True) as path:
            path.write_bytes(content)
    for line in sums:
        click.echo(line)
    if sbom:
        wheel = next(name for name in built if name.endswith(".whl"))
        write_sbom(output / wheel, output / "sbom.json")
        click.echo(f"{output / 'sbom.json'}: what the wheel brings")


def build(commit: str, *, isolation: bool = True) -> dict[str, bytes]:
    """Builds a commit in a new folder; gives the files by their names."""
    with tempfile.TemporaryDirectory() as folder:
        tree, built = Path(folder) / "tree", Path(folder) / "built"
        archive = _run("git", "-C", str(ROOT), "archive", "--format=tar", commit)
        tree.mkdir()
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(tree, filter="data")
        epoch = _run("git", "-C", str(ROOT), "log", "-1", "--format=%ct", commit).decode().strip()
        environment = {**os.environ, "SOURCE_DATE_EPOCH": epoch, "PYTHONHASHSEED": "0"}
        how = [] if isolation else ["--no-isolation"]
        _run(sys.executable, "-m", "build", *how, "-o", str(built), str(tree), env=environment)
        return {
            path.name: path.read_bytes() if path.suffix == ".whl" else _fixed(path, int(epoch))
            for path in sorted(built.iterdir())
        }


def _fixed(path: Path, epoch: int) -> bytes:
    """A .tar.gz with its members in order, owned by nobody, of one time."""
    packed = io.BytesIO()
    with tarfile.open(path) as source, tarfile.open(fileobj=packed, mode="w") as target:
        for member in sorted(source.getmembers(), key=lambda member: member.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = epoch, 0, 0, "", ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            target.addfile(member, source.extractfile(member) if member.isfile() else None)
    return gzip.compress(packed.getvalue(), mtime=epoch)


def write_sbom(wheel: Path, path: Path) -> None:
    """Installs a wheel into a new environment, and lists what came, with licences and hashes."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        _run(str(python), "-m", "pip", "install", "--quiet", str(wheel))
        _run(str(python), "-m", "pip", "check")
        _run(str(python), "-m", "pip", "uninstall", "--quiet", "--yes", "pip")
        with atomic_file(path, overwrite=True) as partial:
            command = (sys.executable, "-m", "cyclonedx_py", "environment", str(python))
            _run(*command, "--output-reproducible", "-o", str(partial))


def _run(*command: str, env: dict[str, str] | None = None) -> bytes:
    done = subprocess.run(command, capture_output=True, check=False, env=env)
    if done.returncode:
        raise OutputError(
            f"`{' '.join(command)}` failed:\n"
            + (done.stdout + done.stderr).decode(errors="replace")[-3000:]
        )
    return done.stdout


if __name__ == "__main__":
    try:
        make_release()
    except DdspError as error:
        sys.exit(f"Error: {error}")
