"""What comes from outside: how a sound one is made, and how it is read."""

import contextlib
import hashlib
import json
import shutil
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

RATE = 16000


@dataclass(frozen=True)
class Target:
    """Something that is read.

    Args:
        make: Writes a sound one into a folder.
        read: Reads what lies in the folder, as the program does.
        files: Patterns of those of its files that are damaged.
        share: Of the inputs, relative to the others: what is slow to read gets fewer.
        mend: Runs after a file was damaged, for damage behind a checksum.
    """

    make: Callable[[Path], None]
    read: Callable[[Path], object]
    files: tuple[str, ...] = ("*",)
    share: float = 1.0
    mend: Callable[[Path], None] | None = None


def _tone(seconds: float = 0.05) -> np.ndarray:
    time_s = np.arange(round(RATE * seconds)) / RATE
    return 0.3 * np.sin(2 * np.pi * 440.0 * time_s).astype(np.float32)


def _audio(kind: str, subtype: str | None = None) -> Target:
    def make(folder: Path) -> None:
        import soundfile

        stereo = np.stack([_tone(), _tone()], axis=1)
        soundfile.write(folder / f"take.{kind}", stereo, RATE, subtype=subtype)

    return Target(make, lambda folder: _read_audio(folder / f"take.{kind}"))


def _read_audio(path: Path) -> None:
    from ddsp_tf.audio import read_audio

    audio, sample_rate = read_audio(path)
    assert sample_rate > 0
    assert np.all(np.isfinite(audio))


def _make_aac(folder: Path) -> None:
    import av

    with av.open(str(folder / "take.m4a"), "w") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(_tone(0.2)[None], format="fltp", layout="mono")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def _make_dataset(folder: Path) -> None:
    import soundfile

    from ddsp_tf.data import prepare

    made = folder / "made"
    made.mkdir()
    for index, hz in enumerate((220.0, 330.0)):
        time_s = np.arange(2 * RATE) / RATE
        soundfile.write(made / f"{index}.wav", 0.3 * np.sin(2 * np.pi * hz * time_s), RATE)
    prepare(made, folder / "dataset", n_workers=1)
    shutil.rmtree(made)


def _read_dataset(folder: Path) -> None:
    from ddsp_tf.data import Dataset

    dataset = Dataset.open(folder / "dataset")
    for split in ("train", "eval"):
        for _, audio, features in dataset.recordings(split):
            assert len(audio) >= len(features.f0_hz)


def _read_windows(folder: Path) -> None:
    """As training does, at places within the shards."""
    from ddsp_tf.data import Dataset

    dataset = Dataset.open(folder / "dataset")
    next(iter(dataset.batches("train", batch_size=2, clip_s=0.5)))


def _make_model(folder: Path) -> None:
    import keras

    from ddsp_tf import config
    from ddsp_tf.features import Features, FeatureSettings, Statistics
    from ddsp_tf.models import Instrument

    keras.utils.set_random_seed(0)
    small = ("RnnFcDecoder.rnn_channels=4", "N_HARMONICS=4", "N_NOISE_BANDS=3")
    model = config.parse(
        ["models/tiny_instrument.gin"], [*small, "Reverb.impulse_response_length=16"]
    ).build_model()
    f0_hz = np.geomspace(200.0, 800.0, 100).astype(np.float32)
    played = Features(f0_hz, np.full(100, 0.9, np.float32), np.full(100, -30.0, np.float32))
    Instrument(model, FeatureSettings(), Statistics.from_features([played])).save(folder / "model")


def _sign(folder: Path) -> None:
    """Checksums that fit: somebody made the files to mislead."""
    path = folder / "model" / "metadata.json"
    try:
        metadata = json.loads(path.read_bytes())
        metadata["sha256"] = {
            name: hashlib.sha256((folder / "model" / name).read_bytes()).hexdigest()
            for name in ("model.json", "weights.h5", "features.json")
        }
        path.write_text(json.dumps(metadata))
    except (ValueError, TypeError, RecursionError):
        pass  # The metadata is what was damaged.


def _read_model(folder: Path) -> None:
    from ddsp_tf.models import Instrument

    Instrument.load(folder / "model")


