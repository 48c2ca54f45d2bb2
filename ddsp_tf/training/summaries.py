"""What one can watch and hear of a run: TensorBoard, and plain files in `samples/`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from ddsp_tf.training.melody_player import PlayedMelody
from ddsp_tf.training.validation import ValidationExample

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ddsp_tf.features import FeatureSettings

_GAP_S = 0.25
_VOICED = 0.5
_N_KEPT = 10
_RECONSTRUCTION, _MELODY = "step", "transfer"
_MAIN = "audio"
_TITLES = ("Recording", "Model")


class Summaries:
    """Writes curves, sounds and pictures for TensorBoard, and sounds and pictures as files.

    Args:
        tensorboard: Folder for TensorBoard.
        samples: Folder for `step-00001000.wav` and `.png`, with `target.wav` to compare with, and
            `transfer-00001000.wav` and `.png`, with `melody.wav`. Other sounds that a model makes
            have files of their own name and the step, other sounds of the data (what an effect is
            fed, say) one of their name. The first and the last ten of each stay.
        settings: What the features are; outputs are tracked again with the same.
    """

    def __init__(self, tensorboard: Path, samples: Path, settings: "FeatureSettings") -> None:
        self._writer = tf.summary.create_file_writer(str(tensorboard))
        self._samples = samples
        self._settings = settings

    def scalars(self, step: int, values: Mapping[str, float], *, group: str) -> None:
        """Adds points to the curves `group/name`."""
        with self._writer.as_default():
            for name, value in values.items():
                tf.summary.scalar(f"{group}/{name}", value, step=step)

    def validation(self, step: int, examples: Sequence[ValidationExample]) -> None:
        """Writes what a validation heard: the sounds there are, and pictures of them.

        Spectrograms are drawn of sounds, pitch and loudness where the data has these columns.

        Raises:
            OutputError: The disk is full or can't be written.
        """
        if not examples or not examples[0].outputs:
            return
        figures = [self._figures(example) for example in examples]
        self._write_files(step, examples, figures[0].get("spectrogram"))
        with self._writer.as_default():
            for index, (example, pictures) in enumerate(zip(examples, figures, strict=True)):
                self._write_audio(step, index, example)
                for name, figure in pictures.items():
                    tf.summary.image(f"{name}/{index}", _image(figure), step=step)
        self._writer.flush()

    def melody(self, step: int, played: PlayedMelody) -> None:
        """Writes what the model makes of a melody that is none of the recordings.

        Raises:
            OutputError: The disk is full or can't be written.
        """
        rate, picture = played.sample_rate, self._samples / f"{_MELODY}-{step:08d}.png"
        self._write_sample(picture, played.audio, rate, played.figure(f"After {step:,} steps"))
        self._write_wav("melody", played.input_audio, played.input_sample_rate)
        with self._writer.as_default():
            self._audio_summary(_MELODY, played.audio, rate, step)
            # Drawing it again would take longer than playing the melody.
            image = tf.io.decode_png(picture.read_bytes(), channels=3)[tf.newaxis]
            tf.summary.image(_MELODY, image, step=step)
        self._writer.flush()

    def close(self) -> None:
        """Ends the TensorBoard file."""
        self._writer.close()

    def _write_audio(self, step: int, index: int, example: ValidationExample) -> None:
        rate = self._settings.sample_rate
        for name in example.heard:
            shown = "target" if name == _MAIN else name
            self._audio_summary(f"{shown}/{index}", example.columns[name], rate, step)
        for name, audio in example.outputs.items():
            shown = "output" if name == _main_output(example) else f"output_{name}"
            self._audio_summary(f"{shown}/{index}", audio, rate, step)

    def _audio_summary(self, name: str, audio: np.ndarray, rate: int, step: int) -> None:
        channels = audio if audio.ndim == 2 else audio[:, np.newaxis]
        tf.summary.audio(name, np.clip(channels, -1.0, 1.0)[np.newaxis], rate, step=step)

    def _write_files(
        self, step: int, examples: Sequence[ValidationExample], picture: "Figure | None"
    ) -> None:
        first, rate = examples[0], self._settings.sample_rate
        for name in first.outputs:
            kind = _RECONSTRUCTION if name == _main_output(first) else name.replace("-", "_")
            file = self._samples / f"{kind}-{step:08d}.png"
            joined = self._joined([example.outputs[name] for example in examples])
            self._write_sample(file, joined, rate, picture if kind == _RECONSTRUCTION else None)
        for name in first.heard:
            joined = self._joined([example.columns[name] for example in examples])
            self._write_wav("target" if name == _MAIN else name, joined, rate)

    def _write_sample(
        self, picture: Path, audio: np.ndarray, rate: int, figure: "Figure | None"
    ) -> None:
        from ddsp_tf.plotting import save_figure

        self._write_wav(picture.stem, audio, rate)
        if figure is not None:
            save_figure(figure, picture, overwrite=True)
        self._remove_old(picture.stem.split("-")[0])

    def _write_wav(self, name: str, audio: np.ndarray, rate: int) -> None:
        from ddsp_tf.audio import write_audio

        write_audio(self._samples / f"{name}.wav", audio, rate, overwrite=True)

    def _remove_old(self, kind: str) -> None:
        """Keeps the first step, to hear how far it came, and the last few."""
        steps = sorted({path.stem for path in self._samples.glob(f"{kind}-*")})
        for step in steps[1:-_N_KEPT]:
            for suffix in (".wav", ".png"):
                (self._samples / f"{step}{suffix}").unlink(missing_ok=True)

    def _joined(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        gap = np.zeros((int(_GAP_S * self._settings.sample_rate), *clips[0].shape[1:]), np.float32)
        return np.concatenate([part for clip in clips for part in (clip, gap)])

    def _figures(self, example: ValidationExample) -> dict[str, "Figure"]:
        """The pictures that an example's columns and outputs allow."""
        from ddsp_tf.plotting import spectrogram, spectrogram_pair

        rate, name = self._settings.sample_rate, _main_output(example)
        output, target = _mono(example.outputs[name]), _counterpart(example, name)
        if target is None:
            return {"spectrogram": spectrogram(output, rate, title=_TITLES[1])}
        pair = spectrogram_pair(_mono(target), output, rate, titles=_TITLES)
        if not {"f0_hz", "loudness_db"} <= set(example.columns):
            return {"spectrogram": pair}
        return {"spectrogram": pair, "f0_and_loudness": self._melodic(example, output)}

    def _melodic(self, example: ValidationExample, output: np.ndarray) -> "Figure":
        """Pitch and loudness of the recording, and what they are in the model's sound."""
        from ddsp_tf.features import extract_features
        from ddsp_tf.plotting import f0_and_loudness

        tracked = extract_features(output, self._settings)
        frames = {name: example.columns[name][:, 0] for name in ("f0_hz", "loudness_db")}
        confidence = example.columns.get("f0_confidence")
        return f0_and_loudness(
            frames["f0_hz"],
            frames["loudness_db"],
            frame_rate=self._settings.frame_rate,
            output_f0_hz=tracked.f0_hz,
            output_loudness_db=tracked.loudness_db,
            voiced=None if confidence is None else confidence[:, 0] > _VOICED,
            labels=_TITLES,
        )


def _main_output(example: ValidationExample) -> str:
    return _MAIN if _MAIN in example.outputs else next(iter(example.outputs))


def _counterpart(example: ValidationExample, output: str) -> np.ndarray | None:
    """The sound of the data that an output is to be compared with."""
    for name in (output, _MAIN):
        if name in example.heard:
            return example.columns[name]
    return None


def _mono(audio: np.ndarray) -> np.ndarray:
    return audio.mean(axis=1) if audio.ndim == 2 else audio


def _image(figure: "Figure") -> Any:
    from ddsp_tf.plotting import figure_to_image

    return figure_to_image(figure)[np.newaxis]
