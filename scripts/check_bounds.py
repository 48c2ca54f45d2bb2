"""Tests the bounds of the dependencies: the oldest that setup.py allows, or the newest.

Makes an environment of its own with uv (`pip install uv`), which also brings the Python that is
asked for, and runs the tests in it. The test tools are the newest in both cases.

Example:
    python scripts/check_bounds.py --python 3.13 --oldest
    python scripts/check_bounds.py --python 3.12 --newest -- tests/dsp tests/midi
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import click
from build.util import project_wheel_metadata

ROOT = Path(__file__).parents[1]


@click.command()
@click.option("--python", default="3.11", show_default=True, help="Version.")
@click.option("--oldest/--newest", default=True, show_default=True, help="Which end to test.")
@click.option("--environment", type=click.Path(path_type=Path), help="Kept there; else temporary.")
@click.argument("tests", nargs=-1)
def check(python: str, *, oldest: bool, environment: Path | None, tests: tuple[str, ...]) -> None:
    """Installs one end of the bounds and runs TESTS, by default all that are not slow."""
    with tempfile.TemporaryDirectory() as folder:
        place = environment or Path(folder) / "environment"
        end = "lowest-direct" if oldest else "highest"
        # The package's own needs are decided first; what the tests need has to fit to them.
        # uv reads them from `-`: of setup.py itself it would have to build what it may not.
        chosen = _run(
            *("uv", "pip", "compile", "-", "--quiet", "--only-binary", ":all:"),
            *("--resolution", end, "--python-version", python, "--no-header", "--no-annotate"),
            given="\n".join(needs()),
        )
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text(chosen, encoding="utf-8")
        _run("uv", "venv", "--quiet", "--seed", "--clear", "--python", python, str(place))
        _run(
            *("uv", "pip", "install", "--quiet", "--python", str(place / "bin" / "python")),
            *("--constraints", str(constraints), "--editable", f"{ROOT}[test]"),
        )
        pinned = {line.split("==")[0]: line for line in chosen.split()}
        for name in ("tensorflow", "keras", "numpy", "librosa", "h5py", "click", "av"):
            click.echo(pinned[name])
        command = [str(place / "bin" / "python"), "-m", "pytest", *tests]
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
    sys.exit(status)


def needs() -> list[str]:
    """Gives what the package itself needs, without its extras."""
    found = project_wheel_metadata(ROOT, isolated=False).get_all("Requires-Dist") or []
    return [need for need in found if "extra ==" not in need]


def _run(*command: str, given: str | None = None) -> str:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"`{' '.join(command)}` failed:\n{done.stderr[-3000:]}")
    return done.stdout


if __name__ == "__main__":
    check()
