"""`ddsp-tf demo`: serves a page on this computer until Ctrl-C."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_toys import Run


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """As little of a page as the command needs."""
    folder = tmp_path / "site"
    (folder / "runtime").mkdir(parents=True)
    (folder / "site.json").write_text("{}")
    (folder / "index.html").write_text("<p>page</p>")
    (folder / "main.js").write_text("")
    (folder / "runtime" / "network.wasm").write_bytes(b"\0asm")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
def server(site: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "ddsp_tf", "demo", "--site", str(site), "--no-browser"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*command, "--json"], **pipes) as process:
        yield process
        if process.poll() is None:
            process.kill()


def address(server: "subprocess.Popen[str]") -> str:
    assert server.stdout is not None
    return str(json.loads("".join(server.stdout.readline() for _ in range(3)))["url"])


@pytest.mark.enable_socket
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_ended(server: "subprocess.Popen[str]", ending: int) -> None:
    url = address(server)
    assert url.startswith("http://127.0.0.1:")
    for path, kind in {
        "": "text/html; charset=utf-8",
        "main.js": "text/javascript; charset=utf-8",
        "runtime/network.wasm": "application/wasm",
        "site.json": "application/json",
    }.items():
        with urllib.request.urlopen(url + path, timeout=20) as answer:
            assert answer.headers["Content-Type"] == kind
    part = urllib.request.Request(f"{url}index.html", headers={"Range": "bytes=3-6"})
    with urllib.request.urlopen(part, timeout=20) as answer:
        assert answer.status == 206, "without parts, browsers can't seek in a sound"
        assert answer.headers["Content-Range"] == "bytes 3-6/11"
        assert answer.read() == b"page"
    for path in ("runtime/", "../secret.txt", "%2e%2e/secret.txt", "nothing.js"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url + path, timeout=20)
        assert refused.value.code == 404
        refused.value.close()
    server.send_signal(ending)
    assert server.wait(20) == 0
    assert server.stderr is not None
    assert server.stderr.read() == "Ended.\n"


def test_a_folder_that_is_no_page_is_explained(run: Run, tmp_path: Path) -> None:
    result = run("demo", "--site", tmp_path)
    assert result.exit_code == 2
    assert f"`{tmp_path}` is no page of ddsp_tf. Write one: ddsp-tf export" in result.stderr


@pytest.mark.parametrize("other", [("violin",), ("--melody", "song.wav"), ("-o", "page")])
def test_a_page_and_instruments_together_are_refused(
    run: Run, site: Path, other: tuple[str, ...]
) -> None:
    result = run("demo", *other, "--site", site)
    assert result.exit_code == 2
    assert "Give either --site or instruments" in result.stderr


def test_an_unknown_instrument_is_one_line(run: Run) -> None:
    result = run("demo", "theremin", "--no-browser")
    assert result.exit_code == 1
    assert "There is no instrument `theremin`." in result.stderr


@pytest.mark.enable_socket
def test_a_taken_port_is_explained(run: Run, site: Path, server: "subprocess.Popen[str]") -> None:
    port = address(server).split(":")[-1].strip("/")
    result = run("demo", "--site", site, "--port", port, "--no-browser")
    assert result.exit_code == 1
    assert f"Port {port} can't be used" in result.stderr
