"""`ddsp-tf separate`: takes a mixture apart into voices, by their pitches."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ddsp_tf.cli.exit_codes import INTERRUPTED
from ddsp_tf.cli.options import overwrite_option, reporting
from ddsp_tf.cli.terminal import Terminal, duration
from ddsp_tf.files import FolderSort

if TYPE_CHECKING:
    import numpy as np

    from ddsp_tf.inference.separate import Separation

_MODEL = "separator.model"
_LONGEST_S = 60.0
_SEPARATION = FolderSort(
    "a separation",
    "separation.json",
    keys={"n_voices": None, "stem_levels_db": None},
    files=("voice_*.wav", "residual.wav", "separation.png", f"{_MODEL}/*"),
)


@click.command(name="separate", short_help="Take voices that sound together apart.")
@click.argument("mixture", type=click.Path(path_type=Path))
@click.option(
    "--scores",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE.mid",
    help="What a voice plays; once for each voice.",
)
@click.option(
    "--f0",
    "tracks",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE.csv",
    help="A voice's pitch: columns `time_s` and `f0_hz`, 0 Hz in rests; once for each voice.",
)
@click.argument("more", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE...]")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="FOLDER",
    help="Where voice_1.wav ..., residual.wav, separation.png and separation.json go.",
)
@click.option(
    "--gin-file",
    "gin_file",
    default="papers/schulzeforster2023/separate.gin",
    show_default=True,
    metavar="GIN",
    help="What the voices are made of.",
)
@click.option(
    "--gin-param",
    "--gin_param",
    "gin_params",
    multiple=True,
    metavar="NAME=VALUE",
    help="One setting of it. Repeatable.",
)
@click.option(
    "--method",
    type=click.Choice(["model", "mask"]),
    default="model",
    show_default=True,
    help="mask: combs at the pitches alone, without learning.",
)
@click.option("--steps", type=click.IntRange(0), default=360, show_default=True, metavar="N")
@click.option(
    "--minutes",
    type=click.FloatRange(0.0, min_open=True),
    default=5.0,
    show_default=True,
    help="Limit of the learning.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Go on from what another separation has learned: its FOLDER.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@overwrite_option
@reporting
def command(
    terminal: Terminal,
    mixture: Path,
    scores: tuple[Path, ...],
    tracks: tuple[Path, ...],
    more: tuple[Path, ...],
    output: Path,
    gin_file: str,
    gin_params: tuple[str, ...],
    method: str,
    steps: int,
    minutes: float,
    resume: Path | None,
    seed: int,
    overwrite: bool,
) -> None:
    """Take MIXTURE apart into its voices, of which the pitches are known.

    Pitches come from a score (--scores) or a track (--f0) of each voice; scores are tuned to what
    is heard, by up to 90 cents. A small model of a source and a filter for each voice learns the
    mixture, for a minute or a few, and each voice gets its share of the sound. Nothing else is
    learned from. The voices and the residual sum to the mixture, sample for sample. Ctrl-C ends the
    learning and writes what there is; --resume goes on.

    \b
    Examples:
      ddsp-tf separate duet.wav --scores a.mid b.mid -o parts/
      ddsp-tf separate duet.wav --f0 a.csv b.csv -o parts/
      ddsp-tf separate duet.wav --f0 a.csv b.csv -o combs/ --method mask
      ddsp-tf separate duet.wav --f0 a.csv b.csv -o better/ --resume parts/
    """
    import keras
    import numpy as np

    from ddsp_tf.audio import read_audio
    from ddsp_tf.errors import AudioFileError
    from ddsp_tf.files import check_folder, printable
    from ddsp_tf.inference import separate

    if bool(scores) == bool(tracks):
        raise click.UsageError(
            "Give --scores or --f0, one file for each voice. Without pitches voices aren't told "
            "apart."
        )
    files = [*(scores or tracks), *more]
    check_folder(output, sort=_SEPARATION, overwrite=overwrite)
    audio, rate = read_audio(mixture)
    seconds = len(audio) / rate
    if seconds > _LONGEST_S:
        raise AudioFileError(
            f"`{printable(mixture)}` has {seconds:.0f} s, and {_LONGEST_S:g} s are taken apart at "
            "once. Cut it into passages; --resume takes what one has taught to the next."
        )
    keras.utils.set_random_seed(seed)
    model = _model(gin_file, gin_params, len(files), resume)
    pitches = _pitches_of_tracks if tracks else _pitches_of_scores
    f0_hz = pitches(files, mixture, seconds, model)
    with terminal.progress(mixture.name) as advance:
        found = separate(
            model,
            audio,
            rate,
            f0_hz,
            method=method,  # type: ignore[arg-type]
            n_steps=steps,
            max_minutes=minutes,
            name=mixture,
            progress=advance,
        )
    gain = _write(output, found, model, mixture.name, overwrite=overwrite)
    terminal.say(f"{mixture} -> {output}  ({len(files)} voices in {duration(found.seconds)})")
    if found.loss:
        terminal.say(
            f"  spectra learned: loss {found.loss[0]:.3f} to {found.loss[-1]:.3f}, "
            f"{found.n_steps} steps"
        )
    if gain < 1.0:
        terminal.say(f"  all turned down by {-20 * np.log10(gain):.1f} dB, so that none clips")
    terminal.result({"input": str(mixture), "output": str(output), **found.to_dict()})
    if found.interrupted:
        terminal.fail("Interrupted; what was learned until then is written.")
        raise SystemExit(INTERRUPTED)


def _model(gin_file: str, gin_params: tuple[str, ...], n_voices: int, resume: Path | None) -> Any:
    from ddsp_tf import config
    from ddsp_tf.models import Instrument

    if resume is not None:
        folder = resume / _MODEL if (resume / _MODEL).is_dir() else resume
        model = Instrument.load(folder).model
        if getattr(model, "n_sources", None) != n_voices:
            raise click.UsageError(
                f"--resume: `{resume}` knows {getattr(model, 'n_sources', 'no')} voices, and "
                f"{n_voices} are given."
            )
        return model
    parameters = (*gin_params, f"SourceFilterSeparator.n_sources={n_voices}")
    return config.parse([gin_file], parameters).build_model()


def _frames(seconds: float, model: Any) -> dict[str, Any]:
    from ddsp_tf import dsp

    rate, hop = int(model.sample_rate), int(model.hop_length)
    n_frames = dsp.n_frames(round(seconds * rate), hop)
    return {"seconds": seconds, "n_frames": n_frames, "frame_rate": rate / hop}


def _pitches_of_tracks(
    files: Sequence[Path], mixture: Path, seconds: float, model: Any
) -> "np.ndarray":
    from ddsp_tf.inference import pitches_of_curves

    del mixture
    return pitches_of_curves(files, **_frames(seconds, model))


def _pitches_of_scores(
    files: Sequence[Path], mixture: Path, seconds: float, model: Any
) -> "np.ndarray":
    from ddsp_tf import dsp
    from ddsp_tf.audio import read_audio
    from ddsp_tf.inference import pitches_of_scores, tune_to_sound

    keys_hz = pitches_of_scores(files, **_frames(seconds, model))
    heard, rate = read_audio(mixture, sample_rate=int(model.sample_rate))
    sizes = {"fft_length": model.fft_length, "hop_length": model.hop_length}
    magnitudes = dsp.stft_magnitude(heard[None], **sizes)[0].numpy()[: len(keys_hz)]
    return tune_to_sound(
        keys_hz[: len(magnitudes)], magnitudes, sample_rate=rate, fft_length=model.fft_length
    )


def _write(folder: Path, found: "Separation", model: Any, name: str, *, overwrite: bool) -> float:
    """Writes all, on the grid of 24 bits on which the sum is exact; gives the gain it took."""
    import numpy as np

    from ddsp_tf.audio import write_audio
    from ddsp_tf.files import atomic_directory, write_json
    from ddsp_tf.models import Instrument
    from ddsp_tf.plotting import save_figure

    sounds = [found.mixture, *found.stems]
    peak = max(float(np.max(np.abs(x))) for x in (*sounds, found.residual))
    gain = min(1.0, 0.99 / peak)
    mixture, *stems = (_on_grid(gain * x) for x in sounds)
    residual = mixture - np.sum(stems, axis=0)
    with atomic_directory(folder, sort=_SEPARATION, overwrite=overwrite) as temporary:
        for index, stem in enumerate(stems, start=1):
            write_audio(temporary / f"voice_{index}.wav", stem, found.sample_rate, clip=True)
        write_audio(temporary / "residual.wav", residual, found.sample_rate, clip=True)
        save_figure(found.figure(title=name), temporary / "separation.png")
        Instrument.without_features(model).save(temporary / _MODEL)
        write_json(temporary / "separation.json", {**found.to_dict(), "gain": gain})
    return gain


def _on_grid(audio: "np.ndarray") -> "np.ndarray":
    import numpy as np

    steps = 2.0**23
    return np.round(audio * steps) / steps
