"""The sampled instrument plays the recordings' notes, as loud on average, and says what it needs.

A stand-in takes FluidSynth's place, which plays a tone; where the program and its soundfont are
installed, they play too.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from quality_fluidsynth import SOUNDFONT, FluidSynth
from quality_soundfont import play_material

from ddsp_tf.errors import DatasetError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.features.loudness import extract_loudness_db

KEYS = (69.3, 73.9)
TONE = """#!{python}
import sys
import numpy as np, soundfile
if "--version" in sys.argv:
    print("FluidSynth runtime version 0.0")
    sys.exit()
rate = int(sys.argv[sys.argv.index("-r") + 1])
time = np.arange(2 * rate) / rate
tone = 0.01 * np.sin(2 * np.pi * 440.0 * time)
soundfile.write(sys.argv[sys.argv.index("-F") + 1], np.stack([tone, tone], 1), rate, "FLOAT")
"""


def install_stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str = TONE) -> None:
    """Makes a program called fluidsynth the only one that is found."""
    folder.mkdir()
    program = folder / "fluidsynth"
    program.write_text(text.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.fixture
def material(tmp_path: Path) -> Path:
    """A recording and a melody: two notes, the second 10 dB softer, 2 s."""
    keys = np.repeat(KEYS, 250)
    arrays = {
        "audio": np.zeros(32_000, np.float32),
        "f0_hz": 440.0 * 2.0 ** ((keys - 69.0) / 12.0),
        "f0_confidence": np.ones(500),
        "loudness_db": np.repeat([-25.0, -35.0], 250),
    }
    folder = tmp_path / "material"
    for name in ("takes/Übung 1.npz", "transfer/cello.npz"):
        path = folder / "eval" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **arrays)
    (folder / "features.json").write_text(json.dumps(FeatureSettings().to_dict()))
    return folder


def run(material: Path, output: Path, *options: str) -> Result:
    arguments = [str(material), "-o", str(output), "--instrument", "violin", *options]
    return CliRunner().invoke(play_material, arguments)


def test_files_are_named_after_the_recordings(
    material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_stand_in(tmp_path / "bin", monkeypatch)
    soundfont = tmp_path / "font.sf2"
    soundfont.write_bytes(b"RIFF")
    output = tmp_path / "output"
    result = run(material, output, "--soundfont", str(soundfont))
    assert result.exception is None, result.output
    assert "Played 4 notes" in result.output
    found = sorted(path.relative_to(output).as_posix() for path in output.rglob("*.*"))
    assert found == [
        "audio/takes/Übung 1.wav",
        "audio/transfer/cello.wav",
        "midi/takes/Übung 1.mid",
        "midi/transfer/cello.mid",
        "soundfont.json",
    ]
    about = json.loads((output / "soundfont.json").read_text())
    assert about["program"] == 40
    assert about["notes"]["takes/Übung 1"] == 2
    sound, rate = soundfile.read(output / "audio" / "takes" / "Übung 1.wav", dtype="float32")
    assert (len(sound), rate) == (32_000, 16_000)
    # The tone doesn't change, so it is as loud as the mean of the notes: -30 dB.
    loudness_db = extract_loudness_db(sound, FeatureSettings())
    assert abs(loudness_db.mean() + 30.0) < 0.2


def test_what_is_missing_is_said(
    material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "output"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get install fluidsynth fluid-soundfont-gm" in str(run(material, output).exception)
    install_stand_in(tmp_path / "bin", monkeypatch)
    missing = run(material, output, "--soundfont", str(tmp_path / "none.sf2"))
    assert "There is no soundfont" in str(missing.exception)
    soundfont = tmp_path / "font.sf2"
    soundfont.write_bytes(b"RIFF")
    empty = run(tmp_path, output, "--soundfont", str(soundfont))
    assert isinstance(empty.exception, DatasetError)
    assert "quality_material.py DATASET -o" in str(empty.exception)
    assert not output.exists()


def test_a_failure_of_the_synthesiser_is_passed_on(
    material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = "#!{python}\nimport sys\nsys.exit('Not a SoundFont file')\n"
    install_stand_in(tmp_path / "bin", monkeypatch, broken)
    soundfont = tmp_path / "font.sf2"
    soundfont.write_bytes(b"no")
    result = run(material, tmp_path / "output", "--soundfont", str(soundfont))
    assert "Not a SoundFont file" in str(result.exception)
    assert not (tmp_path / "output").exists()


@pytest.mark.skipif(
    shutil.which("fluidsynth") is None or not SOUNDFONT.is_file(),
    reason="needs: apt-get install fluidsynth fluid-soundfont-gm; the tests above use a stand-in",
)
def test_the_real_synthesiser_plays_pitch_and_dynamics(material: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    result = run(material, output)
    assert result.exception is None, result.output
    sound, rate = soundfile.read(output / "audio" / "transfer" / "cello.wav", dtype="float32")
    for key, first in zip(KEYS, (6_400, 22_400), strict=True):
        wanted_hz = 440.0 * 2.0 ** ((key - 69.0) / 12.0)
        tone = sound[first : first + 8_000] * np.hanning(8_000)
        spectrum = np.abs(np.fft.rfft(tone, 2**18))
        hz = np.fft.rfftfreq(2**18, 1 / rate)
        near = np.abs(hz - wanted_hz) < 0.05 * wanted_hz
        found_hz = hz[near][np.argmax(spectrum[near])]
        assert abs(1200 * np.log2(found_hz / wanted_hz)) < 15.0
    loudness_db = extract_loudness_db(sound, FeatureSettings())
    assert loudness_db[100:200].mean() - loudness_db[400:480].mean() > 6.0
    assert abs(np.mean(loudness_db) + 30.0) < 1.0
    assert FluidSynth(SOUNDFONT).version[0].isdigit()
