"""Trains a model in a run directory: the one call behind `ddsp-tf train`."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError, ModelError
from ddsp_tf.losses import Objective, require_objective
from ddsp_tf.training.checkpoints import Checkpoints
from ddsp_tf.training.data_checks import check_data
from ddsp_tf.training.limits import Limits
from ddsp_tf.training.melody_player import MelodyPlayer
from ddsp_tf.training.model_writer import ModelWriter, dataset_identity
from ddsp_tf.training.optimization import Optimization
from ddsp_tf.training.phase import Phase, require_no_gap
from ddsp_tf.training.progress import Progress
from ddsp_tf.training.run_directory import RunDirectory
from ddsp_tf.training.run_state import RunState
from ddsp_tf.training.schedule import Schedule
from ddsp_tf.training.strategies import get_strategy, is_on_cpu
from ddsp_tf.training.summaries import Summaries
from ddsp_tf.training.trainer import Trainer
from ddsp_tf.training.training_run import TrainingRun, TrainResult
from ddsp_tf.training.validation import Validation
from ddsp_tf.training.warm_start import copy_network
from ddsp_tf.training.workers import Workers
from ddsp_tf.training.yardstick import changes, describe, yardstick

if TYPE_CHECKING:
    from ddsp_tf.data import Dataset

_LOGGER = logging.getLogger(__name__)

_STEPS_WORTH_COMPILING = 1000
"""A compiled loss saves some 50 ms a step of the small model and takes seconds to compile."""


def train(
    model: keras.Model,
    objective: Objective,
    *,
    data: "Dataset",
    run: str | Path,
    schedule: Schedule | None = None,
    optimization: Optimization | None = None,
    limits: Limits | None = None,
    phases: Sequence[Phase] | None = None,
    transfer: MelodyPlayer | None = None,
    start_from: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    xla: Literal["auto"] | bool = "auto",
    precision: Literal["auto", "float32", "bfloat16"] = "float32",
    strategy: tf.distribute.Strategy | str | None = None,
    progress: Progress | None = None,
    metadata: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
) -> TrainResult:
    """Trains until a limit is reached, and keeps everything about it in one folder.

    Killed at any moment and resumed, it takes the same steps as if it had never stopped. Resumed
    with other data, another objective or other clips, it measures its best model again with these,
    says so, and goes on.

    Args:
        model: A batch (a dict of columns) -> a dict of outputs, for example an `Autoencoder`. Set
            the seed of Keras before making it if its initial weights are to be the same again.
        objective: (batch, outputs) -> terms by name, whose sum is minimised: for example
            `losses.Compare(SpectralLoss())`. Validations measure it, and the model for which it
            is lowest is kept.
        data: Training data, with held-out examples.
        run: The run directory. `run/model` is the best model so far.
        schedule: What each step takes, and how often the run logs, validates and saves.
        optimization: How a step moves the weights.
        limits: When the run ends.
        phases: Parts of the training with weights, objectives and optimisers of their own. Given
            these, `objective` is measured only, and of `optimization` only `ema_decay` counts.
        transfer: Plays a melody at each validation of a model that takes pitch and loudness, for
            example an `inference.TransferSample`; what it sounds like goes to `run/samples`.
        start_from: An instrument, by name or folder, whose network the model begins with. It
            needs fewer recordings and less time then; its room is learned anew.
        resume: Go on with the run in `run`.
        overwrite: Discard the run in `run`.
        xla: Whether the model's network and the losses are compiled: "auto" does where that is
            faster, and the losses only for a run long enough to make up for the compiling.
        precision: What the model computes its network in: "float32", "bfloat16", or "auto",
            bfloat16 on GPUs that have it. The saved model is float32 in any case.
        strategy: Devices: a strategy, or the name of one for `get_strategy`.
        progress: Is told how it goes.
        metadata: What the saved model says about itself besides what training knows.
        texts: Kept in the run directory, by the names of the files.

    Returns:
        How it ended. Ctrl-C ends it like a limit, with reason "interrupted".

    Raises:
        ArgumentError: A value is outside its range, or a phase trains nothing.
        DatasetError: The dataset doesn't match the model, or is too small.
        TrainingError: The folder holds another run, there is nothing to resume, or the
            loss stopped being finite.
        ModelError: All checkpoints are damaged, or `start_from` is no instrument with the model's
            network.
        OutputError: The folder can't be written.

    Example:
        >>> from ddsp_tf import Dataset, SpectralLoss, config
        >>> from ddsp_tf.losses import Compare
        >>> from ddsp_tf.training import Limits, Schedule
        >>> tiny = config.parse(["models/tiny_instrument.gin"], ["N_HARMONICS=10"])
        >>> result = train(tiny.build_model(), Compare(SpectralLoss()), run="runs/tiny",
        ...                data=Dataset.open("dataset/"), xla=False, limits=Limits(num_steps=2),
        ...                schedule=Schedule(batch_size=2, clip_s=1.0))
        >>> result.step, result.reason
        (2, 'num_steps')
    """
    schedule = schedule or Schedule()
    optimization = optimization or Optimization()
    limits = limits or Limits()
    require_objective(objective)
    if phases is not None:
        require_no_gap(phases, limits.num_steps)
    if resume and overwrite:
        raise ArgumentError("`resume` and `overwrite` exclude each other; choose one.")
    rooms = getattr(model, "rooms", None)
    if rooms is not None and hasattr(data, "with_rooms"):
        data = data.with_rooms(rooms.names, main=rooms.main)
    check_data(model, data, schedule)
    validation = Validation(
        data,
        batch_size=schedule.batch_size,
        clip_s=schedule.clip_s,
        n_batches=schedule.validation_batches,
    )
    devices = get_strategy(strategy)
    trainer = Trainer(
        model,
        objective,
        optimization,
        phases=phases,
        seed=schedule.seed,
        xla=xla,
        xla_losses=_losses_gain(limits) if xla == "auto" else bool(xla),
        precision=precision,
        strategy=devices,
    )

    def batches(start_step: int) -> tf.data.Dataset:
        return data.batches(
            "train",
            batch_size=schedule.batch_size,
            clip_s=schedule.clip_s,
            seed=schedule.seed,
            start_step=start_step,
        )

    workers = Workers(devices)
    directory = RunDirectory(run)
    origin = {} if start_from is None else {"started_from": str(start_from)}
    save_model = ModelWriter(model, data, {**(metadata or {}), **origin})
    settings = _settings(model, data, optimization, phases)
    measured = yardstick(data, objective, schedule)
    try:
        with workers.missed():
            workers.require_same(_checksum([settings, measured, asdict(schedule)]))
            # Where all look whether there is a run, one may look before another begins it.
            resume = bool(workers.of_chief(resume))
            trainer.build(next(iter(batches(0))))
            if start_from is not None and not resume:
                from ddsp_tf.models import Instrument

                copy_network(Instrument.load(start_from), model)
            checkpoints = Checkpoints(
                directory.checkpoints,
                trainer.variables(),
                keep=schedule.keep,
                is_chief=workers.is_chief,
            )
            if workers.is_chief:
                directory.start(settings, resume=resume, overwrite=overwrite)
                directory.write_provenance(texts or {}, dataset_identity(data))
                checkpoints.remove_leftovers()
            state = _restored(workers, directory, checkpoints, trainer, save_model, resume=resume)
            if state.best_step is not None and state.yardstick != measured:
                changed = changes(state.yardstick, measured)
                _measure_again(changed, state, directory, checkpoints, trainer, validation, workers)
            state.yardstick = measured
            trainer.n_steps = state.step
            summaries = None
            if workers.is_chief:
                summaries = Summaries(directory.tensorboard, directory.samples, data.features)
            result = TrainingRun(
                trainer,
                state,
                workers=workers,
                directory=directory,
                checkpoints=checkpoints,
                validation=validation,
                summaries=summaries,
                batches=batches,
                save_model=save_model,
                schedule=schedule,
                limits=limits,
                play_melody=_melody(transfer, model, save_model),
                progress=progress,
            ).run()
            # Who leaves while another still writes would be missed.
            workers.share(0.0)
            return result
    finally:
        directory.close()


def _losses_gain(limits: Limits) -> bool:
    """Whether compiled losses are faster in the end: the same for all sessions of a run."""
    return is_on_cpu() and limits.num_steps >= _STEPS_WORTH_COMPILING


def _checksum(values: Any) -> str:
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _melody(transfer: MelodyPlayer | None, model: keras.Model, save_model: ModelWriter) -> Any:
    """What plays the melody, for a model that can, or may: one of the user's own says nothing."""
    if transfer is None or not getattr(model, "takes_melodies", True):
        return None
    return partial(transfer, save_model.instrument())


