"""Runs what a page shows, block by block, in one folder and one process.

`python` blocks share their names. `bash` blocks run line by line: `ddsp-tf` and `scripts/` in this
process, so that TensorFlow is imported once, and made small as `SMALLER` says; anything else in a
shell. A `text` block is what the block before it prints; `...` stands for what may differ.
Other blocks have to be files: a comment before them names them.
"""

import contextlib
import functools
import importlib.util
import io
import os
import re
import runpy
import shlex
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from page_blocks import Block

from ddsp_tf.cli.main import cli, main

ROOT = Path(__file__).parents[1]

SMALLER = {
    "train": [
        *("--gin-param", "Schedule.batch_size=2", "--gin-param", "Schedule.clip_s=0.5"),
        *(
            "--gin-param",
            "Schedule.validate_every=2",
            "--gin-param",
            "Schedule.validation_batches=1",
        ),
        *("--gin-param", "Schedule.checkpoint_every=2", "--gin-param", "Schedule.log_every=1"),
        *("--gin-param", "train.xla=False", "--gin-param", "Reverb.impulse_response_length=160"),
        *("--gin-param", "train.transfer=None"),
        *("--gin-param", "SpectralLoss.fft_lengths=(512, 64)"),
    ],
    "sizes": [
        *("--gin-param", "RnnFcDecoder.rnn_channels=8"),
        *("--gin-param", "N_HARMONICS=8", "--gin-param", "N_NOISE_BANDS=5"),
    ],
    "prepare": ["--workers", "1", "--eval-fraction", "0.3"],
    "match": ["--steps", "2"],
}
"""Arguments added to commands that would take hours on a page, and seconds in a test."""

FEWER = {"match": {"n_steps": 2}}
"""Arguments added to functions that a script of a page calls, unless it gives them itself."""

N_STEPS = "2"
BENCHMARKS = "scripts/benchmarks/run.py"


class PageRunner:
    """Runs the blocks of one page in the current folder."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {"__name__": "__main__"}
        self._printed = ""

    def run(self, block: Block) -> None:
        """Runs a block, or checks it against what the one before it printed."""
        if block.note.startswith("file: "):
            path = Path(block.note.removeprefix("file: "))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            self._printed = self._python(block)
        elif block.language == "bash":
            fails = block.note == "fails"
            lines = commands(block.text)
            self._printed = "".join(self._command(line, fails=fails) for line in lines)
        elif block.language == "text":
            check_output(block.text, self._printed)
        else:
            raise AssertionError(f"Nothing runs a block of {block.language!r}; name it as a file")

    def ddsp_tf(self, words: list[str], *, fails: bool = False) -> str:
        """Runs a command line, made small, and gives what it printed."""
        result = CliRunner().invoke(cli, smaller(words))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert (result.exit_code != 0) == fails, f"{shlex.join(words)}\n{result.output}"
        return result.output

    def _python(self, block: Block) -> str:
        # Line numbers in tracebacks are those of the page.
        code = compile("\n" * (block.line - 1) + block.text, "<page>", "exec")
        with captured() as output:
            exec(code, self._names)
        return output.getvalue()

    def _command(self, line: str, *, fails: bool) -> str:
        words = shlex.split(line, comments=True)
        if not words:
            return ""
        if words[0] == "ddsp-tf":
            return self.ddsp_tf(words[1:], fails=fails)
        if words[:2] == ["python", BENCHMARKS]:
            # They take an hour, and write into the repository: just their options are checked.
            line = f"cd {shlex.quote(str(ROOT))} && {line} --list"
        elif words[0] == "python" and words[1].startswith("scripts/"):
            return self._script(words)
        if words[:2] == ["pip", "install"]:
            return check_extra(words[2])
        if words[0] == "tensorboard":
            folder = Path(words[words.index("--logdir") + 1])
            assert importlib.util.find_spec("tensorboard"), "TensorBoard is not installed"
            assert list(folder.rglob("events.out.tfevents.*")), f"{folder} holds no events"
            return ""
        here = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-euc", line],
            env={**os.environ, "PATH": here},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        assert (done.returncode != 0) == fails, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def _script(self, words: list[str]) -> str:
        script = runpy.run_path(str(ROOT / words[1]))
        run = script["main"]
        if run is not main:
            # What is found in so few steps is tested by the tests of the system.
            for name, arguments in FEWER.items():
                if name in run.__globals__:
                    run.__globals__[name] = functools.partial(run.__globals__[name], **arguments)
            with captured() as output:
                run(*map(Path, words[2:]))
            return output.getvalue()
        command = re.search(r'main\(\["(\w+)"', (ROOT / words[1]).read_text(encoding="utf-8"))
        assert command is not None
        return self.ddsp_tf([command[1], *words[2:]])


def commands(text: str) -> list[str]:
    """Splits a shell block into commands: a line each, or more with a `\\` at the end."""
    return [line for line in re.sub(r"\\\n\s*", " ", text).splitlines() if line.strip()]


def smaller(words: list[str]) -> list[str]:
    """Makes a training short and its network small; resumed, a run has its own settings."""
    shortened = [re.sub(r"(?<=Limits\.num_steps=)\d+", N_STEPS, word) for word in words]
    if words[0] == "train" and "--resume" not in words:
        if shortened == words:
            shortened += ["--gin-param", f"Limits.num_steps={N_STEPS}"]
        # DDSP-VST takes a model of its own sizes alone, and a start has sizes of its own.
        fixed = any("vst" in word or "start_from" in word.lower() for word in words)
        sizes = [] if fixed else SMALLER["sizes"]
        return shortened + SMALLER["train"] + sizes
    # A room is heard, not approached by steps.
    as_it_is = words[0] == "train" or "--help" in words or words[:2] == ["match", "reverb"]
    return shortened + ([] if as_it_is else SMALLER.get(words[0], []))


def check_extra(requirement: str) -> str:
    """Checks that what a page installs exists; `.ci/run` runs the set-up commands themselves."""
    extra = re.fullmatch(r"(?:\.|ddsp-tf)(?:\[([\w-]+)\])?", requirement)
    assert extra is not None, f"{requirement} is neither this project nor an extra of it"
    assert extra[1] is None or extra[1] in metadata("ddsp-tf").get_all("Provides-Extra")
    return ""


def check_output(expected: str, printed: str) -> None:
    """Compares what a page says is printed with what was; `...` matches anything."""
    parts = re.split(r"\.\.\.", expected.strip())
    pattern = ".*".join(_loosely(part) for part in parts)
    assert re.search(pattern, printed, re.DOTALL), f"expected\n{expected}\nprinted\n{printed}"


def _loosely(text: str) -> str:
    """A pattern for text whose white space may be broken elsewhere."""
    words = [re.escape(word) for word in text.split()]
    before = r"\s*" if text[:1].isspace() else ""
    after = r"\s*" if text[-1:].isspace() else ""
    return before + r"\s+".join(words) + after


@contextlib.contextmanager
def captured() -> Any:
    """Collects what is printed."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        yield output


@contextlib.contextmanager
def inside(folder: Path) -> Any:
    """Works in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
