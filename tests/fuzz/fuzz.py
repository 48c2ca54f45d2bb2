"""Reads damaged files by the thousand: `python tests/fuzz/fuzz.py [READER ...] --inputs N`.

An input is made from the seed and its number alone. What a reader may do with one: read it, or
raise a `DdspError`. Anything else is a finding: another error, a crash, more than `--limit-s`
seconds, more than `--limit-mib` MiB of memory beyond the first inputs, a file written or changed. A
reader works in a process of its own, and goes on with the next input after a crash. Findings are
said with their number; `--keep FOLDER` writes the files, to become cases of `test_fuzz.py`.
"""

import argparse
import faulthandler
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from mutations import mutate, mutate_json  # noqa: E402
from targets import TARGETS  # noqa: E402


@dataclass(frozen=True)
class Finding:
    """What a reader must not do.

    Args:
        reader: Its name in `TARGETS`.
        number: Of the input.
        what: The error and where it was raised, or what else happened.
        text: All that is known of it.
    """

    reader: str
    number: int
    what: str
    text: str


def fuzz(
    reader: str, numbers: range, folder: Path, *, seed: int, limit_s: float, limit_mib: int
) -> list[Finding]:
    """Tries a reader with some inputs, in processes of its own.

    Args:
        reader: A name of `TARGETS`.
        numbers: Of the inputs.
        folder: An empty one to work in.
        seed: Of all inputs.
        limit_s: Seconds that an input may take.
        limit_mib: Memory that inputs may take beyond that of the first.

    Returns:
        What was found, each kind once.
    """
    found: dict[str, Finding] = {}
    at = folder / "at"
    first = numbers.start
    while first < numbers.stop:
        at.write_text(str(first))
        command = [sys.executable, str(Path(__file__).resolve()), "--work", reader]
        command += [str(first), str(numbers.stop), str(folder), str(seed), str(limit_s)]
        done = subprocess.run(
            [*command, str(limit_mib)],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        for line in done.stdout.splitlines():
            if line.startswith("finding "):
                finding = Finding(**json.loads(line.removeprefix("finding ")))
                found.setdefault(finding.what, finding)
        if done.returncode == 0:
            break
        number = int(at.read_text())
        hung = "Timeout (" in done.stderr
        what = f"took more than {limit_s:g} s" if hung else f"ended with {done.returncode}"
        where = _innermost(done.stderr) if hung else ""
        finding = Finding(reader, number, f"{what}{where}", done.stderr[-3000:])
        found.setdefault(finding.what, finding)
        first = number + 1
    return list(found.values())


def write_input(reader: str, number: int, sound: Path, folder: Path, seed: int) -> None:
    """Writes an input's files into a new folder: a sound one's, with one of them damaged."""
    target = TARGETS[reader]
    shutil.copytree(sound, folder)
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and any(fnmatch(str(path.relative_to(folder)), pattern) for pattern in target.files)
    )
    random = np.random.default_rng([seed, zlib.crc32(reader.encode()), number])
    path = files[random.integers(len(files))]
    content = path.read_bytes()
    by_values = path.suffix == ".json" and random.integers(3)
    path.write_bytes((mutate_json if by_values else mutate)(content, random))
    if target.mend is not None and random.integers(2):
        target.mend(folder)


