"""What gin files and bindings come to, and that nothing leaks from one to the next."""

import threading
from pathlib import Path
from types import ModuleType

import gin
import pytest

from ddsp_tf import config, losses
from ddsp_tf.config.names import public_callables
from ddsp_tf.errors import ConfigError


def test_values_reach_the_objects(toy: ModuleType) -> None:
    oscillator, steps, rate = config.parse(["base.gin"]).call(toy.run)
    assert type(oscillator) is toy.Oscillator
    assert (steps, rate) == (7, 0.1)
    assert oscillator.sizes == [4, 5]


def test_bindings_win_over_files_and_files_over_earlier_ones(toy: ModuleType) -> None:
    Path("later.gin").write_text(
        "from __gin__ import dynamic_registration\nimport toy\n"
        "toy.Oscillator.scale = 3\ntoy.Oscillator.n_harmonics = 9\n"
    )
    parsed = config.parse(
        ["base.gin", "later.gin"], ["Oscillator.scale=0.5", "STEPS=3", "toy.run.rate=1"]
    )
    oscillator, steps, rate = parsed.call(toy.run)
    assert (oscillator.scale, oscillator.n_harmonics, steps, rate) == (0.5, 9, 3, 1)


def test_arguments_win_over_everything(toy: ModuleType) -> None:
    _, steps, _ = config.parse(["base.gin"], ["run.steps=8"]).call(toy.run, steps=9)
    assert steps == 9


