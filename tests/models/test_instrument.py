"""Instruments: what is saved is what is loaded, and whatever is damaged is refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from model_toys import (
    RATES,
    SETTINGS,
    edit_json,
    make_features,
    make_instrument,
    make_model,
    sign,
)

from ddsp_tf.errors import ArgumentError, ModelError, OutputError
from ddsp_tf.features import Features, FeatureSettings, Statistics
from ddsp_tf.models import Instrument, find_instrument, instrument, read_instrument_metadata

FILES = ("model.json", "weights.h5", "features.json", "metadata.json")


@pytest.fixture(scope="module")
def original() -> Instrument:
    return make_instrument(licence="CC0", training_data="toys")


@pytest.fixture(scope="module")
def stored(original: Instrument, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stored") / "toy"
    original.save(folder)
    return folder


@pytest.fixture
def folder(stored: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(stored, tmp_path / "toy"))


def _refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        Instrument.load(folder)
    return str(caught.value)


def test_float32_comes_back_exactly(original: Instrument, stored: Path) -> None:
    loaded = Instrument.load(stored)
    for one, other in zip(loaded.model.get_weights(), original.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    features = make_features(2, 12)
    np.testing.assert_array_equal(
        loaded.model(features)["audio"], original.model(features)["audio"]
    )
    assert loaded.features == original.features
    assert loaded.metadata == {"licence": "CC0", "training_data": "toys"}
    assert loaded.statistics is None


def test_float16_comes_back_close_and_small(original: Instrument, tmp_path: Path) -> None:
    original.save(tmp_path / "half", weights_dtype="float16")
    loaded = Instrument.load(tmp_path / "half")
    for one, other in zip(loaded.model.get_weights(), original.model.get_weights(), strict=True):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)
    features = make_features(1, 12)
    one, other = (x.model(features)["audio"].numpy() for x in (loaded, original))
    assert 0 < np.sqrt(np.mean((one - other) ** 2) / np.mean(other**2)) < 0.01
    with h5py.File(tmp_path / "half" / "weights.h5") as file:
        assert {file[key].dtype for key in file} == {np.dtype("float16")}


def test_a_model_with_an_encoder_comes_back(tmp_path: Path) -> None:
    model = make_model(with_encoder=True)
    Instrument(model=model, features=SETTINGS).save(tmp_path / "z")
    features = make_features(1, 8, with_audio=True)
    loaded = Instrument.load(tmp_path / "z").model
    np.testing.assert_array_equal(loaded(features)["audio"], model(features)["audio"])


def test_statistics_come_back(original: Instrument, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    note = Features(rng.uniform(200, 300, 500), np.full(500, 0.9), rng.uniform(-30, -10, 500))
    statistics = Statistics.from_features([note])
    Instrument(model=original.model, features=SETTINGS, statistics=statistics).save(tmp_path / "a")
    assert Instrument.load(tmp_path / "a").statistics == statistics


def test_a_run_and_a_shipped_name_are_found(
    stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(stored, tmp_path / "run" / "model")
    assert find_instrument(tmp_path / "run") == tmp_path / "run" / "model"
    monkeypatch.setattr(instrument, "_PRESETS", stored.parent)
    monkeypatch.chdir(tmp_path)
    assert instrument.list_presets() == ["toy"]
    assert Instrument.load("toy").metadata["licence"] == "CC0"
    assert read_instrument_metadata("toy")["licence"] == "CC0"
    with pytest.raises(ModelError, match=r"no instrument `toyy`\. .*Did you mean `toy`\? Shipped"):
        Instrument.load("toyy")


def test_what_is_no_instrument_says_what_one_is(tmp_path: Path) -> None:
    (tmp_path / "melody.wav").write_bytes(b"RIFF")
    give = r"Give the folder of a run or of a model, or the name of a shipped instrument\. "
    shipped = rf"Shipped instruments: {', '.join(instrument.list_presets())}\.$"
    with pytest.raises(ModelError, match=rf"^There is no instrument `nothere`\. {give}{shipped}"):
        Instrument.load("nothere")
    with pytest.raises(ModelError, match=rf"wav` is a file, not an instrument\. {give}{shipped}"):
        Instrument.load(tmp_path / "melody.wav")


def test_an_empty_run_says_what_is_missing(tmp_path: Path) -> None:
    message = r"holds no instrument: .*has not reached its first validation yet\. Shipped instr"
    with pytest.raises(ModelError, match=message):
        Instrument.load(tmp_path)


def test_without_reverb_keeps_the_rest(original: Instrument) -> None:
    dry = original.without_reverb()
    assert [p.name for p in dry.model.processor_group.processors][-1] == "add"
    assert (dry.features, dry.metadata) == (original.features, original.metadata)


def test_existing_folders_are_kept_unless_told(original: Instrument, folder: Path) -> None:
    (folder / "mine.txt").write_text("keep")
    with pytest.raises(OutputError, match=r"exists. Choose another name, or pass --overwrite"):
        original.save(folder)
    assert (folder / "mine.txt").read_text() == "keep"
    with pytest.raises(OutputError, match=r"mine\.txt` is not part of an instrument, and --over"):
        original.save(folder, overwrite=True)
    assert (folder / "mine.txt").read_text() == "keep"
    (folder / "mine.txt").unlink()
    (folder / "README.md").write_text("what publishing adds is ours")
    original.save(folder, overwrite=True)
    assert not (folder / "README.md").exists()
    Instrument.load(folder)


def test_a_failed_save_leaves_nothing(
    original: Instrument, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(instrument, "write_weights", fail)
    message = "Cannot write .*No space left on device. Nothing was left half-written."
    with pytest.raises(OutputError, match=message):
        original.save(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_rates_of_model_and_features_must_agree(original: Instrument) -> None:
    message = r"same sample rate and hop length\. Received \(4000, 16\) and \(4000, 20\)\."
    with pytest.raises(ArgumentError, match=message):
        Instrument(model=original.model, features=FeatureSettings(sample_rate=4000, hop_length=20))
    assert RATES == {"sample_rate": 4000, "hop_length": 16}


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    message = _refusal(folder)
    assert ("holds no instrument" if name == "metadata.json" else "is missing") in message
    assert name in message


@pytest.mark.parametrize("kept", [0, 0.5, 0.99])
@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_refused(folder: Path, name: str, kept: float) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(kept * len(content))])
    message = _refusal(folder)
    assert f"`{folder / name}` is" in message
    expected = "is not what was saved" if name == "weights.h5" else "is damaged or not JSON"
    assert expected in message


@pytest.mark.parametrize("kept", [0, 0.5, 0.99])
def test_truncated_weights_are_refused_whatever_the_checksum_says(
    folder: Path, kept: float
) -> None:
    content = (folder / "weights.h5").read_bytes()
    (folder / "weights.h5").write_bytes(content[: int(kept * len(content))])
    sign(folder)
    assert "weights.h5` is damaged or not an HDF5 file" in _refusal(folder)


@pytest.mark.parametrize("name", FILES[:3])
def test_a_flipped_bit_is_noticed(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    position = content.rindex(b"1") if name.endswith("json") else len(content) // 2
    content[position] ^= 1
    (folder / name).write_bytes(bytes(content))
    assert f"{name}` is not what was saved: its checksum differs" in _refusal(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("text", ["[]", "5", "null", '"text"', "{}"])
def test_json_of_another_kind_is_refused(folder: Path, name: str, text: str) -> None:
    if name == "weights.h5":
        (folder / name).write_text(text)
    else:
        edit_json(folder / name, lambda content: json.loads(text))
    if name != "metadata.json":
        sign(folder)
    assert _refusal(folder)


@pytest.mark.parametrize("key", ["sha256", "statistics"])
@pytest.mark.parametrize("value", [[], 5, "text", {"format_version": 1}, {"model.json": "0"}])
def test_metadata_of_another_kind_are_refused(folder: Path, key: str, value: object) -> None:
    edit_json(folder / "metadata.json", lambda content: {**content, key: value})
    assert _refusal(folder)


def test_newer_formats_ask_for_an_update(folder: Path) -> None:
    edit_json(folder / "metadata.json", lambda content: {**content, "format_version": 2})
    message = _refusal(folder)
    assert "has format version 2, and this ddsp_tf reads up to 1." in message
    assert "pip install --upgrade ddsp-tf" in message


def test_newer_features_ask_for_an_update(folder: Path) -> None:
    edit_json(folder / "features.json", lambda content: {**content, "format_version": 99})
    sign(folder)
    message = _refusal(folder)
    assert "have format version 99" in message
    assert "pip install --upgrade ddsp-tf" in message


def test_a_format_without_a_number_is_damaged(folder: Path) -> None:
    edit_json(folder / "metadata.json", lambda content: {**content, "format_version": "one"})
    assert "metadata.json` has no format_version. The file is damaged." in _refusal(folder)


def _set_weight(folder: Path, index: str, array: np.ndarray | None) -> None:
    with h5py.File(folder / "weights.h5", "a") as file:
        del file[index]
        if array is not None:
            file[index] = array
    sign(folder)


def test_weights_of_another_model_are_refused(folder: Path) -> None:
    _set_weight(folder, "0000", np.zeros([3, 3], np.float32))
    message = _refusal(folder)
    assert "should have the shape (3, 5). Got (3, 3). It belongs to another model." in message


def test_too_few_weights_are_refused(folder: Path) -> None:
    _set_weight(folder, "0000", None)
    assert "It belongs to another model." in _refusal(folder)


def test_weights_that_are_no_numbers_are_refused(folder: Path) -> None:
    _set_weight(folder, "0000", np.full([3, 5], np.nan, np.float32))
    assert "Weight 0 of" in _refusal(folder)
    _set_weight(folder, "0000", np.full([3, 5], b"text"))
    assert "is damaged" in _refusal(folder)


def test_weights_are_not_read_from_other_files(folder: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["0000"] = np.zeros([1, 5], np.float32)
    with h5py.File(folder / "weights.h5", "a") as file:
        del file["0000"]
        file["0000"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "0000")
    sign(folder)
    assert "is damaged" in _refusal(folder)


def _foreign_decoders() -> dict[str, dict[str, Any]]:
    own = "ddsp_tf>Harmonic"
    return {
        "a function": {"module": "os", "class_name": "system", "config": {}},
        "a function by name": {
            "module": "intruder", "class_name": "function", "config": "run",
            "registered_name": "run",
        },
        "a function under an own name": {
            "module": "intruder", "class_name": "function", "config": "run", "registered_name": own,
        },
        "a class under an own name": {
            "module": "intruder", "class_name": "Run", "config": {}, "registered_name": own,
        },
        "a lambda": {
            "module": "builtins", "class_name": "__lambda__", "registered_name": own,
            "config": {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}},
        },
        "a lambda layer": {
            "module": "keras.layers", "class_name": "Lambda", "registered_name": None,
            "config": {"name": "x", "function": {"class_name": "__lambda__", "config": {}}},
        },
        "a Keras layer": {
            "module": "keras.layers", "class_name": "Dense", "config": {"units": 3},
            "registered_name": None,
        },
        "no name at all": {"module": "os", "class_name": ["system"], "config": {}},
        "a class yet to come": {
            "module": "ddsp_tf.models.future", "class_name": "FutureDecoder", "config": {},
            "registered_name": "ddsp_tf>FutureDecoder",
        },
    }  # fmt: skip


@pytest.mark.parametrize("what", _foreign_decoders())
@pytest.mark.parametrize("place", ["decoder", "model", "nested"])
def test_foreign_classes_are_refused_and_never_imported(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, place: str
) -> None:
    trace = tmp_path / "ran"
    (tmp_path / "intruder.py").write_text(
        f"open({str(trace)!r}, 'w').close()\nclass Run: pass\ndef run(*args): pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    foreign = _foreign_decoders()[what]

    def plant(content: dict[str, Any]) -> dict[str, Any]:
        if place == "model":
            return foreign
        if place == "decoder":
            content["config"]["decoder"] = foreign
        else:
            content["config"]["decoder"]["config"]["dtype"] = {"config": [foreign]}
        return content

    edit_json(folder / "model.json", plant)
    sign(folder)
    message = _refusal(folder)
    assert "The architecture names" in message
    assert repr(foreign["class_name"]) in message
    assert "isn't part of this ddsp_tf. The file is foreign, or was written by a newer" in message
    assert not trace.exists()


def test_an_architecture_of_another_class_is_refused(folder: Path) -> None:
    edit_json(folder / "model.json", lambda content: content["config"]["processor_group"])
    sign(folder)
    assert "should be a model. Got ProcessorGroup." in _refusal(folder)


def test_an_architecture_with_an_unknown_argument_is_refused(folder: Path) -> None:
    def edit(content: dict[str, Any]) -> dict[str, Any]:
        content["config"]["decoder"]["config"]["n_unicorns"] = 3
        return content

    edit_json(folder / "model.json", edit)
    sign(folder)
    message = _refusal(folder)
    assert message.startswith("The architecture can't be read: ")
    assert message.endswith("The file is damaged, or was written by a newer ddsp_tf.")
