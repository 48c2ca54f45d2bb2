"""Says where an instrument's distance from recordings lies: in time, in frequency, and in kind.

The spectral distance is a mean over the cells of six spectrograms. Each cell belongs to a moment
(onset, note, tail, silence) and to a place (on a partial, between partials, or too wide to tell),
and what differs there is bias (too loud or too soft on average) or spread. Beside it stands what
two draws of the right noise differ by: the analysis of the recording, played twice, with two
noises. No model comes below that. A table of its own has how far the level of each octave is off,
all recordings taken together.

Example:
    python scripts/benchmarks/distance.py violin violin_movement/ --docs docs/quality.md
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np
from report import replace_block

from ddsp_tf import Dataset, Instrument, dsp
from ddsp_tf.dsp.mel import POWER_FLOOR, mel_power
from ddsp_tf.errors import DdspError
from ddsp_tf.evaluation import analyze_harmonics
from ddsp_tf.evaluation.evaluation import held_out
from ddsp_tf.evaluation.metrics import VOICED_CONFIDENCE
from ddsp_tf.evaluation.onsets import find_onsets
from ddsp_tf.evaluation.rendering import Renderer
from ddsp_tf.features import Features
from ddsp_tf.files import write_text

BEGIN = "<!-- distance: written by scripts/benchmarks/distance.py -->"
END = "<!-- end of the distance -->"
FFT_LENGTHS = (2048, 1024, 512, 256, 128, 64)
MOMENTS = ("onset", "note", "tail", "silence")
PLACES = ("partial", "between", "any")
MEL = 0
"""Stands for the mel spectrum among the FFT sizes."""
_FLOOR = 1e-5
_ONSET_S = 0.05
_SILENT_BELOW_DB = 50.0
_LOWEST_OCTAVE_HZ = 125.0
_LOBE_BINS = 2.0
"""Half the main lobe of a Hann window."""


@dataclass
class Sums:
    """What has been added up over cells."""

    cells: float = 0.0
    magnitude: float = 0.0
    log: float = 0.0
    signed: float = 0.0
    square: float = 0.0

    def add(self, magnitude: np.ndarray, log: np.ndarray) -> None:
        """Takes the differences of magnitudes and of their logarithms in."""
        self.cells += log.size
        self.magnitude += float(np.abs(magnitude).sum())
        self.log += float(np.abs(log).sum())
        self.signed += float(log.sum())
        self.square += float(np.square(log).sum())

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            *(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True))
        )


@dataclass
class Player:
    """The cells of one player's version of all recordings, by FFT size, moment and place."""

    sums: dict[tuple[int, str, str], Sums] = field(default_factory=dict)
    octaves: dict[float, list[float]] = field(default_factory=dict)
    """Lower end in Hz -> power of the recordings and of their imitations."""

    def compare(self, target: np.ndarray, audio: np.ndarray, moments: "Moments") -> None:
        """Adds the cells of a recording and its imitation."""
        n = min(len(target), len(audio))
        for fft_length in FFT_LENGTHS:
            hop = fft_length // 4
            mine, theirs = (_magnitudes(x[:n], fft_length, hop) for x in (audio, target))
            log = np.log(np.maximum(mine, _FLOOR)) - np.log(np.maximum(theirs, _FLOOR))
            where = moments.places(len(log), fft_length, hop)
            self._add(fft_length, mine - theirs, log, moments.at(len(log), hop), where)
            if fft_length == max(FFT_LENGTHS):
                self._add_octaves(theirs, mine, moments.sample_rate)
        mels = [mel_power(x[:n], sample_rate=moments.sample_rate) for x in (audio, target)]
        first, second = (np.log(np.maximum(x, POWER_FLOOR)) for x in mels)
        anywhere = np.full(first.shape, PLACES.index("any"))
        self._add(MEL, 0.0 * first, first - second, moments.at(len(first), 512), anywhere)

    def _add_octaves(self, target: np.ndarray, mine: np.ndarray, sample_rate: int) -> None:
        hertz = np.linspace(0.0, sample_rate / 2, target.shape[1])
        for low in octave_ends(sample_rate):
            band = (hertz >= low) & (hertz < 2 * low)
            powers = self.octaves.setdefault(low, [0.0, 0.0])
            for i, magnitudes in enumerate((target, mine)):
                powers[i] += float(np.square(magnitudes[:, band], dtype=np.float64).sum())

    def _add(
        self, size: int, magnitude: np.ndarray, log: np.ndarray, at: np.ndarray, where: np.ndarray
    ) -> None:
        for i, moment in enumerate(MOMENTS):
            for j, place in enumerate(PLACES):
                chosen = (at[:, np.newaxis] == i) & (where == j)
                self.sums.setdefault((size, moment, place), Sums()).add(
                    magnitude[chosen], log[chosen]
                )

    def total(self, size: int, *, moment: str = "", place: str = "") -> Sums:
        """Gives the sums of an FFT size, of a moment or place if one is named."""
        chosen = [
            sums
            for (n, when, where), sums in self.sums.items()
            if n == size and moment in ("", when) and place in ("", where)
        ]
        return sum(chosen, Sums())


