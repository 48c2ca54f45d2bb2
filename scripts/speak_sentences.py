"""Writes speech to hear rooms in: sentences spoken by the synthesizers flite and espeak-ng.

Both are programs of their own (Debian's packages `flite` and `espeak-ng`). Every voice speaks the
same sentences, each at another speed, into one file.

Example:
    python scripts/speak_sentences.py recordings/spoken/
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from ddsp_tf.audio import read_audio, write_audio

RATE = 16000
SENTENCES = (
    "The room was empty when we came, and every step could be heard twice.",
    "Please speak slowly; a wall of stone keeps a word for a long time.",
    "Seven small birds sat on the roof of the old railway station, and none of them sang.",
    "Who closed the door? I did not hear it.",
    "At the far end of the hall somebody dropped a heavy box of books.",
    "Take two cups of flour, a pinch of salt, and as much water as the dough will hold.",
    "No.",
    "Yesterday the train was late again, so we walked home along the river and talked.",
    "Better ask twice than lose your way once.",
    "The quick answer is yes; the long answer takes all afternoon.",
    "Fog, rain, thunder, and then, suddenly, silence.",
    "Her cousin plays the cello in a church with a very high ceiling.",
    "Stop! Look up. Can you see the light between the beams?",
    "Fifteen, sixteen, seventeen, eighteen, nineteen, twenty.",
    "Carpets and curtains swallow the treble long before they touch the bass.",
    "We thank you all for coming, and wish you a safe journey.",
)
FLITE = ("slt", "rms", "awb", "kal16")
ESPEAK = ("en-gb+m3", "en-us+f2", "de+m7", "fr+f4", "es+m1", "it+f3", "pt+m5", "nl+f1")


def main(folder: Path) -> None:
    """Writes a file a voice."""
    missing = [program for program in ("flite", "espeak-ng") if shutil.which(program) is None]
    if missing:
        sys.exit(
            f"Error: {' and '.join(missing)} should be installed (apt install flite espeak-ng)"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for number, voice in enumerate((*FLITE, *ESPEAK)):
        random = np.random.default_rng(number)
        parts = []
        for sentence in random.permutation(SENTENCES):
            pause = np.zeros(round(random.uniform(0.05, 0.9) * RATE), np.float32)
            parts += [spoken(voice, str(sentence), random.uniform(0.8, 1.3)), pause]
        path = folder / f"{voice.replace('+', '_')}.wav"
        write_audio(path, np.concatenate(parts), RATE, overwrite=True)
        print(path, f"{sum(map(len, parts)) / RATE:.0f} s")


def spoken(voice: str, sentence: str, speed: float) -> np.ndarray:
    """A sentence without the silence before and after it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        if voice in FLITE:
            stretch = f"duration_stretch={1 / speed:.2f}"
            command = ["flite", "-voice", voice, "--setf", stretch, "-t", sentence, "-o", str(path)]
        else:
            words = str(round(165 * speed))
            command = ["espeak-ng", "-v", voice, "-s", words, "-w", str(path), sentence]
        subprocess.run(command, check=True)
        sound, _ = read_audio(path, sample_rate=RATE)
    loud = np.flatnonzero(np.abs(sound) > 0.003)
    return sound[loud[0] : loud[-1] + 1]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
