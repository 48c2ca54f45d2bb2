"""Writes a corpus of one synthetic voice: sentences spoken by flite (Debian's package `flite`).

python scripts/speak_corpus.py OUTPUT_FOLDER

Writes OUTPUT_FOLDER/train, 36 sentences at four speeds and pitches, and OUTPUT_FOLDER/held_out, six
others at one. The voice is `slt`, at 16 kHz.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from ddsp_tf.audio import read_audio, write_audio

RATE = 16000
VOICE = "slt"
TRAIN = (
    "The room was empty when we came, and every step could be heard twice.",
    "Please speak slowly; a wall of stone keeps a word for a long time.",
    "Seven small birds sat on the roof of the old railway station, and none of them sang.",
    "At the far end of the hall somebody dropped a heavy box of books.",
    "Take two cups of flour, a pinch of salt, and as much water as the dough will hold.",
    "Yesterday the train was late again, so we walked home along the river and talked.",
    "The quick answer is yes; the long answer takes all afternoon.",
    "Her cousin plays the cello in a church with a very high ceiling.",
    "Fifteen, sixteen, seventeen, eighteen, nineteen, twenty.",
    "Carpets and curtains swallow the treble long before they touch the bass.",
    "We thank you all for coming, and wish you a safe journey.",
    "Nobody measures the depth of a well by the length of its rope.",
    "My younger brother builds model ships out of matches and patience.",
    "Before the storm the fishermen pulled their boats up on the beach.",
    "How much would you charge for a dozen of those yellow roses?",
    "The judge yawned, adjusted her glasses, and began to read.",
    "A fox crossed the frozen field without leaving any trace.",
    "Could you show us which of these bridges is the oldest?",
    "Their house was painted blue and white, like the houses of sailors.",
    "Thursday is usually the busiest day at the market.",
    "He folded the map, looked at the clouds, and decided to go home.",
    "Every morning she boils an egg and listens to the news.",
    "The teacher chose a piece of chalk and drew a perfect circle.",
    "There is enough time to visit the museum, but not to eat.",
    "Joyful voices and noisy toys filled the courtyard all day.",
    "Unusual weather in August made the grapes ripen too early.",
    "I left my umbrella under the third chair of the second row.",
    "Thick fog hid the lighthouse, so the captain slowed the engine.",
    "Good bread needs nothing but flour, water, salt and time.",
    "When the music stopped, the dancers kept turning for a while.",
    "Our neighbour keeps bees behind the garage and sells the honey.",
    "They argued about the price of a watch that had not worked for years.",
    "Put the large wooden spoon back where you found it, please.",
    "An owl called twice from the top of the ruined tower.",
    "The path through the vineyard is steep, narrow and full of stones.",
    "Why should anyone worry about a shadow on the kitchen floor?",
)
HELD_OUT = (
    "Who closed the door? I did not hear it.",
    "Better ask twice than lose your way once.",
    "Fog, rain, thunder, and then, suddenly, silence.",
    "Stop! Look up. Can you see the light between the beams?",
    "A young painter lives above the bakery on the corner.",
    "The winter was long, but the orchard survived it.",
)
WAYS = ((1.0, 1.0), (1.15, 0.89), (0.9, 1.12), (1.05, 1.26))
"""How much slower, and times which pitch, every sentence is said."""


def main(folder: Path) -> None:
    """Writes both folders, and says how long they are."""
    if shutil.which("flite") is None:
        sys.exit("Error: flite should be installed (apt install flite).")
    for name, sentences, ways in (("train", TRAIN, WAYS), ("held_out", HELD_OUT, WAYS[:1])):
        (folder / name).mkdir(parents=True, exist_ok=True)
        n_samples = 0
        for number, sentence in enumerate(sentences):
            parts = [spoken(sentence, *way, folder / "spoken.wav") for way in ways]
            audio = np.concatenate(parts)
            n_samples += len(audio)
            write_audio(folder / name / f"{number:02d}.wav", audio, RATE, overwrite=True)
        print(f"{folder / name}: {len(sentences)} files, {n_samples / RATE:.0f} s")


def spoken(sentence: str, slower: float, higher: float, path: Path) -> np.ndarray:
    """One sentence."""
    settings = {"duration_stretch": slower, "f0_shift": higher}
    options = [x for key, value in settings.items() for x in ("--setf", f"{key}={value}")]
    subprocess.run(
        ["flite", "-voice", VOICE, *options, "-t", sentence, "-o", str(path)], check=True
    )
    sound, _ = read_audio(path, sample_rate=RATE)
    path.unlink()
    return sound


if __name__ == "__main__":
    main(Path(sys.argv[1]))
