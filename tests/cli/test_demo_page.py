"""The page of `ddsp-tf demo`: what one hears, sees and reads on it."""

import json
import re
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from browser import open_page
from cli_toys import Run
from click.testing import CliRunner
from firefox import open_firefox
from PIL import Image

from ddsp_tf.cli.before_after import Melody, Performance
from ddsp_tf.cli.before_after_html import write_html
from ddsp_tf.cli.demo_plots import Plot
from ddsp_tf.cli.main import cli
from ddsp_tf.cli.site_server import SiteServer
from ddsp_tf.errors import ExportError
from ddsp_tf.export.web import web_site
from ddsp_tf.export.web.web_site import theme_colours
from ddsp_tf.features import extract_features
from ddsp_tf.models import list_presets
from ddsp_tf.presets import MELODY

COLOURS = """() => [document.body, document.querySelector(".card:not(.stage, [hidden])")].map(
  (x) => getComputedStyle(x).backgroundColor
)"""
PAPER_AND_CARD = ["rgb(247, 241, 232)", "rgb(255, 253, 249)"]


def refuse(*_: Any, **__: Any) -> None:
    raise ExportError("An encoder hears whole sounds.")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, instrument: Path, melody_file: Path) -> Path:
    """A page of one instrument, which can't be played live, and one second of a melody."""
    folder = tmp_path_factory.mktemp("demo")
    song = shutil.copy(melody_file, folder / "my <song>.wav")
    words = ["demo", instrument, "--melody", song, "-o", folder / "page", "--json"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ddsp_tf.export.export_web", refuse)
        result = CliRunner().invoke(cli, list(map(str, words)))
    assert result.exit_code == 0, result.output
    assert "`toy` can't be played live: An encoder hears whole sounds." in result.stderr
    about = json.loads(result.stdout)
    assert (about["melodies"], about["instruments"]) == (["my <song>.wav"], ["toy"])
    assert about["live"] == []
    return Path(about["page"]).parent


def sounds(folder: Path) -> list[tuple[np.ndarray, int]]:
    """The sounds in the order in which the page has them."""
    files = re.findall(r'<audio [^>]*src="([^"]+)"', (folder / "index.html").read_text())
    return [soundfile.read(folder / file, dtype="float32") for file in files]


def test_the_sounds_are_the_melody_and_the_instrument_playing_it(page: Path) -> None:
    (before, rate), (after, instrument_rate) = sounds(page)
    assert (rate, instrument_rate) == (22050, 16000)
    assert len(before) / rate == len(after) / instrument_rate == 1.0
    assert np.abs(after).max() > 0.01
    found = extract_features(after)
    for start, hz in ((25, 262.0), (150, 330.0)):
        midi = 12 * np.log2(found.f0_hz[start : start + 75] / hz)
        assert abs((np.median(midi) + 6) % 12 - 6) < 0.2, "the same notes, in some octave"


def test_each_has_plots_for_every_page_and_its_facts(page: Path) -> None:
    html = (page / "index.html").read_text()
    plots = [
        {key: value for key, value in re.findall(r'([a-z-]+)="([^"]*)"', tag)}
        for tag in re.findall(r"<(?:source|img) [^>]+>", html)
    ]
    shown = [(plot.get("media"), Path(plot.get("srcset") or plot["src"]).stem) for plot in plots]
    assert shown == [
        ("(max-width: 45rem) and (prefers-color-scheme: dark)", "1-toy-narrow-dark"),
        ("(max-width: 45rem)", "1-toy-narrow-light"),
        ("(prefers-color-scheme: dark)", "1-toy-wide-dark"),
        (None, "1-toy-wide-light"),
    ]
    themes = theme_colours()
    for plot in plots:
        file = plot.get("srcset") or plot["src"]
        with Image.open(page / file) as picture:
            assert picture.size == (int(plot["width"]), int(plot["height"]))
            assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 100, "it is drawn"
            pixels = np.array(picture.convert("RGB"), np.int16)
        theme = themes["dark" if "dark" in file else "light"]
        card, ink = (
            [int(theme[name][i : i + 2], 16) for i in (1, 3, 5)] for name in ("card", "ink")
        )
        assert np.abs(pixels[3, 3] - card).max() < 6
        left, right, start, end = (
            float(plot[f"data-{key}"]) for key in ("left", "right", "start", "end")
        )
        assert 0.0 < left < 0.2 < 0.8 < right < 1.0
        assert start == pytest.approx(0.0, abs=0.05)
        assert end == pytest.approx(1.0, abs=0.05)
        # The axes of the panel at the foot are the longest lines of ink, and begin and end there.
        drawn = np.abs(pixels[-len(pixels) // 4 :] - ink).max(axis=-1) < 60
        corner, along = drawn.sum(axis=0).argmax(), drawn[drawn.sum(axis=1).argmax()]
        found = np.array([corner, np.flatnonzero(along)[-1]]) / len(along)
        np.testing.assert_allclose(found, [left, right], atol=0.004)
    for fact in ("CC0", "a glide", ">G3 to A6<", "keeps the loudness to about 2 dB."):
        assert fact in html
    for jargon in (" Hz", "distance", "octaves", "+0"):
        assert jargon not in html
    assert "my &lt;song&gt;.wav" in html
    assert "live/" not in html


def test_it_looks_as_the_live_page_does_and_is_complete_without_it(page: Path) -> None:
    html = (page / "index.html").read_text()
    live = Path(web_site.__file__).with_name("web_page")
    for name in re.findall(r'<link rel="(?:stylesheet|icon)" href="([^"]+)"', html):
        assert (page / name).stat().st_size > 0
        assert name == "style.css" or (page / name).read_bytes() == (live / name).read_bytes()
    used = {
        name
        for path in page.glob("*.css")
        for name in re.findall(r"var\((--[^)]+)", path.read_text())
    }
    theme = (page / "theme.css").read_text()
    assert used
    assert all(f"{name}: " in theme for name in used), "colours are those of the theme"
    assert ":root" not in (page / "style.css").read_text()


def test_what_is_there_is_replaced_only_when_asked(
    run: Run, page: Path, instrument: Path, melody_file: Path
) -> None:
    (page / "notes.txt").write_text("mine")
    command = ("demo", instrument, "--melody", melody_file, "-o", page)
    refused = run(*command)
    assert refused.exit_code == 1
    assert "exists. Choose another name, or pass --overwrite" in refused.stderr
    foreign = run(*command, "--overwrite")
    assert foreign.exit_code == 1
    assert "notes.txt` is not part of a demo page" in foreign.stderr
    assert (page / "notes.txt").read_text() == "mine"
    (page / "notes.txt").unlink()
    broken = run("demo", instrument, "--melody", "none.wav", "-o", page, "--overwrite")
    assert broken.exit_code == 1
    assert "`none.wav` does not exist" in broken.stderr
    assert (page / "index.html").exists(), "nothing is lost by a command that fails"


def test_two_of_one_name_are_refused(run: Run, instrument: Path, tmp_path: Path) -> None:
    result = run("demo", instrument, f"{instrument}/", "-o", tmp_path / "page")
    assert result.exit_code == 2
    assert "Two instruments are called `toy`" in result.stderr


def test_one_finds_every_instrument_of_a_long_page() -> None:
    plot = Plot("plots/1.webp", 1100, 1067, 0.1, 0.9, 0.0, 8.0)
    names = ("flute", "violin-48k")
    heard = tuple(Performance(name, "sounds/1.wav", (plot,), (), ("Quiet.",)) for name in names)
    melody = Melody("A song", 8.0, "sounds/0.wav", heard)
    html = write_html([melody], {name: {"title": name} for name in names}, ["flute"])
    for target in re.findall(r'href="#([^"]+)"', html):
        assert html.count(f'id="{target}"') == 1
    assert html.count('href="#') == 4, "to each performance, and to what is known of each"
    assert re.findall(r'href="(live/[^"]+)"', html) == ["live/index.html", "live/index.html#flute"]
    labels = re.findall(r'aria-label="([^:"]+): ', html)
    assert labels == ["Before", "After", "After"], "the melody is there once"


def test_what_strangers_wrote_is_text_and_no_markup() -> None:
    evil = "<script>alert(1)</script>\"'"
    about = {key: evil for key in ("title", "description", "licence", "training_data")}
    about |= {"attribution": evil, "known_weaknesses": [evil, evil]}
    html = write_html([], {"toy": about}, ["toy"])
    assert "<script>a" not in html
    assert html.count("&lt;script&gt;alert(1)") == 7


def test_everything_is_in_a_landmark() -> None:
    html = write_html([], {}, [])
    body = html[html.index("<body>") : html.index("</body>")]
    outside = re.sub(r"<(header|main|footer)>.*?</\1>", "", body, flags=re.DOTALL)
    assert re.sub(r"<body>|\s", "", outside) == ""


@pytest.mark.slow
@pytest.mark.enable_socket
def test_it_plays_in_a_browser(run: Run, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    *_, other, preset = list_presets()
    folder = tmp_path / "page"
    assert run("demo", preset, other, "-o", folder).exit_code == 0
    seconds = soundfile.info(MELODY).duration
    with SiteServer(folder) as server, sync_playwright() as driver:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for url in (server.url, (folder / "index.html").as_uri()):
            with open_page(driver, url) as opened:
                listen(opened.page, seconds)
                assert opened.troubles == []
                root = server.url if url == server.url else folder.as_uri()
                assert [x for x in opened.requests if not x.startswith(root)] == []
        for theme in ("dark", "light"):
            for width in (375, 1200):
                look(driver, server.url, theme, width)
        with open_page(driver, server.url) as opened:
            assert opened.page.evaluate(COLOURS) == PAPER_AND_CARD
            opened.page.click("article .button")
            opened.wait_until_ready()
            assert opened.page.evaluate(COLOURS) == PAPER_AND_CARD
            assert opened.page.input_value("#instrument") == preset
            assert opened.troubles == []
        server.shutdown()


@pytest.mark.slow
@pytest.mark.enable_socket
def test_firefox_goes_on_from_the_same_place(page: Path, tmp_path: Path) -> None:
    sounds = "[...document.querySelectorAll('audio')]"
    with open_firefox(tmp_path) as opened:
        opened.open((page / "index.html").as_uri())
        opened.wait_for(f"{sounds}.every((x) => x.readyState >= 3)")
        # Half speed: the melody has one second.
        opened.ask(f"{sounds}.forEach((x) => (x.playbackRate = 0.5))")
        opened.ask(f"{sounds}[0].play()")
        opened.wait_for(f"{sounds}[0].currentTime > 0.3")
        opened.ask(f"{sounds}[1].play()")
        opened.wait_for(f"{sounds}[0].paused && {sounds}[1].currentTime > 0.3")
        opened.ask(f"{sounds}[1].pause()")
        before, after = opened.ask(f"{sounds}.map((x) => x.currentTime)")
        assert 0.3 < before <= after + 0.05
        assert opened.ask("document.images[0].naturalWidth") > 600
        assert opened.ask("parseFloat(document.querySelector('.cursor').style.left)") > 30.0


def wait_until_playing(page: Any, index: int) -> None:
    """Waits until one of the sounds plays, and no other."""
    page.wait_for_function(
        """(index) => [...document.querySelectorAll("audio")].every(
          (sound, i) => sound.paused === (i !== index))""",
        arg=index,
    )


def listen(page: Any, seconds: float) -> None:
    """Before, both after it from the same place, from a click into a plot, and after a pause."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('audio')].every((x) => x.readyState >= 3)"
    )
    lengths = page.evaluate("() => [...document.querySelectorAll('audio')].map((x) => x.duration)")
    np.testing.assert_allclose(lengths, 3 * [seconds], atol=0.01)
    page.evaluate("() => document.querySelectorAll('audio')[0].play()")
    page.wait_for_function("() => document.querySelectorAll('audio')[0].currentTime > 1")
    page.evaluate("() => document.querySelectorAll('audio')[1].play()")
    wait_until_playing(page, 1)
    page.wait_for_function("() => document.querySelectorAll('audio')[1].currentTime > 1")
    page.evaluate("() => document.querySelectorAll('audio')[2].play()")
    wait_until_playing(page, 2)
    page.wait_for_function("() => document.querySelectorAll('audio')[2].currentTime > 1")
    times = page.evaluate("() => [...document.querySelectorAll('audio')].map((x) => x.currentTime)")
    assert max(times) - min(times) < 2.0, "it goes on from the same place"
    assert times[0] <= times[1] + 0.1
    click(page, 0, 0.75)
    wait_until_playing(page, 1)
    page.evaluate("() => document.querySelectorAll('audio')[1].pause()")
    paused = page.evaluate("() => document.querySelectorAll('audio')[1].currentTime")
    assert 0.74 * seconds < paused < 0.75 * seconds + 1.0
    for index in range(2):
        assert share_of_line(page, index) == pytest.approx(paused / seconds, abs=0.02)
    page.evaluate("() => document.querySelectorAll('audio')[0].play()")
    resumed = page.evaluate("() => document.querySelectorAll('audio')[0].currentTime")
    assert paused - 0.1 < resumed < paused + 1.0, "a pause is no other place"


def look(driver: Any, url: str, theme: str, width: int) -> None:
    """The plots are those for the page's theme and width, and a click means what one sees."""
    size = {"width": width, "height": 800}
    with open_page(driver, url, viewport=size, color_scheme=theme) as opened:
        page = opened.page
        page.wait_for_function("() => [...document.images].every((x) => x.complete)")
        shown = page.evaluate("() => [...document.images].map((x) => x.currentSrc)")
        shape = "narrow" if width < 720 else "wide"
        assert all(source.endswith(f"-{shape}-{theme}.webp") for source in shown)
        assert page.evaluate("() => document.documentElement.scrollWidth") == width
        page.wait_for_function(
            "() => [...document.querySelectorAll('audio')].every((x) => x.readyState >= 3)"
        )
        click(page, 1, 0.5)
        wait_until_playing(page, 2)
        page.evaluate("() => document.querySelectorAll('audio')[2].pause()")
        sound = "document.querySelectorAll('audio')[2]"
        share = page.evaluate(f"() => {sound}.currentTime / {sound}.duration")
        assert 0.49 < share < 0.6
        assert share_of_line(page, 1) == pytest.approx(share, abs=0.02)
        assert opened.troubles == []


def axis(page: Any, index: int) -> tuple[float, float]:
    """Where the time axis of a plot begins and ends, in pixels of the page."""
    box = page.locator(".plot").nth(index).bounding_box()
    left, right = page.evaluate(
        """(index) => {
          const image = document.images[index];
          const source = [...image.parentElement.querySelectorAll("source")].find(
            (x) => matchMedia(x.media).matches) ?? image;
          return [Number(source.dataset.left), Number(source.dataset.right)];
        }""",
        index,
    )
    return box["x"] + left * box["width"], box["x"] + right * box["width"]


def click(page: Any, index: int, share: float) -> None:
    """Clicks into a plot, at a share of its time axis."""
    page.locator(".plot").nth(index).scroll_into_view_if_needed()
    box, (left, right) = page.locator(".plot").nth(index).bounding_box(), axis(page, index)
    x = left + share * (right - left) - box["x"]
    page.locator(".plot").nth(index).click(position={"x": x, "y": box["height"] / 2})


def share_of_line(page: Any, index: int) -> float:
    """Where the line in a plot is, as a share of its time axis."""
    page.wait_for_timeout(100)
    box, (left, right) = page.locator(".cursor").nth(index).bounding_box(), axis(page, index)
    return float((box["x"] + box["width"] / 2 - left) / (right - left))
