"""What `ddsp-tf match` does with a model that designs filters."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddsp_tf.cli.each_file import Work, for_each_file
from ddsp_tf.cli.output_names import NamedOutput, plan_outputs
from ddsp_tf.cli.terminal import Advance, Terminal, duration

if TYPE_CHECKING:
    from ddsp_tf.audio.found_files import FoundFiles
    from ddsp_tf.inference import Design

_N_STEPS, _LEARNING_RATE = 1000, 0.05


def design_each(
    terminal: Terminal,
    model: Any,
    inputs: Sequence[str],
    output: Path,
    *,
    overwrite: bool,
    n_steps: int | None,
    sample_rate: float | None,
    learning_rate: float | None,
) -> None:
    """Designs a filter for each response, and writes it with a picture.

    Args:
        terminal: Where it is said.
        model: One that designs filters.
        inputs: CSV files, impulse responses, folders of them, or patterns.
        output: The folder for NAME.json and NAME.png.
        overwrite: Whether these are replaced where they are.
        n_steps: Steps of gradient descent after the network's design; None: 1000.
        sample_rate: Of the filters; None: as `inference.design_filter` chooses.
        learning_rate: Of the steps; None: 0.05.
    """
    plan = plan_outputs(inputs, output, suffix=".wav", search=search_responses)

    def prepare() -> Work:
        from ddsp_tf.inference import MagnitudeResponse, design_filter

        def design(named: NamedOutput, advance: Advance) -> dict[str, Any]:
            _check_targets(named, overwrite=overwrite)
            response = MagnitudeResponse.read(named.source)
            found = design_filter(
                model,
                response,
                sample_rate=sample_rate,
                n_steps=_N_STEPS if n_steps is None else n_steps,
                learning_rate=_LEARNING_RATE if learning_rate is None else learning_rate,
                progress=advance,
            )
            _write(named, found, overwrite=overwrite)
            target = named.target.with_suffix(".json")
            terminal.say(
                f"{named.source} -> {target}  ({len(found.sections)} sections at "
                f"{found.sample_rate:g} Hz, {found.error_db:.2f} dB off, by the network alone "
                f"{found.start_error_db:.2f} dB, in {duration(found.seconds)})"
            )
            return {"input": str(named.source), "output": str(target), **found.to_dict()}

        return design

    for_each_file(terminal, plan, prepare)


def search_responses(path: Path) -> "FoundFiles":
    """Finds the tables and the sounds at a path.

    Raises:
        DatasetError: There is nothing at `path`, or a folder holds neither.
    """
    from ddsp_tf.audio import search_audio_files
    from ddsp_tf.audio.found_files import FoundFiles
    from ddsp_tf.errors import DatasetError
    from ddsp_tf.inference.magnitude_response import TABLES

    if not path.is_dir():
        return search_audio_files(path)
    tables = [file for file in path.rglob("*") if file.suffix.lower() in TABLES and file.is_file()]
    try:
        sounds = search_audio_files(path).files
    except DatasetError:
        if not tables:
            raise
        sounds = []
    return FoundFiles(sorted([*tables, *sounds]), [])


def _check_targets(named: NamedOutput, *, overwrite: bool) -> None:
    from ddsp_tf.files import check_writable

    for suffix in (".json", ".png"):
        check_writable(named.target.with_suffix(suffix), overwrite=overwrite)


def _write(named: NamedOutput, found: "Design", *, overwrite: bool) -> None:
    from ddsp_tf.files import write_json
    from ddsp_tf.plotting import save_figure

    picture = named.target.with_suffix(".png")
    save_figure(found.figure(title=named.source.name), picture, overwrite=overwrite)
    write_json(named.target.with_suffix(".json"), found.to_dict(), overwrite=overwrite)
