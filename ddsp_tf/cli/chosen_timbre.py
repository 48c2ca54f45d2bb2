"""The instrument that `--timbre` or `--timbre-from` makes of a model."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ddsp_tf.models import Instrument


def load_with_timbre(name: str, timbre: str | None, timbre_from: str | None) -> "Instrument":
    """Loads an instrument, and gives the one of it that was asked for.

    Raises:
        click.UsageError: Both were asked for.
        ModelError: There is no such instrument.
        ArgumentError: It has no such timbre.
        AudioFileError: The recording is missing or damaged.
    """
    from ddsp_tf.inference.timbres import choose_timbre, hear_timbre_of_file, parse_timbre
    from ddsp_tf.models import Instrument

    if timbre is not None and timbre_from is not None:
        raise click.UsageError("--timbre and --timbre-from exclude each other; choose one.")
    instrument = Instrument.load(name)
    if timbre is not None:
        return choose_timbre(instrument, parse_timbre(timbre))
    return instrument if timbre_from is None else hear_timbre_of_file(instrument, timbre_from)
