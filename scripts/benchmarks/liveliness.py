"""Says whether an instrument moves as its recordings do, which no distance asks for.

A distance is least for a mean of what could have been played, and a mean moves less than each of
what it is of. Two judges look at held-out recordings and at PLAYERS told their pitch and loudness:

- how much the levels of mel bands change from one moment to a later one, against the recording's;
- whether a classifier can tell both apart. It sees half a second at a time, the means of its
  levels and how much they change in each band, learns on every other four seconds and is asked on
  the rest: 0.5 is a guess, 1 always right.

Example:
    python scripts/benchmarks/liveliness.py violin_movement/ violin runs/adversarial
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ddsp_tf import Dataset, Instrument
from ddsp_tf.dsp.mel import POWER_FLOOR, mel_power
from ddsp_tf.errors import DdspError
from ddsp_tf.evaluation import analyze_harmonics
from ddsp_tf.evaluation.evaluation import held_out
from ddsp_tf.evaluation.rendering import Renderer

FFT_S, HOP_S = 0.032, 0.008
N_BANDS = 40
LAGS = (1, 2, 4, 8, 16, 32)
"""In hops: 8 ms to a quarter of a second."""
PIECE_HOPS = 62
BLOCK_PIECES = 8
_SILENT_BELOW_DB = 50.0


class Judged:
    """The levels of a player and of the recordings that it imitates.

    Args:
        sample_rate: In Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._changes = np.zeros([2, len(LAGS)])
        self._pieces: list[np.ndarray] = []

    def add(self, recording: np.ndarray, imitation: np.ndarray) -> None:
        """Takes a recording and an imitation of it in."""
        n_samples = min(len(recording), len(imitation))
        pair = [_levels_db(x[:n_samples], self._sample_rate) for x in (recording, imitation)]
        heard = pair[0].max(axis=1) > pair[0].max() - _SILENT_BELOW_DB
        for i, lag in enumerate(LAGS):
            both = heard[lag:] & heard[:-lag]
            for j, levels in enumerate(pair):
                self._changes[j, i] += np.square(levels[lag:] - levels[:-lag])[both].sum()
        count = len(heard) // PIECE_HOPS
        self._pieces += [
            np.stack([_described(levels[i * PIECE_HOPS :][:PIECE_HOPS]) for levels in pair])
            for i in range(count)
            if heard[i * PIECE_HOPS :][:PIECE_HOPS].mean() > 0.5
        ]

    @property
    def changes_db(self) -> list[float]:
        """How much the levels change at each lag, in dB of the recordings' change."""
        return list(10.0 * np.log10(self._changes[1] / self._changes[0]))

    @property
    def told_apart(self) -> float:
        """How sure a classifier is which is which: the area under its curve."""
        pieces = np.stack(self._pieces)
        asked = np.arange(len(pieces)) // BLOCK_PIECES % 2 == 1
        truth = [0, 1]
        areas = []
        for chosen in (asked, ~asked):
            learned, unknown = pieces[~chosen], pieces[chosen]
            judge = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
            judge.fit(learned.reshape(-1, learned.shape[-1]), truth * len(learned))
            sure = judge.decision_function(unknown.reshape(-1, unknown.shape[-1]))
            areas.append(roc_auc_score(truth * len(unknown), sure))
        return float(np.mean(areas))


def _levels_db(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    powers = mel_power(
        audio,
        sample_rate=sample_rate,
        fft_length=round(FFT_S * sample_rate),
        hop_length=round(HOP_S * sample_rate),
        n_bands=N_BANDS,
    )
    return 10.0 * np.log10(np.maximum(powers, POWER_FLOOR))


def _described(levels: np.ndarray) -> np.ndarray:
    """Means of the levels, and how much they change from hop to hop and over eight, each band."""
    parts = [levels.mean(axis=0)]
    parts += [np.log(np.abs(levels[lag:] - levels[:-lag]).mean(axis=0) + 0.1) for lag in (1, 8)]
    return np.concatenate(parts)


@click.command()
@click.argument("dataset", type=click.Path(exists=True, path_type=Path))
@click.argument("players", nargs=-1, required=True)
def judge(dataset: Path, players: tuple[str, ...]) -> None:
    """Judges PLAYERS, instruments or runs, on the held-out recordings of DATASET."""
    data = Dataset.open(dataset)
    rate = data.features.sample_rate
    loaded = {name: Instrument.load(name) for name in players}
    renderers = {name: Renderer(instrument.model) for name, instrument in loaded.items()}
    for instrument in loaded.values():
        instrument.features.check_matches(data.features, what="the dataset")
    judged = {name: Judged(rate) for name in ("analysis", *players)}
    for key, _, audio, features in held_out(data):
        click.echo(f"{key}: {len(audio) / rate:.0f} s", err=True)
        judged["analysis"].add(audio, analyze_harmonics(audio, features, data.features).play())
        for name, render in renderers.items():
            judged[name].add(audio, render(features, audio))
    click.echo("\n".join(_table(judged)))


def _table(judged: dict[str, Judged]) -> Iterator[str]:
    lags = " | ".join(f"{1000 * HOP_S * lag:.0f} ms" for lag in LAGS)
    yield f"| change of levels, dB of the recordings', after | {lags} | told apart |"
    yield f"|---{'|---' * len(LAGS)}|---|"
    for name, player in judged.items():
        cells = " | ".join(f"{change:+.1f}" for change in player.changes_db)
        yield f"| {name} | {cells} | {player.told_apart:.2f} |"


if __name__ == "__main__":
    try:
        judge()
    except DdspError as error:
        sys.exit(f"Error: {error}")
