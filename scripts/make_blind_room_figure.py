"""Measures how well a network hears rooms in speech, and draws docs/images/reverb_blind.png.

Speech that it wasn't trained on, in measured rooms and in rooms that are drawn at random with other
seeds than those of training. Prints, by octave and for the mean of 500 Hz to 2 kHz, the median and
the 90th percentile of the error and the share within 25%: of the network, of the geometric mean of
rooms as they are drawn, and of a classical estimator, lines through free decays, whose two numbers
are fitted to drawn rooms with the same speech.

Example:
    python scripts/make_blind_room_figure.py docs/images/ reverb --speech speech/ --rooms ir/
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from matplotlib.figure import Figure
from scipy import fft

from ddsp_tf.audio import read_audio, search_audio_files
from ddsp_tf.dsp.random_rooms import random_room
from ddsp_tf.dsp.room_acoustics import octave_signals, reverberation_times_s
from ddsp_tf.inference import hear_room
from ddsp_tf.models import Instrument
from ddsp_tf.plotting import make_figure, save_figure
from ddsp_tf.plotting.palette import ACCENT, INPUT, OUTPUT

N_DRAWN, N_FITTED, N_MEAN = 100, 60, 300
SPEECH_S = 20.0
"""Of each recording, at most."""

LEAST_DB = 30.0
SNR_DB = 45.0
MID = slice(2, 5)


@dataclass(frozen=True)
class Heard:
    """A sound in a room, and times by octave: the room's own, and those that were found."""

    speech: str
    room: str
    times: np.ndarray
    network: np.ndarray
    slopes: np.ndarray


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("model")
@click.option("--speech", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--rooms", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="For the table's rows.")
@click.option("--no-figure", is_flag=True)
def main(folder: Path, model: str, speech: Path, rooms: Path, json_path, no_figure) -> None:  # type: ignore[no-untyped-def]
    """Measures MODEL, and draws into FOLDER."""
    estimator = Instrument.load(model).model
    rate, bands = estimator.sample_rate, estimator.bands_hz
    dry = {
        path.stem: read_audio(path, sample_rate=rate)[0][: round(SPEECH_S * rate)]
        for path in search_audio_files(speech).files
    }
    mean = mean_times(bands, rate)
    fitted = [
        heard(estimator, name, sound, f"fitted {seed}", response, times, network=False)
        for name, sound, seed, response, times in drawn(dry, bands, rate, N_FITTED, first=20000)
    ]
    line = np.polyfit(
        np.log(np.concatenate([x.slopes for x in fitted])),
        np.log(np.concatenate([x.times for x in fitted])),
        1,
    )
    sets = {
        "rooms drawn at random": [
            heard(estimator, name, sound, f"drawn {seed}", response, times)
            for name, sound, seed, response, times in drawn(dry, bands, rate, N_DRAWN, first=10000)
        ],
        "measured rooms": [
            heard(estimator, name, sound, path.stem, *measured(path, bands, rate))
            for path in search_audio_files(rooms).files
            for name, sound in dry.items()
        ],
    }
    report: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for what, found in sets.items():
        ways = {
            "network": [x.network for x in found],
            "free decays": [np.exp(np.polyval(line, np.log(x.slopes))) for x in found],
            "mean of rooms": [mean for _ in found],
        }
        report[what] = {
            way: rows(bands, np.array([x.times for x in found]), np.array(said))
            for way, said in ways.items()
        }
        print(f"{what}, {len(found)} sounds: median error, 90th percentile, share within 25%")
        for key in report[what]["network"]:
            cells = [report[what][way][key] for way in ways]
            listed = "  ".join(
                f"{way} {x['median']:.0%} {x['p90']:.0%} {x['within_25']:.0%}"
                for way, x in zip(ways, cells, strict=True)
            )
            print(f"  {key:16} {listed}")
    print("by measured room, the mean of 500 Hz to 2 kHz: T60, found in each speech, in s")
    for room in dict.fromkeys(x.room for x in sets["measured rooms"]):
        own = [x for x in sets["measured rooms"] if x.room == room]
        said = "  ".join(f"{middle(x.network):.2f}" for x in own)
        print(f"  {room[:40]:40} {middle(own[0].times):.2f}  {said}")
    if json_path:
        json_path.write_text(json.dumps(report, indent=1))
    if not no_figure:
        save_figure(figure(bands, sets, report), folder / "reverb_blind.png", overwrite=True)


def drawn(dry, bands, rate, count: int, *, first: int) -> Iterator[tuple]:  # type: ignore[type-arg, no-untyped-def]
    """Speech and rooms of seeds that no training has."""
    names = list(dry)
    for seed in range(first, first + count):
        room = random_room(np.random.default_rng(seed), bands_hz=bands, sample_rate=rate)
        name = names[seed % len(names)]
        yield name, dry[name], seed, room.response, room.t60_s


def measured(path: Path, bands, rate: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[no-untyped-def]
    """A response and its T30; T20 where it ends before it has fallen by 35 dB."""
    response, _ = read_audio(path, sample_rate=rate)
    times = reverberation_times_s(response, bands, sample_rate=rate)
    short = reverberation_times_s(response, bands, sample_rate=rate, fit_db=20.0)
    return response, np.where(np.isnan(times), short, times)


def heard(estimator, name, sound, room, response, times, *, network=True) -> Heard:  # type: ignore[no-untyped-def]
    """What is said of a sound in a room, with noise 45 dB below it."""
    rate = estimator.sample_rate
    length = fft.next_fast_len(len(sound) + len(response), real=True)
    wet = fft.irfft(fft.rfft(sound, length) * fft.rfft(response, length), length)
    wet = wet[: len(sound) + rate // 2]
    noise = np.random.default_rng(len(sound)).standard_normal(len(wet))
    wet = wet + noise * 10 ** (-SNR_DB / 20) * np.sqrt(np.mean(wet**2))
    said = hear_room(estimator, wet).t60_s if network else np.full(len(times), np.nan)
    return Heard(name, room, times, said, free_decays_s(wet, estimator.bands_hz, rate))


def free_decays_s(sound: np.ndarray, bands, rate: int) -> np.ndarray:  # type: ignore[no-untyped-def]
    """The median time of a fall by 60 dB, of the falls of each octave that last 100 ms and more."""
    hop, least = round(0.01 * rate), 10
    found = []
    for octave in octave_signals(sound, bands, sample_rate=rate):
        frames = (octave**2)[: len(octave) // hop * hop].reshape(-1, hop).mean(axis=1)
        level = 10 * np.log10(np.convolve(frames, np.hanning(5), "same") + 1e-14)
        falls = np.diff(level) < 0
        starts = np.flatnonzero(np.diff(np.concatenate([[0], falls.astype(int), [0]])) == 1)
        ends = np.flatnonzero(np.diff(np.concatenate([[0], falls.astype(int), [0]])) == -1)
        times = [
            -0.6 / min(np.polyfit(np.arange(end - start + 1), level[start : end + 1], 1)[0], -1e-3)
            for start, end in zip(starts, ends, strict=True)
            if end - start >= least and level[start] > level.max() - LEAST_DB
        ]
        found.append(float(np.median(times)) if times else 0.3)
    return np.array(found)


def mean_times(bands, rate: int) -> np.ndarray:  # type: ignore[no-untyped-def]
    """The geometric mean of rooms as they are drawn."""
    rooms = [
        random_room(np.random.default_rng(seed), bands_hz=bands, sample_rate=rate)
        for seed in range(40000, 40000 + N_MEAN)
    ]
    return np.exp(np.mean([np.log(room.t60_s) for room in rooms], axis=0))


def middle(times: np.ndarray) -> float:
    """The mean of 500 Hz to 2 kHz."""
    return float(np.mean(np.asarray(times)[..., MID]))


def rows(bands, wanted: np.ndarray, said: np.ndarray) -> dict:  # type: ignore[type-arg, no-untyped-def]
    """A row an octave, and one of their middle."""
    errors = {f"{hz:g} Hz": np.abs(said[:, i] / wanted[:, i] - 1) for i, hz in enumerate(bands)}
    errors["500 Hz to 2 kHz"] = np.abs(said[:, MID].mean(axis=1) / wanted[:, MID].mean(axis=1) - 1)
    made = {}
    for key, error in errors.items():
        error = error[np.isfinite(error)]
        made[key] = {
            "median": float(np.median(error)),
            "p90": float(np.percentile(error, 90)),
            "within_25": float(np.mean(error <= 0.25)),
        }
    return made


def figure(bands, sets, report) -> Figure:  # type: ignore[no-untyped-def]
    """Times found over the rooms' own, and how many octaves are within 25%."""
    canvas, axes = make_figure(1, 3, width=13.0, row_height=4.2)
    ends = np.array([0.1, 12.0])
    for plot, (what, found) in zip(axes, sets.items(), strict=False):
        colors = [INPUT, *[OUTPUT] * (len(bands) - 2), ACCENT]
        for band, color in enumerate(colors):
            pairs = np.array([[x.times[band], x.network[band]] for x in found])
            plot.plot(*pairs.T, "o", color=color, ms=3, alpha=0.5)
        for factor, style in ((1.0, "-"), (0.75, ":"), (1.25, ":")):
            plot.plot(ends, factor * ends, color=INPUT, lw=0.8, ls=style)
        plot.set(xscale="log", yscale="log", xlabel="T60 of the room (s)", ylabel="T60 heard (s)")
        plot.set_title(f"Speech in {what}; dotted: 25%", fontsize=10)
    rooms = report["measured rooms"]
    labels = [f"{hz:g}" for hz in bands]
    for way, color, style in zip(rooms, (OUTPUT, ACCENT, INPUT), ("o-", "s--", "^:"), strict=True):
        share = [100 * rooms[way][f"{label} Hz"]["within_25"] for label in labels]
        axes[2].plot(labels, share, style, color=color, label=way)
    axes[2].set(ylim=(0, 102), xlabel="octave (Hz)", ylabel="within 25% (%)")
    axes[2].set_title("Measured rooms", fontsize=10)
    axes[2].legend(fontsize=8)
    return canvas


if __name__ == "__main__":
    main()
