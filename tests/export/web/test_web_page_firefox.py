"""The page in Firefox: it plays on, and says what lacks."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from firefox import FirefoxPage, open_firefox

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("web page"),
    pytest.mark.enable_socket,
]

STATUS = "document.querySelector('#status').textContent"
PLAYED_S = 15.0


@pytest.fixture
def page(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[FirefoxPage]:
    with open_firefox(tmp_path, with_sound=getattr(request, "param", True)) as page:
        # An address that can't be decoded chooses nothing, and stops nothing.
        page.open(f"{url}#%")
        page.wait_for("'ready' in document.documentElement.dataset")
        yield page


def test_it_plays_and_answers_all_the_while(page: FirefoxPage) -> None:
    """Reading the latency of the output while it plays froze the page within 5 to 15 s."""
    page.ask("document.querySelector('#play').click()")
    page.wait_for(f"{STATUS} === 'Playing.'")
    page.ask("ddsp.player.startRecording()")
    end = time.monotonic() + PLAYED_S
    while time.monotonic() < end:
        stats = page.ask("ddsp.player.stats()")
        assert stats["networks"]["share"] > 0
        if page.ask("ddsp.player.state") != "file":
            break
    loudest = page.ask(
        "ddsp.player.stopRecording().then((x) => x.reduce((a, b) => Math.max(a, Math.abs(b)), 0))"
    )
    assert 0.01 < loudest <= 1.5


@pytest.mark.parametrize("page", [False], indirect=True)
def test_without_a_sound_output_it_says_so(page: FirefoxPage) -> None:
    page.ask("document.querySelector('#play').click()")
    page.wait_for(f"{STATUS}.includes('Check that this computer has an output')", timeout_s=30.0)
    assert page.ask("ddsp.player.state") == "idle"
