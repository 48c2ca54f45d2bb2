"""Help comes at once: no TensorFlow, and an example in every text."""

import os
import subprocess
import sys
import time

import pytest
from cli_toys import Run

from ddsp_tf.cli.main import COMMANDS

HEAVY = ("tensorflow", "keras", "numpy", "gin", "librosa", "matplotlib", "rich", "soundfile")


def _seconds_of_children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from ddsp_tf.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    code = end.code\n"
        f"found = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "print('heavy:', found, 'code:', code)\n"
    )
    before, start = _seconds_of_children(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    worked, waited = _seconds_of_children() - before, time.perf_counter() - start
    print(f"ddsp-tf --help: {waited:.2f} s, {worked:.2f} s of work")  # noqa: T201
    assert "heavy: [] code: 0" in done.stdout
    assert worked < 1.0  # what an idle machine takes, however busy this one is
    for name in COMMANDS:
        assert f"  {name} " in done.stdout


def test_a_command_seldom_looks_for_garbage_and_not_at_all_when_it_ends() -> None:
    script = (
        "import atexit, gc\n"
        "@atexit.register\n"
        "def last():\n    print('frozen:', gc.get_freeze_count() > 1000, gc.get_threshold()[0])\n"
        "from ddsp_tf.cli.main import main\n"
        "main(['--version'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert "frozen: True 10000" in done.stdout


def test_importing_the_package_imports_nothing_heavy() -> None:
    script = (
        "import sys, ddsp_tf\n"
        "assert 'TimbreTransfer' in dir(ddsp_tf) and ddsp_tf.__version__\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", [*COMMANDS, "configs list", "configs show"])
def test_every_command_has_examples(run: Run, name: str) -> None:
    result = run(*name.split(), "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert f"ddsp-tf {name}" in result.output


def test_every_public_name_exists() -> None:
    import ddsp_tf

    for name in ddsp_tf.__all__:
        assert getattr(ddsp_tf, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'Autoencodre'"):
        ddsp_tf.Autoencodre  # noqa: B018


def test_version(run: Run) -> None:
    result = run("--version")
    assert result.exit_code == 0
    assert result.output.startswith("ddsp-tf 0.")


def test_an_unknown_command_suggests_the_nearest(run: Run) -> None:
    result = run("trian")
    assert result.exit_code == 2
    assert "There is no command `trian`. Did you mean `train`?" in result.output
