"""`ddsp-tf train`: fits a model to a dataset."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ddsp_tf.allocator import return_large_memory
from ddsp_tf.cli.exit_codes import INTERRUPTED
from ddsp_tf.cli.given_data import GivenData
from ddsp_tf.cli.options import gin_options, overwrite_option, reporting
from ddsp_tf.cli.terminal import Terminal, duration
from ddsp_tf.cli.training_progress import training_progress

if TYPE_CHECKING:
    from ddsp_tf.training import TrainResult

CONFIG_FILE = "config.gin"


@click.command(name="train", short_help="Fit a model to a dataset.")
@click.option(
    "--data",
    multiple=True,
    metavar="[NAME=]FOLDER",
    help="Made by `ddsp-tf prepare`. Several, each with a name, for a model of many instruments.",
)
@click.option(
    "--run",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where the run goes: checkpoints, the best model, curves.",
)
@click.option("--resume", is_flag=True, help="Go on with the run that is there.")
@click.option(
    "--strategy",
    type=click.Choice(["single", "mirrored", "multi_worker", "tpu"]),
    help="Which devices: one (default), all GPUs of this machine, those of the machines that "
    "TF_CONFIG lists, or a TPU.",
)
@gin_options
@overwrite_option
@reporting
def command(
    terminal: Terminal,
    data: tuple[str, ...],
    run: Path,
    resume: bool,
    strategy: str | None,
    gin_files: tuple[str, ...],
    gin_params: tuple[str, ...],
    overwrite: bool,
) -> None:
    """Fit a model to a dataset.

    The gin files say what to train and how; `ddsp-tf configs list` lists the packaged ones.
    Ctrl-C stops after the current step and saves; --resume goes on from there. The best model
    so far is always in RUN/model, ready for `ddsp-tf transfer`. RUN/samples has sounds and
    pictures of every validation: held-out recordings, and a melody that is none of them.

    \b
    Examples:
      ddsp-tf train --gin-file models/room_instrument.gin --data dataset/ --run runs/violin
      ddsp-tf train --gin-file models/solo_instrument.gin --gin-param 'Limits.num_steps=30000' \\
          --data dataset/ --run runs/violin
      ddsp-tf train --run runs/violin --data dataset/ --resume
      ddsp-tf train --gin-file models/tiny_instrument.gin --gin-param 'Limits.max_minutes=10' \\
          --data dataset/ --run runs/try --overwrite
      ddsp-tf train --gin-file models/solo_instrument.gin --data dataset/ --run runs/violin \\
          --strategy mirrored --gin-param 'Schedule.batch_size=64'
      ddsp-tf train --gin-file models/many_instruments.gin --data violin=violin_data/ \\
          --data flute=flute_data/ --gin-param 'Schedule.batch_size=8' --run runs/two
    """
    return_large_memory()
    from ddsp_tf import config as gin_config
    from ddsp_tf.training import get_strategy, train

    given = GivenData.parse(data)
    if resume and overwrite:
        raise click.UsageError("--resume goes on with a run, --overwrite discards it: choose one.")
    if resume and not gin_files:
        gin_files = (str(_resumed_config(run)),)
    if not gin_files:
        raise click.UsageError(
            "What should be trained? Add --gin-file models/room_instrument.gin (ten minutes on a "
            "laptop) or models/solo_instrument.gin (the paper's size, for a GPU)."
        )
    config = gin_config.parse(gin_files, [*given.bindings, *gin_params])
    if not given and not config.binds(train, "data"):
        raise click.UsageError("Add --data FOLDER, a dataset made by `ddsp-tf prepare`.")
    # Before anything of TensorFlow: several machines can be joined only then.
    devices = get_strategy(strategy or config.bound(train).get("strategy"))
    source = {"data": given.open()} if given else {}
    words = "".join(f" --data {each}" for each in data)
    terminal.when_interrupted = f"Go on with: ddsp-tf train --run {run}{words} --resume"
    with training_progress(terminal) as progress:
        result = config.train(
            **source,
            run=run,
            resume=resume,
            overwrite=overwrite,
            strategy=devices,
            progress=progress,
        )
    _report(terminal, result)
    if result.reason == "interrupted":
        terminal.fail(f"Interrupted; saved. {terminal.when_interrupted}")
        raise SystemExit(INTERRUPTED)


# Commands load no classes but ddsp_tf's.
_FROM_PYTHON = ' from Python, once its classes are imported: ddsp_tf.Instrument.load("{run}")'


def _report(terminal: Terminal, result: "TrainResult") -> None:
    reasons = {
        "num_steps": "all steps are taken",
        "max_minutes": "the time is up",
        "patience": "validation no longer improves",
        "interrupted": "interrupted",
    }
    terminal.say(
        f"{result.step} steps in {duration(60.0 * result.minutes)}: {reasons[result.reason]}."
    )
    if result.best_loss is not None:
        terminal.say(f"Best validation loss {result.best_loss:.5g}, at step {result.best_step}.")
    if result.diverged:
        _warn(terminal, result)
    if (result.run / "model").is_dir():
        terminal.say(f"Hear how it learned: {result.run / 'samples'}")
        if not result.learned_nothing:
            which = f"Play the model of step {result.best_step}" if result.diverged else "Play it"
            terminal.say(f"{which}{_player(result.run)}")
    terminal.result(dataclasses.asdict(result))


def _player(run: Path) -> str:
    """How to play what was trained: the command and what it takes, or Python."""
    from ddsp_tf.errors import ModelError
    from ddsp_tf.inference.design import can_design
    from ddsp_tf.inference.effect import is_effect
    from ddsp_tf.inference.find_room import can_hear_rooms
    from ddsp_tf.inference.score_inputs import is_played_by_notes
    from ddsp_tf.inference.sound_search import can_hear_settings
    from ddsp_tf.models import ControlModel, Instrument, MidiDdsp

    try:
        model = Instrument.load(run).model
    except ModelError:  # A class of the user's own, which this process may not know.
        return _FROM_PYTHON.format(run=run)
    classes = {type(layer).__module__.split(".")[0] for layer in model._flatten_layers()}
    if not classes <= {"ddsp_tf", "keras"}:
        return _FROM_PYTHON.format(run=run)
    if can_design(model):
        return f": ddsp-tf match {run} response.csv -o found/"
    if can_hear_rooms(model):
        return f": ddsp-tf match {run} speech_in_a_room.wav -o found/"
    if can_hear_settings(model):
        return f": ddsp-tf match {run} note.wav -o found/"
    if isinstance(model, ControlModel):
        return f": ddsp-tf render song.mid violin --performer {run} -o out/"
    if isinstance(model, MidiDdsp):
        return f": ddsp-tf render song.mid {run}:{model.instruments[0]} -o out/"
    if is_played_by_notes(model):
        return f": ddsp-tf render song.mid {run} -o out/"
    command = f"process {run} sound.wav" if is_effect(model) else f"transfer {run} melody.wav"
    if "reference" in model.required_input_names:
        command = f"process {run} sound.wav --reference like_this.wav"
    return f": ddsp-tf {command} -o out/"


def _warn(terminal: Terminal, result: "TrainResult") -> None:
    """Says what went wrong with the losses, and what to do."""
    advice = (
        "Train again with a lower `Optimization.learning_rate`, more `Optimization.warmup_steps` "
        "or a smaller `Optimization.gradient_clip_norm`."
    )
    if result.learned_nothing:
        terminal.fail(
            f"It learned nothing: its best validation loss, {result.best_loss:.5g}, is more than "
            f"twice the loss of its first step, {result.first_loss:.5g}. {advice}"
        )
    else:
        terminal.fail(
            f"The validation loss ended at {result.last_loss:.5g}, more than twice its best: the "
            f"training went astray after step {result.best_step}. {result.run / 'model'} is that "
            f"of step {result.best_step}, from before. {advice}"
        )


def _resumed_config(run: Path) -> Path:
    from ddsp_tf.errors import TrainingError

    path = run / CONFIG_FILE
    if not path.is_file():
        raise TrainingError(
            f"There is no run in `{run}` to resume (no `{path}`). Drop --resume to start one."
        )
    return path
