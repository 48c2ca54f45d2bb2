"""Recordings alone: the sound, and what is heard in it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ddsp_tf.data.analysis import analyse_file
from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.recording import Recording
from ddsp_tf.data.sources.audio_names import name_files
from ddsp_tf.data.sources.example import Example, Found
from ddsp_tf.data.sources.sound_columns import sound_column
from ddsp_tf.features import Column, columns_of
from ddsp_tf.midi import find_score

_SCORES_UNUSED = (
    "{n} of {of} recordings have a MIDI file of their name beside them, which wasn't used. "
    "--source scores takes those that have one."
)


class Recordings:
    """Every audio file is an example of the column `audio`."""

    name = "recordings"

    def adapted(self, settings: PrepareSettings) -> PrepareSettings:
        """As they are."""
        return settings

    def holds(self, paths: list[Path]) -> bool:
        """Whatever nothing else is made of."""
        return True

    def find(self, paths: list[Path]) -> Found:
        """All audio files."""
        skipped: list[str] = []
        files = name_files(paths, skipped=skipped)
        n_scores = sum(find_score(path) is not None for path in files.values())
        remarks = (_SCORES_UNUSED.format(n=n_scores, of=len(files)),) if n_scores else ()
        examples = {name: Example(name, {"audio": path}) for name, path in files.items()}
        return Found(examples, remarks=remarks, skipped=tuple(skipped))

    def columns(
        self, n_channels: Mapping[str, int], settings: PrepareSettings
    ) -> dict[str, Column]:
        """The sound and its features."""
        audio = sound_column("audio", n_channels, settings)
        return {"audio": audio, **columns_of(settings.features)}

    def analyse(
        self,
        example: Example,
        settings: PrepareSettings,
        columns: Mapping[str, Column],
        *,
        progress: Callable[[float], None] | None = None,
    ) -> Recording:
        """See `analyse_file`."""
        n_channels = columns["audio"].width
        return analyse_file(example.audio, settings, n_channels=n_channels, progress=progress)

    def remarks(
        self, recordings: Mapping[str, Recording], settings: PrepareSettings
    ) -> tuple[str, ...]:
        """None beyond the warnings that all datasets get."""
        return ()
