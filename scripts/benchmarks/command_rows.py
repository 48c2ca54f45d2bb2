"""Whole commands: `ddsp-tf transfer` and `ddsp-tf prepare`, from their start to their end."""

import shutil
from functools import partial
from pathlib import Path

from command_runs import FinishedCommand
from line import Line, Target
from material import total_seconds
from row import Row
from series import Series, alternate, ratio
from session import Session

INSTRUMENT = "violin"


def _transfer_file(session: Session, source: Path) -> FinishedCommand:
    target = session.folder / f"played_{source.stem}.wav"
    words = ("-m", "ddsp_tf", "transfer", INSTRUMENT, source, "-o", target, "--overwrite")
    return session.run(*words)


def _transfer(session: Session) -> list[Line]:
    long_s, short_s = (12.0, 6.0) if session.quick else (600.0, 60.0)
    files = {seconds: session.looped_melody(seconds) for seconds in (long_s, short_s)}
    peaks: dict[float, list[float]] = {seconds: [] for seconds in files}

    def measure(seconds: float) -> float:
        finished = _transfer_file(session, files[seconds])
        peaks[seconds].append(finished.peak_mb)
        return finished.seconds

    series = alternate(
        {f"{seconds:g} s": partial(measure, seconds) for seconds in files},
        session.n_runs(3),
        session.report,
    )
    long, short = series[f"{long_s:g} s"], series[f"{short_s:g} s"]
    long_mb, short_mb = (Series(tuple(peaks[seconds])) for seconds in (long_s, short_s))
    return [
        Line(
            f"`ddsp-tf transfer`, a file of {long_s:g} s, end to end",
            long,
            result=long_s / long.median,
            result_unit="x real time",
            target=Target("at least", 8.0),
        ),
        Line(
            f"its peak memory, {long_s:g} s",
            long_mb,
            unit="MB",
            result=long_mb.median / 1000.0,
            result_unit="GB",
            target=Target("at most", 1.5),
        ),
        Line(
            f"its peak memory, {long_s:g} s against {short_s:g} s",
            long_mb,
            short_mb,
            unit="MB",
            result=100.0 * (ratio(long_mb, short_mb) - 1.0),
            result_unit="% more",
            against=f"{short_s:g} s",
        ),
        Line(
            f"`ddsp-tf transfer`, a file of {short_s:g} s, end to end",
            short,
            result=short_s / short.median,
            result_unit="x real time",
        ),
    ]


def _cold_start(session: Session) -> list[Line]:
    source = session.looped_melody(2.0 if session.quick else 10.0)

    def transfer() -> float:
        return _transfer_file(session, source).seconds

    def bare_import() -> float:
        return session.run("-c", "import tensorflow").seconds

    if not session.quick:
        # Once without measuring, so that files are in the system's cache for both.
        session.report("reading files into the cache")
        transfer(), bare_import()
    measures = {"ours": transfer, "import": bare_import}
    series = alternate(measures, session.n_runs(7), session.report)
    return [
        Line(
            f"`ddsp-tf transfer`, {source.stem.split('_')[1]} s, cold start",
            series["ours"],
            series["import"],
            result=ratio(series["ours"], series["import"]),
            result_unit="x the time",
            target=Target("at most", 2.5),
            against="`import tensorflow`",
        )
    ]


def _prepare(session: Session) -> list[Line]:
    recordings = session.prepared_recordings
    seconds = total_seconds(recordings)
    folder = session.folder / "prepared"

    def measure() -> float:
        # What an earlier preparation found out would be used again.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return session.run("-m", "ddsp_tf", "prepare", recordings, folder / "dataset").seconds

    ours = alternate({"ours": measure}, session.n_runs(3), session.report)["ours"]
    shutil.rmtree(folder)
    return [
        Line(
            f"`ddsp-tf prepare`, {seconds:.0f} s of recordings",
            ours,
            result=seconds / ours.median,
            result_unit="x real time",
            target=Target("at least", 5.0),
        )
    ]


COMMAND_ROWS = (
    Row("transfer", "`ddsp-tf transfer` on files of ten minutes and of one", _transfer),
    Row(
        "cold-start",
        "`ddsp-tf transfer` on ten seconds, against `import tensorflow` alone",
        _cold_start,
        cpu_only="starting a GPU takes seconds that are not ours",
    ),
    Row("prepare", "`ddsp-tf prepare` on ten minutes of recordings", _prepare),
)
