"""Every example in a docstring runs as it stands, in a folder like its reader's, and gives what it
says.

An example knows `np`, `tf`, `keras` and what its own module defines. It imports the rest.
"""

import doctest
import importlib
import inspect
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from reader_files import write_magenta_records, write_recordings

import ddsp_tf
from ddsp_tf import Instrument, config, prepare
from ddsp_tf.data import PrepareSettings
from ddsp_tf.features import Features, FeatureSettings, Statistics

PACKAGE = Path(ddsp_tf.__file__).parent
PROMPT = ">>> "
KNOWN = {"np": np, "tf": tf, "keras": keras}

SLOW = {
    "ddsp_tf.evaluation.evaluation",
    "ddsp_tf.export.c.c",
    "ddsp_tf.export.live_export",
    "ddsp_tf.export.native.native",
    "ddsp_tf.export.saved_model",
    "ddsp_tf.export.torchscript.ddsp_tilde",
    "ddsp_tf.export.torchscript.neutone",
    "ddsp_tf.export.torchscript.nn_tilde_file",
    "ddsp_tf.export.vst.vst",
    "ddsp_tf.export.web.web",
    "ddsp_tf.inference.column_transfer",
    "ddsp_tf.inference.ensemble",
    "ddsp_tf.inference.live_notes",
    "ddsp_tf.inference.match",
    "ddsp_tf.inference.render",
    "ddsp_tf.inference.separate",
    "ddsp_tf.inference.streaming",
    "ddsp_tf.inference.timbre_transfer",
    "ddsp_tf.inference.transfer_sample",
    "ddsp_tf.training.run_training",
}
GIVEN = {
    "ddsp_tf.audio.audio_files": ["melody.wav", "recordings"],
    "ddsp_tf.audio.found_files": ["recordings"],
    "ddsp_tf.data.dataset": ["dataset", "data"],
    "ddsp_tf.data.joined_datasets": ["dataset"],
    "ddsp_tf.data.preparation": ["recordings"],
    "ddsp_tf.export.saved_model": ["runs/violin"],
    "ddsp_tf.export.vst.vst": ["runs/violin_vst"],
    "ddsp_tf.inference.live_transfer": ["runs/violin"],
    "ddsp_tf.inference.live_notes": ["runs/violin"],
    "ddsp_tf.inference.player": ["runs/violin"],
    "ddsp_tf.inference.streaming": ["runs/violin"],
    "ddsp_tf.inference.timbre_transfer": ["melody.wav"],
    "ddsp_tf.inference.transfer_sample": ["runs/violin"],
    "ddsp_tf.evaluation.evaluation": ["dataset", "runs/violin"],
    "ddsp_tf.training.run_training": ["dataset"],
}
"""What the folder of a module's reader holds. By default it is empty."""


def _source(module: str) -> str:
    path = PACKAGE.parent.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return file.read_text(encoding="utf-8")


def _modules_with_examples() -> list[str]:
    files = [path.relative_to(PACKAGE.parent) for path in sorted(PACKAGE.rglob("*.py"))]
    names = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in files]
    return [name for name in names if PROMPT in _source(name)]


def _marked(module: str) -> Any:
    marks = [pytest.mark.slow] if module in SLOW else []
    if "dataset" in GIVEN.get(module, []):
        marks.append(pytest.mark.xdist_group("docstring dataset"))  # prepared once
    return pytest.param(module, marks=marks)


MODULES = _modules_with_examples()


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes what examples are given, each when it is first asked for."""
    folder = tmp_path_factory.mktemp("reader")
    write_recordings(folder, seconds=2.0)
    makers = {
        "data": write_magenta_records,
        "dataset": _prepare,
        "runs/violin": _save_violin,
        "runs/violin_vst": _save_violin_vst,
    }

    def made(name: str) -> Path:
        if not (folder / name).exists():
            makers[name](folder)
        return folder / name

    return made


def _prepare(folder: Path) -> None:
    settings = PrepareSettings(eval_fraction=0.3)
    prepare(folder / "recordings", folder / "dataset", settings=settings, n_workers=1)


def _save_violin(folder: Path) -> None:
    sizes = ["N_HARMONICS=2", "N_NOISE_BANDS=5", "Reverb.impulse_response_length=160"]
    tiny = config.parse(["models/tiny_instrument.gin"], sizes)
    _save(tiny, FeatureSettings(), folder / "runs" / "violin")


def _save_violin_vst(folder: Path) -> None:
    features = FeatureSettings(hop_length=320, loudness="rms", loudness_fft_length=1024)
    _save(config.parse(["models/vst.gin"]), features, folder / "runs" / "violin_vst")


def _save(parsed: config.Config, features: FeatureSettings, run: Path) -> None:
    """An instrument that has learned nothing, where a run leaves it."""
    keras.utils.set_random_seed(5)
    glide = Features(np.geomspace(196.0, 784.0, 500), np.ones(500), np.linspace(-50.0, -10.0, 500))
    statistics = Statistics.from_features([glide], frame_rate=features.frame_rate)
    Instrument(parsed.build_model(), features, statistics).save(run / "model")


def test_there_are_examples() -> None:
    assert len(MODULES) > 80
    assert set(MODULES) >= SLOW | set(GIVEN)


def test_no_example_tells_the_test_what_to_do() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert "# doctest" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("name", [_marked(name) for name in MODULES])
def test_examples_give_what_they_say(
    name: str,
    make: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for given in GIVEN.get(name, []):
        made = make(given)
        if made.is_dir():
            shutil.copytree(made, tmp_path / given)
        else:
            shutil.copy(made, tmp_path)
    monkeypatch.chdir(tmp_path)
    # The tests of the exports compare more.
    monkeypatch.setattr("ddsp_tf.export.live_parity.N_FRAMES", 50)
    monkeypatch.setattr("ddsp_tf.export.parity._AUDIO_CASES", ((1, 0.21),))
    monkeypatch.setattr("ddsp_tf.export.parity._FRAME_CASES", ((3, 20),))
    module = importlib.import_module(name)
    result = doctest.testmod(
        module,
        globs={**KNOWN, **_defined(module)},
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    assert result.failed == 0, capsys.readouterr().out
    assert result.attempted == _source(name).count(PROMPT)


def _defined(module: Any) -> dict[str, Any]:
    """What a module defines, without what it imports."""
    return {
        name: thing
        for name, thing in vars(module).items()
        if (inspect.isclass(thing) or inspect.isroutine(thing))
        and thing.__module__ == module.__name__
        and not name.startswith("_")
    }
