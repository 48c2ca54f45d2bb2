"""Arrays in, matplotlib figures out; nothing is drawn on a screen or kept in global state."""

from ddsp_tf.plotting.controls import controls_overview
from ddsp_tf.plotting.dataset import dataset_report
from ddsp_tf.plotting.figure import figure_to_image, make_figure, save_figure
from ddsp_tf.plotting.impulse_responses import impulse_response
from ddsp_tf.plotting.pitch_and_loudness import f0_and_loudness
from ddsp_tf.plotting.pitch_axis import note_name
from ddsp_tf.plotting.spectrograms import spectrogram, spectrogram_pair
from ddsp_tf.plotting.training import training_curves
from ddsp_tf.plotting.transfer import transfer_overview

__all__ = [
    "controls_overview",
    "dataset_report",
    "f0_and_loudness",
    "figure_to_image",
    "impulse_response",
    "make_figure",
    "note_name",
    "save_figure",
    "spectrogram",
    "spectrogram_pair",
    "training_curves",
    "transfer_overview",
]
