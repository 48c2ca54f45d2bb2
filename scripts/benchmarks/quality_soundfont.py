"""Plays the held-out recordings' pitch and loudness with a sampled General MIDI instrument.

Needs FluidSynth and a soundfont: apt-get install fluidsynth fluid-soundfont-gm

Example:
    python scripts/benchmarks/quality_material.py dataset/ -o material/
    python scripts/benchmarks/quality_soundfont.py material/ -o soundfont/ --instrument violin
    ddsp-tf evaluate violin --data dataset/ --compare soundfont=soundfont/audio -o evaluation/
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from quality_fluidsynth import SOUNDFONT, FluidSynth
from quality_midi import midi_file, performance
from quality_notes import Note, find_notes

from ddsp_tf.audio import write_audio
from ddsp_tf.errors import DatasetError, DdspError
from ddsp_tf.features import Features, FeatureSettings
from ddsp_tf.features.loudness import extract_loudness_db
from ddsp_tf.files import FolderSort, atomic_directory, write_json

PROGRAMS = {
    "violin": 40,
    "cello": 42,
    "trumpet": 56,
    "saxophone_alto": 65,
    "saxophone_tenor": 66,
    "flute": 73,
}
"""General MIDI programs, counted from 0."""

MELODIES = "transfer/"


@dataclass(frozen=True)
class Passage:
    """What is to be played.

    Args:
        key: The recording's name.
        features: Of the recording.
        notes: Found in them.
        n_samples: Its length.
    """

    key: str
    features: Features
    notes: list[Note]
    n_samples: int


@click.command()
@click.argument("material", type=click.Path(path_type=Path))
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="New folder.")
@click.option("--instrument", required=True, type=click.Choice(sorted(PROGRAMS)))
@click.option(
    "--soundfont",
    type=click.Path(path_type=Path),
    default=SOUNDFONT,
    show_default=True,
    help="An .sf2 or .sf3 file with the General MIDI instruments.",
)
@click.option("--overwrite", is_flag=True, help="Replace the folder.")
def play_material(
    material: Path, output: Path, instrument: str, soundfont: Path, overwrite: bool
) -> None:
    """Plays what quality_material.py wrote to MATERIAL: `audio/` and `midi/`, named the same."""
    synthesiser = FluidSynth(soundfont)
    settings = read_settings(material)
    passages = read_passages(material / "eval", settings)
    songs = write_songs(passages, settings, PROGRAMS[instrument])
    sounds = {
        passage.key: synthesiser.play(
            songs[passage.key], n_samples=passage.n_samples, sample_rate=settings.sample_rate
        )
        for passage in passages
    }
    gain_db = loudness_gain_db(passages, sounds, settings)
    about = {
        "instrument": instrument,
        "program": PROGRAMS[instrument],
        "fluidsynth": synthesiser.version,
        "soundfont": soundfont.name,
        "soundfont_sha256": hashlib.sha256(soundfont.read_bytes()).hexdigest(),
        "gain_db": round(gain_db, 2),
        "notes": {passage.key: len(passage.notes) for passage in passages},
    }
    sort = FolderSort(
        "what a soundfont played",
        "soundfont.json",
        keys={"soundfont_sha256": None},
        files=("midi/*.mid", "audio/*.wav"),
    )
    with atomic_directory(output, sort=sort, overwrite=overwrite) as folder:
        for key, sound in sounds.items():
            song, audio = folder / "midi" / f"{key}.mid", folder / "audio" / f"{key}.wav"
            for path in (song, audio):
                path.parent.mkdir(parents=True, exist_ok=True)
            song.write_bytes(songs[key])
            louder = sound * np.float32(10.0 ** (gain_db / 20.0))
            write_audio(audio, louder, settings.sample_rate, clip=True)
        write_json(folder / "soundfont.json", about)
    n_notes = sum(len(passage.notes) for passage in passages)
    click.echo(f"Played {n_notes} notes, {gain_db:+.1f} dB. Wrote {output}/")


def read_settings(material: Path) -> FeatureSettings:
    """Reads what the features in a folder of material are.

    Raises:
        DatasetError: The folder isn't such material.
    """
    path = material / "features.json"
    if not path.is_file():
        raise DatasetError(
            f"`{material}` holds no features.json. Make it with "
            f"python scripts/benchmarks/quality_material.py DATASET -o {material}"
        )
    return FeatureSettings.from_dict(json.loads(path.read_text(encoding="utf-8")))


def read_passages(folder: Path, settings: FeatureSettings) -> list[Passage]:
    """Reads recordings and melodies, and finds their notes.

    Raises:
        DatasetError: There are none.
    """
    passages = []
    for path in sorted(folder.rglob("*.npz")):
        with np.load(path) as arrays:
            features = Features(arrays["f0_hz"], arrays["f0_confidence"], arrays["loudness_db"])
            n_samples = len(arrays["audio"])
        notes = find_notes(features, frame_rate=settings.frame_rate)
        key = path.relative_to(folder).with_suffix("").as_posix()
        passages.append(Passage(key, features, notes, n_samples))
    if not passages:
        raise DatasetError(f"There are no held-out recordings in `{folder}`.")
    return passages


def write_songs(
    passages: list[Passage], settings: FeatureSettings, program: int
) -> dict[str, bytes]:
    """Makes a MIDI file of each passage; the loudest moment of all takes the highest velocity."""
    loudest_db = max(float(passage.features.loudness_db.max()) for passage in passages)
    songs = {}
    for passage in passages:
        events = performance(
            passage.features,
            passage.notes,
            frame_rate=settings.frame_rate,
            program=program,
            loudest_db=loudest_db,
        )
        seconds = passage.n_samples / settings.sample_rate
        songs[passage.key] = midi_file(events, seconds=seconds)
    return songs


def loudness_gain_db(
    passages: list[Passage], sounds: dict[str, np.ndarray], settings: FeatureSettings
) -> float:
    """Finds the one gain with which the notes are on average as loud as in the recordings.

    Melodies of other instruments get the same gain, but don't count.
    """
    of_recordings = [passage for passage in passages if not passage.key.startswith(MELODIES)]
    missing = []
    for passage in of_recordings:
        loudness_db = extract_loudness_db(sounds[passage.key], settings)
        for note in passage.notes:
            frames = slice(note.first, note.end)
            missing.append(passage.features.loudness_db[frames] - loudness_db[frames])
    return float(np.mean(np.concatenate(missing))) if missing else 0.0


if __name__ == "__main__":
    try:
        play_material()
    except DdspError as error:
        sys.exit(f"Error: {error}")
