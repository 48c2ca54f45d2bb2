"""`ddsp-tf match`: finds the parameters of a model for a sound, or a filter for a response."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ddsp_tf.cli.each_file import say_left_out
from ddsp_tf.cli.exit_codes import INTERRUPTED, describe, report_failures
from ddsp_tf.cli.options import overwrite_option, reporting
from ddsp_tf.cli.output_names import NamedOutput, plan_outputs
from ddsp_tf.cli.terminal import Advance, Terminal, duration

if TYPE_CHECKING:
    from ddsp_tf.inference import Match

_N_STEPS, _LEARNING_RATE, _N_EVALUATIONS = 500, 0.1, 2000
_LARGEST_PRESET = 2**20
_METHODS = tuple(name + then for name in ("ga", "de", "cma", "mcmc") for then in ("", "+adam"))


@click.command(name="match", short_help="Find a model's parameters, or a filter.")
@click.argument("model")
@click.argument("inputs", nargs=-1, required=True, metavar="SOUND...")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="FOLDER",
    help="Where NAME.json, NAME.png, NAME.wav and NAME.model go.",
)
@click.option(
    "--dry",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The sound before the effect, for models of effects.",
)
@click.option(
    "--gin-param",
    "--gin_param",
    "gin_params",
    multiple=True,
    metavar="NAME=VALUE",
    help="One setting, where MODEL is a gin file. Repeatable.",
)
@click.option(
    "--start-from",
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="NAME.model or NAME.json of another match, whose parameters are the start.",
)
@click.option(
    "--method",
    type=click.Choice(("adam", *_METHODS)),
    default="adam",
    show_default=True,
    help="How parameters are found: by gradient (adam); or without, by a genetic algorithm, "
    "differential evolution, CMA-ES or Markov chains, which adam may follow.",
)
@click.option(
    "--evaluations",
    type=click.IntRange(1),
    metavar="N",
    help=f"How often ga, de, cma and mcmc play the model. Default: {_N_EVALUATIONS}.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with a search that was stopped, which NAME.search holds.",
)
@click.option(
    "--steps",
    type=click.IntRange(0),
    metavar="N",
    help="Of gradient descent. Default: 500, or 1000 after a network's design of a filter.",
)
@click.option(
    "--starts",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="How often to begin; the best goes on.",
)
@click.option(
    "--try",
    "tries",
    multiple=True,
    metavar="NAME=VALUE,...",
    help="Values at which a parameter begins; each combination is a start. Repeatable.",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(0.0, min_open=True),
    metavar="X",
    help="At first. Default: 0.1, or 0.05 for filters.",
)
@click.option(
    "--sample-rate",
    type=click.FloatRange(0.0, min_open=True),
    metavar="HZ",
    help="Of a filter that is designed. Default: the impulse response's, or the model's.",
)
@click.option(
    "--grow",
    is_flag=True,
    help="Hear the beginning first and more and more of the rest: for effects that swing.",
)
@click.option(
    "--align",
    is_flag=True,
    help="Take the delay between --dry and SOUND out, by whole samples.",
)
@click.option(
    "--room",
    metavar="GIN",
    help="What room is made, with a MODEL that hears rooms. Default: papers/lee2022/fvn.gin.",
)
@click.option("--minutes", type=click.FloatRange(0.0, min_open=True), help="Limit for each sound.")
@click.option("--seed", type=int, default=0, show_default=True)
@overwrite_option
@reporting
def command(
    terminal: Terminal,
    model: str,
    inputs: tuple[str, ...],
    output: Path,
    dry: Path | None,
    gin_params: tuple[str, ...],
    start_from: Path | None,
    method: str,
    evaluations: int | None,
    resume: bool,
    steps: int | None,
    starts: int,
    tries: tuple[str, ...],
    learning_rate: float | None,
    sample_rate: float | None,
    grow: bool,
    align: bool,
    room: str | None,
    minutes: float | None,
    seed: int,
    overwrite: bool,
) -> None:
    """Find the parameters with which MODEL plays SOUND, or the filter for a response.

    MODEL is a gin file, your own or a packaged one, or a run or model folder. For each SOUND there
    are the parameters with their units and ranges (NAME.json), the sound that they give (NAME.wav),
    a picture of both (NAME.png), and the model that has them (NAME.model), for `ddsp-tf process`
    and as the MODEL from which another match begins. Ctrl-C keeps the best found so far, and
    --resume goes on from there.

    A MODEL that hears settings, such as the shipped `subtractive`, begins with what it hears.

    A MODEL that designs filters, such as the shipped `iirnet`, takes a CSV file with the columns
    frequency_hz and magnitude_db, or an impulse response. There are the second-order sections
    (NAME.json, as lists and as SciPy's `sos`) and a picture of both responses (NAME.png).

    A MODEL that hears rooms, such as the shipped `reverb`, takes recordings of speech or music in a
    room. There are the times in which octaves decay and the parameters of a room that decays so
    (NAME.json), its impulse response (NAME.wav) and a picture of it (NAME.png), and the room itself
    (NAME.model).

    A MODEL of a glottis and a vocal tract, `papers/sudholt2023/tract.gin`, takes a voice. There are
    the areas of the tract, its formants and R_d at every moment (NAME.json), a picture of the tract
    moving (NAME.png), and what the tract plays (NAME.wav).

    \b
    Examples:
      ddsp-tf match equalizer.gin treated.wav --dry before.wav -o found/
      ddsp-tf match subtractive note.wav -o found/
      ddsp-tf match synthesizer.gin takes/ -o found/ --starts 4
      ddsp-tf match papers/hagiwara2022/voice.gin bird.wav -o found/ --method ga+adam
      ddsp-tf match phaser.gin wet.wav --dry dry.wav -o found/ --grow --try rate_hz=0.5,1,2
      ddsp-tf match iirnet headphone.csv cabinet.wav -o found/
      ddsp-tf match papers/sudholt2023/tract.gin vowel.wav -o found/
      ddsp-tf match reverb speech_in_a_hall.wav -o found/
    """
    import keras

    from ddsp_tf.audio import check_usable, read_audio
    from ddsp_tf.cli.designing import design_each
    from ddsp_tf.cli.hearing import check_targets, hear_each, write_found
    from ddsp_tf.cli.tracing import trace_each
    from ddsp_tf.files import printable
    from ddsp_tf.inference import can_design, can_hear_rooms, can_trace_tracts
    from ddsp_tf.inference.sound_search import LONGEST_AT_ONCE_S, can_hear_settings

    build = _builder(model, gin_params, start_from)
    designer, _ = build()
    drawn = method != "adam"
    if evaluations is not None and not drawn:
        raise click.UsageError("--evaluations is for --method ga, de, cma and mcmc.")
    if method in ("ga", "de", "cma", "mcmc") and (
        steps is not None or starts > 1 or tries or learning_rate is not None or grow
    ):
        raise click.UsageError(
            "--steps, --starts, --try, --learning-rate and --grow are for steps by gradient. Take "
            f"--method {method}+adam."
        )
    for_sounds = dry is not None or starts > 1 or tries or minutes is not None or drawn or resume
    if can_design(designer):
        if for_sounds:
            raise click.UsageError(
                "--dry, --starts, --try, --minutes, --method and --resume are for sounds; this "
                "MODEL designs filters."
            )
        design_each(
            terminal,
            designer,
            inputs,
            output,
            overwrite=overwrite,
            n_steps=steps,
            sample_rate=sample_rate,
            learning_rate=learning_rate,
        )
        return
    if sample_rate is not None:
        raise click.UsageError("--sample-rate is for a MODEL that designs filters.")
    if can_hear_rooms(designer):
        if for_sounds or steps is not None:
            raise click.UsageError(
                "--dry, --steps, --starts, --try, --minutes, --method and --resume are for sounds "
                "that are approached; this MODEL hears rooms."
            )
        hear_each(terminal, designer, inputs, output, room=room, seed=seed, overwrite=overwrite)
        return
    if room is not None:
        raise click.UsageError("--room is for a MODEL that hears rooms.")
    if can_trace_tracts(designer):
        if for_sounds:
            raise click.UsageError(
                "--dry, --starts, --try, --minutes, --method and --resume are for constants that "
                "are found; this MODEL traces a voice."
            )
        trace_each(
            terminal,
            designer,
            inputs,
            output,
            n_steps=steps,
            learning_rate=learning_rate,
            overwrite=overwrite,
        )
        return
    plan = plan_outputs(inputs, output, suffix=".wav")
    say_left_out(terminal, plan)
    failures = dict(plan.failures)
    results: list[dict[str, Any]] = []
    interrupted = False
    tried = dict(map(_try, tries))
    for named in plan.outputs:
        try:
            keras.utils.set_random_seed(seed)  # networks within effects begin at random
            built, objective = build()
            rate = int(built.sample_rate)
            target, _ = read_audio(named.source, sample_rate=rate)
            before = None if dry is None else read_audio(dry, sample_rate=rate)[0]
            if before is not None:
                target = _aligned(terminal, before, target, rate, align=align)
            state = named.target.with_suffix(".search")
            # What a search that was stopped has written is replaced by what it goes on to find.
            replaced = overwrite or (resume and _kept(state) is not None)
            check_targets(named, overwrite=replaced)
            if not resume:
                _forget(state)
            if can_hear_settings(built):
                check_usable(target, n_samples=rate // 10, name=named.source)
                built, objective = built.toward(target[: round(LONGEST_AT_ONCE_S * rate)]), None
            named.target.parent.mkdir(parents=True, exist_ok=True)
            with terminal.progress(named.source.name) as advance:
                found = _match(
                    built,
                    target,
                    advance,
                    dry=before,
                    objective=objective,
                    method=method,
                    n_evaluations=evaluations or _N_EVALUATIONS,
                    state=state,
                    n_steps=_N_STEPS if steps is None else steps,
                    n_starts=starts,
                    tries=tried,
                    learning_rate=_LEARNING_RATE if learning_rate is None else learning_rate,
                    grow=grow,
                    max_minutes=minutes,
                    seed=seed,
                )
            write_found(named, found, found.audio, built, overwrite=replaced)
            if not found.interrupted:
                _forget(state)
        except Exception as error:
            if terminal.debug:
                raise
            told = describe(error)
            named_in = named.source.name in told
            failures[str(named.source)] = (
                told if named_in else f"`{printable(named.source)}`: {told}"
            )
            continue
        _describe(terminal, named, found)
        results.append({"input": str(named.source), **found.to_dict()})
        if found.interrupted:
            interrupted = True
            break
    terminal.result({"files": results, "failed": failures})
    if interrupted:
        terminal.fail(
            "Interrupted; the best so far is written. Go on with the same command and --resume."
        )
        raise SystemExit(INTERRUPTED)
    report_failures(failures, n_done=len(results))


def _builder(
    name: str, gin_params: tuple[str, ...], start_from: Path | None
) -> Callable[[], tuple[Any, Any]]:
    """Makes a new model for each sound, so that none begins where another ended."""
    from ddsp_tf.models import Instrument, find_instrument

    if name.endswith(".gin"):
        from ddsp_tf import config

        parsed = config.parse([name], gin_params)
        values = None
        preset = None
        if start_from is not None and start_from.is_file():
            preset = _preset(start_from, parsed.build_model())
        elif start_from is not None:
            values = _weights(Instrument.load(start_from).model, parsed.build_model(), start_from)

        def build() -> tuple[Any, Any]:
            model = _begun(parsed)
            if values is not None:
                model.set_weights(values)
            if preset is not None:
                model.set_parameters(preset)
            return model, parsed.build_objective()

        return build
    if gin_params or start_from:
        raise click.UsageError("--gin-param and --start-from go with a MODEL that is a gin file.")
    folder = find_instrument(name)
    return lambda: (Instrument.load(folder).model, None)


def _weights(given: Any, like: Any, folder: Path) -> Any:
    """What a model of the same parts has learned."""
    ours, theirs = ({(x.name, tuple(x.shape)) for x in m.weights} for m in (like, given))
    if ours != theirs:
        raise click.UsageError(
            f"--start-from should be a model of the same parts as MODEL. `{folder}` has "
            f"{', '.join(sorted(name for name, _ in theirs))}, and MODEL "
            f"{', '.join(sorted(name for name, _ in ours))}."
        )
    return given.get_weights()


def _preset(path: Path, like: Any) -> dict[str, Any]:
    """The parameters that another match wrote, of the same names."""
    from ddsp_tf.errors import ArgumentError
    from ddsp_tf.files import read_json

    content = read_json(path, error=ArgumentError, largest=_LARGEST_PRESET)
    given = content.get("parameters") if isinstance(content, dict) else None
    names = getattr(like, "constant_names", ())
    if not isinstance(given, dict) or not all(isinstance(x, dict) for x in given.values()):
        raise click.UsageError(f"`{path}` has no parameters that a match wrote.")
    lacking, unknown = sorted(set(names) - set(given)), sorted(set(given) - set(names))
    if lacking or unknown:
        told = [
            f"{what} {', '.join(which[:5])}{', ...' if len(which) > 5 else ''}"
            for what, which in (("lacks", lacking), ("has", unknown))
            if which
        ]
        raise click.UsageError(
            f"`{path}` holds the parameters of another synthesiser: it {' and '.join(told)}."
        )
    return {key: x.get("value") for key, x in given.items()}


def _kept(state: Path) -> Path | None:
    """The file of a search that was stopped, or of its steps by gradient."""
    return next((path for path in _files_of(state) if path.exists()), None)


def _forget(state: Path) -> None:
    for path in _files_of(state):
        path.unlink(missing_ok=True)


def _files_of(state: Path) -> tuple[Path, Path]:
    return state, state.with_name(f"{state.name}.adam")


def _try(text: str) -> tuple[str, list[float]]:
    name, _, values = text.partition("=")
    try:
        return name.strip(), [float(value) for value in values.split(",")]
    except ValueError:
        raise click.UsageError(
            f"--try should be NAME=VALUE,VALUE,... with numbers. Received {text!r}."
        ) from None


def _aligned(terminal: Terminal, dry: Any, target: Any, rate: int, *, align: bool) -> Any:
    """The treated sound, moved if that was asked for; if not, a delay is told of."""
    from ddsp_tf.data.sources.delay import UNSURE, measure_delay, moved_earlier

    delay = measure_delay(dry, target, rate)
    if not delay.samples or delay.likeness < UNSURE:
        return target
    comes = f"comes {abs(delay.samples)} samples {'later' if delay.samples > 0 else 'earlier'}"
    if align:
        terminal.say(f"The treated sound {comes} than the dry one, and is moved.")
        return moved_earlier(target, delay.samples)
    terminal.note(f"The treated sound {comes} than the dry one. --align takes that out.")
    return target


def _begun(parsed: Any) -> Any:
    """The model of a configuration, with the network that its training would start from."""
    from ddsp_tf.training import train
    from ddsp_tf.training.warm_start import copy_network

    model = parsed.build_model()
    start_from = parsed.bound(train).get("start_from")
    if start_from is not None:
        from ddsp_tf.models import Instrument

        copy_network(Instrument.load(start_from), model)
    return model


def _match(model: Any, target: Any, advance: Advance, **settings: Any) -> "Match":
    from ddsp_tf.inference import match

    return match(model, target, progress=advance, **settings)


def _describe(terminal: Terminal, named: NamedOutput, found: "Match") -> None:
    terminal.say(
        f"{named.source} -> {named.target.with_suffix('.json')}  (loss {found.start_loss:.3f} to "
        f"{found.loss:.3f}, {_work(found)} in {duration(found.seconds)})"
    )
    for name, (value, unit, _, _) in found.parameters.items():
        numbers = value if isinstance(value, list) else [value]
        shown = ", ".join(f"{number:.4g}" for number in numbers[:8])
        more = ", ..." if len(numbers) > 8 else ""
        terminal.say(f"  {name}: {shown}{more} {unit}".rstrip())


def _work(found: "Match") -> str:
    parts = {"evaluations": found.n_evaluations, "steps": found.n_steps}
    return " and ".join(f"{n} {what}" for what, n in parts.items() if n) or "0 steps"