def _work(arguments: Sequence[str]) -> None:
    """One process: inputs one after the other, until all are read or one ends it."""
    reader, folder = arguments[0], Path(arguments[3])
    first, end, seed = int(arguments[1]), int(arguments[2]), int(arguments[4])
    limit_s, limit_mib = float(arguments[5]), int(arguments[6])
    sys.path.insert(0, str(HERE.parents[1]))
    from ddsp_tf.errors import DdspError

    warnings.simplefilter("ignore")
    target = TARGETS[reader]
    sound, input_folder = folder / "sound", folder / "input"
    if not sound.exists():
        sound.mkdir()
        target.make(sound)
    target.read(sound)
    here = folder / "here"
    here.mkdir(exist_ok=True)
    os.chdir(here)
    before_mib, armed = None, -math.inf
    for number in range(first, end):
        shutil.rmtree(input_folder, ignore_errors=True)
        write_input(reader, number, sound, input_folder, seed)
        (folder / "at").write_text(str(number))
        files = _contents(input_folder)
        start = time.monotonic()
        if start >= armed + 1.0:
            # Arming starts a thread, which costs more than most inputs.
            faulthandler.dump_traceback_later(limit_s + 1.0, exit=True)
            armed = start
        try:
            target.read(input_folder)
        except DdspError:
            pass
        except Exception as error:
            _say(reader, number, f"{type(error).__name__}{_place(error)}", traceback.format_exc())
        if time.monotonic() > start + limit_s:
            _say(reader, number, f"took more than {limit_s:g} s", "")
        if _contents(input_folder) != files or list(here.iterdir()):
            _say(reader, number, "wrote files", "")
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        if number - first >= min(20, (end - first) // 2):
            before_mib = before_mib or peak_mib
            if peak_mib > before_mib + limit_mib:
                _say(reader, number, "took memory", f"{peak_mib - before_mib} MiB")
                before_mib = peak_mib
    faulthandler.cancel_dump_traceback_later()


def _say(reader: str, number: int, what: str, text: str) -> None:
    print("finding", json.dumps(asdict(Finding(reader, number, what, text[-3000:]))), flush=True)


def _contents(folder: Path) -> dict[str, int]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): zlib.crc32(path.read_bytes()) for path in files}


def _place(error: BaseException) -> str:
    """The innermost line of the package that an error came through."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if "ddsp_tf" in frame.filename
    ]
    return f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def _innermost(text: str) -> str:
    lines = [line for line in text.splitlines() if "/ddsp_tf/" in line]
    return f" in {lines[0].strip().rsplit('/', 1)[-1]}" if lines else ""


def shares(readers: Sequence[str], n_inputs: int) -> Iterator[tuple[str, int]]:
    """How many of the inputs each reader gets: at least ten."""
    total = sum(TARGETS[reader].share for reader in readers)
    for reader in readers:
        yield reader, max(10, round(n_inputs * TARGETS[reader].share / total))


def main() -> None:
    """Says what was found, and ends with 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("readers", nargs="*", metavar="READER", help="default: all of them")
    parser.add_argument("--inputs", type=int, default=10_000, help="of all readers together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--limit-s", type=float, default=10.0, help="seconds for one input")
    parser.add_argument("--limit-mib", type=int, default=1024, help="memory for inputs")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="for what was found")
    options = parser.parse_args()
    unknown = sorted(set(options.readers) - set(TARGETS))
    if unknown:
        parser.error(f"{', '.join(unknown)}: choose among {', '.join(TARGETS)}")
    n_found, total = 0, 0
    print(f"{'reader':<26}{'inputs':>8}{'a second':>10}  findings")
    for reader, count in shares(options.readers or list(TARGETS), options.inputs):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            found = fuzz(
                reader,
                range(options.first, options.first + count),
                Path(folder),
                seed=options.seed,
                limit_s=options.limit_s,
                limit_mib=options.limit_mib,
            )
            rate = count / (time.perf_counter() - start)
            print(f"{reader:<26}{count:>8}{rate:>10.0f}  {len(found)}", flush=True)
            for finding in found:
                print(f"  input {finding.number}: {finding.what}", flush=True)
                print("    " + finding.text.strip().replace("\n", "\n    ")[-1500:], flush=True)
                if options.keep is not None:
                    kept = options.keep / f"{reader}-{options.seed}-{finding.number}"
                    shutil.rmtree(kept, ignore_errors=True)
                    sound = Path(folder) / "sound"
                    write_input(reader, finding.number, sound, kept, options.seed)
        n_found += len(found)
        total += count
    print(f"{total} inputs, {n_found} findings")
    sys.exit(1 if n_found else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        _work(sys.argv[2:])
    else:
        main()
