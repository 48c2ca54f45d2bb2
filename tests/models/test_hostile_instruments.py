"""Instruments that were made to do harm are refused before they take memory, time or files."""

import os
import shutil
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from model_toys import edit_json, make_instrument, sign

from ddsp_tf import weight_files as weights
from ddsp_tf.errors import ModelError
from ddsp_tf.models import Instrument, architecture
from ddsp_tf.models.architecture import architecture_from_dict, architecture_to_dict

HUGE = 10_000_000
"""Units of a layer whose weights would not fit into any machine."""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stored") / "toy"
    make_instrument().save(folder)
    return folder


@pytest.fixture
def folder(stored: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(stored, tmp_path / "toy"))


def refusal(folder: Path) -> str:
    """The message, after a check that all files were left alone."""
    before = {path: path.lstat().st_mtime_ns for path in folder.parent.rglob("*")}
    with pytest.raises(ModelError) as caught:
        Instrument.load(folder)
    assert {path: path.lstat().st_mtime_ns for path in folder.parent.rglob("*")} == before
    return str(caught.value)


@pytest.fixture
def _frugal() -> Iterator[None]:
    """Checks that a test took no memory to speak of."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000


def set_argument(folder: Path, part: str, name: str, value: object) -> None:
    def edit(content: dict[str, Any]) -> dict[str, Any]:
        config = content["config"]
        if part == "reverb":
            config["processor_group"]["config"]["dag"][-1]["processor"]["config"][name] = value
        else:
            config[part]["config"][name] = value
        return content

    edit_json(folder / "model.json", edit)
    sign(folder)


def replace_weight(folder: Path, index: str, **options: Any) -> None:
    with h5py.File(folder / "weights.h5", "a") as file:
        del file[index]
        file.create_dataset(index, **options)
    sign(folder)


@pytest.mark.usefixtures("_frugal")
@pytest.mark.parametrize(
    ("part", "name"),
    [("decoder", "rnn_channels"), ("decoder", "channels"), ("reverb", "impulse_response_length")],
)
def test_huge_layers_are_refused_before_they_are_made(folder: Path, part: str, name: str) -> None:
    set_argument(folder, part, name, HUGE)
    message = refusal(folder)
    expected = "should have the shape" if part == "reverb" else "bytes of weights, and the most is"
    assert expected in message
    assert "another model" in message or "made to mislead" in message


@pytest.mark.parametrize(
    ("part", "name", "value", "message"),
    [
        ("decoder", "rnn_channels", 10**12, "`rnn_channels` of 1,000,000,000,000, and 16,777,216"),
        ("decoder", "rnn_channels", -(10**12), "and 16,777,216 is the most"),
        ("decoder", "n_harmonics", float("nan"), "`n_harmonics` of nan"),
        ("decoder", "layers_per_stack", 10**6, "`layers_per_stack` of 1,000,000, and 100 is"),
        ("decoder", "input_keys", ["f0_scaled"] * 101, "`input_keys` of 101, and 100 is the most"),
        ("decoder", "rnn_channels", "6" * 50, "The architecture can't be read"),
        ("reverb", "impulse_response_length", 2**60, "`impulse_response_length` of 1,152,9"),
    ],
)
def test_numbers_beyond_sense_are_refused(
    folder: Path, part: str, name: str, value: object, message: str
) -> None:
    set_argument(folder, part, name, value)
    assert message in refusal(folder)


@pytest.mark.parametrize("depth", [500, 200_000])
@pytest.mark.parametrize("name", ["model.json", "metadata.json"])
def test_deep_nesting_is_refused(folder: Path, name: str, depth: int) -> None:
    (folder / name).write_text("[" * depth + "]" * depth)
    if name != "metadata.json":
        sign(folder)
    assert refusal(folder)


def test_deep_nesting_that_json_can_read_is_refused() -> None:
    content: Any = {}
    for _ in range(5_000):
        content = [content]
    with pytest.raises(ModelError, match="architecture"):
        architecture_from_dict(content)


@pytest.mark.usefixtures("_frugal")
@pytest.mark.parametrize("name", ["model.json", "features.json", "metadata.json"])
def test_large_descriptions_are_not_read(folder: Path, name: str) -> None:
    os.truncate(folder / name, 50_000_000_000)  # a hole: it takes no space
    message = refusal(folder)
    assert f"{name}` has 50,000,000,000 bytes, and such a file has 1,000,000 at most" in message
    assert "Nothing of it was read" in message


@pytest.mark.usefixtures("_frugal")
def test_large_weights_are_not_read(folder: Path) -> None:
    os.truncate(folder / "weights.h5", 50_000_000_000)
    assert "weights.h5` has 50,000,000,000 bytes, and such a file has 2,1" in refusal(folder)


@pytest.mark.parametrize("name", ["model.json", "weights.h5"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "loop"])
def test_what_is_no_file_is_not_opened(folder: Path, name: str, kind: str) -> None:
    path = folder / name
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)  # Opening it would wait for ever.
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if kind == "device" else path)
    message = refusal(folder)
    expected = "can't be read" if kind == "loop" else "but is a folder, a device or a pipe"
    assert f"`{path}`" in message
    assert expected in message


def test_links_to_files_are_followed(folder: Path, tmp_path: Path) -> None:
    """Stores of models lay out folders as links to files elsewhere."""
    (tmp_path / "blobs").mkdir()
    for path in list(folder.iterdir()):
        path.rename(tmp_path / "blobs" / path.name)
        path.symlink_to(tmp_path / "blobs" / path.name)
    Instrument.load(folder)
    secret = tmp_path / "secret"
    secret.write_text("password")
    (folder / "model.json").unlink()
    (folder / "model.json").symlink_to(secret)
    message = refusal(folder)
    assert "is damaged or not JSON" in message
    assert "password" not in message


@pytest.mark.parametrize("dtype", ["int32", "float64", "S4"])
def test_weights_of_other_types_are_refused(folder: Path, dtype: str) -> None:
    replace_weight(folder, "0000", data=np.zeros([3, 5], dtype))
    assert "Weight 0 of" in (message := refusal(folder))
    assert "should be float32 or float16. Got" in message


def test_weights_that_would_swell_are_refused(folder: Path) -> None:
    replace_weight(folder, "0000", shape=[3, 5], dtype="f4", chunks=(3, 5))
    assert "Weight 0 of" in (message := refusal(folder))
    assert "it would swell, or needs other programs" in message
    # A chunk of 4 GB, of which the weight would be the first 60 bytes.
    options = {"maxshape": (None, None), "chunks": (20_000, 50_000), "compression": "gzip"}
    replace_weight(folder, "0000", shape=[3, 5], dtype="f4", **options)
    assert "it would swell" in refusal(folder)


def test_weights_that_other_programs_unpack_are_refused(folder: Path) -> None:
    replace_weight(folder, "0000", data=np.zeros([3, 5], "f4"), compression="lzf")
    assert "needs other programs" in refusal(folder)


def test_weights_in_other_files_are_not_opened(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.raw"
    secret.write_bytes(np.zeros(5, "f4").tobytes())
    replace_weight(folder, "0000", shape=[3, 5], dtype="f4", external=[(str(secret), 0, 60)])
    assert "It belongs to another model." in refusal(folder)


def test_untrained_weights_which_pack_well_are_no_bombs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with h5py.File(tmp_path / "zeros.h5", "w") as file:
        zeros = np.zeros([2000, 2000], np.float32)
        file.create_dataset("0000", data=zeros, compression="gzip", shuffle=True)
    weights.check_weights([(2000, 2000)], tmp_path / "zeros.h5")
    monkeypatch.setattr(weights, "_MOST_SWELLING", 20)
    with pytest.raises(ModelError, match="it would swell"):
        weights.check_weights([(2000, 2000)], tmp_path / "zeros.h5")


def test_arguments_of_features_beyond_sense_are_refused(folder: Path) -> None:
    edit_json(folder / "features.json", lambda x: {**x, "loudness_fft_length": 2**40})
    sign(folder)
    assert "`loudness_fft_length` must be" in refusal(folder)


def test_lists_of_numbers_may_be_long_but_not_endless(folder: Path) -> None:
    set_argument(folder, "decoder", "frequencies_hz", [440.0] * 5_000)
    assert "Unrecognized keyword arguments" in refusal(folder)  # The list itself was let through.
    set_argument(folder, "decoder", "frequencies_hz", [0] * 70_000)
    assert "`frequencies_hz` of 70,000, and 65,536 is the most" in refusal(folder)


def test_classes_are_looked_for_in_our_own_files_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that no other one imports is found by its name; the same class elsewhere is not."""
    (tmp_path / "lonely_room.py").write_text(
        "import keras\n"
        "from ddsp_tf.processors import Reverb\n"
        "@keras.saving.register_keras_serializable('ddsp_tf')\n"
        "class LonelyRoom(Reverb):\n"
        "    pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    content = architecture_to_dict(make_instrument().model)
    room = content["config"]["processor_group"]["config"]["dag"][-1]["processor"]
    room.update(module="lonely_room", class_name="LonelyRoom")
    room["registered_name"] = "ddsp_tf>LonelyRoom"
    with pytest.raises(ModelError, match="The architecture names 'LonelyRoom'"):
        architecture_from_dict(content)
    assert "lonely_room" not in sys.modules
    monkeypatch.setattr(architecture, "_own_files", lambda: {"LonelyRoom": "lonely_room"})
    model = architecture_from_dict(content)
    assert type(model.processor_group.processors[-1]).__name__ == "LonelyRoom"


def test_own_files_are_those_of_models_processors_networks_and_losses() -> None:
    files = architecture._own_files()
    for name in ("Parametric", "Autoencoder", "Voices", "FilteredNoise", "Gru", "SpectralLoss"):
        assert files[name].startswith("ddsp_tf.")
    assert "TimbreTransfer" not in files
