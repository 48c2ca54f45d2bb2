"""Whether a dataset has what a model takes."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras

from ddsp_tf.errors import DatasetError
from ddsp_tf.training.schedule import Schedule

if TYPE_CHECKING:
    from ddsp_tf.data import Dataset

_HOW = {
    "notes": "Notes come with scores: prepare recordings with a `.mid` of the same name beside "
    "each.",
    "dry": "It comes with pairs: prepare folders `dry/` and `wet/`.",
    "frames": "Prepare it again with `ddsp-tf prepare --columns {columns}`.",
}


def check_data(model: keras.Model, data: "Dataset", schedule: Schedule) -> None:
    """Checks columns, rates and the number of examples.

    Raises:
        DatasetError: The model takes a column that the dataset hasn't, at another rate, there is
            less than a batch, or several datasets aren't in the order of the model's instruments.
    """
    _check_order(model, data)
    signals = getattr(model, "input_signals", None)
    _check_rates(model, data, signals)
    columns = getattr(data, "columns", None)
    if signals is not None and columns is not None:
        _check_columns(model, signals, columns)
    n_examples = data.n_examples("train", clip_s=schedule.clip_s)
    if n_examples < schedule.batch_size:
        raise DatasetError(
            f"The dataset has {n_examples} training examples of {schedule.clip_s:g} s, fewer than "
            f"one batch of {schedule.batch_size}. Lower `Schedule.batch_size` to "
            f"{max(n_examples, 1)} or less, shorten `Schedule.clip_s`, or record more."
        )


def _check_order(model: keras.Model, data: "Dataset") -> None:
    """Several datasets have numbers, which are those of the model's instruments."""
    names = tuple(getattr(data, "names", ()))
    teller = model if hasattr(model, "instruments") else getattr(model, "encoder", None)
    instruments = tuple(getattr(teller, "instruments", ()))
    if names != instruments and sorted(names) == sorted(instruments):
        raise DatasetError(
            f"The datasets are {', '.join(names)}, and the model's instruments "
            f"{', '.join(instruments)}: the same in another order, so that each would be learned "
            "as another. Name them in the same order (`FOLDERS` and `INSTRUMENTS`)."
        )


def _check_rates(model: keras.Model, data: "Dataset", signals: Mapping[str, Any] | None) -> None:
    """Sound has to be at the model's rate, frames too if the model takes any."""
    takes_frames = signals is None or any(signal.kind == "frames" for signal in signals.values())
    names = ["sample_rate", "hop_length"] if takes_frames else ["sample_rate"]
    rates = {name: getattr(model, name, None) for name in names}
    known = {name: rate for name, rate in rates.items() if rate is not None}
    expected = dataclasses.replace(data.features, **known)
    expected.check_matches(data.features, what="the dataset")


def _check_columns(
    model: keras.Model, signals: Mapping[str, Any], columns: Mapping[str, Any]
) -> None:
    optional = set(getattr(model, "optional_input_names", ()))
    for name, signal in signals.items():
        if name not in columns:
            if name not in optional and signal.default is None:
                raise DatasetError(_missing(model, name, signal, columns))
            continue
        there = columns[name].signal
        widths = {there.width, signal.width} - {None}
        if signal.kind == "samples" and getattr(model, "any_channels", False):
            widths -= {there.width}
        if there.kind != signal.kind or len(widths) > 1:
            raise DatasetError(
                f"The column `{name}` of the dataset is {_described(there)}, but "
                f"`{type(model).__name__}` takes {_described(signal)}. Prepare the dataset again "
                "with the settings of the model."
            )


def _missing(model: keras.Model, name: str, signal: Any, columns: Mapping[str, Any]) -> str:
    listing = ", ".join(f"`{column}`" for column in columns)
    frames = [column for column, each in columns.items() if each.signal.kind == "frames"]
    how = _HOW.get(name, _HOW.get(signal.kind, "Take a dataset that has it."))
    return (
        f"`{type(model).__name__}` takes `{name}`, which the dataset hasn't; it has {listing}. "
        + how.format(columns=",".join([*frames, name]))
    )


def _described(signal: Any) -> str:
    width = "any number" if signal.width is None else signal.width
    return f"{signal.kind} of width {width}"