def _restored(
    workers: Workers,
    directory: RunDirectory,
    checkpoints: Checkpoints,
    trainer: Trainer,
    save_model: ModelWriter,
    *,
    resume: bool,
) -> RunState:
    """Goes on from the checkpoint that the chief has chosen; from none if it doesn't resume."""
    state = RunState()
    if workers.is_chief and resume:
        state = _restored_newest(directory, checkpoints, trainer, save_model)
    step = round(workers.of_chief(state.step))
    if step and not workers.is_chief:
        state = RunState.from_dict(checkpoints.restore(step))
    return state


def _restored_newest(
    directory: RunDirectory,
    checkpoints: Checkpoints,
    trainer: Trainer,
    save_model: ModelWriter,
) -> RunState:
    values = checkpoints.restore_newest()
    if values is None:
        directory.rewind_metrics(0)
        return RunState()
    state = RunState.from_dict(values)
    directory.rewind_metrics(state.step)
    if not directory.model.exists() and state.best_step in checkpoints.steps():
        # Killed between taking the old model away and putting the new one in its place.
        checkpoints.restore(state.best_step)
        with trainer.averaged():
            save_model(directory.model, {"step": state.best_step})
        checkpoints.restore(state.step)
    return state


def _measure_again(
    changed: str,
    state: RunState,
    directory: RunDirectory,
    checkpoints: Checkpoints,
    trainer: Trainer,
    validation: Validation,
    workers: Workers,
) -> None:
    """Gives the best model so far the validation loss that it has with the new yardstick."""
    best_step, before = state.best_step, state.best_loss
    words = f"The run goes on, but its losses are others than before: {changed}. "
    try:
        checkpoints.restore(best_step or 0)
    except ModelError:
        state.measure_again(None)
        words += f"The checkpoint of the best step ({best_step}) is gone; the next one counts."
    else:
        losses, _ = validation.run(trainer)
        losses["loss"] = workers.of_chief(losses["loss"])
        state.measure_again(losses["loss"])
        words += (
            f"Its best model (step {best_step}) was measured again: {losses['loss']:.4g} on "
            f"held-out data, not {before:.4g}."
        )
    # The newest was restored before, so it is there.
    checkpoints.restore(state.step)
    _LOGGER.warning(words)
    if workers.is_chief:
        directory.append_metrics(
            {"step": state.step, "measured_again": state.best_loss, "changed": changed}
        )


def _settings(
    model: keras.Model,
    data: "Dataset",
    optimization: Optimization,
    phases: Sequence[Phase] | None,
) -> dict[str, Any]:
    """What must be the same when a run is resumed."""
    settings = {
        "format_version": 1,
        "model": describe(model),
        "features": data.features.to_dict(),
        "weight_average": optimization.ema_decay is not None,
    }
    if phases is None:
        return settings
    weights = {phase.name: list(phase.weights) for phase in phases}
    return {**settings, "phases": weights}
