"""Several processes that train together, some of which are killed or stopped."""

import json
import multiprocessing
import os
import re
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from worker_toys import train_toy, work

from ddsp_tf.errors import TrainingError
from ddsp_tf.training import get_strategy
from ddsp_tf.training.workers import Workers

Processes = list[multiprocessing.process.BaseProcess]


def addresses(n: int) -> list[str]:
    sockets = [socket.socket() for _ in range(n)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    found = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return found


def start(run: Path, n: int, **arguments: Any) -> tuple[Processes, list[str]]:
    # TensorFlow is loaded once, in the process that the others are copied from.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["worker_toys"])
    listed = addresses(n)
    processes: Processes = [
        context.Process(target=work, args=(run, listed, i, arguments), daemon=True)
        for i in range(n)
    ]
    for process in processes:
        process.start()
    return processes, listed


def wait(due: Callable[[], bool], what: str, timeout_s: float = 180.0) -> None:
    end = time.monotonic() + timeout_s
    while not due():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def send(number: int, process: multiprocessing.process.BaseProcess) -> None:
    os.kill(process.pid or 0, number)


def lines(run: Path) -> list[dict[str, float]]:
    path = run / "metrics.jsonl"
    rows = path.read_text().splitlines() if path.exists() else []
    return [row for row in map(json.loads, rows) if "loss" in row]


def require_curve(run: Path, whole: Path, *, first: int, last: int) -> None:
    """Every loss of the steps, once, as of the whole run."""
    found, expected = ({row["step"]: row for row in lines(each)} for each in (run, whole))
    assert len(found) == len(lines(run))
    for step in range(first, last + 1):
        for name in ("loss", "loss_discriminator", "loss_generator", "gradient_norm_generator"):
            assert found[step][name] == pytest.approx(expected[step][name], rel=1e-4), (step, name)


def said(run: Path, index: int) -> str:
    return run.with_name(f"{run.name}-{index}.txt").read_text()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.enable_socket
def test_workers_take_the_steps_of_one_and_go_on_after_one_is_killed_or_hangs(
    tmp_path: Path,
) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    train_toy(run=whole, num_steps=20)

    # Three; one is killed.
    three, listed = start(run, 3, num_steps=1000)
    wait(lambda: len(lines(run)) >= 7, "three processes never took 7 steps")
    send(signal.SIGKILL, three[2])
    for process in three:
        process.join(120)
    assert [process.exitcode for process in three] == [1, 1, -signal.SIGKILL]
    assert f"worker 2 ({listed[2]}) no longer answers" in said(run, 0)
    # The other may have seen the chief go first, whose words then say why.
    assert re.match(r"worker [02] \(.*\) no longer answers", said(run, 1))
    n_taken = lines(run)[-1]["step"]
    assert n_taken < 20
    require_curve(run, whole, first=1, last=int(n_taken))
    n_saved = int(max((run / "checkpoints").glob("step-*")).name[5:])
    assert n_saved == n_taken // 5 * 5

    # Two go on; one is stopped, and said to be the one.
    two, listed = start(run, 2, num_steps=1000, resume=True)
    wait(lambda: lines(run)[-1]["step"] >= 12, "two processes never took step 12")
    send(signal.SIGSTOP, two[1])
    two[0].join(120)
    assert two[0].exitcode == 1
    assert f"worker 1 ({listed[1]}) no longer answers" in said(run, 0)
    send(signal.SIGKILL, two[1])
    n_saved = int(max((run / "checkpoints").glob("step-*")).name[5:])
    assert n_saved >= 10

    # Two finish, from the last checkpoint; each file has one writer.
    last, _ = start(run, 2, num_steps=20, resume=True)
    for process in last:
        process.join(120)
    assert [process.exitcode for process in last] == [0, 0]
    for index in (0, 1):
        events = json.loads(said(run, index))
        assert events[0] == ["start", n_saved]
        assert events[-1] == ["end", 20]
    require_curve(run, whole, first=1, last=20)
    with np.load(run / "model/weights.npz") as found, np.load(whole / "model/weights.npz") as one:
        for name in one:
            np.testing.assert_allclose(found[name], one[name], rtol=1e-3, atol=1e-5)
    assert not list(run.glob("**/.*-*"))


def test_one_process_agrees_with_itself() -> None:
    alone = Workers(tf.distribute.get_strategy())
    assert (alone.are_several, alone.is_chief, alone.of_chief(2.5)) == (False, True, 2.5)
    assert alone.any(True)
    assert not alone.any(False)
    alone.require_same("0123456789abcdef")
    with pytest.raises(tf.errors.UnavailableError), alone.missed():
        raise tf.errors.UnavailableError(None, None, "Collective ops is aborted")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "it isn't set. Set it on each, as in TF_CONFIG="),
        ("{", "it can't be read"),
        ('{"cluster": {"worker": ["a:1"]}}', "it can't be read.*task"),
        (("a:1", "b:2", 2), "the `index` 2 is none of its 2 machines"),
        (("a:1", "b", 0), "each machine should be `host:port`"),
        (("a:1", "a:1", 0), "a machine is listed twice"),
    ],
)
def test_a_wrong_list_of_machines_is_refused(
    config: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if isinstance(config, tuple):
        *machines, index = config
        task = {"type": "worker", "index": index}
        config = json.dumps({"cluster": {"worker": machines}, "task": task})
    if config is not None:
        monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(TrainingError, match=message):
        get_strategy("multi_worker")


@pytest.mark.slow
def test_without_a_tpu_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TPU_NAME", raising=False)
    with pytest.raises(TrainingError, match="no TPU answers to the name `local`"):
        get_strategy("tpu")