def test_a_file_may_include_one_beside_it_or_a_packaged_one(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "group"
    folder.mkdir()
    (folder / "part.gin").write_text(
        "from __gin__ import dynamic_registration\nimport toy\ntoy.Oscillator.n_harmonics = 2\n"
    )
    (folder / "whole.gin").write_text(
        'from __gin__ import dynamic_registration\nimport toy\ninclude "part.gin"\n'
        'include "base.gin"\ntoy.Oscillator.scale = 2.0\n'
    )
    oscillator, _, _ = config.parse(["group/whole.gin"]).call(toy.run)
    assert (oscillator.n_harmonics, oscillator.scale) == (2, 2.0)
    packaged = config.packaged_configs()[0]
    assert config.find_gin_file(packaged).is_file()
    assert config.find_gin_file(packaged.removesuffix(".gin")).is_file()
    monkeypatch.chdir(tmp_path)
    Path(packaged).parent.mkdir(parents=True, exist_ok=True)
    Path(packaged).write_text("# Mine.\n")
    assert config.find_gin_file(packaged).read_text() == "# Mine.\n"


def test_a_circle_of_includes_is_named(toy: ModuleType) -> None:
    Path("a.gin").write_text('from __gin__ import dynamic_registration\ninclude "a.gin"\n')
    with pytest.raises(ConfigError, match=r"line 2: `a.gin` includes itself"):
        config.parse(["a.gin"])


def test_references_and_scopes_work_in_bindings(toy: ModuleType) -> None:
    parsed = config.parse(
        ["base.gin"], ["run.oscillator=@loud/Oscillator()", "loud/Oscillator.scale=4.0"]
    )
    oscillator, _, _ = parsed.call(toy.run)
    assert oscillator.scale == 4.0


def test_two_configurations_do_not_leak_into_each_other(toy: ModuleType) -> None:
    one = config.parse(["base.gin"], ["Oscillator.scale=2.0"])
    two = config.parse(["base.gin"], ["STEPS=3"])
    for _ in range(2):
        oscillator, steps, _ = one.call(toy.run)
        assert (oscillator.scale, steps) == (2.0, 7)
        oscillator, steps, _ = two.call(toy.run)
        assert (oscillator.scale, steps) == (1.0, 3)
    assert not gin.config._CONFIG
    assert toy.Oscillator().sizes == (1, 2)  # outside a configuration the class is itself


def test_two_threads_do_not_share_a_configuration(toy: ModuleType) -> None:
    seen: dict[int, list[int]] = {}

    def work(steps: int) -> None:
        parsed = config.parse(["base.gin"], [f"STEPS={steps}"])
        seen[steps] = [parsed.call(toy.run)[1] for _ in range(5)]

    threads = [threading.Thread(target=work, args=(steps,)) for steps in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {steps: [steps] * 5 for steps in (1, 2, 3)}


def test_the_merged_text_reads_back_the_same(toy: ModuleType) -> None:
    parsed = config.parse(["base.gin"], ["Oscillator.scale=2.0", "run.xla='auto'"])
    Path("merged.gin").write_text(parsed.text)
    again = config.parse(["merged.gin"])
    assert again.text == parsed.text
    oscillator, steps, _ = again.call(toy.run)
    assert (oscillator.scale, oscillator.sizes, steps) == (2.0, [4, 5], 7)


def test_the_merged_text_keeps_the_order_of_dicts(toy: ModuleType) -> None:
    # Datasets by their names: the first is number 0.
    folders = {"violin": "strings/" * 9, "flute": "winds/" * 9, "cello": "strings/"}
    parsed = config.parse(["base.gin"], [f"FOLDERS={folders}"])
    Path("merged.gin").write_text(parsed.text)
    written = Path("merged.gin").read_text()
    assert written.index("'violin'") < written.index("'flute'") < written.index("'cello'")
    assert config.parse(["merged.gin"]).text == parsed.text


def test_the_operative_text_has_defaults_and_only_what_was_used(toy: ModuleType) -> None:
    parsed = config.parse(["base.gin"], ["unused/Oscillator.scale=5.0"])
    assert parsed.operative_text == ""
    parsed.call(toy.run)
    assert "run.rate = 0.1" in parsed.operative_text
    assert "scale = 1.0" in parsed.operative_text
    assert "5.0" not in parsed.operative_text


def test_bound_gives_the_literals(toy: ModuleType) -> None:
    assert config.parse(["base.gin"], ["run.rate=0.5"]).bound(toy.run) == {"steps": 7, "rate": 0.5}


def test_an_error_inside_keeps_its_type_and_text(toy: ModuleType) -> None:
    parsed = config.parse(["base.gin"], ["run.steps=-1"])
    with pytest.raises(ValueError, match="must not be negative") as caught:
        parsed.call(toy.run)
    assert type(caught.value) is ValueError
    assert str(caught.value) == "`steps` must not be negative."


def test_nothing_is_logged(toy: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    config.parse(["base.gin"], ["Oscillator.scale=2.0"]).call(toy.run)
    assert caplog.text == ""


def test_settings_are_made_of_what_is_bound_to_them() -> None:
    from ddsp_tf.training import Limits, Schedule

    def begin(schedule: Schedule | None = None, limits: Limits | None = None) -> tuple:
        return schedule, limits

    parsed = config.parse([], ["Schedule.batch_size=3"])
    assert parsed.call(begin) == (Schedule(batch_size=3), None)
    assert parsed.call(begin, schedule=None) == (None, None)
    again = config.parse([], ["Schedule.batch_size=3", "Limits.patience=2"])
    assert again.call(begin) == (Schedule(batch_size=3), Limits(patience=2))


def test_classes_are_found_by_their_files_and_functions_by_their_rooms() -> None:
    """Names that no list holds: a new file is known at once."""
    names = ("losses.Regularizer", "Regularizer", "Generated", "evaluate", "LogMagnitude")
    known = public_callables()
    for name in names:
        assert len(known[name.rpartition(".")[-1]]) == 1
    made = config.parse([], ["Regularizer.output='z'"]).call(losses.Regularizer)
    assert made.output == "z"


def test_binds_says_whether_something_is_set(toy: ModuleType) -> None:
    parsed = config.parse(["base.gin"])
    assert parsed.binds(toy.run, "oscillator")
    assert not parsed.binds(toy.run, "rate")
