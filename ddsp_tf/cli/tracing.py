"""What `ddsp-tf match` does with a model of a glottis and a tube."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddsp_tf.cli.each_file import Work, for_each_file
from ddsp_tf.cli.hearing import check_targets, write_found
from ddsp_tf.cli.output_names import NamedOutput, plan_outputs
from ddsp_tf.cli.terminal import Advance, Terminal, duration

if TYPE_CHECKING:
    from ddsp_tf.inference.trace_tract import TracedTract

_N_STEPS, _LEARNING_RATE = 200, 0.03


def trace_each(
    terminal: Terminal,
    model: Any,
    inputs: Sequence[str],
    output: Path,
    *,
    n_steps: int | None,
    learning_rate: float | None,
    overwrite: bool,
) -> None:
    """Finds the vocal tract's shape at every moment of each voice.

    Args:
        terminal: Where it is said.
        model: A glottis and a tube.
        inputs: Sounds, folders of them, or patterns.
        output: The folder for NAME.json, NAME.png, NAME.wav and NAME.model.
        n_steps: Of gradient descent; None: 200.
        learning_rate: Of the steps; None: 0.03.
        overwrite: Whether these are replaced where they are.
    """
    plan = plan_outputs(inputs, output, suffix=".wav")

    def prepare() -> Work:
        from ddsp_tf.audio import read_audio
        from ddsp_tf.inference import trace_tract

        def trace(named: NamedOutput, advance: Advance) -> dict[str, Any]:
            check_targets(named, overwrite=overwrite)
            sound, _ = read_audio(named.source, sample_rate=int(model.sample_rate))
            found = trace_tract(
                model,
                sound,
                n_steps=_N_STEPS if n_steps is None else n_steps,
                learning_rate=_LEARNING_RATE if learning_rate is None else learning_rate,
                name=named.source,
                progress=advance,
            )
            write_found(named, found, found.audio, model, overwrite=overwrite)
            _describe(terminal, named, found)
            return {"input": str(named.source), **found.to_dict()}

        return trace

    for_each_file(terminal, plan, prepare)


def _describe(terminal: Terminal, named: NamedOutput, found: "TracedTract") -> None:
    import numpy as np

    voiced = found.f0_hz > 0
    formants = np.nanmedian(found.formants_hz[voiced], axis=0)
    listed = ", ".join(f"{hz:.0f}" for hz in formants if np.isfinite(hz))
    before, after = found.loss
    terminal.say(
        f"{named.source} -> {named.target.with_suffix('.json')}  (partials off by "
        f"{before:.1f}, now {after:.1f} dB, {found.n_steps} steps in {duration(found.seconds)})"
    )
    terminal.say(
        f"  {np.mean(voiced):.0%} voiced; formants {listed} Hz, R_d "
        f"{np.median(found.r_d[voiced]):.2f} (medians), a tract of {found.length_cm:.1f} cm"
    )