@dataclass(frozen=True)
class Moments:
    """What happens when in a recording."""

    audio: np.ndarray
    features: Features
    sample_rate: int
    frame_rate: float

    def at(self, n_frames: int, hop: int) -> np.ndarray:
        """Gives the index of the moment for frames that are `hop` samples apart."""
        seconds = np.arange(n_frames) * hop / self.sample_rate
        loudness = self._column("loudness_db", seconds)
        sure = self._column("f0_confidence", seconds) > VOICED_CONFIDENCE
        silent = loudness < np.quantile(self.features.loudness_db, 0.95) - _SILENT_BELOW_DB
        kind = np.where(silent, MOMENTS.index("silence"), MOMENTS.index("tail"))
        kind = np.where(sure & ~silent, MOMENTS.index("note"), kind)
        onsets = find_onsets(self.audio, sample_rate=self.sample_rate)
        after = seconds[:, np.newaxis] - onsets if len(onsets) else np.full([n_frames, 1], -1.0)
        begins = ((after >= 0.0) & (after < _ONSET_S)).any(axis=1)
        return np.where(begins, MOMENTS.index("onset"), kind)

    def places(self, n_frames: int, fft_length: int, hop: int) -> np.ndarray:
        """Gives the index of the place for each cell `[n_frames, fft_length / 2 + 1]`."""
        seconds = np.arange(n_frames) * hop / self.sample_rate
        spacing = self._column("f0_hz", seconds) * fft_length / self.sample_rate
        sure = self._column("f0_confidence", seconds) > VOICED_CONFIDENCE
        bins = np.arange(fft_length // 2 + 1)
        from_partial = np.abs(
            bins - spacing[:, np.newaxis] * np.maximum(1.0, np.round(bins / spacing[:, np.newaxis]))
        )
        on = from_partial < _LOBE_BINS
        places = np.where(on, PLACES.index("partial"), PLACES.index("between"))
        told = sure & (spacing > 2.0 * _LOBE_BINS)
        return np.where(told[:, np.newaxis], places, PLACES.index("any"))

    def _column(self, name: str, seconds: np.ndarray) -> np.ndarray:
        values = getattr(self.features, name)
        return values[np.minimum(np.round(seconds * self.frame_rate).astype(int), len(values) - 1)]


def octave_ends(sample_rate: int) -> list[float]:
    """Gives the lower ends of the octaves in Hz, the last of which Nyquist's frequency may cut."""
    count = int(np.ceil(np.log2(sample_rate / 2 / _LOWEST_OCTAVE_HZ)))
    return [_LOWEST_OCTAVE_HZ * 2**i for i in range(count)]


def _magnitudes(audio: np.ndarray, fft_length: int, hop: int) -> np.ndarray:
    spectra = dsp.stft_magnitude(
        audio[np.newaxis].astype(np.float32), fft_length=fft_length, hop_length=hop
    )
    return np.asarray(spectra)[0]


@click.command()
@click.argument("instrument")
@click.argument("dataset", type=click.Path(exists=True, path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="All sums, as JSON.")
@click.option("--docs", type=click.Path(exists=True, path_type=Path), help="Page with the tables.")
def measure(instrument: str, dataset: Path, output: Path | None, docs: Path | None) -> None:
    """Splits the distance of INSTRUMENT from the held-out recordings of DATASET."""
    loaded, data = Instrument.load(instrument), Dataset.open(dataset)
    loaded.features.check_matches(data.features, what="the dataset")
    render = Renderer(loaded.model)
    players = {"model": Player(), "analysis": Player(), "two noises": Player()}
    seconds = 0.0
    for key, _, audio, features in held_out(data):
        click.echo(f"{key}: {len(audio) / data.features.sample_rate:.0f} s", err=True)
        seconds += len(audio) / data.features.sample_rate
        rates = data.features.sample_rate, data.features.frame_rate
        moments = Moments(audio, features, *rates)
        analysis = analyze_harmonics(audio, features, data.features)
        draws = [analysis.play(noise_seed=seed)[: len(audio)] for seed in (0, 1)]
        players["model"].compare(audio, render(features, audio), moments)
        players["analysis"].compare(audio, draws[0], moments)
        players["two noises"].compare(draws[1], draws[0], moments)
    block = "\n".join(_tables(players, instrument, seconds))
    click.echo(block)
    if output is not None:
        write_text(output, json.dumps(_as_json(players), indent=1), overwrite=True)
    if docs is not None:
        page = docs.read_text(encoding="utf-8")
        write_text(docs, replace_block(page, block, begin=BEGIN, end=END), overwrite=True)


def _tables(players: dict[str, Player], instrument: str, seconds: float) -> Iterator[str]:
    names = list(players)
    yield f"{instrument}, {seconds:.0f} s. A cell is one bin of one frame; a share is of the cells"
    yield "of all FFT sizes, each size counting alike, as in the spectral distance. Bias and spread"
    yield "are of the model's logarithms, in dB.\n"
    yield f"| spectral distance | share | {' | '.join(names)} | of it magnitudes | bias | spread |"
    yield f"|---|---|{'---|' * len(names)}---|---|---|"
    for label, chosen in _rows():
        yield _row(label, [_spectral(player, **chosen) for player in players.values()])
    for fft_length in FFT_LENGTHS:
        found = [_spectral(player, sizes=(fft_length,)) for player in players.values()]
        yield _row(f"FFT {fft_length}", found)
    yield f"\n| log-mel L1 | share | {' | '.join(names)} | bias | spread |"
    yield f"|---|---|{'---|' * len(names)}---|---|"
    for label, chosen in _rows(places=False):
        found = [_mel(player, **chosen) for player in players.values()]
        mine = found[0]
        cells = " | ".join(f"{x['distance']:.2f}" for x in found)
        yield f"| {label} | {mine['share']:.0%} | {cells} | {_in_db(mine, power=True)} |"
    yield "\n| octave from | level, dB: of all | model | analysis |"
    yield "|---|---|---|---|"
    yield from table_of_octaves(players["model"].octaves, players["analysis"].octaves)


def table_of_octaves(
    mine: dict[float, list[float]], analysis: dict[float, list[float]]
) -> Iterator[str]:
    """Levels of the recordings below that of all octaves, and how far players are above it."""
    whole = sum(target for target, _ in mine.values())
    for low, (target, played) in mine.items():
        ratios = (target / whole, played / target, analysis[low][1] / target)
        cells = " | ".join(f"{10 * np.log10(max(x, 1e-30)):+.1f}" for x in ratios)
        yield f"| {low:.0f} Hz | {cells} |"


def _rows(*, places: bool = True) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "all", {}
    for moment in MOMENTS:
        yield moment, {"moment": moment}
        if places and moment in ("onset", "note"):
            for place in PLACES[:2]:
                named = {"partial": "on partials", "between": "between partials"}[place]
                yield f"{moment}: {named}", {"moment": moment, "place": place}


def _row(label: str, found: list[dict[str, float]]) -> str:
    mine = found[0]
    cells = " | ".join(f"{x['distance']:.2f}" for x in found)
    share, magnitude = f"{mine['share']:.0%}", f"{mine['magnitude']:.2f}"
    return f"| {label} | {share} | {cells} | {magnitude} | {_in_db(mine)} |"


def _in_db(mine: dict[str, float], *, power: bool = False) -> str:
    scale = (10.0 if power else 20.0) / np.log(10.0)
    return f"{scale * mine['bias']:+.1f} | {scale * mine['spread']:.1f}"


def _spectral(
    player: Player, *, sizes: tuple[int, ...] = FFT_LENGTHS, moment: str = "", place: str = ""
) -> dict[str, float]:
    """What these cells would come to if all were like them: a distance summed over six sizes."""
    parts = []
    for n in sizes:
        chosen, whole = player.total(n, moment=moment, place=place), player.total(n)
        if chosen.cells:
            parts.append((chosen, chosen.cells / whole.cells))
    weight = sum(share for _, share in parts)
    mean = {
        name: sum(share * getattr(x, name) / x.cells for x, share in parts) / max(weight, 1e-12)
        for name in ("magnitude", "log", "signed", "square")
    }
    times = len(FFT_LENGTHS) if len(sizes) > 1 else 1
    return {
        "share": weight / len(sizes),
        "distance": times * (mean["magnitude"] + mean["log"]),
        "magnitude": times * mean["magnitude"],
        "bias": mean["signed"],
        "spread": float(np.sqrt(max(0.0, mean["square"] - mean["signed"] ** 2))),
    }


def _mel(player: Player, *, moment: str = "") -> dict[str, float]:
    chosen = player.total(MEL, moment=moment)
    cells = max(chosen.cells, 1.0)
    bias = chosen.signed / cells
    return {
        "share": chosen.cells / player.total(MEL).cells,
        "distance": chosen.log / cells,
        "bias": bias,
        "spread": float(np.sqrt(max(0.0, chosen.square / cells - bias**2))),
    }


def _as_json(players: dict[str, Player]) -> dict[str, Any]:
    return {
        name: {
            "sums": [
                {"fft_length": n, "moment": when, "place": where, **vars(sums)}
                for (n, when, where), sums in player.sums.items()
            ],
            "octaves": player.octaves,
        }
        for name, player in players.items()
    }


if __name__ == "__main__":
    try:
        measure()
    except DdspError as error:
        sys.exit(f"Error: {error}")
