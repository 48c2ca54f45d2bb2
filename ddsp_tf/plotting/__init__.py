"""Arrays in, matplotlib figures out; nothing is drawn on a screen or kept in global state.

The names are loaded when they are first used, so that whoever may draw imports this for free.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ddsp_tf.plotting.controls import controls_overview
    from ddsp_tf.plotting.dataset import dataset_report
    from ddsp_tf.plotting.figure import figure_to_image, make_figure, on_paper, save_figure
    from ddsp_tf.plotting.frequency_responses import (
        draw_magnitude_responses,
        magnitude_responses,
    )
    from ddsp_tf.plotting.impulse_responses import impulse_response
    from ddsp_tf.plotting.piano_roll import piano_roll_overview
    from ddsp_tf.plotting.pitch_and_loudness import f0_and_loudness
    from ddsp_tf.plotting.spectrograms import spectrogram, spectrogram_pair, spectrogram_stack
    from ddsp_tf.plotting.training import training_curves
    from ddsp_tf.plotting.transfer import transfer_overview
    from ddsp_tf.plotting.vocal_tract import tract_figure

__all__ = [
    "controls_overview",
    "dataset_report",
    "draw_magnitude_responses",
    "f0_and_loudness",
    "figure_to_image",
    "impulse_response",
    "magnitude_responses",
    "make_figure",
    "on_paper",
    "piano_roll_overview",
    "save_figure",
    "spectrogram",
    "spectrogram_pair",
    "spectrogram_stack",
    "tract_figure",
    "training_curves",
    "transfer_overview",
]

_MODULES = {
    "controls_overview": "controls",
    "dataset_report": "dataset",
    "draw_magnitude_responses": "frequency_responses",
    "f0_and_loudness": "pitch_and_loudness",
    "figure_to_image": "figure",
    "impulse_response": "impulse_responses",
    "magnitude_responses": "frequency_responses",
    "make_figure": "figure",
    "on_paper": "figure",
    "piano_roll_overview": "piano_roll",
    "save_figure": "figure",
    "spectrogram": "spectrograms",
    "spectrogram_pair": "spectrograms",
    "spectrogram_stack": "spectrograms",
    "tract_figure": "vocal_tract",
    "training_curves": "training",
    "transfer_overview": "transfer",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
