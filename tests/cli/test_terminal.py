"""What is written where: results on stdout, progress on stderr, nothing when quiet."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ddsp_tf.cli import terminal as terminal_module
from ddsp_tf.cli.terminal import Terminal, duration, render_table


def test_results_go_to_stdout_and_notes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    terminal.say("result")
    terminal.note("note")
    terminal.result({"not": "asked for"})
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("result\n", "note\n")


def test_json_is_alone_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(as_json=True)
    terminal.say("result")
    terminal.table("", ["a"], [["b"]])
    terminal.result({"path": Path("x"), "array": np.arange(2), "number": np.float32(0.5)})
    assert json.loads(capsys.readouterr().out) == {"path": "x", "array": [0, 1], "number": 0.5}


def test_quiet_writes_errors_alone(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(quiet=True)
    terminal.say("result")
    terminal.note("note")
    with terminal.progress("working") as advance:
        advance(0.5, "half")
    terminal.fail("error")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "error\n")


def test_progress_without_a_terminal_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 1.0, 20.0, 21.0])
    monkeypatch.setattr(terminal_module.time, "monotonic", lambda: next(clock))
    with Terminal().progress("Preparing") as advance:
        advance(0.1, "a.wav")
        advance(0.5, "b.wav")
        advance(0.6, "b.wav")
    assert capsys.readouterr().err == "Preparing: 50%, 20 s left b.wav\n"


def test_a_table_without_a_terminal_has_no_colours_and_cuts_nothing() -> None:
    text = render_table("", ["name", "text"], [["violin", "x" * 120]])
    assert "\x1b" not in text
    assert "x" * 120 in text


@pytest.mark.parametrize(
    ("encoding", "sharp", "line", "surrogate"),
    [("cp1252", "D#2", "---", "\\udcff"), ("ascii", "D#2", "---", "\\udcff")],
)
def test_an_encoding_that_lacks_letters_gets_plain_ones(
    encoding: str, sharp: str, line: str, surrogate: str
) -> None:
    script = (
        "from ddsp_tf.cli.terminal import *\n"
        "accept_any_text()\n"
        "Terminal().table('', ['range'], [['D♯2']])\n"
        "Terminal().say('né \\udcff.wav')\n"
        "Terminal().note('F♯3')\n"
    )
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, check=True
    )
    printed = done.stdout.decode(encoding)
    assert sharp in printed
    assert line in printed
    assert f"{surrogate}.wav" in printed
    assert ("né" in printed) == (encoding == "cp1252")
    assert done.stderr.decode(encoding).strip() == "F#3"


def test_names_that_are_no_text_are_written_to_utf_8() -> None:
    script = "from ddsp_tf.cli.terminal import *; accept_any_text(); Terminal().say('D♯ \\udcff')"
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, check=True
    )
    assert done.stdout.decode("utf-8").strip() == "D♯ \\udcff"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_command_ends_well_whatever_stdout_can_hold(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ddsp_tf", "instruments"],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    assert re.search(r"\b[A-G]#\d to ", done.stdout.decode(encoding))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.2 s"), (59.0, "59 s"), (125.0, "2 min 5 s"), (4320.0, "1 h 12 min")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
