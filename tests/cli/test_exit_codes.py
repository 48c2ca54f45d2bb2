"""What each kind of failure says, and with which exit code it ends."""

import errno
from collections.abc import Callable

import click
import pytest

from ddsp_tf.cli.exit_codes import reported_errors
from ddsp_tf.errors import ArgumentError, AudioFileError, ConfigError, ModelError


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ConfigError("No such parameter."), 2, "Error: No such parameter."),
        (ArgumentError("`octave` must be whole."), 2, "Error: `octave` must be whole."),
        (ModelError("There is no model."), 1, "Error: There is no model."),
        (AudioFileError("Not audio."), 1, "Error: Not audio."),
        (
            OSError(errno.ENOSPC, "No space left on device", "out.wav"),
            1,
            "Error: No space left on device `out.wav`.",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "out.wav"),
            1,
            "Error: Permission denied `out.wav`.",
        ),
        (MemoryError(), 1, "Error: There is not enough memory for this."),
        (
            TypeError("boom\nsecond line"),
            1,
            "Error: boom (TypeError). This should not happen: --debug shows where it did.",
        ),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (click.Abort(), 130, "Interrupted."),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, text: str
) -> None:
    with pytest.raises(SystemExit) as ended, reported_errors():
        raise error
    assert ended.value.code == code
    captured = capsys.readouterr()
    assert captured.err == text + "\n"
    assert captured.out == ""


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), reported_errors(debug=True):
        raise ModelError("There is no model.")
    message = capsys.readouterr().err
    assert "Traceback (most recent call last)" in message
    assert message.endswith("Error: There is no model.\n")


@pytest.mark.parametrize("error", [SystemExit(1), click.UsageError("usage")])
def test_what_click_handles_passes(error: BaseException) -> None:
    with pytest.raises(type(error)), reported_errors():
        raise error


def test_ctrl_c_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    say: Callable[[], str] = lambda: "Run it again."  # noqa: E731
    with pytest.raises(SystemExit), reported_errors(on_interrupt=say):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "Interrupted. Run it again.\n"
