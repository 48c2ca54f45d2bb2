"""What of a score a model takes."""

from typing import Literal

from ddsp_tf.errors import ModelError
from ddsp_tf.midi import VOICE_COLUMNS
from ddsp_tf.models import ControlModel, Model

MELODY_COLUMNS = ("f0_hz", "loudness_db")
ScoreInputs = Literal["notes", "voices", "melody"]


def score_inputs(model: Model) -> ScoreInputs:
    """Says which of the ways to play a score a model has, by what it takes.

    Returns:
        "notes", where it takes them as they are; "voices", where it takes key, velocity and gate of
        each voice; "melody", where it takes pitch and loudness.

    Raises:
        ModelError: None of them.

    Example:
        >>> from ddsp_tf import Instrument
        >>> score_inputs(Instrument.load("violin").model)
        'melody'
    """
    needed = set(model.required_input_names)
    ways: tuple[tuple[ScoreInputs, tuple[str, ...]], ...] = (
        ("notes", ("notes",)),
        ("voices", VOICE_COLUMNS),
        ("melody", MELODY_COLUMNS),
    )
    for name, columns in ways:
        if needed and needed <= set(columns):
            return name
    if isinstance(model, ControlModel):
        raise ModelError(
            "The instrument is a performer, which makes no sound. Name an instrument, and give it "
            "with `--performer`."
        )
    unknown = needed - {"notes", *VOICE_COLUMNS, *MELODY_COLUMNS}
    listed = ", ".join(f"`{key}`" for key in sorted(unknown or needed)) or "nothing"
    raise ModelError(
        f"The instrument takes {listed}, which no score has, so it can't play one. Those that can "
        "take `notes`, the voices' `midi`, `velocity` and `gate`, or `f0_hz` and `loudness_db`."
    )


def is_played_by_notes(model: Model) -> bool:
    """Whether a model takes notes or the voices that play them, and so follows no sound.

    Example:
        >>> from ddsp_tf import Instrument
        >>> is_played_by_notes(Instrument.load("violin").model)
        False
    """
    needed = set(model.required_input_names)
    return bool(needed) and (needed == {"notes"} or needed <= set(VOICE_COLUMNS))
