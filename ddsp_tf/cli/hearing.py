"""What `ddsp-tf match` does with a model that hears rooms."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddsp_tf.cli.each_file import Work, for_each_file
from ddsp_tf.cli.output_names import NamedOutput, plan_outputs
from ddsp_tf.cli.terminal import Advance, Terminal, duration

if TYPE_CHECKING:
    from ddsp_tf.types import FloatArray

DEFAULT_ROOM = "papers/lee2022/fvn.gin"


def hear_each(
    terminal: Terminal,
    model: Any,
    inputs: Sequence[str],
    output: Path,
    *,
    room: str | None,
    seed: int,
    overwrite: bool,
) -> None:
    """Makes a room for each sound that decays as the one in which it was recorded.

    Args:
        terminal: Where it is said.
        model: One that hears rooms.
        inputs: Sounds, folders of them, or patterns.
        output: The folder for NAME.json, NAME.png, NAME.wav and NAME.model.
        room: A gin file of a room, or None for the packaged filtered velvet noise.
        seed: Of the noise that stands for the decay.
        overwrite: Whether these are replaced where they are.
    """
    plan = plan_outputs(inputs, output, suffix=".wav")

    def prepare() -> Work:
        from ddsp_tf import config
        from ddsp_tf.audio import read_audio
        from ddsp_tf.errors import ArgumentError
        from ddsp_tf.files import printable
        from ddsp_tf.inference import find_room

        parsed = config.parse([room or DEFAULT_ROOM], [])

        def hear(named: NamedOutput, advance: Advance) -> dict[str, Any]:
            check_targets(named, overwrite=overwrite)
            sound, _ = read_audio(named.source, sample_rate=int(model.sample_rate))
            try:
                found = find_room(
                    model, sound, room=parsed.build_model(), seed=seed, progress=advance
                )
            except ArgumentError as error:
                raise ArgumentError(f"`{printable(named.source)}`: {error}") from error
            write_found(named, found, found.response, found.model, overwrite=overwrite)
            target = named.target.with_suffix(".json")
            terminal.say(f"{named.source} -> {target}  (in {duration(found.seconds)})")
            heard = found.heard
            for hz, t60, late in zip(heard.bands_hz, heard.t60_s, heard.late_db, strict=True):
                terminal.say(f"  {hz:g} Hz: T60 {t60:.2f} s, late energy {late:+.1f} dB")
            return {"input": str(named.source), "output": str(target), **found.to_dict()}

        return hear

    for_each_file(terminal, plan, prepare)


def check_targets(named: NamedOutput, *, overwrite: bool) -> None:
    """Refuses before any work what couldn't be written after it."""
    from ddsp_tf.files import check_folder, check_writable
    from ddsp_tf.models.instrument import INSTRUMENT

    for suffix in (".json", ".png", ".wav"):
        check_writable(named.target.with_suffix(suffix), overwrite=overwrite)
    check_folder(named.target.with_suffix(".model"), sort=INSTRUMENT, overwrite=overwrite)


def write_found(
    named: NamedOutput, found: Any, sound: "FloatArray", model: Any, *, overwrite: bool
) -> None:
    """Writes what was found for a sound.

    Args:
        named: The sound, and NAME.wav.
        found: Has `sample_rate`, `figure` and `to_dict`.
        sound: NAME.wav, `[n_samples]`.
        model: NAME.model.
        overwrite: Whether these are replaced where they are.
    """
    from ddsp_tf.audio import write_audio
    from ddsp_tf.files import write_json
    from ddsp_tf.models import Instrument
    from ddsp_tf.plotting import save_figure

    write_audio(named.target, sound, found.sample_rate, overwrite=overwrite)
    picture = named.target.with_suffix(".png")
    save_figure(found.figure(title=named.source.name), picture, overwrite=overwrite)
    write_json(named.target.with_suffix(".json"), found.to_dict(), overwrite=overwrite)
    folder = named.target.with_suffix(".model")
    Instrument.without_features(model).save(folder, overwrite=overwrite)
