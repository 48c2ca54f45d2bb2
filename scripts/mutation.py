"""Mutation check: puts one fault into the code at a time, and sees whether the tests notice.

A sample of the mutants of each package is drawn by the seed. TensorFlow is imported once; a mutant
is written into a copy of the repository, and a fork of this process runs default tests there until
one fails: the tests that name what the fault is in and the tables of every class, then the files
that use its module, those that say the most about it first. That test has to pass on the sound
code for the mutant to count as killed; so does one that takes more than `--limit-s` of processor
time. What survives is shown as a diff.

Results are lines of JSON in `--results`: what stands there is not run again. Survivors that no test
can tell from the code are listed in `scripts/mutants_equivalent.json` with the reason.

Example:
    python scripts/mutation.py --sample 40 --only dsp --results dsp.jsonl
    python scripts/mutation.py --report --results dsp.jsonl
"""

import ast
import contextlib
import importlib.util
import itertools
import json
import math
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import click
from mutants import Mutant, mutants_of

ROOT = Path(__file__).parents[1]
EQUIVALENT = Path(__file__).with_name("mutants_equivalent.json")
PACKAGES = {
    "dsp": "ddsp_tf/dsp",
    "processors": "ddsp_tf/processors",
    "losses": "ddsp_tf/losses",
    "features": "ddsp_tf/features",
    "trainer": "ddsp_tf/training/trainer.py",
}
_EXAMPLES = "tests/test_docstring_examples.py"
_TABLES = {
    "tests/test_interface.py::test_settings_are_taken_and_refused_as_they_were": "settings",
    "tests/test_interface.py::test_processors_declare_what_they_did": "signals",
    "tests/test_interface.py::test_processors_sound_as_they_did": "sounds",
    "tests/test_interface.py::test_functions_give_what_they_did": "dsp",
    "tests/test_interface.py::test_rooms_are_estimated_as_they_were": "estimates",
    "tests/test_interface.py::test_what_hears_hears_what_it_did": "heard",
}
"""Tests of every class, which name none, and the golden files that say of which."""
_MOST_NAMING = 10
"""Tests that name a definition, at most."""
_TOO_LONG = (signal.SIGXCPU, signal.SIGKILL)
_WAITING = 10.0
"""How many times its processor time a test file may take by the clock."""
_NO_TESTS = 5
_CLASS = re.compile(r"\b[A-Z][a-z]\w+")
_Z = 1.96


def modules_of(package: str) -> list[str]:
    """Gives the files of a package, relative to the repository."""
    path = ROOT / PACKAGES[package]
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    return [str(file.relative_to(ROOT)) for file in files]


def sample(package: str, count: int, seed: int) -> list[Mutant]:
    """Draws mutants of a package without repetition; a longer sample begins with a shorter one."""
    found = [mutant for module in modules_of(package) for mutant in mutants_of(ROOT, module)]
    random.Random(f"{seed} {package}").shuffle(found)
    return found[:count]


# Which tests say something about a module.


@cache
def _defined(module: str) -> frozenset[str]:
    """The names that others can have from a module, and its own as a text: `"periodicity"`."""
    names = {repr(Path(module).stem)}
    for node in ast.parse((ROOT / module).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return frozenset(name for name in names if not name.startswith("_"))


@cache
def _used(file: str) -> Mapping[str, int]:
    """How often a file uses each name of ddsp_tf: `f` and `dsp.f`, once it has imported them.

    Texts count, too, as they name classes in gin and features by their modules.
    """
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ddsp_tf")
        for alias in node.names
    }
    uses: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in imported:
            uses[imported[node.id]] += 1
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in imported:
                uses[node.attr] += 1
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            uses.update(_CLASS.findall(node.value))
            uses[repr(node.value)] += 1
    return uses


@cache
def _top_level(file: str) -> Mapping[str, tuple[int, int, frozenset[str]]]:
    """The definitions of a file: first and last line, and the names that each uses."""
    found: dict[str, tuple[int, int, frozenset[str]]] = {}
    for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body:
        targets = [node] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
        names = [target.name for target in targets]
        if isinstance(node, ast.Assign | ast.AnnAssign):
            left = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in left if isinstance(target, ast.Name)]
        inside = list(ast.walk(node))
        uses = {part.id for part in inside if isinstance(part, ast.Name)}
        uses |= {part.attr for part in inside if isinstance(part, ast.Attribute)}
        uses |= {part.arg for part in inside if isinstance(part, ast.arg)}  # fixtures
        uses.update(
            name
            for part in inside
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
            for name in _CLASS.findall(part.value)
        )
        for name in names:
            found[name] = (node.lineno, node.end_lineno or node.lineno, frozenset(uses))
    return found


