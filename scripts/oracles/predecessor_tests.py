"""Runs the predecessor's own tests against ddsp_tf, and says which pass and why the others can't.

The tests come from the wheel of ddsp 3.7.0, of which nothing else is used: `ddsp` means the names
in `scripts/oracles/predecessor/`. A test that asks for what ddsp_tf leaves out is listed with the
reason; a test that fails ends this with exit code 1.

Example:
    python scripts/oracles/predecessor_tests.py
"""

import ast
import hashlib
import subprocess
import sys
import tempfile
import unittest
import zipfile
from collections import Counter
from pathlib import Path

import click
import predecessor

_WHEEL = "ddsp-3.7.0-py2.py3-none-any.whl"
_SHA256 = "eb749a47ef336a4049113b6c4de150901f925541fa94770cad369c1090196ee9"
_HELP = "ddsp/test_util.py"
_UNMAPPED = {
    "ddsp/dags_test.py": "graphs of layers are Keras models; of processors, `ProcessorGroup`",
    "ddsp/training/cloud_test.py": "services of one vendor",
    "ddsp/training/docker/task_test.py": "services of one vendor",
    "ddsp/training/data_preparation/prepare_tfrecord_lib_test.py": "its Beam pipeline; "
    "`data.prepare` with `Engine` has tests of its own",
    "ddsp/training/decoders_test.py": "decoders name inputs and outputs otherwise; what they play "
    "is compared by its checkpoints (`tests/models/magenta`)",
    "ddsp/training/heuristics_test.py": "`midi.recognise_notes` finds notes otherwise",
    "ddsp/training/metrics_test.py": "metrics are functions of two sounds, without running means",
    "ddsp/training/models/autoencoder_test.py": "its gin files and its checkpoint reader; "
    "`tests/models/magenta` reads checkpoints",
    "ddsp/training/nn_test.py": "its layers; those that ddsp_tf has are built otherwise",
    "ddsp/training/preprocessing_test.py": "features are columns, extracted before",
}


def extract_tests(wheel: Path, folder: Path) -> list[Path]:
    """Takes the tests out of the wheel.

    Raises:
        click.ClickException: It is another wheel.
    """
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != _SHA256:
        raise click.ClickException(f"{wheel} should be {_WHEEL}, of SHA-256 {_SHA256}; not {found}")
    with zipfile.ZipFile(wheel) as archive:
        tests = [name for name in archive.namelist() if name.endswith("_test.py")]
        archive.extractall(folder, [*tests, _HELP])
    return [folder / name for name in sorted(tests)]


def count_tests(path: Path) -> int:
    """Counts the tests of a file, each as often as its parameters say."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    return sum(max((_cases(d) for d in f.decorator_list), default=1) for f in functions)


def _cases(decorator: ast.expr) -> int:
    return len(decorator.args) if isinstance(decorator, ast.Call) else 1


@click.command()
@click.option("--wheel", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--only", multiple=True, help="Files with this in their name.")
def main(wheel: Path | None, only: tuple[str, ...]) -> None:
    """Runs the tests of WHEEL, which pip downloads by default."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if wheel is None:
            download = ("pip", "download", "--quiet", "--no-deps", "--dest", name, "ddsp==3.7.0")
            subprocess.run([sys.executable, "-m", *download], check=True)
            wheel = folder / _WHEEL
        files = extract_tests(wheel, folder)
        predecessor.install(folder / "ddsp")
        rows, reasons, failed = [], Counter[tuple[str, str]](), []
        for file in files:
            path = str(file.relative_to(folder))
            if not all(part in path for part in only):
                continue
            if path in _UNMAPPED:
                count = count_tests(file)
                rows.append((path, count, 0, count))
                reasons[path, _UNMAPPED[path]] += count
                continue
            suite = unittest.defaultTestLoader.loadTestsFromName(
                path.removesuffix(".py").replace("/", ".")
            )
            result = unittest.TestResult()
            suite.run(result)
            # TensorFlow's own test of the session in each class isn't one.
            skipped = [(test, why) for test, why in result.skipped if why != "Not a test."]
            count = result.testsRun - (len(result.skipped) - len(skipped))
            wrong = [*result.failures, *result.errors]
            rows.append((path, count, count - len(skipped) - len(wrong), len(skipped)))
            reasons.update((path, why) for _, why in skipped)
            failed += [f"{test.id()}\n{trace}" for test, trace in wrong]
    click.echo("| file | tests | pass | listed |\n|---|---|---|---|")
    for row in [*rows, ("all", *(sum(column) for column in list(zip(*rows, strict=True))[1:]))]:
        click.echo("| " + " | ".join(map(str, row)) + " |")
    click.echo("\n| file | listed | reason |\n|---|---|---|")
    for (path, why), count in sorted(reasons.items()):
        click.echo(f"| {path} | {count} | {why} |")
    for text in failed:
        click.echo(f"\nfailed: {text}", err=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
