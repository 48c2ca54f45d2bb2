"""The export of an instrument for Neutone FX, a plug-in."""

import contextlib
import io
import logging
import os
import tempfile
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ddsp_tf.audio import read_audio
from ddsp_tf.errors import ExportError
from ddsp_tf.export.torchscript.archive import load, with_description
from ddsp_tf.export.torchscript.contents import Contents, take_contents
from ddsp_tf.export.torchscript.packages import require_neutone, require_torch
from ddsp_tf.export.torchscript.parity import joined, measure_audio, measure_tracker
from ddsp_tf.export.torchscript.report import TorchReport
from ddsp_tf.files import atomic_file
from ddsp_tf.models import Instrument
from ddsp_tf.note_names import note_name
from ddsp_tf.presets import MELODY
from ddsp_tf.types import Float32Array, Progress, no_progress

FORMAT = "Neutone model of a ddsp_tf instrument"
_SECONDS_OF_SAMPLE = 6
_LARGEST_RATE = 96000
_BLOCK_FRAMES = 16


def export_neutone(
    instrument: Instrument,
    path: str | os.PathLike[str],
    *,
    name: str,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> TorchReport:
    """Writes a model that the plug-in Neutone FX loads: sound in, the instrument out.

    It has four knobs, which change nothing in their middle: pitch (24 semitones down to 24 up),
    loudness (24 dB softer to 24 louder), noise and room (none to twice as much). Neutone's own
    checks run before it is written, those for submitting a model to its catalogue included, and
    the melody that ships is rendered into it.

    Args:
        instrument: A causal one without encoder.
        path: A file that ends in `.nm`.
        name: What it is called, where the instrument has no title.
        overwrite: Whether an existing file may be replaced.
        progress: Is called with the share that is done, 0 to 1.

    Returns:
        How closely the file equals Python: -80 dB at least.

    Raises:
        ExportError: torch or neutone-sdk isn't installed, the model can't be played frame by frame,
            the file differs from Python, or Neutone refuses it.
        OutputError: The file exists or can't be written.
        ModelError: The weights of the pitch tracker aren't installed.

    Example:
        >>> from ddsp_tf import Instrument
        >>> from ddsp_tf.errors import ExportError
        >>> try:
        ...     said = str(export_neutone(Instrument.load("violin"), "violin.nm", name="violin"))
        ... except ExportError as error:
        ...     said = str(error)
        >>> "equals Python to -1" in said or "Install it: pip install" in said
        True
    """
    advance = progress or no_progress
    require_neutone()
    with atomic_file(path, overwrite=overwrite) as temporary:
        contents = take_contents(instrument)
        rate = contents.facts["sample_rate"]
        if rate > _LARGEST_RATE:
            raise ExportError(
                f"Neutone takes models of up to {_LARGEST_RATE} Hz, and this one has {rate} Hz."
            )
        advance(0.1)
        content = make_neutone(contents, name)
        advance(0.8)
        player = load(content).w2w_base.model
        audio = measure_audio(contents, player_of(player.instrument), reverb=True)
        parity = joined(audio, measure_tracker(contents, player.front_end.crepe))
        parity.require("model for Neutone")
        metadata = {**contents.describe(FORMAT), "parity": parity.to_dict()}
        content = with_description(content, metadata)
        temporary.write_bytes(content)
        _load_as_neutone(temporary)
        advance(1.0)
    return TorchReport(parity, len(content))


def make_neutone(contents: Contents, name: str) -> bytes:
    """Makes the file that Neutone loads, once its checks have passed.

    Raises:
        ExportError: Neutone's checks fail.
    """
    torch = require_torch()
    with _silent(), tempfile.TemporaryDirectory() as folder:
        from jsonschema import ValidationError
        from neutone_sdk.audio import AudioSample, AudioSamplePair, render_audio_sample
        from neutone_sdk.sqw import SampleQueueWrapper
        from neutone_sdk.utils import save_neutone_model

        from ddsp_tf.export.torchscript.modules.front_end import FrontEnd
        from ddsp_tf.export.torchscript.modules.neutone_module import NeutoneModule
        from ddsp_tf.export.torchscript.modules.players import SoundPlayer
        from ddsp_tf.export.torchscript.modules.streamed_instrument import StreamedInstrument

        facts, arrays = contents.facts, contents.arrays
        rate = facts["sample_rate"]
        player = SoundPlayer(StreamedInstrument(facts, arrays), FrontEnd(facts, arrays))
        module = NeutoneModule(player, rate, describe_for_neutone(contents, name))
        sound = torch.from_numpy(_melody(rate))[None]
        try:
            with torch.no_grad():
                heard = AudioSample(sound, rate)
                played = render_audio_sample(SampleQueueWrapper(module), heard)[0]
                module.reset()
                save_neutone_model(
                    module,
                    Path(folder),
                    dump_samples=True,
                    submission=True,
                    audio_sample_pairs=[AudioSamplePair(heard, played)],
                    # It sets how many threads the process has, once and for all.
                    speed_benchmark=False,
                )
        except (AssertionError, RuntimeError, ValueError, OSError, ValidationError) as error:
            raise ExportError(f"Neutone's checks refuse the model: {error}") from error
        return (Path(folder) / "model.nm").read_bytes()


def describe_for_neutone(contents: Contents, name: str) -> Any:
    """Gives what Neutone shows of an instrument, within its limits."""
    from ddsp_tf.export.torchscript.modules.neutone_module import NeutoneTexts

    facts, metadata = contents.facts, contents.facts["instrument"]
    title = str(facts["title"] or name)
    known = facts["read_range"]
    notes = known and f" It knows {' to '.join(map(note_name, known['f0_midi']))}."
    licence = f" Licence: {facts['licence']}." if facts["licence"] else ""
    network, synthesis = facts["network"], facts["synthesis"]
    credits = "; ".join(map(str, metadata.get("attribution") or ()))
    training = metadata.get("training_data", "recordings")
    units = "convolved channels" if network["kind"] == "convolutions" else "recurrent units"
    technical = (
        f"A network of {network['units']} {units} tells {synthesis['n_harmonics']} "
        "partials and filtered noise what to play, by pitch (CREPE) and loudness; ddsp_tf "
        f"{facts['ddsp_tf_version']}. Trained on {training}.{licence} {credits}"
    )
    said = str(metadata.get("description") or f"The instrument {title}.")
    authors = metadata.get("authors") or ["ddsp_tf"]
    return NeutoneTexts(
        name=_within(title, 30),
        authors=[_within(str(author), 60) for author in authors][:5],
        short=_within(f"Plays what you sing or play, one note at a time, as: {title}.", 150),
        long=_within(
            f"{said} It follows the pitch and loudness of one voice or instrument.{notes or ''} "
            "The knobs change nothing in their middle: pitch by semitones, loudness, noise, room."
            f"{licence}",
            500,
        ),
        technical=_within(technical, 500),
        tags=["ddsp", "timbre transfer", "instrument"],
        citation="Engel et al. (2020), DDSP: Differentiable Digital Signal Processing.",
        version=str(metadata.get("version") or "1.0.0"),
    )


def player_of(instrument: Any) -> Any:
    """Gives what plays frames with the instrument inside a loaded file."""
    torch = require_torch()

    def play(f0_hz: Float32Array, loudness_db: Float32Array) -> Float32Array:
        frames = torch.from_numpy(np.stack([f0_hz, loudness_db]).astype(np.float32))[:, None]
        with torch.no_grad():
            blocks = [
                instrument(*frames[..., start : start + _BLOCK_FRAMES])
                for start in range(0, frames.shape[2], _BLOCK_FRAMES)
            ]
        return torch.cat(blocks, dim=1)[0].numpy()

    return play


def _melody(sample_rate: int) -> Float32Array:
    audio, _ = read_audio(MELODY, sample_rate=sample_rate)
    return audio[: _SECONDS_OF_SAMPLE * sample_rate]


def _within(text: str, n_characters: int) -> str:
    return textwrap.shorten(text, n_characters, placeholder="...")


def _load_as_neutone(path: Path) -> None:
    from neutone_sdk.utils import load_neutone_model

    with _silent():
        load_neutone_model(str(path))


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keeps what Neutone's checks say to themselves: they speak as if a person watched."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            contextlib.redirect_stderr(io.StringIO()),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            yield
    finally:
        logging.disable(before)
