"""What DDSP-VST gets is what it demands, and plays as Python does."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from live_toys import LouderLive, NotCausal, live_instrument, rewritten, tensor_named

from ddsp_tf import dsp
from ddsp_tf.errors import ExportError, OutputError
from ddsp_tf.export import VstReport, export_vst
from ddsp_tf.export.appended_metadata import append_metadata
from ddsp_tf.export.vst.vst_contract import check_vst
from ddsp_tf.features.loudness import extract_loudness_db
from ddsp_tf.models import Instrument


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Instrument, Path, VstReport]:
    path = tmp_path_factory.mktemp("vst") / "Toy.tflite"
    instrument = live_instrument()
    with pytest.MonkeyPatch.context() as patch:
        # A test below plays 1,000 frames.
        patch.setattr("ddsp_tf.export.live_parity.N_FRAMES", 50)
        return instrument, path, export_vst(instrument, path)


@pytest.fixture(scope="module")
def content(written: tuple[Instrument, Path, VstReport]) -> bytes:
    return written[1].read_bytes()


def test_the_file_has_every_tensor_that_the_plugin_asks_for(content: bytes) -> None:
    """Read with the interpreter and with the schema, not with what the export itself reads by."""
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    inputs = {x["name"]: x for x in interpreter.get_input_details()}
    outputs = {x["name"]: x for x in interpreter.get_output_details()}
    sizes = {name: int(np.prod(x["shape"])) for name, x in {**inputs, **outputs}.items()}
    assert sizes == {
        "call_f0_scaled:0": 1,
        "call_pw_scaled:0": 1,
        "call_state:0": 512,
        "StatefulPartitionedCall:0": 1,
        "StatefulPartitionedCall:1": 60,
        "StatefulPartitionedCall:2": 65,
        "StatefulPartitionedCall:3": 512,
    }
    assert (len(inputs), len(outputs)) == (3, 4)
    for tensor in (*inputs.values(), *outputs.values()):
        assert tensor["dtype"] is np.float32
        assert list(tensor["shape"]) == list(tensor["shape_signature"])
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    assert len(model.subgraphs) == 1
    assert all(code.customCode is None for code in model.operatorCodes)
    assert all(-1 not in list(x.shape) for x in model.subgraphs[0].tensors if x.shape is not None)


def test_the_metadata_is_a_zip_at_the_end(written: tuple[Instrument, Path, VstReport]) -> None:
    instrument, path, _ = written
    with zipfile.ZipFile(path) as archive:
        (entry,) = archive.infolist()
        assert (entry.filename, entry.compress_type) == ("metadata.json", zipfile.ZIP_STORED)
        found = json.loads(archive.read(entry))
        start = entry.header_offset
    assert path.read_bytes()[start : start + 4] == b"PK\x03\x04", "counted from the file's start"
    low_hz, high_hz = instrument.statistics.f0_hz_range
    assert found["mean_min_pitch_note_hz"] == pytest.approx(low_hz)
    assert found["mean_max_pitch_note_hz"] == pytest.approx(high_hz)
    assert found["mean_min_pitch_note"] == pytest.approx(69 + 12 * np.log2(low_hz / 440))
    assert found["mean_max_pitch_note"] > found["mean_min_pitch_note"]
    assert (found["mean_min_power_note"], found["mean_max_power_note"]) == pytest.approx(
        instrument.statistics.loudness_db_range
    )
    assert found["export_time"].startswith("20")
    assert isinstance(found["version"], str)
    numbers = ("num_harmonics", "num_noise_amps", "frame_rate", "frame_size", "sample_rate")
    assert [found[key] for key in numbers] == [60, 65, 50, 1024, 16000]
    ours = found["ddsp_tf"]
    assert (ours["title"], ours["licence"], ours["features"]["loudness"]) == ("Toy", "CC0", "rms")
    assert max(ours["parity"]["errors"].values()) <= 1e-4


def test_it_plays_a_recording_as_keras_does(
    written: tuple[Instrument, Path, VstReport], recordings: Path
) -> None:
    """1,000 frames of a real voice, one at a time, the state carried by the host."""
    from ai_edge_litert.interpreter import Interpreter

    instrument, path, report = written
    audio, _ = soundfile.read(recordings / "phrases" / "voice_doremi_16k.flac", dtype="float32")
    loudness_db = np.resize(dsp.rms_power_db(audio[None], hop_length=320)[0].numpy(), 1000)
    f0_hz = np.resize(np.geomspace(120.0, 900.0, 333), 1000).astype(np.float32)
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    index = {
        x["name"]: x["index"]
        for x in (*interpreter.get_input_details(), *interpreter.get_output_details())
    }
    f0_scaled = dsp.scale_f0_hz(f0_hz).numpy()
    pw_scaled = (loudness_db / 80 + 1).astype(np.float32)
    state, found = np.zeros(512, np.float32), []
    for frame in range(1000):
        interpreter.set_tensor(index["call_f0_scaled:0"], f0_scaled[frame : frame + 1])
        interpreter.set_tensor(index["call_pw_scaled:0"], pw_scaled[frame : frame + 1])
        interpreter.set_tensor(index["call_state:0"], state)
        interpreter.invoke()
        *controls, state = (
            interpreter.get_tensor(index[f"StatefulPartitionedCall:{i}"]).copy() for i in range(4)
        )
        found.append(np.concatenate(controls))
    features = {"f0_hz": f0_hz[None, :, None], "loudness_db": loudness_db[None, :, None]}
    played = instrument.model({key: tf.constant(x) for key, x in features.items()})["controls"]
    expected = tf.concat(
        [
            played["harmonic"]["controls"]["amplitudes"],
            played["harmonic"]["controls"]["harmonic_distribution"],
            played["filtered_noise"]["controls"]["noise_magnitudes"],
        ],
        axis=-1,
    )[0]
    error = np.max(np.abs(np.stack(found) - expected.numpy()))
    assert error < 1e-4
    assert np.std(expected.numpy()[:, 0]) > 1e-3, "the phrase moves the instrument"
    assert str(report).startswith("equals Python to ")


def test_power_is_the_plugins(recordings: Path) -> None:
    """20 log10 of the root mean square of 1024 samples around each 20 ms."""
    audio, _ = soundfile.read(recordings / "phrases" / "voice_doremi_16k.flac", dtype="float32")
    audio = audio[:32000]
    found = extract_loudness_db(audio, live_instrument().features)
    assert len(found) == 100
    frame = audio[50 * 320 - 512 : 50 * 320 + 512].astype(float)
    assert found[50] == pytest.approx(20 * np.log10(np.sqrt(np.mean(frame**2))), abs=1e-3)


def drop_operation(model: Any) -> None:
    model.operatorCodes[0].customCode = b"FlexSomething"
    model.operatorCodes[0].builtinCode = 32
    model.operatorCodes[0].deprecatedBuiltinCode = 32


def as_number_type(kind: int) -> Any:
    return lambda model: setattr(tensor_named(model, "call_state:0"), "type", kind)


def free_size(model: Any) -> None:
    tensor_named(model, "StatefulPartitionedCall:1").shapeSignature = np.array([-1], np.int32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda model: setattr(tensor_named(model, "call_pw_scaled:0"), "name", b"pw:0"),
            r"its inputs should be call_f0_scaled:0, .*and are .*pw:0",
        ),
        (
            lambda model: setattr(
                tensor_named(model, "StatefulPartitionedCall:3"),
                "name",
                b"StatefulPartitionedCall:2",
            ),
            r"its outputs should be StatefulPartitionedCall:0",
        ),
        (as_number_type(1), r"`call_state:0` should be 512 numbers of type float32.*float16"),
        (
            lambda model: setattr(
                tensor_named(model, "StatefulPartitionedCall:2"), "shape", [1, 98]
            ),
            r"`StatefulPartitionedCall:2` should be 65 numbers .* and is \[1, 98\]",
        ),
        (free_size, r"`StatefulPartitionedCall:1` should be 60 numbers .* and is \[-1\]"),
        (drop_operation, "operations that are not built in: FlexSomething"),
    ],
)
def test_the_plugins_checks_refuse_other_files(content: bytes, change: Any, message: str) -> None:
    with pytest.raises(ExportError, match=r"DDSP-VST would not take the file: .*" + message):
        check_vst(rewritten(content, change))


def test_the_plugins_checks_read_the_archive(content: bytes) -> None:
    network = content[: content.rfind(b"PK\x03\x04")]
    with pytest.raises(ExportError, match=r"there is no `metadata\.json` at its end"):
        check_vst(network)
    poor = append_metadata(network, {"mean_min_power_note": "loud", "version": "1"})
    message = r"`mean_min_power_note` should be a number.*'loud'.*`export_time` should be a text"
    with pytest.raises(ExportError, match=message):
        check_vst(poor)
    # Glued on, an archive counts its places from its own start; the plug-in would find nothing.
    with pytest.raises(ExportError, match="counts its places from somewhere else"):
        check_vst(network + append_metadata(b"", zip_of(content)))
    with pytest.raises(ExportError, match=r"can't read the file.*no `TFL3`"):
        check_vst(b"RIFF" + content[8:])
    check_vst(content)


def zip_of(content: bytes) -> dict[str, Any]:
    from ddsp_tf.export.appended_metadata import read_appended_metadata

    return read_appended_metadata(content) or {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_harmonics": 100}, "harmonics 100 instead of 60"),
        ({"n_noise_bands": 98}, "noise bands 98 instead of 65"),
        ({"n_noise_bands": 0}, "noise bands 0 instead of 65"),
        ({"rnn_channels": 256}, "decoder state 256 numbers instead of 512 numbers"),
        ({"sample_rate": 48000, "hop_length": 960}, "sample rate 48000 Hz instead of 16000 Hz"),
        ({"hop_length": 64}, r"hop 64 samples instead of 320 samples.*data/vst\.gin"),
        ({"loudness": "a_weighted"}, "loudness a_weighted instead of rms"),
        ({"decoder_type": NotCausal}, r"NotCausal\) needs frames that are still to come"),
        ({"statistics": False}, "shows the range of pitch and power"),
    ],
)
def test_what_the_plugin_cannot_play_is_refused_before_any_work(
    options: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ddsp_tf.export.vst.vst.convert_to_litert", None)
    with pytest.raises(ExportError, match=message):
        export_vst(live_instrument(**options), tmp_path / "out.tflite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_file_that_differs_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ddsp_tf.export.live_parity.N_FRAMES", 3)
    message = r"does not equal the one in Python: `amplitudes` differs by .* \(at most 0\.0001\)"
    with pytest.raises(ExportError, match=message):
        export_vst(live_instrument(decoder_type=LouderLive), tmp_path / "out.tflite")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine.tflite").write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        export_vst(live_instrument(), tmp_path / "mine.tflite")
