"""Trains a model in a run directory: the one call behind `ddsp-tf train`."""

import dataclasses
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.training.checkpoints import Checkpoints
from ddsp_tf.training.melody_player import MelodyPlayer
from ddsp_tf.training.model_writer import ModelWriter, dataset_identity
from ddsp_tf.training.optimization import adam
from ddsp_tf.training.progress import Progress
from ddsp_tf.training.run_directory import RunDirectory
from ddsp_tf.training.run_state import RunState
from ddsp_tf.training.strategies import get_strategy, is_chief
from ddsp_tf.training.summaries import Summaries
from ddsp_tf.training.trainer import Trainer
from ddsp_tf.training.training_run import Intervals, TrainingRun, TrainResult
from ddsp_tf.training.validation import Validation
from ddsp_tf.training.warm_start import copy_network

if TYPE_CHECKING:
    from ddsp_tf.data import Dataset


def train(
    model: keras.Model,
    loss: Any,
    *,
    data: "Dataset",
    run: str | Path,
    num_steps: int = 30_000,
    batch_size: int = 16,
    clip_s: float = 4.0,
    learning_rate: float = 3e-4,
    decay_rate: float = 0.98,
    decay_steps: int = 10_000,
    warmup_steps: int = 0,
    gradient_clip_norm: float | None = 3.0,
    ema_decay: float | None = None,
    seed: int = 0,
    log_every: int = 10,
    validate_every: int = 500,
    validation_batches: int = 8,
    transfer: Annotated[MelodyPlayer, "@inference.TransferSample()"] | None = None,
    start_from: str | Path | None = None,
    checkpoint_every: int = 500,
    keep: int = 3,
    max_minutes: float | None = None,
    patience: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    xla: Literal["auto"] | bool = "auto",
    precision: Literal["auto", "float32", "bfloat16"] = "float32",
    strategy: tf.distribute.Strategy | str | None = None,
    progress: Progress | None = None,
    metadata: Mapping[str, Any] | None = None,
    config_text: str | None = None,
    operative_config_text: str | None = None,
) -> TrainResult:
    """Trains until a limit is reached, and keeps everything about it in one folder.

    Killed at any moment and resumed, it takes the same steps as if it had never stopped.

    Args:
        model: Features -> {"audio": ...}, for example an `Autoencoder`. Set the seed of
            Keras before making it if its initial weights are to be the same again.
        loss: (target audio, audio) -> scalar, for example a `SpectralLoss`.
        data: Training data, with held-out recordings.
        run: The run directory. `run/model` is the best model so far.
        num_steps: Steps in all, earlier sessions included.
        batch_size: Examples a step, over all devices.
        clip_s: Seconds an example.
        learning_rate: Of Adam, at the start.
        decay_rate: Its factor every `decay_steps`.
        decay_steps: See `decay_rate`.
        warmup_steps: Steps over which it rises at the start.
        gradient_clip_norm: Largest global norm of the gradient, or None.
        ema_decay: Validate and save a moving average of the weights with this decay.
        seed: Of the order of the data, the crops, and the model's noise.
        log_every: Steps between two lines of `metrics.jsonl`.
        validate_every: Steps between two validations.
        validation_batches: At most so many batches a validation.
        transfer: Plays a melody at each validation, for example an `inference.TransferSample`;
            what it sounds like goes to `run/samples`.
        start_from: An instrument, by name or folder, whose decoder the model begins with. It
            needs fewer recordings and less time then; its room is learned anew.
        checkpoint_every: Steps between two checkpoints.
        keep: How many of the newest checkpoints to keep, besides the best.
        max_minutes: Time limit, earlier sessions included.
        patience: Stop after so many validations in a row without improvement.
        resume: Go on with the run in `run`.
        overwrite: Discard the run in `run`.
        xla: Whether the model compiles its network: "auto" does where that is faster.
        precision: What the model computes its network in: "float32", "bfloat16", or "auto",
            bfloat16 on GPUs that have it. The saved model is float32 in any case.
        strategy: Devices: a strategy, or the name of one for `get_strategy`.
        progress: Is told how it goes.
        metadata: What the saved model says about itself besides what training knows.
        config_text: Kept as `config.gin`.
        operative_config_text: Kept as `operative_config.gin`.

    Returns:
        How it ended. Ctrl-C ends it like a limit, with reason "interrupted".

    Raises:
        ArgumentError: A value is outside its range.
        DatasetError: The dataset doesn't match the model, or is too small.
        TrainingError: The folder holds another run, there is nothing to resume, or the
            loss stopped being finite.
        ModelError: All checkpoints are damaged, or `start_from` is no instrument with the model's
            decoder.
        OutputError: The folder can't be written.

    Example:
        >>> from ddsp_tf import Dataset, SpectralLoss, config
        >>> tiny = config.parse(["models/tiny_instrument.gin"], ["N_HARMONICS=10"])
        >>> result = train(tiny.build_model(), SpectralLoss(), data=Dataset.open("dataset/"),
        ...                run="runs/tiny", num_steps=2, batch_size=2, clip_s=1.0, xla=False)
        >>> result.step, result.reason
        (2, 'num_steps')
    """
    intervals = Intervals(
        num_steps=num_steps,
        log_every=log_every,
        validate_every=validate_every,
        checkpoint_every=checkpoint_every,
        max_minutes=max_minutes,
        patience=patience,
    )
    _check_positive(
        **dataclasses.asdict(intervals),
        batch_size=batch_size,
        clip_s=clip_s,
        validation_batches=validation_batches,
        keep=keep,
    )
    if resume and overwrite:
        raise ArgumentError("`resume` and `overwrite` exclude each other; choose one.")
    _check_data(model, data, batch_size, clip_s)
    validation = Validation(
        data, batch_size=batch_size, clip_s=clip_s, n_batches=validation_batches
    )
    devices = _devices(strategy)
    with devices.scope():
        optimizer = adam(
            learning_rate=learning_rate,
            decay_rate=decay_rate,
            decay_steps=decay_steps,
            warmup_steps=warmup_steps,
        )
    trainer = Trainer(
        model,
        loss,
        optimizer,
        gradient_clip_norm=gradient_clip_norm,
        seed=seed,
        ema_decay=ema_decay,
        xla=xla,
        precision=precision,
        strategy=devices,
    )

    def batches(start_step: int) -> tf.data.Dataset:
        return data.batches(
            "train", batch_size=batch_size, clip_s=clip_s, seed=seed, start_step=start_step
        )

    trainer.build(next(iter(batches(0))))
    if start_from is not None and not resume:
        from ddsp_tf.models import Instrument

        copy_network(Instrument.load(start_from), model)
    chief = is_chief(devices)
    directory = RunDirectory(run)
    checkpoints = Checkpoints(directory.checkpoints, trainer.variables(), keep=keep, is_chief=chief)
    origin = {} if start_from is None else {"started_from": str(start_from)}
    save_model = ModelWriter(model, data, {**(metadata or {}), **origin})
    try:
        if chief:
            settings = _settings(model, data, weight_average=ema_decay is not None)
            directory.start(settings, resume=resume, overwrite=overwrite)
            texts = {"config.gin": config_text, "operative_config.gin": operative_config_text}
            directory.write_provenance(texts, dataset_identity(data))
            checkpoints.remove_leftovers()
        state = RunState()
        if resume:
            state = _restore(directory, checkpoints, trainer, save_model, chief=chief)
        summaries = None
        if chief:
            summaries = Summaries(directory.tensorboard, directory.samples, data.features)
        return TrainingRun(
            trainer,
            state,
            directory=directory,
            checkpoints=checkpoints,
            validation=validation,
            summaries=summaries,
            batches=batches,
            save_model=save_model,
            intervals=intervals,
            batch_size=batch_size,
            seed=seed,
            play_melody=partial(transfer, save_model.instrument()) if transfer else None,
            progress=progress,
        ).run()
    finally:
        directory.close()


