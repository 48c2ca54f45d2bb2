"""The harmonic oscillator, and how the cost of playing grows with length and batch."""

from contextlib import ExitStack

from line import Line, Target
from row import Row
from series import alternate, ratio
from session import Session

BATCH_SIZE, N_HARMONICS = 4, 60
FORMULATIONS = {
    "graph": "the same recurrence without XLA",
    "free": "a sinusoid of its own for each partial, a matrix product a frame",
    "stored": "all sines of all samples at once",
}
INSTRUMENT = "violin"


def _harmonic(session: Session) -> list[Line]:
    n_frames = 250 if session.quick else 1000
    size = {"batch_size": BATCH_SIZE, "n_frames": n_frames, "n_harmonics": N_HARMONICS}
    lines, others = [], []
    for gradient, target in ((False, 15.0), (True, 10.0)):
        what = "forward and gradient" if gradient else "forward"
        with ExitStack() as stack:
            worker = stack.enter_context(session.ours())
            measures = {}
            for name in ("trained", *FORMULATIONS, *(() if gradient else ("sines",))):
                measures[name], _ = worker.prepare(
                    "harmonic", formulation=name, gradient=gradient, **size
                )
            if session.peer is not None:
                peer = stack.enter_context(session.theirs())
                measures["peer"], _ = peer.prepare("harmonic", gradient=gradient, **size)
            series = alternate(measures, session.n_runs(15), session.report)
        ours, beside = series["trained"], series.get("peer")
        sines = series.get("sines")
        lines.append(
            Line(
                f"`Harmonic`, {what}, batch {BATCH_SIZE}, {N_HARMONICS} partials",
                ours,
                beside,
                result=None if beside is None else ratio(beside, ours),
                result_unit="x faster",
                target=Target("at least", target),
                floor_share=None if sines is None else ratio(sines, ours),
                note="" if sines is None else "floor: one compiled sine per partial and sample",
            )
        )
        others += [
            Line(
                f"`Harmonic`, {what}: {about}",
                series[name],
                ours,
                result=ratio(series[name], ours),
                result_unit="x the time",
                against="as it is",
            )
            for name, about in FORMULATIONS.items()
        ]
    return [*lines, *others]


def _length(session: Session) -> list[Line]:
    short_s, long_s = (5.0, 20.0) if session.quick else (10.0, 600.0)
    with session.ours() as worker:
        measures = {
            str(seconds): worker.prepare("chunked_playing", instrument=INSTRUMENT, seconds=seconds)[
                0
            ]
            for seconds in (short_s, long_s)
        }
        series = alternate(measures, session.n_runs(7), session.report)
    short, long = series[str(short_s)], series[str(long_s)]
    return [
        Line(
            f"playing {long_s:g} s in blocks, against {short_s:g} s: cost of a second",
            long,
            short,
            result=(long.median / long_s) / (short.median / short_s),
            result_unit="x the cost",
            target=Target("at most", 1.2),
            against=f"{short_s:g} s",
            note=f"{long_s / long.median:.0f} x real time",
        )
    ]


def _batch(session: Session) -> list[Line]:
    sizes = (1, 2) if session.quick else (1, 2, 4, 8, 16)
    seconds = 1.0 if session.quick else 4.0
    with session.ours() as worker:
        measures = {
            str(size): worker.prepare(
                "playing_batch", instrument=INSTRUMENT, batch_size=size, seconds=seconds
            )[0]
            for size in sizes
        }
        series = alternate(measures, session.n_runs(7), session.report)
    one = series["1"]
    return [
        Line(
            f"playing {seconds:g} s, batch {size}, against batch 1: cost of a second",
            series[str(size)],
            one,
            result=ratio(series[str(size)], one) / size,
            result_unit="x the cost",
            target=Target("at most", 1.2) if size == sizes[-1] else None,
            against="batch 1",
            note=f"{size * seconds / series[str(size)].median:.0f} x real time",
        )
        for size in sizes[1:]
    ]


SYNTHESIS_ROWS = (
    Row(
        "harmonic",
        "`Harmonic`, forward and with its gradient, and other ways to compute it",
        _harmonic,
        with_peer=True,
    ),
    Row("length", "the cost of a second of sound in a long and in a short file", _length),
    Row("batch", "the cost of a second of sound in large and small batches", _batch),
)
