"""Training and evaluation sides: deterministic, sensible in size, and without a leak."""

import numpy as np
import pytest

from ddsp_tf.data import PrepareSettings
from ddsp_tf.data.split import split_recordings


def n_frames(side) -> int:
    return sum(end - first for segments in side.values() for first, end in segments)


def share(split) -> float:
    held_out = n_frames(split.eval)
    return held_out / (held_out + n_frames(split.train))


@pytest.mark.parametrize("n_files", [8, 20, 100, 400])
def test_about_a_tenth_of_equal_files_is_held_out(n_files):
    segments = {f"take_{i}.wav": [(0, 5000)] for i in range(n_files)}
    split = split_recordings(segments, PrepareSettings())
    assert split.by == "file"
    assert 0.05 <= share(split) <= 0.2
    assert not set(split.train) & set(split.eval)
    assert set(split.train) | set(split.eval) == set(segments)


def test_unequal_files_come_near_too():
    rng = np.random.default_rng(1)
    segments = {f"{i}.wav": [(0, int(n))] for i, n in enumerate(rng.integers(500, 30000, 40))}
    assert 0.07 <= share(split_recordings(segments, PrepareSettings())) <= 0.13


def test_the_choice_does_not_depend_on_order_and_hardly_on_additions():
    segments = {f"take_{i}.wav": [(0, 5000)] for i in range(50)}
    split = split_recordings(segments, PrepareSettings())
    backwards = dict(reversed(segments.items()))
    assert split_recordings(backwards, PrepareSettings()) == split
    more = split_recordings({**segments, "new.wav": [(0, 5000)]}, PrepareSettings())
    assert len(set(split.eval) & set(more.eval)) >= len(split.eval) - 1


@pytest.mark.parametrize("segments", [[(0, 25000)], [(100, 10000), (12000, 20000), (21000, 26000)]])
def test_one_file_is_split_by_time_with_a_gap(segments):
    split = split_recordings({"take.wav": segments}, PrepareSettings())
    assert split.by == "time"
    assert 0.05 <= share(split) <= 0.12
    last_trained = max(end for _, end in split.train["take.wav"])
    first_held_out = min(first for first, _ in split.eval["take.wav"])
    assert first_held_out - last_trained >= 250


def test_two_long_files_are_split_by_time():
    segments = {"a.wav": [(0, 30000)], "b.wav": [(0, 30000)]}
    split = split_recordings(segments, PrepareSettings())
    assert split.by == "time"
    assert set(split.eval) == {"a.wav", "b.wav"}
    by_file = split_recordings(segments, PrepareSettings(split_by="file"))
    assert len(by_file.eval) == len(by_file.train) == 1


def test_nothing_is_held_out_on_request():
    split = split_recordings({"a.wav": [(0, 3000)]}, PrepareSettings(eval_fraction=0.0))
    assert split.eval == {}
    assert split.train == {"a.wav": [(0, 3000)]}
