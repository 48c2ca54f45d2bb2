"""`ddsp-tf prepare`: a folder of recordings becomes a dataset."""

import click

from ddsp_tf.allocator import keep_freed_memory
from ddsp_tf.cli.exit_codes import FAILED
from ddsp_tf.cli.options import gin_options, overwrite_option, reporting
from ddsp_tf.cli.terminal import Terminal


@click.command(name="prepare", short_help="Make a dataset of recordings, and report on it.")
@click.argument("recordings", nargs=-1, required=True)
@click.argument("dataset")
@click.option(
    "--eval-fraction", type=float, metavar="SHARE", help="Share that is held out (default 0.1)."
)
@click.option(
    "--f0-tracker",
    metavar="NAME",
    help="crepe-tiny (default), crepe-full, pyin, self_supervised[:RUN], swift-f0 and others.",
)
@click.option(
    "--columns",
    metavar="NAMES",
    help="What is extracted, e.g. loudness_db,mel_db (default f0_hz,f0_confidence,loudness_db).",
)
@click.option(
    "--source",
    metavar="KIND",
    help="recordings, pairs, scores or labelled (default: found out by what the folder holds).",
)
@click.option(
    "--labels",
    metavar="NAMES",
    help="Which columns of a metadata.csv are kept, e.g. instrument=label,pitch (default: all "
    "that can be).",
)
@click.option("--sample-rate", type=int, metavar="HZ", help="Of the dataset (default 16000).")
@click.option("--workers", type=int, metavar="N", help="Processes (default: one a core).")
@click.option(
    "--engine",
    type=click.Choice(["local", "dask", "beam"]),
    default="local",
    help="Who analyses the files: processes here (default), Dask or Beam (docs/scaling.md).",
)
@click.option("--scheduler", metavar="URL", help="Of Dask, e.g. tcp://host:8786.")
@click.option(
    "--beam-option",
    "beam_options",
    multiple=True,
    metavar="OPTION",
    help="One of Beam's, e.g. --beam-option=--runner=FlinkRunner. Repeatable.",
)
@gin_options
@overwrite_option
@reporting
def command(
    terminal: Terminal,
    recordings: tuple[str, ...],
    dataset: str,
    eval_fraction: float | None,
    f0_tracker: str | None,
    columns: str | None,
    source: str | None,
    labels: str | None,
    sample_rate: int | None,
    workers: int | None,
    engine: str,
    scheduler: str | None,
    beam_options: tuple[str, ...],
    gin_files: tuple[str, ...],
    gin_params: tuple[str, ...],
    overwrite: bool,
) -> None:
    """Make a DATASET of RECORDINGS: files, or folders that are searched for audio.

    Both may be addresses such as s3://bucket/takes, if fsspec is installed.

    WAV, FLAC, MP3, OGG, AIFF, M4A and the sound of videos, of any rate and number of channels.
    Or a public data set with labels: TFRecords (NSynth, URMP), or folders with a metadata.csv.
    The report says how many minutes are usable, what may keep a model from sounding good, and
    what to record. After an interruption the same command goes on where it stopped.

    \b
    Examples:
      ddsp-tf prepare recordings/ dataset/
      ddsp-tf prepare take_1.wav take_2.flac dataset/ --eval-fraction 0.2
      ddsp-tf prepare recordings/ dataset/ --f0-tracker crepe-full
      ddsp-tf prepare nsynth-valid/ dataset/ --labels instrument,pitch,velocity
      ddsp-tf prepare nsynth/full/2.3.3/ dataset/
      ddsp-tf prepare recordings/ dataset/ --engine dask --scheduler tcp://head:8786
      ddsp-tf prepare recordings/ dataset/ --gin-param 'PrepareSettings.min_silence_s=0.5'
    """
    keep_freed_memory()
    from ddsp_tf import config as gin_config
    from ddsp_tf.data import Engine, PrepareSettings, prepare
    from ddsp_tf.features import FeatureSettings

    flags = {
        "PrepareSettings.eval_fraction": eval_fraction,
        "PrepareSettings.source": source,
        "PrepareSettings.labels": _names(labels),
        "FeatureSettings.f0_tracker": f0_tracker,
        "FeatureSettings.columns": _names(columns),
        "FeatureSettings.sample_rate": sample_rate,
    }
    bindings = [f"{name}={value!r}" for name, value in flags.items() if value is not None]
    config = gin_config.parse(gin_files, [*gin_params, *bindings])
    features = config.call(FeatureSettings)
    settings = config.call(PrepareSettings, features=features)
    terminal.when_interrupted = "The same command goes on where this one stopped."
    with terminal.progress("Preparing") as advance:
        report = prepare(
            recordings,
            dataset,
            settings=settings,
            n_workers=workers,
            engine=Engine(engine, scheduler, beam_options),
            overwrite=overwrite,
            progress=advance,
        )
    terminal.say(report.text())
    terminal.result({**report.numbers, "failed": report.failed, "warnings": report.warnings})
    if report.failed:
        if terminal.quiet:
            for reason in report.failed.values():
                terminal.fail(reason)
        terminal.fail(
            f"{len(report.failed)} of {len(report.failed) + len(report.recordings)} files were "
            f"left out; `{dataset}` holds the others."
        )
        raise SystemExit(FAILED)


def _names(columns: str | None) -> tuple[str, ...] | None:
    if columns is None:
        return None
    return tuple(name.strip() for name in columns.split(",") if name.strip())
