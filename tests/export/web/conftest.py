"""One page for all tests of it, and where it is served."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from export_toys import small_instrument
from live_toys import with_minimal_grus

from ddsp_tf.export import export_web
from ddsp_tf.models import Instrument


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with the violin, a toy of another rate, and one with another decoder."""
    folder = tmp_path_factory.mktemp("web") / "site"
    export_web(Instrument.load("violin"), folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ddsp_tf.export.live_parity.N_FRAMES", 20)
        export_web(small_instrument(48000), folder)
        report = export_web(with_minimal_grus(), folder, name="minimal")
    assert report.instruments == ("violin", "toy", "minimal")
    return folder


@pytest.fixture(scope="session")
def url(site: Path) -> Iterator[str]:
    """Where `ddsp-tf demo` serves the page."""
    command = [sys.executable, "-m", "ddsp_tf", "demo", "--site", str(site), "--no-browser"]
    with subprocess.Popen(
        [*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            lines = [server.stdout.readline() for _ in range(3)]
            yield json.loads("".join(lines))["url"]
            server.send_signal(signal.SIGINT)
            assert server.wait(30) == 0
        finally:
            server.kill()