def _restore(
    directory: RunDirectory,
    checkpoints: Checkpoints,
    trainer: Trainer,
    save_model: ModelWriter,
    *,
    chief: bool,
) -> RunState:
    values = checkpoints.restore_newest()
    if values is None:
        directory.rewind_metrics(0)
        return RunState()
    state = RunState.from_dict(values)
    if not chief:
        return state
    directory.rewind_metrics(state.step)
    if not directory.model.exists() and state.best_step in checkpoints.steps():
        # Killed between taking the old model away and putting the new one in its place.
        checkpoints.restore(state.best_step)
        with trainer.averaged():
            save_model(directory.model, {"step": state.best_step})
        checkpoints.restore(state.step)
    return state


def _devices(strategy: tf.distribute.Strategy | str | None) -> tf.distribute.Strategy:
    if strategy is None or isinstance(strategy, str):
        return get_strategy(strategy or "default")
    return strategy


def _check_positive(**values: float | None) -> None:
    for name, value in values.items():
        if value is not None and value <= 0:
            raise ArgumentError(f"`{name}` must be above 0, but is {value}.")


def _check_data(model: keras.Model, data: "Dataset", batch_size: int, clip_s: float) -> None:
    expected = dataclasses.replace(
        data.features, sample_rate=model.sample_rate, hop_length=model.hop_length
    )
    expected.check_matches(data.features, what="the dataset")
    n_examples = data.n_examples("train", clip_s=clip_s)
    if n_examples < batch_size:
        raise DatasetError(
            f"The dataset has {n_examples} training examples of {clip_s:g} s, fewer than one batch "
            f"of {batch_size}. Lower `batch_size` to {max(n_examples, 1)} or less, shorten "
            "`clip_s`, or record more."
        )


def _settings(model: keras.Model, data: "Dataset", *, weight_average: bool) -> dict[str, Any]:
    """What must be the same when a run is resumed."""
    return {
        "format_version": 1,
        "model": _model_config(model),
        "features": data.features.to_dict(),
        "weight_average": weight_average,
    }


def _model_config(model: keras.Model) -> Any:
    """The model's configuration without the names that Keras counts up in each process."""
    try:
        return _without_names(keras.saving.serialize_keras_object(model))
    except NotImplementedError:
        return type(model).__name__


def _without_names(value: Any) -> Any:
    if isinstance(value, dict):
        ignored = ("name", "build_config", "shared_object_id")
        return {key: _without_names(inner) for key, inner in value.items() if key not in ignored}
    if isinstance(value, list | tuple):
        return [_without_names(inner) for inner in value]
    return value
