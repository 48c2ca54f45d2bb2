"""What `ddsp-tf evaluate` measures beside the model."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ddsp_tf.audio import check_usable, read_audio
from ddsp_tf.cli.output_names import plan_outputs
from ddsp_tf.cli.terminal import Terminal
from ddsp_tf.data import Dataset
from ddsp_tf.errors import AudioFileError, DatasetError
from ddsp_tf.evaluation import (
    Comparison,
    EvaluationReport,
    SoundFolder,
    TransferQuality,
    TransferredMelody,
    analyze_harmonics,
    measure,
)
from ddsp_tf.evaluation.evaluation import Performer, held_out
from ddsp_tf.features import Features, extract_features
from ddsp_tf.models import Instrument

_KeepOf = Callable[[str], Callable[[str, np.ndarray], None] | None]
_Melody = tuple[str, np.ndarray, Features]


class Comparing:
    """Everything that the options ask to be compared, found before anything is measured.

    Args:
        instrument: The model.
        dataset: Where the recordings are.
        split: Which of them.
        folders: Sounds of other players, by the player's name.
        melodies: Files, folders or patterns to transfer.
        baselines: Whether the recordings themselves and their harmonic analysis count.
        terminal: To show progress on.

    Attributes:
        asked: Whether there is anything to compare.
        skipped: Why melodies can't be transferred, by their files.

    Raises:
        DatasetError: A melody is missing, none can be transferred, or a folder has none of the
            recordings.
    """

    def __init__(
        self,
        instrument: Instrument,
        dataset: Dataset,
        split: str,
        folders: Mapping[str, Path],
        melodies: Sequence[str],
        *,
        baselines: bool,
        terminal: Terminal,
    ) -> None:
        self._instrument = instrument
        self._dataset = dataset
        self._split = split
        self._baselines = baselines
        self._terminal = terminal
        plan = plan_outputs(melodies, None, suffix=".wav") if melodies else None
        if plan is not None and plan.failures:
            raise DatasetError(next(iter(plan.failures.values())))
        self.skipped: dict[str, str] = {}
        named = plan.outputs if plan else []
        self._sources = [each.source for each in named if self._is_melody(each.source)]
        if self.skipped and not self._sources:
            raise DatasetError(" ".join(self.skipped.values()))
        for reason in self.skipped.values():
            # Said now, since measuring takes minutes.
            terminal.note(f"Skipped: {reason}")
        rate = dataset.features.sample_rate
        self._folders = {
            name: SoundFolder(path, sample_rate=rate) for name, path in folders.items()
        }
        self.asked = bool(baselines or folders or melodies)
        if folders:
            keys = [*self._recording_keys, *map(_melody_key, self._sources)]
            for folder in self._folders.values():
                folder.check_has_any(keys)

    def _is_melody(self, source: Path) -> bool:
        """Whether a file holds sound; if not, `skipped` says why."""
        settings = self._dataset.features
        try:
            audio, _ = read_audio(source, sample_rate=settings.sample_rate)
            check_usable(audio, n_samples=settings.hop_length, name=source)
        except AudioFileError as error:
            self.skipped[str(source)] = str(error)
            return False
        return True

    @property
    def n_melodies(self) -> int:
        """How many melodies can be transferred."""
        return len(self._sources)

    @cached_property
    def _recording_keys(self) -> list[str]:
        return [key for key, *_ in held_out(self._dataset, self._split)]

    def compare(self, report: EvaluationReport, keep: _KeepOf) -> Comparison:
        """Measures the others, and the model's transfers.

        Args:
            report: Of the model.
            keep: Gives what to do with a player's sounds, by its name.
        """
        players: dict[str, Performer | None] = {"model": None}
        if self._baselines:
            players = {"recording": lambda key, audio, features: audio, "analysis": self._analysis}
            players["model"] = None
        for name, folder in self._folders.items():
            if any(key in folder for key in self._recording_keys):
                players[name] = folder
        reports = {}
        for name, play in players.items():
            if play is None:
                reports[name] = report
                continue
            with self._terminal.progress(f"Evaluating {name}") as advance:
                reports[name] = measure(
                    play,
                    self._dataset,
                    split=self._split,
                    reference=report.reference,
                    keep=keep(name) if name == "analysis" else None,
                    progress=advance,
                )
        return Comparison(reports, self._transfers(report, keep) if self._sources else {})

    def _analysis(self, key: str, audio: np.ndarray, features: Features) -> np.ndarray:
        return analyze_harmonics(audio, features, self._dataset.features).play()

    def _transfers(self, report: EvaluationReport, keep: _KeepOf) -> dict[str, TransferQuality]:
        settings = self._dataset.features
        made: dict[str, list[TransferredMelody]] = {}
        with self._terminal.progress("Transferring") as advance:
            for done, source in enumerate(self._sources):
                audio, _ = read_audio(source, sample_rate=settings.sample_rate)
                features = extract_features(audio, settings)
                for name, sound in self._versions(source, audio, keep).items():
                    melody = TransferredMelody.compare(
                        source.stem, features, sound, settings=settings
                    )
                    made.setdefault(name, []).append(melody)
                advance((done + 1) / len(self._sources))
        return {
            name: TransferQuality(tuple(of_player), report.reference)
            for name, of_player in made.items()
        }

    def _versions(self, source: Path, audio: np.ndarray, keep: _KeepOf) -> dict[str, Any]:
        """The melody as everyone plays it, the melody itself first."""
        key = _melody_key(source)
        played = self._transfer(audio, self._dataset.features.sample_rate).audio
        write = keep("model")
        if write is not None:
            write(key, played)
        versions = {"recording": audio, "model": played}
        versions.update({name: folder(key, audio) for name, folder in self._folders.items()})
        return {name: sound for name, sound in versions.items() if sound is not None}

    @cached_property
    def _transfer(self) -> Any:
        from ddsp_tf.inference import TimbreTransfer

        return TimbreTransfer(self._instrument)


def _melody_key(source: Path) -> str:
    """Melodies lie in a folder of their own, so that they can be called as a recording is."""
    return f"transfer/{source.stem}"
