"""What a timbre transfer gives back."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ddsp_tf.features import Features
from ddsp_tf.inference.transfer_report import TransferReport
from ddsp_tf.types import BoolArray, FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class TransferResult:
    """The sound of a transfer, and how it came about.

    After `transfer_file`, sound is read from the files when it is asked for: a result takes no
    more memory than its features.

    Attributes:
        sample_rate: Rate of `audio` in Hz.
        input_sample_rate: Rate of `input_audio` in Hz.
        frame_rate: Frames per second of the features.
        features: What was found in the input.
        controls: What the instrument was asked to play.
        notes: Which frames belong to notes, bool `[n_frames]`.
        report: What was changed, and what is doubtful.
        load_audio: Gives the output.
        load_input_audio: Gives the input.
    """

    sample_rate: int
    input_sample_rate: int
    frame_rate: float
    features: Features
    controls: Features
    notes: BoolArray
    report: TransferReport
    load_audio: Callable[[], FloatArray]
    load_input_audio: Callable[[], FloatArray]

    @cached_property
    def audio(self) -> FloatArray:
        """The output, mono float32 `[n_samples]`."""
        return self.load_audio()

    @cached_property
    def input_audio(self) -> FloatArray:
        """The input, mono float32 `[n_samples]`."""
        return self.load_input_audio()

    def figure(self, title: str | None = None, **layout: Any) -> "Figure":
        """Draws both spectrograms, and pitch and loudness before and after.

        Args:
            title: Line above the figure.
            layout: Names, sizes and the like, as `ddsp_tf.plotting.transfer_overview` takes them.

        Returns:
            A matplotlib figure; `ddsp_tf.plotting.save_figure` writes it.
        """
        from ddsp_tf.plotting import transfer_overview

        return transfer_overview(
            input_audio=self.input_audio,
            input_sample_rate=self.input_sample_rate,
            output_audio=self.audio,
            output_sample_rate=self.sample_rate,
            f0_hz=self.features.f0_hz,
            loudness_db=self.features.loudness_db,
            output_f0_hz=self.controls.f0_hz,
            output_loudness_db=self.controls.loudness_db,
            frame_rate=self.frame_rate,
            voiced=self.notes,
            title=title,
            **layout,
        )
