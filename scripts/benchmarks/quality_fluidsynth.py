"""Plays MIDI files with FluidSynth and a soundfont, which must be installed."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from ddsp_tf.audio import read_audio
from ddsp_tf.errors import ArgumentError, AudioFileError

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
"""Where Debian's package `fluid-soundfont-gm` puts it."""

_RENDER_RATE = 44_100
_QUIET = ("-n", "-i", "-q")
# The chorus would spread the pitch.
_ROOM = ("-R", "1", "-C", "0")


class FluidSynth:
    """The FluidSynth program with a soundfont.

    Args:
        soundfont: An .sf2 or .sf3 file.

    Raises:
        ArgumentError: The program isn't installed, or there is no such soundfont.
    """

    def __init__(self, soundfont: Path) -> None:
        program = shutil.which("fluidsynth")
        if program is None:
            raise ArgumentError(
                "This needs the program fluidsynth, which was not found. Install it, on Debian "
                "and Ubuntu with: apt-get install fluidsynth fluid-soundfont-gm"
            )
        if not soundfont.is_file():
            raise ArgumentError(
                f"There is no soundfont `{soundfont}`. Name one with --soundfont, or install one, "
                "on Debian and Ubuntu with: apt-get install fluid-soundfont-gm"
            )
        self.soundfont = soundfont
        self._program = program

    @property
    def version(self) -> str:
        """What the program says that it is."""
        answer = subprocess.run(
            [self._program, "--version"], capture_output=True, text=True, check=True
        )
        return answer.stdout.splitlines()[0].removeprefix("FluidSynth runtime version ")

    def play(self, midi: bytes, *, n_samples: int, sample_rate: int) -> np.ndarray:
        """Plays a MIDI file.

        Args:
            midi: Its content.
            n_samples: How much of it, with silence after its end.
            sample_rate: Of the result, in Hz.

        Returns:
            float32 `[n_samples]`, the mean of both channels, not clipped.

        Raises:
            AudioFileError: FluidSynth failed.
        """
        with tempfile.TemporaryDirectory() as folder:
            song, wav = Path(folder) / "song.mid", Path(folder) / "song.wav"
            song.write_bytes(midi)
            output = ["-T", "wav", "-O", "float", "-r", str(_RENDER_RATE), "-F", str(wav)]
            done = subprocess.run(
                [self._program, *_QUIET, *_ROOM, *output, str(self.soundfont), str(song)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode or not wav.exists():
                raise AudioFileError(
                    f"FluidSynth could not play with `{self.soundfont}`: "
                    f"{(done.stderr or done.stdout).strip() or 'it says nothing'}"
                )
            sound, _ = read_audio(wav, sample_rate=sample_rate)
        return np.pad(sound, (0, max(0, n_samples - len(sound))))[:n_samples]
