"""Firefox, headless, by WebDriver BiDi, with a sound output that nobody hears."""

import itertools
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from browser import find_program

PROGRAMS = ("firefox-esr", "firefox")
PREFERENCES = {
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "app.update.enabled": False,
}
STARTED_S, LOADED_S = 60.0, 120.0


class FirefoxPage:
    """A page in Firefox; `ask` runs a script in it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._numbers = itertools.count()
        self._send("session.new", {"capabilities": {}})
        tree = self._send("browsingContext.getTree", {})
        self._context = tree["contexts"][0]["context"]

    def open(self, url: str) -> None:
        """Goes to an address and waits until the page has loaded."""
        self._send(
            "browsingContext.navigate", {"context": self._context, "url": url, "wait": "complete"}
        )

    def ask(self, script: str, *, timeout_s: float = 20.0) -> Any:
        """Evaluates an expression, waits for its promise, and gives it as JSON does.

        Raises:
            TimeoutError: The page doesn't answer: it has frozen.
        """
        answer = self._send(
            "script.evaluate",
            {
                "expression": f"Promise.resolve({script}).then((x) => JSON.stringify(x ?? null))",
                "target": {"context": self._context},
                "awaitPromise": True,
                "userActivation": True,
            },
            timeout_s=timeout_s,
        )
        if answer["type"] != "success":
            raise AssertionError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def wait_for(self, script: str, *, timeout_s: float = LOADED_S) -> None:
        """Waits until an expression is true."""
        end = time.monotonic() + timeout_s
        while not self.ask(script):
            if time.monotonic() > end:
                raise TimeoutError(f"Not within {timeout_s:g} s: {script}")
            time.sleep(0.1)

    def _send(self, method: str, parameters: dict[str, Any], *, timeout_s: float = 60.0) -> Any:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        self._connection.send(json.dumps(message))
        end = time.monotonic() + timeout_s
        while True:
            answer = json.loads(self._connection.recv(timeout=max(0.1, end - time.monotonic())))
            if answer.get("id") != number:
                continue  # An event.
            if answer["type"] == "error":
                raise AssertionError(f"{method}: {answer['message']}")
            return answer["result"]


@contextmanager
def open_firefox(folder: Path, *, with_sound: bool = True) -> Iterator[FirefoxPage]:
    """Starts a Firefox of its own.

    Args:
        folder: An empty one, for its profile and the sound server's socket.
        with_sound: Whether the computer has a sound output.
    """
    from websockets.sync.client import connect

    program = find_program(PROGRAMS, "firefox-esr", "DDSP_TF_FIREFOX")
    profile, socket = folder / "profile", folder / "sound"
    profile.mkdir()
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "PULSE_SERVER": f"unix:{socket}",
        "MOZ_HEADLESS": "1",
    }
    sound = _null_output(socket, environment) if with_sound else None
    browser = subprocess.Popen(
        [program, "--headless", "--profile", str(profile), "--remote-debugging-port", "0"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with connect(f"{_address(browser)}/session", max_size=None) as connection:
            yield FirefoxPage(connection)
    finally:
        for process in (browser, sound):
            if process is not None:
                process.kill()
                process.communicate()


def _null_output(socket: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    server = subprocess.Popen(
        [
            *(
                find_program(("pulseaudio",), "pulseaudio", "DDSP_TF_PULSEAUDIO"),
                "-n",
                "--daemonize=no",
            ),
            *("--use-pid-file=no", "--exit-idle-time=-1", "--load=module-null-sink"),
            f"--load=module-native-protocol-unix auth-anonymous=1 socket={socket}",
        ],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + STARTED_S
    while not socket.is_socket():
        if server.poll() is not None or time.monotonic() > end:
            pytest.fail("pulseaudio does not start.", pytrace=False)
        time.sleep(0.05)
    return server


def _address(browser: subprocess.Popen[str]) -> str:
    """Where it listens, which is a line among its complaints."""
    assert browser.stderr is not None
    for line in browser.stderr:
        found = re.search(r"BiDi listening on (ws://\S+)", line)
        if found:
            return found.group(1)
    pytest.fail("Firefox ended before it listened.", pytrace=False)
