"""Measures what a page costs while it plays: processor time and gaps, in Chromium.

    ddsp-tf export violin --target web -o site/
    python scripts/measure_web_page.py site/ [SECONDS]

It plays the demo melody again and again, then the keyboard, each for SECONDS (60). Shares are the
processor time of threads, from Linux, over the time that passed, so other programs don't count.
"Gaps" are times when the synthesiser had no frames, and faded until there were some. Needs
Chromium and `pip install ".[test]"`.
"""

import argparse
import os
import shutil
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from ddsp_tf.cli.site_server import SiteServer

THREADS = {
    "DedicatedWorker": "networks",
    "Realtime AudioW": "synthesiser",
    "AudioOutputDevi": "audio",
}
LOADED_MS = 120_000
REPLAY = """() => {
  ddsp.player.addEventListener("state", ({ detail }) => {
    if (detail === "idle" && ddsp.again) setTimeout(() => ddsp.panels.recording.play(0), 0);
  });
  ddsp.again = true;
}"""
TUNE = """() => {
  const notes = [60, 64, 67, 72, 71, 67, 65, 62];
  let index = 0;
  setInterval(() => {
    ddsp.player.release();
    ddsp.player.press(notes[index++ % notes.length], 0.7);
  }, 400);
}"""


def main(site: Path, seconds: float) -> None:
    """Plays and prints a table."""
    from playwright.sync_api import sync_playwright

    program = os.environ.get("DDSP_TF_CHROMIUM") or shutil.which("chromium")
    if program is None:
        raise SystemExit("Chromium is needed: apt-get install chromium, or set DDSP_TF_CHROMIUM.")
    print(
        f"{'source':<12}" + "".join(f"{name:>14}" for name in [*THREADS.values(), "page", "gaps"])
    )
    with SiteServer(site) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        page = browser.new_page()
        page.goto(server.url)
        page.wait_for_selector("html[data-ready]", state="attached", timeout=LOADED_MS)
        page.evaluate(REPLAY)
        page.click("#play")
        _print_row("recording", _measure(page, seconds))
        page.evaluate("() => { ddsp.again = false; }")
        page.click("#tab-keyboard")
        page.evaluate(TUNE)
        _print_row("keyboard", _measure(page, seconds))
        browser.close()
        server.shutdown()


def _measure(page: Any, seconds: float) -> dict[str, float]:
    page.wait_for_timeout(2000)
    page.evaluate("() => ddsp.player.stats({ reset: true })")
    before, start = _thread_seconds(), time.monotonic()
    page.wait_for_timeout(1000 * seconds)
    passed = time.monotonic() - start
    spent = {name: value - before[name] for name, value in _thread_seconds().items()}
    stats = page.evaluate("() => ddsp.player.stats()")
    shares = {name: spent.get(thread, 0.0) / passed for thread, name in THREADS.items()}
    shares["page"] = sum(spent.values()) / passed
    return {**shares, "gaps": stats["synth"]["nUnderruns"]}


def _print_row(name: str, found: dict[str, float]) -> None:
    shares = [f"{100 * found[key]:>12.1f} %" for key in [*THREADS.values(), "page"]]
    print(f"{name:<12}" + "".join(shares) + f"{found['gaps']:>14.0f}")


def _thread_seconds() -> dict[str, float]:
    """Processor time of every thread of the renderers that we started, by the thread's name."""
    ticks = os.sysconf("SC_CLK_TCK")
    spent: dict[str, float] = defaultdict(float)
    for process in _descendants(os.getpid()):
        try:
            if b"--type=renderer" not in Path(f"/proc/{process}/cmdline").read_bytes():
                continue
            tasks = list(Path(f"/proc/{process}/task").iterdir())
        except OSError:
            continue
        for task in tasks:
            try:
                name, _, rest = (task / "stat").read_text().partition("(")[2].rpartition(")")
            except OSError:
                continue
            fields = rest.split()
            found = next((known for known in THREADS if name.startswith(known)), name)
            spent[found] += (int(fields[11]) + int(fields[12])) / ticks
    return spent


def _descendants(process: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in map(int, children):
            found += [child, *_descendants(child)]
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("site", type=Path, help="what `ddsp-tf export --target web` wrote")
    parser.add_argument("seconds", type=float, nargs="?", default=60.0, help="of each sound")
    arguments = parser.parse_args()
    if not (arguments.site / "index.html").is_file():
        parser.error(
            f"`{arguments.site}` holds no page. Make one: "
            f"ddsp-tf export violin --target web -o {arguments.site}"
        )
    main(arguments.site, arguments.seconds)
