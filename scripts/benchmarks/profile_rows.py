"""Where the time of a training step goes."""

from functools import partial

from line import Line
from row import Row
from series import Series, alternate
from session import Session
from training_rows import SMALL

PARTS = {
    "decoder": "decoder",
    "recurrence": "of it the recurrence",
    "harmonic": "harmonic oscillator",
    "noise": "filtered noise",
    "reverb": "reverberation",
    "loss": "spectral loss",
    "optimizer": "clipping and Adam",
}


def _profile(session: Session, *, kind: str, batch_size: int) -> list[Line]:
    batch_size = 1 if session.quick else batch_size
    size = {"batch_size": batch_size, "bindings": list(SMALL) if kind == "small" else []}
    with session.ours() as worker:
        session.report("tracing the step")
        measures = {"step": worker.prepare("training_step", **size)[0]}
        for part in PARTS:
            session.report(f"tracing {part}")
            measures[part] = worker.prepare("profile_part", part=part, **size)[0]
        series = alternate(measures, session.n_runs(7), session.report)
    whole = series.pop("step").median
    title = f"{kind}, batch {batch_size}: "
    lines = [
        Line(
            title + about,
            series[part],
            result=100.0 * series[part].median / whole,
            result_unit="% of the step",
        )
        for part, about in PARTS.items()
    ]
    total = sum(x.median for part, x in series.items() if part != "recurrence")
    return [
        *lines,
        Line(
            title + "all parts together",
            Series((total,)),
            result=100.0 * total / whole,
            result_unit="% of the step",
        ),
        Line(
            title + "the step itself",
            Series((whole,)),
            result=100.0,
            result_unit="% of the step",
            note="parts on their own also make the gradient of their inputs",
        ),
    ]


PROFILE_ROWS = tuple(
    Row(
        f"profile-{kind}",
        f"the parts of a training step of the {kind} configuration, each on its own",
        partial(_profile, kind=kind, batch_size=batch_size),
    )
    for kind, batch_size in (("solo", 4), ("small", 8))
)
