"""Training steps: their time, and their memory."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from line import Line, Target
from row import Row
from series import Series, alternate, best_rate, ratio
from session import Session
from worker_process import WorkerProcess

# Inner and outer sizes of large products. The last four are those of the solo instrument at a
# batch of four: what the GRU reads, the MLPs, the output stack, and the GRU's weight gradient.
MATMULS = (
    *((1024, 1024, 1024), (2048, 2048, 2048)),
    *((4000, 1024, 1536), (4000, 512, 512), (4000, 1536, 512), (1024, 4000, 1536)),
)
# The same numbers under the names of each library.
SMALL = (
    "models.RnnFcDecoder.rnn_channels=256",
    "models.RnnFcDecoder.channels=128",
    "models.RnnFcDecoder.layers_per_stack=1",
)
PEER_SMALL = (
    "RnnFcDecoder.rnn_channels=256",
    "RnnFcDecoder.ch=128",
    "RnnFcDecoder.layers_per_stack=1",
)
# What `ddsp-tf train` takes for a laptop, with two rooms: the loop is gone, and so is its floor.
DEFAULT_FILE = "models/room_instrument.gin"
DEFAULT = ("ROOMS=('one', 'other')",)
FLOP_PER_PARAMETER_AND_FRAME = 6.0
"""A multiplication and an addition forward, twice that backward."""
AIMED_SHARE = 0.65
BIG_BATCH = 16
RECURRENCES = {"graph": "without XLA", "keras": "`keras.layers.GRU`"}


def prepare_matmuls(
    worker: WorkerProcess, sizes: Sequence[tuple[int, int, int]] = MATMULS
) -> tuple[dict[str, Callable[[], float]], dict[str, float]]:
    """Prepares large products: what measures each, and the operations of each."""
    measures, work = {}, {}
    for m, k, n in sizes:
        name = f"matmul {m} x {k} x {n}"
        measure, facts = worker.prepare("matmul", m=m, k=k, n=n)
        measures[name], work[name] = measure, facts["flop"]
    return measures, work


def _step(
    session: Session,
    *,
    kind: str,
    batch_size: int,
    file: str,
    ours: Sequence[str],
    peer: Sequence[str],
    target: float,
) -> list[Line]:
    batch_size = 1 if session.quick else batch_size
    with ExitStack() as stack:
        worker = stack.enter_context(session.ours())
        session.report("tracing the step of ddsp_tf")
        step, facts = worker.prepare(
            "training_step", batch_size=batch_size, bindings=list(ours), file=file
        )
        measures = {"ours": step}
        if session.peer is not None:
            session.report("tracing the step of ddsp 3.7.0")
            other = stack.enter_context(session.theirs())
            measures["peer"], _ = other.prepare(
                "training_step", batch_size=batch_size, bindings=list(peer)
            )
        products, flop = prepare_matmuls(worker, MATMULS[:1] if session.quick else MATMULS)
        series = alternate({**measures, **products}, session.n_runs(7), session.report)
    rate = best_rate(flop, series)
    work = FLOP_PER_PARAMETER_AND_FRAME * facts["n_parameters"] * facts["n_frames"]
    beside = series.get("peer")
    return [
        Line(
            f"training step, {kind}, batch {batch_size}",
            series["ours"],
            beside,
            result=None if beside is None else ratio(beside, series["ours"]),
            result_unit="x faster",
            target=Target("at least", target),
            floor_share=work / rate / series["ours"].median,
            note=f"floor {work / 1e9:.1f} GFLOP at {rate / 1e9:.0f} GFLOP/s = {work / rate:.2f} s",
        )
    ]


def _memory(session: Session) -> list[Line]:
    batch_size = 1 if session.quick else BIG_BATCH
    peaks = {
        n_harmonics: _peak_mb(session, batch_size, n_harmonics, of_peer=False)
        for n_harmonics in (60, 100)
    }
    peer = {
        n_harmonics: _peak_mb(session, batch_size, n_harmonics, of_peer=True)
        # Its memory at 100 says nothing about a target, and costs minutes.
        for n_harmonics in ((60,) if session.peer is not None else ())
    }
    lines = [
        Line(
            f"peak memory of training, solo, batch {batch_size}, {n_harmonics} harmonics",
            ours,
            peer.get(n_harmonics),
            unit="MB",
            result=ours.median / 1000.0,
            result_unit="GB",
            target=Target("at most", 2.2) if n_harmonics == 60 else None,
        )
        for n_harmonics, ours in peaks.items()
    ]
    more = abs(ratio(peaks[100], peaks[60]) - 1.0)
    change = Line(
        "the same: 100 harmonics against 60",
        peaks[100],
        peaks[60],
        unit="MB",
        result=100.0 * more,
        result_unit="% apart",
        target=Target("at most", 15.0),
        against="60 harmonics",
    )
    return [*lines, change]


def _peak_mb(session: Session, batch_size: int, n_harmonics: int, *, of_peer: bool) -> Series:
    """The peak of a process that does nothing but train."""
    bindings = [] if of_peer else [f"N_HARMONICS={n_harmonics}"]
    session.report(f"{'ddsp 3.7.0' if of_peer else 'ddsp_tf'}, {n_harmonics} harmonics")
    with session.theirs() if of_peer else session.ours() as worker:
        step, _ = worker.prepare("training_step", batch_size=batch_size, bindings=bindings)
        # Fragments grow from step to step; of the peer's, which are no target, one step is enough.
        for _ in range(1 if of_peer else 5):
            step()
        return Series((worker.peak_memory_mb(),))


def _recurrence(session: Session) -> list[Line]:
    size = {"batch_size": 4, "n_frames": 50 if session.quick else 1000, "units": 512}
    with session.ours() as worker:
        measures = {
            name: worker.prepare("recurrence", formulation=name, **size)[0]
            for name in ("trained", *RECURRENCES)
        }
        series = alternate(measures, session.n_runs(7), session.report)
    return [
        Line(
            f"GRU of 512, {size['n_frames']} frames, batch 4, forward and gradient: {about}",
            series[name],
            series["trained"],
            result=ratio(series[name], series["trained"]),
            result_unit="x the time",
            against="as it is",
        )
        for name, about in RECURRENCES.items()
    ]


@dataclass(frozen=True)
class _Kind:
    """One size of network: its file, the numbers of each side, and what is aimed at."""

    file: str = "papers/iclr2020/solo_instrument.gin"
    ours: Sequence[str] = ()
    peer: Sequence[str] = ()
    target: float = 3.0


KINDS = {
    "solo": _Kind(),
    "small": _Kind(ours=SMALL, peer=PEER_SMALL, target=5.0),
    "default": _Kind(DEFAULT_FILE, DEFAULT, PEER_SMALL, 10.0),
}


def _row(kind: str, batch_size: int) -> Row:
    return Row(
        f"step-{kind}-{batch_size}",
        f"a training step of the {kind} configuration at batch {batch_size}",
        partial(_step, kind=kind, batch_size=batch_size, **vars(KINDS[kind])),
        with_peer=True,
    )


TRAINING_ROWS = (
    *(_row("solo", size) for size in (4, 8, 16)),
    *(_row(kind, size) for kind in ("small", "default") for size in (4, 8, 16)),
    Row(
        "memory",
        "the peak memory of training the solo configuration at batch 16",
        _memory,
        with_peer=True,
        cpu_only="TensorFlow takes a GPU's memory as a whole",
    ),
    Row("recurrence", "the GRU alone, and other ways to compute it", _recurrence),
)
