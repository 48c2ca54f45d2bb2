"""The equaliser of Steinmetz et al. in use: found for a sound, trained from pairs, played."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.signal
import soundfile
from click.testing import CliRunner

from ddsp_tf import Instrument, config
from ddsp_tf.cli.main import cli
from ddsp_tf.inference import match

GIN = "papers/steinmetz2022/equalizer.gin"
RATE = 24000
SMALL = ["SAMPLE_RATE=24000", "HOP_LENGTH=96"]
KNOWN = (
    (90.0, 5.0, 0.8),
    (450.0, -6.0, 1.2),
    (1600.0, 5.0, 1.5),
    (3400.0, -6.0, 2.0),
    (6500.0, 6.0, 2.0),
    (9000.0, -5.0, 0.7),
)


def section(kind: str, hz: float, db: float, q: float) -> np.ndarray:
    """Bristow-Johnson's text with the sign of the cosine for both shelves in one."""
    a, w0 = 10.0 ** (db / 40.0), 2.0 * np.pi * hz / RATE
    cos, alpha = np.cos(w0), np.sin(w0) / (2.0 * q)
    if kind == "peak":
        row = [1 + alpha * a, -2 * cos, 1 - alpha * a, 1 + alpha / a, -2 * cos, 1 - alpha / a]
        return np.array(row) / row[3]
    side = 1.0 if kind == "low" else -1.0
    more, less, root, cos = a + 1, a - 1, 2.0 * np.sqrt(a) * alpha, side * cos
    row = [
        a * (more - less * cos + root),
        2 * side * a * (less - more * cos),
        a * (more - less * cos - root),
        more + less * cos + root,
        -2 * side * (less + more * cos),
        more + less * cos - root,
    ]
    return np.array(row) / row[3]


def sections(bands: Sequence[Sequence[float]]) -> np.ndarray:
    kinds = ("low", "peak", "peak", "peak", "peak", "high")
    return np.stack([section(kind, *band) for kind, band in zip(kinds, bands, strict=True)])


def treated(dry: np.ndarray) -> np.ndarray:
    return scipy.signal.sosfilt(sections(KNOWN), dry, axis=0)


def noise(seconds: float, *channels: int, seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal((round(seconds * RATE), *channels))


def check_bands(parameters: Mapping[str, Any], *, within_db: float) -> None:
    """Each gain, and the gain of all bands together at any frequency, is the known one."""
    bands = [
        [parameters[f"band_{number}_{unit}"][0] for unit in ("hz", "db", "q")]
        for number in range(1, 7)
    ]
    gains = [band[1] - known[1] for band, known in zip(bands, KNOWN, strict=True)]
    assert np.max(np.abs(gains)) < within_db, gains
    angles = np.geomspace(20.0, 0.45 * RATE, 300) * 2.0 * np.pi / RATE
    found, known = (np.abs(scipy.signal.sosfreqz(sections(x), angles)[1]) for x in (bands, KNOWN))
    assert np.max(np.abs(20.0 * np.log10(found / known))) < within_db


def test_the_bands_are_the_papers() -> None:
    model = config.parse([GIN]).build_model()
    found = model.parameters()
    assert (model.sample_rate, model.hop_length) == (48000, 192)
    ranges = [found[f"band_{number}_hz"][2:] for number in range(1, 7)]
    assert ranges == [
        (20, 200),
        (200, 2000),
        (200, 4000),
        (2000, 8000),
        (4000, 10800),
        (4000, 10800),
    ]
    for number in range(1, 7):
        assert found[f"band_{number}_db"] == (pytest.approx(0.0, abs=1e-6), "dB", -24.0, 24.0)
        assert found[f"band_{number}_q"][2:] == (0.1, 10.0)


def test_an_untrained_equaliser_changes_nothing_in_stereo() -> None:
    dry = noise(0.5, 2).astype(np.float32)[np.newaxis]
    played = config.parse([GIN], SMALL).build_model()({"dry": dry})["audio"]
    np.testing.assert_allclose(played, dry, atol=1e-6)


@pytest.mark.slow
def test_gains_are_found_for_a_sound() -> None:
    dry = noise(2.0)
    parsed = config.parse([GIN], SMALL)
    found = match(
        parsed.build_model(),
        treated(dry),
        dry=dry,
        objective=parsed.build_objective(),
        n_steps=250,
        learning_rate=0.2,
    )
    check_bands(found.parameters, within_db=0.5)
    assert found.loss < 0.05 * found.start_loss


@pytest.mark.slow
def test_gains_are_trained_from_pairs_and_played(tmp_path: Path) -> None:
    for number in range(3):
        dry = noise(4.0, 2, seed=number)
        for side, sound in (("dry", dry), ("wet", treated(dry))):
            (tmp_path / "pairs" / side).mkdir(parents=True, exist_ok=True)
            path = tmp_path / "pairs" / side / f"{number}.wav"
            soundfile.write(path, sound, RATE, subtype="FLOAT")
    data, run, dry = tmp_path / "data", tmp_path / "run", tmp_path / "pairs" / "dry" / "0.wav"
    invoke(
        *("prepare", tmp_path / "pairs", data, "--workers", 1, "--eval-fraction", 0.3),
        *("--gin-file", "data/effect_pairs.gin"),
        *bindings("FeatureSettings.sample_rate=24000", "FeatureSettings.hop_length=96"),
    )
    invoke(
        *("train", "--data", data, "--run", run, "--gin-file", GIN),
        *bindings(*SMALL, "Limits.num_steps=250"),
        *bindings("Schedule.validate_every=100"),
    )
    model = Instrument.load(run).model
    check_bands(model.parameters(), within_db=0.5)
    out = tmp_path / "out.wav"
    done = json.loads(invoke("process", run, dry, "-o", out, "--tail", 0, "--json"))
    assert done["failed"] == {}
    played, rate = soundfile.read(out)
    target = treated(soundfile.read(dry)[0])
    assert (rate, played.shape) == (RATE, target.shape)
    # What would clip is turned down.
    gain = np.sum(played * target) / np.sum(target**2)
    error = np.sum((played / gain - target) ** 2) / np.sum(target**2)
    assert 10.0 * np.log10(error) < -30.0


def bindings(*texts: str) -> list[str]:
    return [word for text in texts for word in ("--gin-param", text)]


def invoke(*words: object) -> str:
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.stdout
