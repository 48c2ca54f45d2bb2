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


class Summaries:
    """Writes curves, sounds and pictures for TensorBoard, and sounds and pictures as files.

    Args:
        tensorboard: Folder for TensorBoard.
        samples: Folder for `step-00001000.wav` and `.png`, with `target.wav` to compare with, and
            `transfer-00001000.wav` and `.png`, with `melody.wav`. The first and the last ten of
            each stay.
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
        """Writes the outputs of a validation: sounds, spectrograms, pitch and loudness.

        Raises:
            OutputError: The disk is full or can't be written.
        """
        if not examples:
            return
        figures = [self._figures(example) for example in examples]
        self._write_files(step, examples, figures[0]["spectrogram"])
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
        for name, audio in (("target", example.target), ("output", example.audio)):
            self._audio_summary(f"{name}/{index}", audio, rate, step)

    def _audio_summary(self, name: str, audio: np.ndarray, rate: int, step: int) -> None:
        clipped = np.clip(audio, -1.0, 1.0)[np.newaxis, :, np.newaxis]
        tf.summary.audio(name, clipped, rate, step=step)

    def _write_files(
        self, step: int, examples: Sequence[ValidationExample], spectrogram: "Figure"
    ) -> None:
        rate = self._settings.sample_rate
        outputs = self._joined([example.audio for example in examples])
        picture = self._samples / f"{_RECONSTRUCTION}-{step:08d}.png"
        self._write_sample(picture, outputs, rate, spectrogram)
        self._write_wav("target", self._joined([example.target for example in examples]), rate)

    def _write_sample(self, picture: Path, audio: np.ndarray, rate: int, figure: "Figure") -> None:
        from ddsp_tf.plotting import save_figure

        self._write_wav(picture.stem, audio, rate)
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
        gap = np.zeros(int(_GAP_S * self._settings.sample_rate), np.float32)
        return np.concatenate([part for clip in clips for part in (clip, gap)])

    def _figures(self, example: ValidationExample) -> dict[str, "Figure"]:
        from ddsp_tf.features import extract_features
        from ddsp_tf.plotting import f0_and_loudness, spectrogram_pair

        titles = ("Recording", "Model")
        tracked = extract_features(example.audio, self._settings)
        return {
            "spectrogram": spectrogram_pair(
                example.target, example.audio, self._settings.sample_rate, titles=titles
            ),
            "f0_and_loudness": f0_and_loudness(
                example.f0_hz,
                example.loudness_db,
                frame_rate=self._settings.frame_rate,
                output_f0_hz=tracked.f0_hz,
                output_loudness_db=tracked.loudness_db,
                voiced=example.f0_confidence > _VOICED,
                labels=titles,
            ),
        }


def _image(figure: "Figure") -> Any:
    from ddsp_tf.plotting import figure_to_image

    return figure_to_image(figure)[np.newaxis]
