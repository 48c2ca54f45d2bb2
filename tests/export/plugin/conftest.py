"""The engine, compiled once, and instruments for it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from engine_runner import SHIPPED, VECTORS, require_compiler, run, toy_file

from ddsp_tf.export import export_plugin
from ddsp_tf.export.plugin.plugin import ENGINE
from ddsp_tf.models import DilatedConvDecoder, Instrument

Build = Callable[..., Path]


@pytest.fixture(scope="session")
def instruments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `.ddsp` files: all that ship, and the toy."""
    folder = tmp_path_factory.mktemp("plugins")
    with pytest.MonkeyPatch.context() as patch:
        # That files equal Python is tested by itself, and with a thousand frames takes its time.
        patch.setattr("ddsp_tf.export.live_parity.N_FRAMES", 5)
        for name in SHIPPED:
            export_plugin(Instrument.load(name), folder, name=name)
    (folder / "toy.ddsp").write_bytes(toy_file())
    convolutions = toy_file(decoder_type=DilatedConvDecoder, rnn_channels=4)
    (folder / "toy_convolutions.ddsp").write_bytes(convolutions)
    return folder


@pytest.fixture(scope="session")
def build(instruments: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Compiles the engine with its tests, and gives the folder."""
    require_compiler()

    def compiled(sanitize: str = "") -> Path:
        folder = tmp_path_factory.mktemp("engine")
        options = {
            "DDSP_VECTORS": VECTORS,
            "DDSP_INSTRUMENTS": instruments,
            "DDSP_SANITIZE": sanitize,
        }
        if sanitize:
            # They look at what the code does, not how fast; the tools have nothing to find.
            options |= {"DDSP_TOOLS": "OFF", "CMAKE_CXX_FLAGS_RELEASE": "-O1"}
        defined = [f"-D{name}={value}" for name, value in options.items()]
        run("cmake", "-S", ENGINE, "-B", folder, *defined)
        run("cmake", "--build", folder, "--parallel", "2")
        return folder

    return compiled


@pytest.fixture(scope="session")
def engine(build: Build) -> Path:
    """The engine as it is used."""
    return build()
