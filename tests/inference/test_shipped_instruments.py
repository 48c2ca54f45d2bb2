"""Every instrument that ships: its card, its size, and that it plays a melody as asked."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from ddsp_tf.audio import read_audio
from ddsp_tf.features import extract_features
from ddsp_tf.inference import TimbreTransfer
from ddsp_tf.models import list_presets
from ddsp_tf.presets import MELODY

FOLDER = MELODY.parent
AT_16_KHZ = ("violin", "cello", "flute", "trumpet", "saxophone", "saxophone_tenor")
EXPECTED = {*AT_16_KHZ, *(f"{name}_48k" for name in AT_16_KHZ)}


def test_the_set_is_whole() -> None:
    assert set(list_presets()) == EXPECTED | {"piano"}
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 15e6


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_card_says_where_it_comes_from_and_how_good_it_is(name: str) -> None:
    card = (FOLDER / name / "README.md").read_text(encoding="utf-8")
    for line in ("- Licence: CC", "- Attribution: ", "- Trained range", "- Recordings: "):
        assert line in card, line
    for part in ("## Measured", "## Known weaknesses", "## Made by", "- Training: "):
        assert part in card, part
    pictures = re.findall(r"\]\((\w+\.png)\)", card)
    assert "spectrogram.png" in pictures
    for picture in pictures:
        assert (FOLDER / name / picture).stat().st_size > 5_000
    metrics = json.loads((FOLDER / name / "metadata.json").read_text(encoding="utf-8"))["metrics"]
    assert metrics["raw_pitch_accuracy"] > 0.97
    assert metrics["loudness_db"] < 3.0
    assert metrics["seconds"] > 15


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_it_plays_the_melody(name: str) -> None:
    """In tune, as loud as its recordings are, and with more than a sine."""
    transfer = TimbreTransfer(name)
    audio, rate = read_audio(Path(MELODY))
    result = transfer(audio, rate)
    heard = extract_features(result.audio, transfer.settings)
    sure = result.notes & (heard.f0_confidence > 0.5)
    assert sure.sum() > 0.5 * result.notes.sum()
    cents = 1200 * np.log2(heard.f0_hz / result.controls.f0_hz)[sure]
    assert np.median(np.abs(cents)) < 15
    quantiles = transfer.instrument.statistics.loudness_db_quantiles
    level = heard.loudness_db[sure]
    assert quantiles[0] - 6 < np.median(level) < quantiles[-1] + 3
    follows = np.corrcoef(level, result.controls.loudness_db[sure])[0, 1]
    assert follows > 0.8
    assert np.isfinite(result.audio).all()
