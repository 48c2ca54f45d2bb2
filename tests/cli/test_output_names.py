"""Where each output goes: trees are mirrored, nothing collides, no input is overwritten."""

from pathlib import Path

import numpy as np
import pytest

from ddsp_tf.audio import write_audio
from ddsp_tf.cli.output_names import plan_outputs
from ddsp_tf.errors import ArgumentError
from ddsp_tf.presets import MELODY


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def make(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"x")


def targets(*inputs: str, output: str | None = "out", suffix: str | None = None) -> list[str]:
    plan = plan_outputs(inputs, Path(output) if output else None, suffix=suffix)
    assert not plan.failures
    return [named.target.as_posix() for named in plan.outputs]


def test_one_file_into_a_folder() -> None:
    make("melody.flac")
    assert targets("melody.flac") == ["out/melody.wav"]
    assert targets("melody.flac", suffix=".flac") == ["out/melody.flac"]


def test_one_file_into_a_file() -> None:
    make("melody.wav")
    assert targets("melody.wav", output="new.flac") == ["new.flac"]


def test_beside_the_input_without_an_output() -> None:
    make("takes/melody.wav")
    assert targets("takes/melody.wav", output=None) == ["takes/melody_transfer.wav"]


def test_a_folder_keeps_its_tree() -> None:
    make("takes/a.wav", "takes/deep/b.wav", "takes/.hidden/c.wav", "takes/notes.txt")
    assert targets("takes") == ["out/a.wav", "out/deep/b.wav"]


def test_patterns_and_repeated_files() -> None:
    make("x/a.wav", "x/b.flac")
    assert targets("x/*.wav", "x/a.wav", "x/*.flac") == ["out/a.wav", "out/b.wav"]


def played(*names: str) -> None:
    """Writes files as a run does."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        write_audio(name, np.full(9, 0.1), 16000)


def test_what_an_earlier_run_wrote_beside_its_inputs_is_no_input() -> None:
    make("takes/a.wav", "takes/a.flac", "takes/b_transfer.wav")
    first = targets("takes", output=None)
    assert first == [
        "takes/a_transfer.wav",
        "takes/a_transfer.wav.wav",
        "takes/b_transfer_transfer.wav",
    ]
    played(*first)
    for given in (["takes"], ["takes/*"], sorted(map(str, Path("takes").iterdir()))):
        plan = plan_outputs(given, None, suffix=None)
        assert [named.target.as_posix() for named in plan.outputs] == first
        assert sorted(map(str, plan.earlier)) == sorted(first)
    assert plan.describe_earlier() == (
        "Left out 3 files that an earlier run wrote, such as `takes/a_transfer.wav`. To play "
        "one, name it alone."
    )
    assert targets("takes", output=None, suffix=".flac")[0] == "takes/a_transfer.flac"
    # A person who means it names it.
    assert targets("takes/a_transfer.wav") == ["out/a_transfer.wav"]
    assert targets("takes/a_transfer.wav", output=None) == ["takes/a_transfer_transfer.wav"]


def test_a_recording_that_is_called_like_an_output_is_an_input() -> None:
    make("a.wav", "a_transfer.wav")
    assert targets("a.wav", "a_transfer.wav", output=None) == [
        "a_transfer.wav.wav",
        "a_transfer_transfer.wav",
    ]


def test_an_output_folder_among_the_inputs_holds_no_input() -> None:
    make("takes/a.wav", "takes/deep/b.wav")
    first = targets("takes", output="takes/out")
    assert first == ["takes/out/a.wav", "takes/out/deep/b.wav"]
    played(*first)
    assert targets("takes", output="takes/out") == first
    assert targets("takes/**/*.wav", output="takes/out") == ["takes/out/a.wav", "takes/out/b.wav"]
    assert targets("takes/out", output="takes/out/again") == [
        "takes/out/again/a.wav",
        "takes/out/again/deep/b.wav",
    ]


def test_outputs_in_the_folder_of_the_inputs_are_no_inputs() -> None:
    make("x/a.wav", "x/b.flac")
    first = targets("x", output="x")
    assert first == ["x/a.wav.wav", "x/b.wav"]
    played(*first)
    assert targets("x", output="x") == first


def test_what_was_played_is_an_input_of_another_folder() -> None:
    played("out/a.wav", "out/b.wav")
    assert targets("out", output="again") == ["again/a.wav", "again/b.wav"]
    assert targets("out", output=None) == ["out/a_transfer.wav", "out/b_transfer.wav"]


def test_names_that_collide_stay_apart() -> None:
    make("x/a.wav", "y/a.wav", "z/a.flac", "w/a.wav")
    assert targets("x/a.wav", "y/a.wav", "z/a.flac", "w/a.wav") == [
        "out/a.wav",
        "out/a.wav.wav",
        "out/a.flac.wav",
        "out/a_2.wav",
    ]


def test_an_input_is_never_a_target() -> None:
    make("a.wav", "b.flac")
    assert targets("a.wav", "b.flac", output=".") == ["a.wav.wav", "b.wav"]
    with pytest.raises(ArgumentError, match="is the input itself"):
        plan_outputs(["a.wav"], Path("a.wav"), suffix=None)


def test_a_dot_in_an_existing_folder_makes_it_no_file() -> None:
    make("a.wav")
    Path("out.d").mkdir()
    assert targets("a.wav", output="out.d") == ["out.d/a.wav"]


@pytest.mark.parametrize(
    ("inputs", "output", "suffix", "message"),
    [
        (["a.wav", "b.wav"], "one.wav", None, "must be a folder"),
        (["a.wav"], "one.mp3", None, "should end in .wav or .flac"),
        (["a.wav"], "one.wav", ".flac", "contradicts --format flac"),
    ],
)
def test_impossible_outputs(
    inputs: list[str], output: str, suffix: str | None, message: str
) -> None:
    make("a.wav", "b.wav")
    with pytest.raises(ArgumentError, match=message):
        plan_outputs(inputs, Path(output), suffix=suffix)


def test_what_is_missing_is_reported_and_the_rest_is_planned() -> None:
    make("a.wav")
    Path("empty").mkdir()
    plan = plan_outputs(["a.wav", "missing.wav", "empty", "*.ogg"], Path("out"), suffix=None)
    assert [named.target.as_posix() for named in plan.outputs] == ["out/a.wav"]
    assert "`missing.wav` does not exist" in plan.failures["missing.wav"]
    assert "`empty` is empty" in plan.failures["empty"]
    assert plan.failures["*.ogg"] == "Nothing matches `*.ogg`."


def test_the_shipped_melody_has_a_name_that_any_file_goes_before() -> None:
    shipped = plan_outputs(["melody"], Path("out"), suffix=None).outputs[0]
    assert (shipped.source, shipped.target) == (MELODY, Path("out/melody.wav"))
    assert targets("melody", output=None) == ["melody_transfer.wav"]
    make("melody/a.wav")
    assert targets("melody") == ["out/a.wav"]