def _reaching(file: str, start: frozenset[str]) -> frozenset[str]:
    """The definitions of a file that are of these names, or use what is."""
    reached = set(start)
    while True:
        more = {name for name, (_, _, uses) in _top_level(file).items() if uses & reached}
        if more <= reached:
            return frozenset(reached & set(_top_level(file)))
        reached |= more


def tests_naming(mutant: Mutant) -> list[str]:
    """Chooses the tests that name what a mutant is in: pytest's arguments for one run.

    That is the function or class of the fault, and what uses it in the same module. A test names
    it by itself or through what it uses of its file. Those of the file of the module's name go
    first, then those of its room, and of files that say the most about it.
    """
    source = (ROOT / mutant.module).read_bytes()
    line = source[: mutant.start].count(b"\n") + 1
    around = {
        name
        for name, (first, last, _) in _top_level(mutant.module).items()
        if first <= line <= last
    }
    names = frozenset(
        name for name in _reaching(mutant.module, frozenset(around)) if not name.startswith("_")
    )
    stem, room = Path(mutant.module).stem, Path(mutant.module).parts[1]
    found: list[tuple[bool, bool, float, str]] = []
    for test in _files("tests", "test_*.py"):
        tests = [name for name in _reaching(test, names) if name.startswith("test_")]
        n_tests = sum(name.startswith("test_") for name in _top_level(test))
        order = (Path(test).stem != f"test_{stem}", Path(test).parts[1] != room)
        found += [(*order, -len(tests) / n_tests, f"{test}::{name}") for name in sorted(tests)]
    return [name for *_, name in sorted(found)[:_MOST_NAMING]]


def tests_in_tables(module: str) -> list[str]:
    """Chooses the rows of the tables that are of a module's classes, or of those that use it."""
    names = {name.strip("'") for name in _defined(module) | _near(module)}
    folders = {*Path(module).parts, Path(module).stem}
    aliases = {"crepe": {"crepe-tiny", "live_pitch"}, "world": {"world_envelope", "world_analysis"}}
    names |= {alias for folder in folders for alias in aliases.get(folder, {folder})}
    rows = [
        f"{test}[{name}]"
        for test, table in _TABLES.items()
        for name in json.loads((ROOT / f"tests/golden/{table}.json").read_text(encoding="utf-8"))
        if name in names
    ]
    return rows


@cache
def _near(module: str) -> frozenset[str]:
    """The names of what the modules that use a module define."""
    own = _defined(module)
    return frozenset(
        name
        for file in _files("ddsp_tf", "*.py")
        if file != module and own & set(_used(file)) and not file.endswith("__init__.py")
        for name in _defined(file)
    )


@cache
def _files(folder: str, pattern: str) -> tuple[str, ...]:
    return tuple(str(path.relative_to(ROOT)) for path in sorted((ROOT / folder).rglob(pattern)))


def tests_for(module: str, count: int) -> list[list[str]]:
    """Chooses the tests of a module: pytest's arguments for each run, the most telling first.

    These are the test file of its name, the files that use its names, and those that use the names
    of modules that use them, each by the share that they have in what the file uses; and the
    module's examples.
    """
    own = _defined(module)
    near = _near(module)
    stem = Path(module).stem

    def score(test: str) -> tuple[bool, float, float]:
        uses = _used(test)
        total = sum(uses.values()) or 1
        shares = [sum(uses.get(n, 0) for n in names) / total for names in (own, near)]
        return Path(test).stem == f"test_{stem}", shares[0], shares[1]

    scores = {test: score(test) for test in _files("tests", "test_*.py")}
    telling = sorted(scores, key=scores.__getitem__, reverse=True)
    chosen = [[test] for test in telling if any(scores[test])][:count]
    source = (ROOT / module).read_text(encoding="utf-8")
    if ">>> " in source:
        name = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        chosen.insert(1, [_EXAMPLES + f"::test_examples_give_what_they_say[{name}]"])
    return chosen


# Running them.


def copy_repository(folder: Path) -> None:
    """Copies what git knows, and compiles it, so that only a mutant's module is compiled again."""
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    compiling = (sys.executable, "-m", "compileall", "-q", "ddsp_tf")
    subprocess.run(compiling, cwd=folder, check=True)


def import_what_tests_need(folder: Path) -> None:
    """Imports what is not of the repository. No operation runs, and no thread, before a fork."""
    sys.dont_write_bytecode = True
    os.environ |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    import keras  # noqa: F401
    import pytest  # noqa: F401
    import scipy.signal  # noqa: F401
    import soundfile  # noqa: F401
    import tensorflow  # noqa: F401

    if any(name.startswith("ddsp_tf") for name in sys.modules):
        raise RuntimeError("ddsp_tf was imported before the fork: its mutants would not be.")


