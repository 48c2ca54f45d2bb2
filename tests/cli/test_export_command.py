"""`ddsp-tf export`: refuses early, writes whole or not at all."""

import json
import shutil
from pathlib import Path

import pytest
from cli_toys import Run

from ddsp_tf.cli.export_targets import TARGETS


def test_an_unknown_model_is_one_line(run: Run, tmp_path: Path) -> None:
    result = run("export", "theremin", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: There is no instrument `theremin`.")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_output_that_exists_is_kept(run: Run, instrument: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    result = run("export", instrument, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "exists" in result.stderr
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("target", ["saved_model", "native", "litert", "onnx", "web"])
def test_what_is_no_export_is_kept_even_with_overwrite(
    run: Run, instrument: Path, tmp_path: Path, target: str
) -> None:
    keep = tmp_path / "keep"
    keep.mkdir()
    (keep / "take.wav").write_text("mine")
    copy = tmp_path / "copy"
    shutil.copytree(instrument, copy)
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    for folder in (keep, copy):
        result = run("export", copy, "--target", target, "-o", folder, "--overwrite")
        assert result.exit_code == 1
        if target != "native":  # which refuses this instrument first
            assert f"`{folder}` is not a" in result.stderr
            assert "that ddsp_tf wrote, so --overwrite does not replace it" in result.stderr
    assert [path.name for path in keep.iterdir()] == ["take.wav"]
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before


@pytest.mark.parametrize("flags", [(), ("--target", "vinyl", "-o", "out")])
def test_wrong_usage(run: Run, instrument: Path, flags: tuple[str, ...]) -> None:
    assert run("export", instrument, *flags).exit_code == 2


@pytest.mark.slow
def test_a_saved_model_is_written_and_compared(run: Run, instrument: Path, tmp_path: Path) -> None:
    result = run("export", instrument, "--target", "saved_model", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "saved_model.pb").is_file()
    assert str(tmp_path / "out") in result.stdout


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--target", "vst", "-o", "out"), "its name should end in .tflite. Got `out`"),
        (
            ("--target", "saved_model", "--quantize", "int8", "-o", "out"),
            "--quantize int8 goes with --target litert, onnx, c; saved_model stores float32",
        ),
        (("--target", "web", "--build", "-o", "out"), "--build goes with --target plugin; web"),
    ],
)
def test_options_that_do_not_go_together(run: Run, flags: tuple[str, ...], message: str) -> None:
    result = run("export", "no such model is looked for", *flags)
    assert result.exit_code == 2
    assert message in result.stderr


def test_an_instrument_that_a_host_cannot_play_is_one_line(
    run: Run, instrument: Path, tmp_path: Path
) -> None:
    result = run("export", instrument, "--target", "vst", "-o", tmp_path / "toy.tflite")
    assert result.exit_code == 1
    assert "DDSP-VST can't play this instrument: hop 64 samples instead of 320" in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_help_lists_every_target(run: Run) -> None:
    text = run("export", "--help").stdout
    for name, target in TARGETS.items():
        assert name in text
        assert target.summary in text


@pytest.mark.slow
def test_onnx_files_are_written_and_inspected(
    run: Run, instrument: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ddsp_tf.export.live_parity.N_FRAMES", 5)
    result = run("export", instrument, "--target", "onnx", "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["parity"]["decoder"]["parity"]["limit"] == 1e-4
    folder = run("inspect", tmp_path / "out")
    assert folder.exit_code == 0, folder.output
    assert "ONNX networks of a ddsp_tf instrument" in folder.stdout
    file = run("inspect", tmp_path / "out" / "decoder.onnx")
    for text in ("ONNX model", "f0_scaled 1", "next_state", "CC0", "16000 Hz, hop 64"):
        assert text in file.stdout
    plot = run("inspect", tmp_path / "out" / "decoder.onnx", "--plot", tmp_path / "a.png")
    assert plot.exit_code == 2
    assert "plot the instrument that it was made of" in plot.stderr


def test_a_model_file_that_is_damaged_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.tflite").write_bytes(b"nothing like it")
    result = run("inspect", tmp_path / "a.tflite")
    assert result.exit_code == 1
    assert "is not a usable .tflite file. It has no `TFL3`" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_file_for_the_plug_in_is_written_beside_others_and_inspected(
    run: Run, instrument: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ddsp_tf.export.live_parity.N_FRAMES", 5)
    order = ("export", instrument, "--target", "plugin", "-o", tmp_path / "plugins")
    result = run(*order, "--json")
    assert result.exit_code == 0, result.output
    (file,) = (tmp_path / "plugins").iterdir()
    assert json.loads(result.stdout)["parity"]["file"] == str(file)
    assert run(*order).exit_code == 1
    assert run(*order, "--overwrite").exit_code == 0
    inspected = run("inspect", file)
    assert inspected.exit_code == 0, inspected.output
    for text in ("instrument for the plug-in", "CC0", "16000 Hz, hop 64", "numbers"):
        assert text in inspected.stdout
    file.write_bytes(file.read_bytes()[:-1])
    damaged = run("inspect", file)
    assert damaged.exit_code == 1
    assert "is damaged" in damaged.stderr
    int8 = run(*order, "--quantize", "int8")
    assert int8.exit_code == 2
    assert "goes with --target litert, onnx, c; plugin stores float32 or float16" in int8.stderr
