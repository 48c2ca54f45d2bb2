"""A web server for one folder, on this computer alone."""

import re
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ddsp_tf.errors import OutputError

ADDRESS = "127.0.0.1"

# Not those of the system, which some have wrong: a module of another type is refused.
_TYPES = {
    "": "application/octet-stream",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".png": "image/png",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
}

_PART = re.compile(r"bytes=(\d+)-(\d*)")


class SiteServer(ThreadingHTTPServer):
    """Serves a folder's files at 127.0.0.1, so that nobody else on the network can reach them.

    Args:
        folder: What to serve.
        port: Where; 0 takes a free one.

    Raises:
        OutputError: The port is taken or not allowed.
    """

    daemon_threads = True

    def __init__(self, folder: Path, port: int = 0) -> None:
        try:
            super().__init__((ADDRESS, port), partial(_Handler, directory=str(folder)))
        except OSError as error:
            raise OutputError(
                f"Port {port} can't be used: {error.strerror}. Choose another with --port, or "
                "leave it out."
            ) from error

    @property
    def url(self) -> str:
        """Where the folder's index.html is."""
        return f"http://{ADDRESS}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: a browser that closes a connection early is no error."""


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = _TYPES

    def do_GET(self) -> None:
        """Sends a file, or a part of it: without parts no browser seeks, and Safari plays none."""
        part = _PART.fullmatch(self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if part is None or not path.is_file():
            super().do_GET()
            return
        content = path.read_bytes()
        first, last = int(part[1]), min(int(part[2] or len(content)), len(content) - 1)
        if first > last:
            self.send_error(416)
            return
        self.send_response(206)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        self.wfile.write(content[first : last + 1])

    def end_headers(self) -> None:
        """Lets a browser ask each time, so that a page written anew is seen."""
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def list_directory(self, path: Any) -> None:
        """Lists nothing."""
        self.send_error(404)

    def log_message(self, *_: Any) -> None:
        """Logs nothing."""