class _Recorder:
    """A pytest plug-in that writes down the first test that fails."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def pytest_runtest_logreport(self, report: Any) -> None:
        self._write(report)

    def pytest_collectreport(self, report: Any) -> None:
        self._write(report)

    def _write(self, report: Any) -> None:
        if report.failed and not self._path.exists():
            self._path.write_text(report.nodeid, encoding="utf-8")


def run_tests(arguments: Sequence[str], limit_s: float) -> tuple[str, str]:
    """Runs tests in a fork.

    Returns:
        "passed", "failed" or "timeout", and the test that failed.
    """
    with tempfile.TemporaryDirectory() as name:
        failed, log = Path(name) / "failed", Path(name) / "log"
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit_s), int(limit_s) + 5))
            file = os.open(log, os.O_WRONLY | os.O_CREAT)
            os.dup2(file, 1)
            os.dup2(file, 2)
            import pytest

            os._exit(int(pytest.main(["-n", "0", "-x", *arguments], plugins=[_Recorder(failed)])))
        status = _wait(child, limit_s * _WAITING)
        if status is None or os.WIFSIGNALED(status):
            crashed = status is not None and os.WTERMSIG(status) not in _TOO_LONG
            return ("failed" if crashed else "timeout"), arguments[0]
        if os.WEXITSTATUS(status) in (0, _NO_TESTS):
            return "passed", ""
        return "failed", failed.read_text(encoding="utf-8") if failed.exists() else arguments[0]


def _wait(child: int, limit_s: float) -> int | None:
    """Waits for a process, ends what it started, and gives its status; None: it took too long."""
    end = time.monotonic() + limit_s
    status = None
    while status is None and time.monotonic() < end:
        done, ended = os.waitpid(child, os.WNOHANG)
        status = ended if done else None
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if status is None:
        os.waitpid(child, 0)
    return status


class Check:
    """Runs mutants in a copy of the repository.

    Args:
        folder: The copy.
        n_files: How many test files a mutant is tried with, besides its module's examples.
        limit_s: Processor time of one of them.
    """

    def __init__(self, folder: Path, *, n_files: int, limit_s: float) -> None:
        self._folder = folder
        self._n_files = n_files
        self._limit_s = limit_s
        self._sound: dict[tuple[str, ...], bool] = {}

    def outcome(self, mutant: Mutant) -> dict[str, Any]:
        """Says whether a mutant is "killed" or "survived", and by which test."""
        naming, rows = tests_naming(mutant), tests_in_tables(mutant.module)
        met = [f"--deselect={test}" for test in naming]
        others = [[*test, *met] for test in tests_for(mutant.module, self._n_files)]
        tests = [chosen for chosen in (rows, naming, *others) if chosen]
        for arguments in tests:
            while True:
                with self._written(mutant):
                    status, test = run_tests([*arguments, *self._unsound()], self._limit_s)
                if status == "passed" or not test:
                    break
                blamed = (test,) if status == "failed" else tuple(arguments)
                if self._is_sound(blamed):
                    return {"outcome": "killed", "by": test, "how": status}
                if test == arguments[0]:
                    break
        return {
            "outcome": "survived",
            "by": "",
            "how": " ".join(arguments[0] for arguments in tests),
        }

    def _unsound(self) -> list[str]:
        return [
            f"--deselect={tests[0]}"
            for tests, is_sound in self._sound.items()
            if not is_sound and len(tests) == 1
        ]

    def _is_sound(self, tests: tuple[str, ...]) -> bool:
        """Whether tests pass on the code as it is, in time."""
        if tests not in self._sound:
            self._sound[tests] = run_tests(tests, self._limit_s)[0] == "passed"
            if not self._sound[tests]:
                click.echo(f"{tests[0]} fails on the code as it is, and counts for nothing")
        return self._sound[tests]

    @contextlib.contextmanager
    def _written(self, mutant: Mutant) -> Iterator[None]:
        path = self._folder / mutant.module
        source = path.read_bytes()
        compiled = Path(importlib.util.cache_from_source(str(path)))
        kept = compiled.read_bytes()
        times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
        path.write_bytes(mutant.apply(source))
        compiled.unlink()
        try:
            yield
        finally:
            path.write_bytes(source)
            os.utime(path, ns=times)
            compiled.write_bytes(kept)


# What came of it.


def read_results(path: Path) -> dict[Mutant, dict[str, Any]]:
    """Reads the last result of each mutant."""
    if not path.exists():
        return {}
    results = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {Mutant(**result["mutant"]): result for result in results}


def reason(result: Mapping[str, Any]) -> str:
    """Gives why no test can tell a mutant from the code, or nothing."""
    lines = result["diff"].splitlines()[3:]
    change = [sign + line[1:].strip() for line in lines if (sign := line[0]) in "+-"]
    known = json.loads(EQUIVALENT.read_text(encoding="utf-8"))
    same = (entry["reason"] for entry in known if entry["change"] == change)
    return next(same, "")


def interval(killed: int, count: int) -> tuple[float, float]:
    """Gives the 95% interval of a share (Wilson 1927)."""
    if count == 0:
        return 0.0, 1.0
    share, z2 = killed / count, _Z**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2)) / (1 + z2 / count)
    return centre - half, centre + half


def report(results: Mapping[Mutant, Mapping[str, Any]]) -> None:
    """Prints the survivors, and the table."""
    rows, weights = [], []
    for package in PACKAGES:
        modules = set(modules_of(package))
        found = [result for mutant, result in results.items() if mutant.module in modules]
        survivors = [result for result in found if result["outcome"] == "survived"]
        open_ones = [result for result in survivors if not reason(result)]
        for result in open_ones:
            click.echo(f"\nsurvived ({result['mutant']['kind']})\n{result['diff']}")
        killed = len(found) - len(survivors)
        rows.append((package, len(found), killed, len(open_ones), len(survivors) - len(open_ones)))
        weights.append(sum(len(mutants_of(ROOT, module)) for module in modules))
    click.echo("\n| package | mutants | tried | killed | survived | equivalent | share | 95% |")
    click.echo("|---|---|---|---|---|---|---|---|")
    shares, variance = 0.0, 0.0
    for weight, (package, count, killed, survived, equivalent) in zip(weights, rows, strict=True):
        n = killed + survived
        low, high = interval(killed, n)
        share = killed / n if n else 0.0
        click.echo(
            f"| {package} | {weight} | {count} | {killed} | {survived} | {equivalent} "
            f"| {share:.0%} | {low:.0%} to {high:.0%} |"
        )
        part = weight / sum(weights)
        middle = (killed + 2) / (n + 4)  # Agresti and Coull 1998: no spread of nothing
        shares += part * share
        variance += part**2 * middle * (1 - middle) / (n + 4)
    half = _Z * math.sqrt(variance)
    totals = " | ".join(str(sum(column)) for column in list(zip(*rows, strict=True))[1:])
    click.echo(
        f"| all, by their mutants | {sum(weights)} | {totals} "
        f"| {shares:.0%} | {max(shares - half, 0):.0%} to {min(shares + half, 1):.0%} |"
    )


@click.command()
@click.option("--sample", "count", default=20, show_default=True, help="Mutants of each package.")
@click.option("--seed", default=0, show_default=True, help="Of the sample.")
@click.option("--only", multiple=True, type=click.Choice(list(PACKAGES)), help="These packages.")
@click.option("--files", default=4, show_default=True, help="Test files that a mutant meets.")
@click.option("--limit-s", default=120.0, show_default=True, help="Processor time of one file.")
@click.option("--results", type=click.Path(path_type=Path), default=Path("mutants.jsonl"))
@click.option("--again", is_flag=True, help="Run what survived once more, and nothing else.")
@click.option("--report", "report_only", is_flag=True, help="Run nothing.")
def main(
    count: int,
    seed: int,
    only: tuple[str, ...],
    files: int,
    limit_s: float,
    results: Path,
    again: bool,
    report_only: bool,
) -> None:
    """Samples mutants, runs them and reports."""
    results = results.absolute()
    known = read_results(results)
    drawn = [sample(package, count, seed) for package in only or PACKAGES]
    # One package after the other, so that a run that is stopped has some of each.
    todo = [m for row in itertools.zip_longest(*drawn) for m in row if m and m not in known]
    if again:
        todo = [
            mutant
            for mutant, result in known.items()
            if result["outcome"] == "survived" and not reason(result)
        ]
    if todo and not report_only:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            copy_repository(folder)
            import_what_tests_need(folder)
            check = Check(folder, n_files=files, limit_s=limit_s)
            for i, mutant in enumerate(todo):
                start = time.monotonic()
                outcome = check.outcome(mutant)
                diff = mutant.diff((ROOT / mutant.module).read_bytes())
                with results.open("a", encoding="utf-8") as file:
                    line = {"mutant": asdict(mutant), **outcome, "diff": diff}
                    file.write(json.dumps(line) + "\n")
                seconds = time.monotonic() - start
                click.echo(
                    f"{i + 1}/{len(todo)} {mutant.module} {mutant.kind}: {outcome['outcome']} "
                    f"{outcome['by']} ({seconds:.0f} s)"
                )
            os.chdir(ROOT)
    report(read_results(results))


if __name__ == "__main__":
    main()
