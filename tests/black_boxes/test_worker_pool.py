"""Effects in processes of their own: who plays what, and what happens when one dies."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ddsp_tf.black_boxes import Job, WorkerPool
from ddsp_tf.errors import BlackBoxError

SOUND = np.linspace(-1.0, 1.0, 60, dtype=np.float32).reshape(30, 2)
HALF = ("forward", {"gain": 0.5})
MakePool = Callable[..., WorkerPool]


@pytest.fixture
def make_pool() -> Iterator[MakePool]:
    """Pools that are closed afterwards."""
    pools = []

    def make(effect: str, **settings: Any) -> WorkerPool:
        pools.append(
            WorkerPool(
                [f"black_box_toys.{effect}"], sample_rate=8000, **{"n_workers": 1, **settings}
            )
        )
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def is_running(process_id: int) -> bool:
    """Whether there is such a process, and no mere remains of one."""
    try:
        return ") Z " not in Path(f"/proc/{process_id}/stat").read_text()
    except FileNotFoundError:
        return False


def wait_until(true: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def test_each_sound_is_played_with_each_of_its_settings(make_pool: MakePool) -> None:
    pool = make_pool("gain", n_workers=2)
    jobs = [
        Job(SOUND[:n], [("plus", {"gain": 0.1 * n}), ("minus", {"gain": -1.0})]) for n in (1, 7, 30)
    ]
    for job, (plus, minus) in zip(jobs, pool.play(jobs), strict=True):
        np.testing.assert_allclose(plus, 0.1 * len(job.audio) * job.audio, rtol=1e-6)
        np.testing.assert_array_equal(minus, -job.audio)
        assert plus.dtype == np.float32


def test_several_play_at_once_and_are_started_when_needed(make_pool: MakePool) -> None:
    pool = make_pool("process_id", n_workers=2)
    assert pool.process_ids == []
    job = Job(SOUND, [("forward", {})])
    pool.play([job])
    assert len(pool.process_ids) == 1
    played = pool.play([job] * 6)
    assert {round(float(sounds[0][0, 0])) for sounds in played} == set(pool.process_ids)
    assert len(pool.process_ids) == 2


def test_each_side_has_an_instance_of_its_own(make_pool: MakePool) -> None:
    sides = ("plus", "minus", "plus", "forward", "minus", "plus")
    (played,) = make_pool("Calls").play([Job(SOUND, [(side, {}) for side in sides])])
    assert [float(sound[0, 0]) for sound in played] == [1.0, 1.0, 2.0, 1.0, 2.0, 3.0]


def test_what_an_effect_prints_is_no_answer(make_pool: MakePool) -> None:
    pool = make_pool("talk")
    for _ in range(3):
        np.testing.assert_array_equal(pool.play([Job(SOUND, [HALF])])[0][0], SOUND)


def test_a_crash_is_made_good_by_a_new_process(
    make_pool: MakePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLACK_BOX_TOYS", str(tmp_path))
    (tmp_path / "armed").touch()
    ((sound,),) = make_pool("crash_once").play([Job(SOUND, [HALF])])
    np.testing.assert_array_equal(sound, 0.5 * SOUND)
    assert not (tmp_path / "armed").exists()


def test_a_worker_that_is_killed_while_it_plays_costs_nothing(make_pool: MakePool) -> None:
    pool = make_pool("slow_gain", n_workers=2)
    job = Job(SOUND, [HALF])
    pool.play([job] * 4)
    before = set(pool.process_ids)
    killer = threading.Timer(0.12, os.kill, [min(before), signal.SIGKILL])
    killer.start()
    played = pool.play([job] * 10)
    killer.join()
    assert not is_running(min(before))
    assert set(pool.process_ids) - before
    for (sound,) in played:
        np.testing.assert_array_equal(sound, 0.5 * SOUND)


def test_a_worker_that_is_killed_while_it_waits_costs_nothing(make_pool: MakePool) -> None:
    pool = make_pool("gain")
    pool.play([Job(SOUND, [HALF])])
    (before,) = pool.process_ids
    os.kill(before, signal.SIGKILL)
    ((sound,),) = pool.play([Job(SOUND, [HALF])])
    np.testing.assert_array_equal(sound, 0.5 * SOUND)
    assert pool.process_ids != [before]


@pytest.mark.parametrize(
    ("effect", "reason"),
    [
        ("crash", "its process was ended by SIGSEGV"),
        ("fail", "RuntimeError: no licence was found"),
        ("hang", r"it did not answer for 0\.5 s"),
        ("not_a_number", "`not_a_number` gave NaN or infinite samples"),
        ("shorten", r"`shorten` gave audio of the shape \[29, 2\] for \[30, 2\]"),
    ],
)
def test_what_fails_again_is_an_error_that_names_it(
    make_pool: MakePool, effect: str, reason: str
) -> None:
    pool = make_pool(effect, timeout_s=0.5 if effect == "hang" else 60.0)
    message = rf"^The black box `black_box_toys\.{effect}` failed, and again in a new process: .*"
    with pytest.raises(BlackBoxError, match=message + reason) as caught:
        pool.play([Job(SOUND, [HALF])])
    assert "30 samples of 2 channels at 8000 Hz; its parameters were gain=0.5." in str(caught.value)
    assert pool.process_ids == []


@pytest.mark.parametrize(
    ("effect", "reason"),
    [
        ("black_box_toys.nothing", "`black_box_toys.nothing` can't be imported: module"),
        ("no_such_module.effect", "`no_such_module.effect` can't be imported: No module named"),
        ("black_box_toys.NO_FUNCTION", "`black_box_toys.NO_FUNCTION` is no function: it is int"),
        ("pedalboard.Compresor", "has no effect `pedalboard.Compresor`"),
        ("pedalboard.load_plugin", "has no effect `pedalboard.load_plugin`"),
        ("/nowhere/Some.vst3", "`/nowhere/Some.vst3` can't be loaded: "),
    ],
)
def test_what_can_not_be_loaded_is_not_tried_twice(effect: str, reason: str) -> None:
    pool = WorkerPool([effect], sample_rate=8000, n_workers=1)
    message = f"^The black box `{effect}` can't be played: .*{reason}"
    with pytest.raises(BlackBoxError, match=message):
        pool.play([Job(SOUND, [HALF])])
    pool.close()


@pytest.mark.parametrize("end", ["pass", "os.kill(os.getpid(), signal.SIGKILL)", "1 / 0"])
def test_no_process_outlives_the_program(end: str) -> None:
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import numpy as np
from ddsp_tf.black_boxes import Job, WorkerPool
pool = WorkerPool(["black_box_toys.process_id"], sample_rate=8000, n_workers=2)
pool.play([Job(np.zeros([8, 1], np.float32), [("forward", {{}})])] * 4)
print(*pool.process_ids, flush=True)
assert "tensorflow" not in sys.modules
{end}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    process_ids = [int(word) for word in done.stdout.split()]
    assert len(process_ids) == 2, done.stderr
    assert wait_until(lambda: not any(map(is_running, process_ids)))


def test_a_hanging_effect_does_not_outlive_the_program() -> None:
    code = f"""
import os, signal, sys, threading, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
import numpy as np
from ddsp_tf.black_boxes import Job, WorkerPool
pool = WorkerPool(["black_box_toys.hang"], sample_rate=8000, n_workers=1)
job = Job(np.zeros([8, 1], np.float32), [("forward", {{}})])
threading.Thread(target=pool.play, args=([job],), daemon=True).start()
while not pool.process_ids:
    time.sleep(0.01)
time.sleep(0.4)
print(*pool.process_ids, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    (process_id,) = map(int, done.stdout.split())
    assert wait_until(lambda: not is_running(process_id))


def test_what_is_closed_or_forgotten_ends_its_processes(make_pool: MakePool) -> None:
    pool = WorkerPool(["black_box_toys.gain"], sample_rate=8000, n_workers=1)
    pool.play([Job(SOUND, [HALF])])
    (process_id,) = pool.process_ids
    del pool
    assert wait_until(lambda: not is_running(process_id))
