"""The page on which one hears and sees melodies before and after, as HTML."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from ddsp_tf.cli.before_after import Melody, Performance, Plot
from ddsp_tf.cli.instruments import describe_metrics, describe_range
from ddsp_tf.cli.terminal import duration

LIVE_PAGE = "live/index.html"

# `file:` besides 'self': pages that are opened from a disk have no origin in some browsers.
_POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src 'self' file:; "
    "media-src 'self' file:; base-uri 'none'; form-action 'none'"
)


def write_html(
    melodies: Sequence[Melody], instruments: Mapping[str, Mapping[str, Any]], live: Collection[str]
) -> str:
    """Writes the page.

    Args:
        melodies: What there is to hear.
        instruments: The metadata of the instruments, "statistics" among it, by their names.
        live: Names of those that the live page has.

    Returns:
        HTML. Whatever the metadata says is text in it, never markup.
    """
    titles = {name: str(about.get("title") or name) for name, about in instruments.items()}
    parts = [
        *(_melody(number, melody, titles, live) for number, melody in enumerate(melodies, 1)),
        *(_about(name, titles[name], about) for name, about in instruments.items()),
    ]
    button = f'<a class="button primary" href="{LIVE_PAGE}">Play them live</a>' if live else ""
    return f"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="{_POLICY}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>Before and after</title>
    <link rel="icon" href="icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="theme.css" />
    <link rel="stylesheet" href="style.css" />
    <script src="listen.js" defer></script>
  </head>
  <body>
    <header>
      <h1>Before and after</h1>
      {button}
    </header>
    <p class="lead">
      A melody, and what learned instruments make of it: its pitch and its loudness are kept, all
      else is theirs. Start one sound while the other plays, and it goes on from the same place;
      click into a plot to hear that moment.
    </p>
    <main>
{"".join(parts)}
    </main>
    <footer>
      <p>
        Everything is in this folder: nothing is sent anywhere. The page opens from a disk; to play
        live, serve the folder: <code>ddsp-tf demo --site FOLDER</code>.
      </p>
    </footer>
  </body>
</html>
"""


def _melody(number: int, melody: Melody, titles: Mapping[str, str], live: Collection[str]) -> str:
    cards = "".join(
        _performance(f"{number}-{performance.instrument}", melody, performance, titles, live)
        for performance in melody.performances
    )
    names = [performance.instrument for performance in melody.performances]
    links = " ".join(
        f'<a href="#heard-{number}-{quote(name)}">{escape(titles[name])}</a>' for name in names
    )
    jump = f'        <p class="links jump">{links}</p>\n' if len(names) > 1 else ""
    return f"""      <section aria-labelledby="melody-{number}">
        <h2 id="melody-{number}">{escape(melody.title)}, {duration(melody.seconds)}</h2>
{jump}{cards}      </section>
"""


def _performance(
    mark: str,
    melody: Melody,
    performance: Performance,
    titles: Mapping[str, str],
    live: Collection[str],
) -> str:
    name, title = performance.instrument, escape(titles[performance.instrument])
    links = f'<a href="#about-{quote(name)}">About it</a>'
    if name in live:
        links += f' <a class="button" href="{LIVE_PAGE}#{quote(name)}">Play it live</a>'
    alternative = (
        f"Spectrograms: {escape(melody.title)}, then {title} playing it; below, pitch and loudness "
        "of both."
    )
    return f"""        <article class="card" aria-labelledby="heard-{mark}">
          <div class="head">
            <h3 id="heard-{mark}">{title}</h3>
            <p class="links">{links}</p>
          </div>
          <div class="sounds">
{_sound("Before", melody.title, melody.sound)}
{_sound("After", titles[name], performance.sound)}
          </div>
{_plot(performance.plot, alternative)}
          <ul class="changes">{_items(performance.changes)}</ul>
          <ul class="warnings">{_items(performance.warnings)}</ul>
        </article>
"""


def _sound(label: str, title: str, file: str) -> str:
    name = escape(f"{label}: {title}")
    return f"""            <figure class="sound">
              <figcaption>{label}</figcaption>
              <audio controls preload="auto" src="{quote(file)}" aria-label="{name}"></audio>
            </figure>"""


def _plot(plot: Plot, alternative: str) -> str:
    data = {"left": plot.left, "right": plot.right, "start": plot.start_s, "end": plot.end_s}
    places = " ".join(f'data-{key}="{value:.6g}"' for key, value in data.items())
    return f"""          <div class="plot" {places}>
            <img src="{quote(plot.file)}" width="{plot.width}" height="{plot.height}"
              alt="{alternative}" />
            <span class="cursor" aria-hidden="true" hidden></span>
          </div>"""


def _about(name: str, title: str, about: Mapping[str, Any]) -> str:
    statistics = about.get("statistics")
    facts: dict[str, list[str]] = {}
    if statistics:
        pitch, level = describe_range(statistics)
        facts |= {"Pitch": [pitch], "Loudness": [level]}
        learned = f" ({duration(statistics['seconds'])})"
    else:
        learned = ""
    facts["Learned from"] = [f"{about.get('training_data', 'unknown recordings')}{learned}"]
    facts["Measured"] = [describe_metrics(about.get("metrics") or {})]
    facts["Weaknesses"] = _texts(about.get("known_weaknesses") or "none are known")
    facts["Licence"] = [str(about.get("licence", "unknown"))]
    facts["Attribution"] = _texts(about.get("attribution") or [])
    rows = "".join(
        f"            <dt>{term}</dt>"
        + "".join(f"<dd>{escape(text)}</dd>" for text in texts)
        + "\n"
        for term, texts in facts.items()
        if texts
    )
    return f"""      <section class="card about" aria-labelledby="about-{quote(name)}">
        <h2 id="about-{quote(name)}">About the {escape(title.lower())}</h2>
        <p>{escape(str(about.get("description", "")))}</p>
        <dl>
{rows}        </dl>
      </section>
"""


def _texts(value: Any) -> list[str]:
    """Metadata may give one text, or several."""
    return [str(text) for text in value] if isinstance(value, list | tuple) else [str(value)]


def _items(texts: Iterable[str]) -> str:
    return "".join(f"<li>{escape(text)}</li>" for text in texts)
