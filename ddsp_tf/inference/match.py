"""Parameters found for a sound."""

import hashlib
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ddsp_tf.audio import check_usable
from ddsp_tf.errors import ArgumentError, AudioFileError
from ddsp_tf.inference.search import METHODS, SearchFile
from ddsp_tf.inference.sound_search import LONGEST_AT_ONCE_S, Objective, SoundSearch
from ddsp_tf.models import Model, Parametric
from ddsp_tf.types import FloatArray, PathLike, Progress, no_progress, scaled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Match:
    """What was found for one sound.

    Attributes:
        parameters: Value, unit, lowest and highest by name, as `Parametric.parameters` gives them.
        loss: Of what was found, over the judged part of the sound.
        start_loss: Of where it began, over the same.
        n_steps: Steps taken, all starts together.
        seconds: They took so long.
        seed: Of the random starts and of the clips.
        sample_rate: In Hz.
        target: The sound, `[n_samples]`.
        audio: What the parameters play, `[n_samples]`.
        interrupted: Whether it was stopped before its end; it holds the best until then.
        method: By which it was found.
        n_evaluations: How often a search without gradient played the model.
    """

    parameters: dict[str, Any]
    loss: float
    start_loss: float
    n_steps: int
    seconds: float
    seed: int
    sample_rate: int
    target: FloatArray = field(repr=False)
    audio: FloatArray = field(repr=False)
    interrupted: bool = False
    method: str = "adam"
    n_evaluations: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Gives what is found, ready for JSON."""
        return {
            "format_version": 1,
            "parameters": {
                name: {"value": value, "unit": unit, "low": low, "high": high}
                for name, (value, unit, low, high) in self.parameters.items()
            },
            "loss": self.loss,
            "start_loss": self.start_loss,
            "method": self.method,
            "n_evaluations": self.n_evaluations,
            "n_steps": self.n_steps,
            "seconds": self.seconds,
            "seed": self.seed,
            "sample_rate": self.sample_rate,
            "interrupted": self.interrupted,
        }

    def figure(self, title: str | None = None) -> "Figure":
        """Draws the sound above what was found for it."""
        from ddsp_tf.plotting import spectrogram_pair

        return spectrogram_pair(
            self.target, self.audio, self.sample_rate, titles=("Sound", "Match"), title=title
        )


def match(
    model: Model,
    target: FloatArray,
    *,
    dry: FloatArray | None = None,
    objective: Objective | None = None,
    method: str = "adam",
    n_evaluations: int = 2000,
    n_steps: int = 500,
    n_starts: int = 1,
    tries: Mapping[str, Sequence[float]] | None = None,
    learning_rate: float = 0.1,
    seed: int = 0,
    grow: bool = False,
    max_minutes: float | None = None,
    state: PathLike | None = None,
    progress: Progress | None = None,
) -> Match:
    """Finds the constants with which a model plays a sound.

    Adam moves the constants, of which the best are kept; or they are drawn by a search that needs
    no gradient (`inference.search`), whose best Adam may move on. Sounds of an effect longer than
    8 s are heard in clips of 2 s; of an effect that keeps a time of its own, as a phaser does, the
    first 8 s are heard. The model holds what was found afterwards.

    Args:
        model: A `Parametric`: of an effect, or of a sound.
        target: The sound to be matched, mono, `[n_samples]`, at the model's rate.
        dry: The sound before the effect, as long; for models of effects alone.
        objective: What is minimised; a spectral loss if None.
        method: "adam"; or, for constants with two-ended ranges, "ga", "de", "cma" or "mcmc"; or one
            of these and "+adam".
        n_evaluations: How often such a search plays the model, > 0.
        n_steps: Steps of Adam from each start, > 0.
        n_starts: How often it is begun: at the model's values first, then at random ones.
        tries: Values at which constants begin, by name; every combination is a start, and so often
            as `n_starts` says. Each of several starts gets a quarter of the steps, and the best of
            them all the steps.
        learning_rate: Of Adam at the start, > 0; it falls to 2 % of it.
        seed: Of random starts and clips.
        grow: Whether to hear the beginning alone at first, and the whole after three fifths of the
            steps. A rate that is somewhat wrong is nearly right in the first swings and quite wrong
            in the last, where the gradient leads nowhere.
        max_minutes: A limit of time, or None.
        state: Where the search is kept while it goes on (beside it, with ".adam", that of Adam).
            One that is there and of the same sound and settings goes on where it stopped.
        progress: Is called with the share that is done, 0 to 1.

    Returns:
        What was found. Ctrl-C ends it with the best until then.

    Raises:
        ArgumentError: The model has no parameters to find or takes other things, a dry sound is
            missing, too much or of another length, a number is out of range, or the loss is none.
        AudioFileError: The sound is silent, too short or not finite.

    Example:
        >>> from ddsp_tf.models import Parametric
        >>> from ddsp_tf.processors import Harmonic, ProcessorGroup
        >>> names = ["amplitudes", "harmonic_distribution", "f0_hz"]
        >>> group = ProcessorGroup(dag=[(Harmonic(n_harmonics=2), names)])
        >>> sound = 0.1 * np.sin(2 * np.pi * 200 * np.arange(8000) / 16000)
        >>> found = match(Parametric(processor_group=group), sound, n_steps=1)
        >>> list(found.parameters)
        ['amplitudes', 'harmonic_distribution', 'f0_hz']
    """
    drawn, by_gradient = _parts(method)
    _check_numbers(
        n_evaluations=n_evaluations,
        n_steps=n_steps,
        n_starts=n_starts,
        learning_rate=learning_rate,
        max_minutes=max_minutes,
    )
    batch = _batch(model, target, dry)
    began = time.monotonic()
    model.begin(batch["audio"][0], batch["dry"][0] if "dry" in batch else None)
    progress = progress or no_progress
    about: dict[str, Any] = {"sound": _checksum(batch), "parameters": list(model.constant_names)}
    steps: dict[str, Any] = {
        "method": method,
        "n_steps": n_steps,
        "n_starts": n_starts,
        "tries": {key: list(values) for key, values in (tries or {}).items()},
        "learning_rate": learning_rate,
        "seed": seed,
        "grow": grow,
    }
    file = None if state is None else SearchFile(f"{state}.adam", {**about, **steps})
    share = 0.5 if by_gradient else 1.0
    found = SoundSearch(model, batch, objective, seed, progress, file)
    start = time.monotonic()
    end = None if max_minutes is None else start + 60.0 * max_minutes
    interrupted = False
    try:
        if drawn:
            found.progress = scaled(progress, 0.0, share) or no_progress
            kept = None if state is None else SearchFile(state, about)
            interrupted = found.evolve(drawn, n_evaluations, seed, end, kept)
            found.progress = scaled(progress, share, 1.0) or no_progress
        if by_gradient and not interrupted:
            found.search(n_starts, tries or {}, n_steps, learning_rate, end, grow=grow)
    except KeyboardInterrupt:
        interrupted = True
    if math.isnan(found.best):
        raise ArgumentError(
            "The loss was no number from the start to the end. Begin elsewhere "
            "(`Parametric.initial`), or take a smaller learning rate."
        )
    parametric = found.take_best()
    return Match(
        parameters=parametric.parameters(),
        loss=found.best,
        start_loss=found.first,
        n_steps=found.n_steps,
        n_evaluations=found.n_evaluations,
        method=method,
        seconds=time.monotonic() - began,
        seed=seed,
        sample_rate=int(model.sample_rate),
        target=np.asarray(target, np.float32),
        audio=found.played(),
        interrupted=interrupted,
    )


def _batch(model: Model, target: FloatArray, dry: FloatArray | None) -> dict[str, FloatArray]:
    if not isinstance(model, Parametric) or not model.constant_names:
        raise ArgumentError(
            f"`{type(model).__name__}` has no parameters to be found for a sound. Choose a "
            "model that has, such as `models.Parametric`."
        )
    needed = model.required_input_names
    others = [key for key in needed if key not in ("dry", "audio")]
    if others:
        raise ArgumentError(
            f"`{type(model).__name__}` takes {', '.join(f'`{key}`' for key in others)}, which "
            "can't be found in a sound. Make them constants: leave them out of its `columns`."
        )
    sounds = {"audio": np.asarray(target, np.float32)}
    if "dry" in needed and dry is None:
        raise ArgumentError(
            "The model treats a sound, so the sound before it is needed. Give it as `dry` "
            "(--dry FILE)."
        )
    if dry is not None and "dry" in model.input_signals:
        sounds["dry"] = np.asarray(dry, np.float32)
    elif dry is not None:
        raise ArgumentError("`dry` is for models of effects; this one makes its sound alone.")
    for key, sound in sounds.items():
        if sound.ndim != 1:
            raise ArgumentError(f"`{key}` should be mono, [n_samples]. Received {sound.shape}.")
        check_usable(sound, n_samples=model.hop_length, name=f"the {key} sound")
        if not np.isfinite(sound).all():
            raise AudioFileError(f"The {key} sound has NaN or infinite samples. Repair it first.")
    lengths = {key: len(sound) for key, sound in sounds.items()}
    if len(set(lengths.values())) > 1:
        raise ArgumentError(
            f"The dry sound has {lengths['dry']} samples and the treated one {lengths['audio']}. "
            "Cut both to the same beginning and end."
        )
    longest = LONGEST_AT_ONCE_S * model.sample_rate
    if "dry" not in sounds and len(target) > longest:
        raise AudioFileError(
            f"The sound has {len(target) / model.sample_rate:.1f} s, and a sound that is made "
            f"rather than treated may have {LONGEST_AT_ONCE_S:g} s. Cut out a part."
        )
    return {key: sound[np.newaxis] for key, sound in sounds.items()}


def _check_numbers(**values: float | None) -> None:
    for name, value in values.items():
        if value is not None and not value > 0:
            raise ArgumentError(f"`{name}` should be above 0. Received {value}.")


def _parts(method: str) -> tuple[str, bool]:
    """Which search without gradient comes first, if any, and whether Adam follows."""
    drawn, plus, adam = method.partition("+")
    if method == "adam" or (drawn in METHODS and (not plus or adam == "adam")):
        return ("", True) if method == "adam" else (drawn, bool(plus))
    raise ArgumentError(
        f"`method` should be adam, {', '.join(METHODS)}, or one of these and +adam, such as "
        f"ga+adam. Received {method!r}."
    )


def _checksum(batch: Mapping[str, FloatArray]) -> str:
    digest = hashlib.sha256()
    for key in sorted(batch):
        digest.update(key.encode() + np.ascontiguousarray(batch[key]).tobytes())
    return digest.hexdigest()
