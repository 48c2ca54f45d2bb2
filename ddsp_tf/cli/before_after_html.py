"""The page on which one hears and sees melodies before and after, as HTML."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from ddsp_tf.cli.before_after import Melody, Performance
from ddsp_tf.cli.demo_plots import Plot
from ddsp_tf.cli.plain_words import say_fidelity, say_notes
from ddsp_tf.cli.terminal import duration

LIVE_PAGE = "live/index.html"

_TEMPLATES = Path(__file__).with_name("demo_templates")

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
    return _fill("page", policy=_POLICY, button=button, parts="".join(parts))


def _melody(number: int, melody: Melody, titles: Mapping[str, str], live: Collection[str]) -> str:
    cards = "".join(
        _performance(f"{number}-{performance.instrument}", melody, performance, titles, live)
        for performance in melody.performances
    )
    names = [performance.instrument for performance in melody.performances]
    links = " ".join(
        f'<a href="#heard-{number}-{quote(name)}">{escape(titles[name])}</a>' for name in names
    )
    jump = f'          <p class="links">{links}</p>\n' if len(names) > 1 else ""
    return _fill(
        "melody",
        number=number,
        title=escape(melody.title),
        length=duration(melody.seconds),
        before=_sound("Before", melody.title, melody.sound),
        jump=jump,
        cards=cards,
    )


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
    return _fill(
        "performance",
        mark=mark,
        title=title,
        links=links,
        after=_sound("After", titles[name], performance.sound),
        plot=_plot(performance.plots, alternative),
        changes=_items(performance.changes),
        warnings=_items(performance.warnings),
    )


def _sound(label: str, title: str, file: str) -> str:
    name = escape(f"{label}: {title}")
    return _fill("sound", label=label, file=quote(file), name=name).rstrip("\n")


def _plot(plots: Sequence[Plot], alternative: str) -> str:
    *sources, last = map(_picture, plots)
    return _fill(
        "plot",
        sources="".join(f"              <source {source} />\n" for source in sources),
        image=last,
        alternative=alternative,
    ).rstrip("\n")


def _picture(plot: Plot) -> str:
    """The attributes of a picture; where it has a condition, it is one of those to choose from."""
    shown = (
        {"media": plot.media, "srcset": quote(plot.file)}
        if plot.media
        else {"src": quote(plot.file)}
    )
    places = {"left": plot.left, "right": plot.right, "start": plot.start_s, "end": plot.end_s}
    attributes = {
        **shown,
        "width": plot.width,
        "height": plot.height,
        **{f"data-{key}": f"{value:.6g}" for key, value in places.items()},
    }
    return " ".join(f'{key}="{value}"' for key, value in attributes.items())


def _about(name: str, title: str, about: Mapping[str, Any]) -> str:
    statistics = about.get("statistics")
    learned = f" ({duration(statistics['seconds'])})" if statistics else ""
    facts: dict[str, list[str]] = {
        "Notes": [say_notes(statistics)] if statistics else [],
        "Learned from": [f"{about.get('training_data', 'unknown recordings')}{learned}"],
        "How closely": _texts(say_fidelity(about.get("metrics") or {}) or []),
        "Weaknesses": _texts(about.get("known_weaknesses") or "none are known"),
        "Licence": [str(about.get("licence", "unknown"))],
        "Recordings by": _texts(about.get("attribution") or []),
    }
    rows = "".join(
        f"            <dt>{term}</dt>"
        + "".join(f"<dd>{escape(text)}</dd>" for text in texts)
        + "\n"
        for term, texts in facts.items()
        if texts
    )
    return _fill(
        "about",
        name=quote(name),
        title=escape(title[:1].lower() + title[1:]),
        description=escape(str(about.get("description", ""))),
        rows=rows,
    )


def _texts(value: Any) -> list[str]:
    """Metadata may give one text, or several."""
    return [str(text) for text in value] if isinstance(value, list | tuple) else [str(value)]


def _items(texts: Iterable[str]) -> str:
    return "".join(f"<li>{escape(text)}</li>" for text in texts)


def _fill(template: str, **texts: Any) -> str:
    """Puts texts, which are markup already, into the places of a template."""
    path = _TEMPLATES / f"{template}.html"
    return Template(path.read_text(encoding="utf-8")).substitute(texts)