def _make_run(folder: Path) -> None:
    rows = [{"step": step, "loss": 7.0 / step, "seconds": 1.0} for step in range(1, 5)]
    rows[-1]["validation_loss"] = 2.0
    run = folder / "run"
    run.mkdir()
    (run / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (run / "settings.json").write_text(json.dumps({"model": "toy", "schedule": {"seed": 1}}))


def _inspect(name: str) -> Callable[[Path], object]:
    def read(folder: Path) -> None:
        from ddsp_tf.cli.inspections import inspect_path

        inspect_path(str(folder / name), lambda done, total: None)

    return read


def _make_score(folder: Path) -> None:
    from ddsp_tf.midi import write_notes

    notes = np.array([[0.0, 0.5, 60, 0.5, 0], [0.4, 1.5, 64, 0.9, 0], [1.0, 2.0, 67, 0.3, 1]])
    write_notes(folder / "song.mid", notes, name="Song")


def _read_score(folder: Path) -> None:
    from ddsp_tf.midi import read_score

    score = read_score(folder / "song.mid")
    assert np.all(np.isfinite(score.notes))


def _table(name: str, text: str, read: Callable[[Path], object], share: float = 2.0) -> Target:
    return Target(
        lambda folder: (folder / name).write_text(text, encoding="utf-8") and None,
        lambda folder: read(folder / name),
        share=share,
    )


def _read_note_table(path: Path) -> None:
    from ddsp_tf.midi import read_notes

    assert np.all(np.isfinite(read_notes(path)[:, :3]))


def _read_curves(path: Path) -> None:
    from ddsp_tf.inference.curves import Curves

    curves = Curves.read(path)
    curves.at_frames(10, frame_rate=50.0)


def _read_response(path: Path) -> None:
    from ddsp_tf.inference.magnitude_response import MagnitudeResponse

    MagnitudeResponse.read(path)


def _read_events(path: Path) -> None:
    """What `ddsp-tf stream --midi` reads, line by line."""
    from ddsp_tf.errors import DdspError
    from ddsp_tf.midi.live_events import parse_event

    for line in path.read_bytes().decode("utf-8", "replace").splitlines():
        with contextlib.suppress(DdspError):
            parse_event(line)


def _read_gin(path: Path) -> None:
    from ddsp_tf import config

    config.parse([str(path)])


def _make_container(folder: Path) -> None:
    from ddsp_tf.export.plugin.container import pack_container

    arrays = {"layer/kernel": np.ones([3, 2], np.float32), "layer/bias": np.ones(2, np.float16)}
    facts = {"title": "Toy", "sample_rate": RATE, "hop_length": 64, "n_harmonics": 4}
    (folder / "toy.ddsp").write_bytes(pack_container(facts, arrays))


def _sign_container(folder: Path) -> None:
    """A length and a checksum that fit."""
    path = folder / "toy.ddsp"
    content = path.read_bytes()
    if len(content) >= 32:
        sizes = struct.pack("<QI", len(content), zlib.crc32(content[32:]))
        path.write_bytes(content[:16] + sizes + content[28:])


def _make_tflite(folder: Path) -> None:
    from ddsp_tf.export.appended_metadata import append_metadata
    from ddsp_tf.export.litert.litert_file import convert_to_litert

    content = convert_to_litert(_graph(), signature="run")
    (folder / "toy.tflite").write_bytes(append_metadata(content, {"licence": "CC0"}))


def _make_onnx(folder: Path) -> None:
    from ddsp_tf.export.onnx.onnx_file import convert_to_onnx

    (folder / "toy.onnx").write_bytes(convert_to_onnx(_graph(), name="run"))


def _graph() -> Any:
    import tensorflow as tf

    weights = tf.constant(np.ones([3, 5], np.float32))
    return tf.function(
        lambda x: {"y": tf.matmul(x[tf.newaxis], weights)[0]},
        [tf.TensorSpec([3], tf.float32, "x")],
        autograph=False,
    ).get_concrete_function()


TARGETS: dict[str, Target] = {
    "wav": _audio("wav", "PCM_16"),
    "wav of floats": _audio("wav", "FLOAT"),
    "aiff": _audio("aiff"),
    "flac": _audio("flac"),
    "ogg": _audio("ogg"),
    "mp3": _audio("mp3"),
    "aac": Target(_make_aac, lambda folder: _read_audio(folder / "take.m4a"), share=0.5),
    "dataset": Target(_make_dataset, _read_dataset, ("dataset/*",), share=0.3),
    "dataset read in windows": Target(_make_dataset, _read_windows, ("dataset/*",), share=0.1),
    "model": Target(
        _make_model,
        _read_model,
        ("model/model.json", "model/features.json", "model/metadata.json", "model/weights.h5"),
        share=0.3,
        mend=_sign,
    ),
    "run": Target(_make_run, _inspect("run"), ("run/*",)),
    "MIDI": Target(_make_score, _read_score, share=2.0),
    "note table": _table(
        "a.notes.csv",
        "start_s,end_s,midi_pitch,velocity\n0.0,0.5,60,0.5\n0.5,0.9,62.5,1\n1.25,2,64,0\n",
        _read_note_table,
    ),
    "curves": _table(
        "curves.csv", "time_s,f0_hz,loudness_db\n0,440,-60\n0.3,,-20\n1.2,660,\n", _read_curves
    ),
    "response": _table(
        "response.csv", "frequency_hz,magnitude_db\n20,0\n1000,3.5\n8000,-12\n", _read_response
    ),
    "live events": _table(
        "events.txt",
        "0.5 on 60 100\noff 60  # at once\nbend 0.5\npedal 127\nquiet\nend\n",
        _read_events,
    ),
    "gin": _table(
        "a.gin",
        "from __gin__ import dynamic_registration\nfrom ddsp_tf import training\n"
        "training.Schedule.batch_size = 4\nN = 3\ntraining.Schedule.clip_s = %N\n",
        _read_gin,
        share=0.5,
    ),
    "ddsp": Target(_make_container, _inspect("toy.ddsp"), mend=_sign_container),
    "tflite": Target(_make_tflite, _inspect("toy.tflite")),
    "onnx": Target(_make_onnx, _inspect("toy.onnx")),
}
