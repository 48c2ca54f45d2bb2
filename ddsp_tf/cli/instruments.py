"""`ddsp-tf instruments`: what ships with the package."""

from pathlib import Path
from typing import Any

import click

from ddsp_tf.cli.options import reporting
from ddsp_tf.cli.terminal import Terminal, duration

_COLUMNS = ["name", "range", "loudness", "trained on", "licence", "measured"]
_METRICS = {
    "spectral_distance": "spectral distance {:.2f}",
    "loudness_db": "loudness {:.1f} dB off",
    "median_cents": "pitch {:.0f} cents off",
}


@click.command(name="instruments", short_help="List the shipped instruments.")
@reporting
def command(terminal: Terminal) -> None:
    """List the shipped instruments: range, training data, licence and measured quality.

    \b
    Examples:
      ddsp-tf instruments
      ddsp-tf instruments --json
    """
    found = shipped_instruments()
    if not found:
        terminal.note("No instrument ships with this version. Train one: ddsp-tf train --help")
    else:
        rows = [_row(name, metadata) for name, metadata in found.items()]
        terminal.table("", _COLUMNS, rows)
        terminal.say(f"Play one: ddsp-tf transfer {next(iter(found))} melody -o out/")
        terminal.say("Hear all of them, before and after: ddsp-tf demo")
    terminal.result({name: _public(metadata) for name, metadata in found.items()})


def shipped_instruments() -> dict[str, dict[str, Any]]:
    """Reads the metadata of the shipped instruments, by name, without TensorFlow."""
    from importlib import resources

    from ddsp_tf.errors import ModelError
    from ddsp_tf.files import read_json

    folder = Path(str(resources.files("ddsp_tf.presets")))
    return {
        path.parent.name: read_json(path, error=ModelError)
        for path in sorted(folder.glob("*/metadata.json"))
    }


def describe_range(statistics: dict[str, Any]) -> tuple[str, str]:
    """Writes the trained range of pitch and of loudness for a person."""
    from ddsp_tf.note_names import note_name

    # The outermost percents are slips of the tracker as often as notes.
    pitch, level = statistics["f0_midi_quantiles"], statistics["loudness_db_quantiles"]
    lowest, highest = (440.0 * 2.0 ** ((midi - 69.0) / 12.0) for midi in (pitch[1], pitch[-2]))
    notes = f"{note_name(pitch[1])} to {note_name(pitch[-2])}"
    return (
        f"{notes} ({lowest:.0f} to {highest:.0f} Hz)",
        f"{level[1]:.0f} to {level[-2]:.0f} dB",
    )


def describe_keys(key_range: list[float]) -> str:
    """Writes the keys of an instrument that is played by notes for a person."""
    from ddsp_tf.note_names import note_name

    lowest, highest = (440.0 * 2.0 ** ((key - 69.0) / 12.0) for key in key_range)
    notes = f"{note_name(key_range[0])} to {note_name(key_range[1])}"
    return f"{notes} ({lowest:.0f} to {highest:.0f} Hz)"


def describe_metrics(metrics: dict[str, Any]) -> str:
    """Writes the most telling of an evaluation's numbers for a person."""
    known = [
        text.format(metrics[key]) for key, text in _METRICS.items() if metrics.get(key) is not None
    ]
    return ", ".join(known) or "nothing yet"


def _row(name: str, metadata: dict[str, Any]) -> list[str]:
    statistics = metadata.get("statistics")
    if statistics:
        pitch, level = describe_range(statistics)
    elif "key_range" in metadata:
        pitch, level = describe_keys(metadata["key_range"]), "by velocity"
    else:
        pitch = level = "unknown"
    trained_on = str(metadata.get("training_data", "unknown"))
    if statistics:
        trained_on += f" ({duration(statistics['seconds'])})"
    return [
        name,
        pitch,
        level,
        trained_on,
        str(metadata.get("licence", "unknown")),
        describe_metrics(metadata.get("metrics", {})),
    ]


def _public(metadata: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key != "sha256"}
