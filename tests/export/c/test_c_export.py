"""`export_c`: source that compiles without a warning and equals Python."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from engine_runner import SHIPPED, run
from live_toys import NotCausal, live_instrument
from streamed_phrases import controls_of, difference_db, streamed

from ddsp_tf.errors import ArgumentError, ExportError, OutputError
from ddsp_tf.export import export_c
from ddsp_tf.export.c.c_program import FLAGS, find_c_compiler
from ddsp_tf.export.c.c_source import write_sources
from ddsp_tf.export.decoder_contents import decoder_arrays, describe_decoder
from ddsp_tf.export.live_parts import find_live_parts
from ddsp_tf.inference import Streamer
from ddsp_tf.models import DilatedConvDecoder, Instrument, MinGruFcDecoder, RnnFcDecoder

SMALL = {"n_harmonics": 6, "n_noise_bands": 5, "rnn_channels": 9, "hop_length": 64}


@pytest.fixture(autouse=True)
def _few_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ddsp_tf.export.live_parity.N_FRAMES", 8)


@pytest.fixture(scope="session")
def compiler() -> str:
    found = find_c_compiler()
    if found is None:
        pytest.fail("The tests of C need a compiler: apt install gcc (Debian), or another one.")
    return found


def compile_example(compiler: str, folder: Path, name: str, *flags: str) -> Path:
    """Compiles `main.c` and the decoder; a warning fails."""
    program = folder / "example"
    sources = (folder / "main.c", folder / f"{name}_decoder.c")
    run(compiler, *FLAGS, "-Werror", "-O2", *flags, *sources, "-lm", "-o", program)
    return program


def sound_of(program: Path, controls: np.ndarray, folder: Path) -> np.ndarray:
    np.savetxt(folder / "frames.txt", controls, fmt="%.9g")
    run(program, folder / "frames.txt", folder / "sound.wav")
    return soundfile.read(folder / "sound.wav", dtype="float32")[0]


def glide(n_frames: int = 60) -> np.ndarray:
    """Through all that can be asked for, and beyond."""
    position = np.linspace(0.0, 1.0, n_frames)
    level = -85.0 + 90.0 * np.sin(np.pi * position)
    return np.stack([5.0 * 1600.0**position, level], axis=1).astype(np.float32)


@pytest.mark.slow  # each is traced by `Streamer`
@pytest.mark.parametrize(
    ("decoder", "settings"),
    [
        (partial(RnnFcDecoder, input_cosines=3), {"statistics": False}),
        (partial(MinGruFcDecoder, rnn_layers=2, input_cosines=2), {}),
        (MinGruFcDecoder, {"n_noise_bands": 0, "scale": False}),
        (partial(DilatedConvDecoder, dilations=(1, 5, 31)), {}),
        (partial(DilatedConvDecoder, kernel_size=1), {"n_noise_bands": 0}),
    ],
)
def test_the_example_plays_what_streamer_plays(
    decoder: Any, settings: dict[str, Any], compiler: str, tmp_path: Path
) -> None:
    toy = live_instrument(**SMALL | settings, decoder_type=decoder)
    report = export_c(toy, tmp_path / "c", name="My toy!")
    assert report.source == "my_toy_decoder.c"
    assert report.parity.error < 1e-5
    assert "cc" in report.parity.runtime
    program = compile_example(compiler, tmp_path / "c", "my_toy", "-fsanitize=address,undefined")
    controls = glide()
    found = sound_of(program, controls, tmp_path)
    streamer = Streamer(toy, reverb=False, xla=False)
    parts = [streamer.process(*controls.T[:, np.newaxis])[0], streamer.flush()[0]]
    expected = np.concatenate(parts)[streamer.latency_samples :]
    assert len(found) == len(controls) * SMALL["hop_length"]
    assert np.max(np.abs(found)) > 1e-3
    assert difference_db(found, expected[: len(found)]) < -80.0


@pytest.mark.slow  # each is traced
@pytest.mark.parametrize("layers", [0, 2, 3])
def test_stacks_of_any_height_and_single_inputs(layers: int, compiler: str, tmp_path: Path) -> None:
    keys = ["f0_scaled"] if layers == 3 else ["f0_scaled", "loudness_scaled"]
    decoder = partial(RnnFcDecoder, input_keys=keys)
    toy = live_instrument(**SMALL, decoder_type=decoder, layers_per_stack=layers)  # type: ignore[arg-type]
    assert export_c(toy, tmp_path / "c", name="toy").parity.error < 1e-5
    program = compile_example(compiler, tmp_path / "c", "toy")
    assert "500 frames" in run(program, cwd=tmp_path)


def test_a_folder_says_what_it_is(tmp_path: Path) -> None:
    toy = live_instrument(**SMALL)
    toy.metadata["title"] = 'A "toy" */ int x; /* \n\\'
    folder = tmp_path / "c"
    report = export_c(toy, folder, name="48k")
    names = {"instrument_48k_decoder.c", "instrument_48k_decoder.h", "main.c"}
    assert {path.name for path in folder.iterdir()} == names | {
        "impulse_response.f32",
        "metadata.json",
    }
    about = json.loads((folder / "metadata.json").read_text())
    assert about["format"] == "C99 source of a ddsp_tf instrument"
    assert about["function"] == "instrument_48k_step"
    assert about["parity"] == report.parity.to_dict()
    assert about["n_weight_bytes"] == report.n_weight_bytes
    with pytest.raises(OutputError, match="exists"):
        export_c(toy, folder, name="48k")
    export_c(toy, folder, name="48k", overwrite=True)
    (folder / "mine.txt").write_text("kept")
    with pytest.raises(OutputError, match=r"mine\.txt"):
        export_c(toy, folder, name="48k", overwrite=True)


def test_without_a_compiler_the_numbers_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ddsp_tf.export.c.c.find_c_compiler", lambda: None)
    report = export_c(live_instrument(**SMALL), tmp_path / "c", name="toy")
    assert report.parity.error < 1e-5
    assert report.parity.runtime.startswith("NumPy")


@pytest.mark.slow  # the melody is played
def test_eight_bits_are_measured(compiler: str, tmp_path: Path) -> None:
    toy = live_instrument(**SMALL | {"rnn_channels": 64})
    whole = export_c(toy, tmp_path / "whole", name="toy")
    small = export_c(toy, tmp_path / "small", name="toy", quantize="int8")
    assert small.loss is not None
    assert small.loss.values["spectral_distance_db"] < -20.0
    assert small.n_weight_bytes < 0.4 * whole.n_weight_bytes
    program = compile_example(compiler, tmp_path / "small", "toy")
    assert (
        difference_db(
            sound_of(program, glide(), tmp_path),
            sound_of(compile_example(compiler, tmp_path / "whole", "toy"), glide(), tmp_path),
        )
        < -20.0
    )


def test_what_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy = live_instrument(**SMALL)
    with pytest.raises(ArgumentError, match="`quantize` must be 'int8' or None"):
        export_c(toy, tmp_path / "c", name="toy", quantize="float16")  # type: ignore[arg-type]
    with pytest.raises(ExportError, match="needs frames that are still to come"):
        export_c(live_instrument(**SMALL, decoder_type=NotCausal), tmp_path / "c", name="toy")
    monkeypatch.setattr(
        "ddsp_tf.export.c.c.decoder_arrays",
        lambda decoder: {name: 1.1 * x for name, x in decoder_arrays(decoder).items()},
    )
    with pytest.raises(ExportError, match="exported decoder in C does not equal"):
        export_c(toy, tmp_path / "c", name="toy")
    assert not (tmp_path / "c").exists()


def test_a_compiler_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ddsp_tf.export.c.c_program.FLAGS", ("-std=c99", "-fno-such-flag"))
    with pytest.raises(ExportError, match="does not compile the C source"):
        export_c(live_instrument(**SMALL), tmp_path / "c", name="toy")


@pytest.mark.slow
@pytest.mark.xdist_group("engine")  # which plays the same phrases
@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_instruments_play_phrases_as_streamer_does(
    name: str, compiler: str, recordings: Path, tmp_path: Path
) -> None:
    instrument = Instrument.load(name)
    parts = find_live_parts(instrument.model)
    facts, arrays = describe_decoder(instrument, parts), decoder_arrays(parts.decoder)
    for file, text in write_sources(facts, arrays, name=name, int8=False).items():
        (tmp_path / file).write_text(text)
    program = compile_example(compiler, tmp_path, name)
    found = sound_of(program, controls_of(name, recordings), tmp_path)
    expected = streamed(name, recordings, reverb=False)
    late = Streamer(instrument, reverb=False, xla=False).latency_samples
    n = len(expected) - late
    error_db = difference_db(found[:n], expected[late:])
    print(f"{name}: {error_db:.1f} dB")  # noqa: T201
    assert error_db < -80.0
