"""`ddsp-tf transfer` with a model that knows no pitch, and with curves by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from cli_toys import Run

COLUMNS = ("loudness_db", "spectral_centroid_hz")


@pytest.fixture(scope="module")
def noise_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model of loudness and spectral centroid, saved in a folder."""
    from ddsp_tf.features import FeatureSettings
    from ddsp_tf.models import Autoencoder, Instrument, RnnFcDecoder
    from ddsp_tf.processors import FilteredNoise, ProcessorGroup

    model = Autoencoder(
        decoder=RnnFcDecoder(
            input_keys=("loudness_scaled", "spectral_centroid_hz"),
            rnn_channels=4,
            channels=4,
            layers_per_stack=1,
        ),
        processor_group=ProcessorGroup(
            dag=[(FilteredNoise(n_bands=9, initial_bias=0.0), ["noise_magnitudes"])]
        ),
        columns=dict.fromkeys(COLUMNS, 1),
    )
    path = tmp_path_factory.mktemp("models") / "noise"
    Instrument(model, FeatureSettings(columns=COLUMNS)).save(path)
    return path


@pytest.fixture
def curves(tmp_path: Path) -> Path:
    path = tmp_path / "curves.csv"
    path.write_text("time_s,loudness_db,spectral_centroid_hz\n0,-60,2000\n1.5,-20,4000\n")
    return path


@pytest.mark.slow
def test_sound_is_played_by_what_the_model_takes(
    run: Run, noise_model: Path, melody_file: Path, tmp_path: Path
) -> None:
    result = run("transfer", noise_model, melody_file, "-o", tmp_path / "out", "--plot")
    assert result.exit_code == 0, result.output
    assert "from the sound: loudness_db, spectral_centroid_hz" in result.stdout
    audio, rate = soundfile.read(tmp_path / "out" / "melody.wav")
    assert (rate, audio.shape) == (16000, (16000,))
    assert np.max(np.abs(audio)) > 0.001
    assert (tmp_path / "out" / "melody.png").stat().st_size > 10_000


@pytest.mark.slow
def test_curves_alone_name_the_output(run: Run, noise_model: Path, curves: Path) -> None:
    result = run("transfer", noise_model, "--curves", curves, "--json", "--plot")
    assert result.exit_code == 0, result.output
    (report,) = json.loads(result.stdout)["files"]
    assert report["from_curves"] == ["loudness_db", "spectral_centroid_hz"]
    assert report["output"] == str(curves.with_name("curves_transfer.wav"))
    assert soundfile.info(report["output"]).frames == 24000
    result = run(
        *("transfer", noise_model, "--curves", curves, "-o", curves.with_name("a.flac")),
        *("--sample-rate", 48000, "--no-reverb", "--limiter", "--quiet"),
    )
    assert result.exit_code == 0, result.output
    assert soundfile.info(curves.with_name("a.flac")).frames == 72000


def test_curves_beside_sound(
    run: Run, noise_model: Path, melody_file: Path, tmp_path: Path
) -> None:
    drawn = tmp_path / "bright.csv"
    drawn.write_text("time_s,spectral_centroid_hz\n0,7000\n")
    out = tmp_path / "out"
    result = run("transfer", noise_model, melody_file, "--curves", drawn, "-o", out)
    assert result.exit_code == 0, result.output
    assert "from the sound: loudness_db" in result.stdout
    assert "from the curves: spectral_centroid_hz" in result.stdout
    assert soundfile.info(out / "melody.wav").frames == 16000


def test_an_instrument_of_melodies_plays_curves(run: Run, instrument: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "glide.csv"
    drawn.write_text("time_s,f0_hz,loudness_db\n0,220,-30\n0.5,440,-20\n")
    result = run("transfer", instrument, "--curves", drawn, "-o", tmp_path / "glide.wav")
    assert result.exit_code == 0, result.output
    assert soundfile.info(tmp_path / "glide.wav").frames == 8000


@pytest.mark.parametrize(
    ("text", "flags", "message"),
    [
        ("time_s,loudness_db\n0,-60\n1,-20\n", (), "lacks `spectral_centroid_hz`"),
        ("time_s,f0_hz\n0,440\n", (), "has `f0_hz`, which is no curve that the model takes"),
        ("loudness_db\n-60\n", (), "should begin with a line"),
        (None, ("--octave", "1"), "--octave edits a melody, and curves are played as they are"),
        (None, ("--loudness-db", "-3"), "--loudness-db edits a melody"),
    ],
)
def test_what_does_not_fit_is_one_line(
    run: Run, noise_model: Path, curves: Path, text: str | None, flags: tuple, message: str
) -> None:
    if text is not None:
        curves.write_text(text)
    out = curves.with_name("out")
    result = run("transfer", noise_model, "--curves", curves, "-o", out, *flags)
    assert result.exit_code != 0
    assert message in result.stderr
    assert "This should not happen" not in result.stderr
    assert not out.exists() or not list(out.iterdir())


def test_edits_of_melodies_are_refused_by_a_model_without_a_pitch(
    run: Run, noise_model: Path, melody_file: Path, tmp_path: Path
) -> None:
    result = run("transfer", noise_model, melody_file, "-o", tmp_path / "out", "--autotune", "0.5")
    assert result.exit_code == 2
    assert "--autotune edits a melody, and " in result.stderr
    assert "takes `loudness_db`, `spectral_centroid_hz`" in result.stderr


def test_a_model_of_effects_is_not_transferred_to(
    run: Run, melody_file: Path, tmp_path: Path
) -> None:
    from ddsp_tf.features import FeatureSettings
    from ddsp_tf.models import Instrument, Parametric
    from ddsp_tf.processors import DryWet, ProcessorGroup, Reverb

    room = DryWet(Reverb(impulse_response_length=40, add_dry=False))
    group = ProcessorGroup(dag=[(room, ["audio", "wet"])])
    model = Parametric(processor_group=group, sample_rate=16000, hop_length=64)
    Instrument(model, FeatureSettings(columns=())).save(tmp_path / "room")
    result = run("transfer", tmp_path / "room", melody_file, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "takes `dry`" in result.stderr
    assert "`ddsp-tf process`" in result.stderr
