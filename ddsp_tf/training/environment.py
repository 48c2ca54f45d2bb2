"""What a run was made with, so that it can be made again."""

import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import tensorflow as tf

_PACKAGES = ("ddsp_tf", "tensorflow", "keras", "numpy", "librosa", "tensorflow-probability")


def environment() -> dict[str, Any]:
    """Returns the time, the versions, the machine and the devices, as JSON values.

    Example:
        >>> sorted(environment())[:3]
        ['command', 'cpu_count', 'devices']
    """
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command_line(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "git": _git_state(Path(__file__).parent),
        "platform": platform.platform(),
        "cpu_count": os.cpu_count(),
        "devices": [_device_name(device) for device in tf.config.list_physical_devices()],
    }


def command_line() -> str:
    """Returns the command of this process as one could type it again."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _device_name(device: Any) -> str:
    details = tf.config.experimental.get_device_details(device)
    return str(details.get("device_name", device.name))


def _git_state(folder: Path) -> dict[str, Any] | None:
    """The commit of a checkout, or None where the package has been installed."""
    try:
        sha = _git(folder, "rev-parse", "HEAD")
        return {"sha": sha, "modified": bool(_git(folder, "status", "--porcelain", "-uno"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    # `ls-files --error-unmatch` fails where some other project's repository surrounds us.
    tracked = ["git", "-C", str(folder), "ls-files", "--error-unmatch", "__init__.py"]
    subprocess.run(tracked, capture_output=True, check=True, timeout=10)
    command = ["git", "-C", str(folder), *arguments]
    finished = subprocess.run(command, capture_output=True, check=True, text=True, timeout=10)
    return finished.stdout.strip()
