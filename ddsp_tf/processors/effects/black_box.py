"""Effects that are not TensorFlow's, with gradients for their parameters."""

import importlib.util
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.black_boxes import Job, WorkerPool, allow_black_boxes, require_allowed
from ddsp_tf.black_boxes.effects import needs_pedalboard
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.processors.shares import declared, ends, share_of, value_at
from ddsp_tf.types import Signal

_AUDIO = "audio"
_N_WORKERS = (None, *range(1, 65))
_ROUNDING = 1e-4
"""By how much of its range a parameter may be outside, since it was computed in float32."""


@keras.saving.register_keras_serializable("ddsp_tf")
class BlackBox(Processor):
    """Plays an effect that nobody can look into: a plug-in, or any Python function.

    Its parameters have gradients by simultaneous perturbation (`dsp.perturbed`), estimated from
    `2 n_pairs` sounds each time; the sound that it treats has none unless `signal_gradient` asks
    for a guess. The effect runs in processes of its own, for several sounds of a batch at once.
    They have an instance for playing and one for each side of a perturbation, each begins with
    silence, and none outlives the program. If the effect crashes, hangs or raises, the sound is
    made again in a new process; if it does so again, that is an error.

    Effects are

    - "pedalboard.Compressor" and what else is built into pedalboard (an extra), with parameters in
      its units;
    - the file of a plug-in, `"/usr/lib/vst3/Some.vst3"`, which pedalboard loads; its parameters are
      the raw ones, 0 to 1;
    - the import name of a Python function, "my_effects.compress", `(audio [n_samples, n_channels],
      sample_rate, {name: value}) -> audio`, or of a class whose instances are such functions;
    - or a list of these, played one after the other as one effect. In a list a parameter's name
      begins with that of the effect in snake case, such as `compressor_threshold_db`.

    Inputs: `audio` and the declared parameters, `[batch, 1]` each. Channels come to the effect
    together. A sound is played whole: what an effect remembers is not for us to keep.

    A stored model holds names and numbers alone. When it is loaded, nothing of them is imported,
    and it runs only effects that are built into pedalboard or that this process has allowed
    (`black_boxes.allow_black_boxes`): here, by making a `BlackBox` of them.

    Args:
        effect: See above.
        parameters: What is moved, by the effect's names for it: "low" and "high", and perhaps
            "default" (or it is the middle) and "unit". Others stay as the effect has them.
        sample_rate: In Hz.
        n_pairs: Pairs of perturbations whose gradients are averaged; 8 or more is sensible for up
            to 30 parameters.
        step: How far a parameter is moved, in parts of its range.
        pre_roll_s: So much of the sound's beginning is played before it, backwards, and left out:
            for clips from the middle of a sound, which an effect should not hear as an onset.
        seed: Of the perturbations.
        signal_gradient: Whether what is before the effect in a graph learns as if the effect were
            not there.
        n_workers: Processes; None: one a core, at most 8.
        timeout_s: An effect that takes longer for a sound has failed.
        name: The processor's name.

    Raises:
        ArgumentError: A declaration or a number is wrong, or pedalboard is not installed.

    Example:
        >>> box = BlackBox("ddsp_tf.black_boxes.numpy_compressor.compress", sample_rate=16000,
        ...                parameters={"threshold_db": {"low": -60.0, "high": 0.0, "unit": "dB"},
        ...                            "ratio": {"low": 1.0, "high": 20.0, "default": 4.0}})
        >>> box.input_names
        ('audio', 'threshold_db', 'ratio')
        >>> quiet = box({"audio": tf.fill([1, 16000], 0.5), "threshold_db": tf.fill([1, 1], -20.0)})
        >>> round(float(20.0 * tf.math.log(quiet[0, -1]) / tf.math.log(10.0)), 1)
        -16.5

    Reference:
        Martinez Ramirez, Wang, Smaragdis and Bryan 2021, "Differentiable signal processing with
        black-box audio effects".
    """

    black_box = True
    streamable = False

    def __init__(
        self,
        effect: str | Sequence[str],
        *,
        parameters: Mapping[str, Mapping[str, Any]],
        sample_rate: int = 44100,
        n_pairs: int = 8,
        step: float = 0.01,
        pre_roll_s: float = 0.0,
        seed: int = 0,
        signal_gradient: bool = False,
        n_workers: int | None = None,
        timeout_s: float = 60.0,
        name: str = "black_box",
        **kwargs: Any,
    ) -> None:
        stored = kwargs.pop("_stored", False)
        super().__init__(sample_rate=sample_rate, name=name, **kwargs)
        self.effects = (effect,) if isinstance(effect, str) else tuple(effect)
        if not self.effects or not all(isinstance(x, str) and "." in x for x in self.effects):
            raise ArgumentError(
                '`effect` should be a name such as "pedalboard.Compressor", "my_effects.compress" '
                f"or the file of a plug-in, or a list of them. Received {effect!r}."
            )
        most_s = threading.TIMEOUT_MAX
        if pre_roll_s < 0.0 or not 0.0 < timeout_s <= most_s or n_workers not in _N_WORKERS:
            raise ArgumentError(
                "`pre_roll_s` should be at least 0, `timeout_s` above 0 and `n_workers` from 1 to "
                f"64. Received {pre_roll_s}, {timeout_s} and {n_workers}."
            )
        if n_pairs < 1 or not step > 0.0:
            raise ArgumentError(
                "`n_pairs` should be at least 1, and `step` above 0. "
                f"Received {n_pairs} and {step}."
            )
        if _AUDIO in parameters:
            raise ArgumentError("`parameters` can't have the name `audio`, which is the sound's.")
        self.parameters = declared("parameters", parameters)
        self.n_pairs = n_pairs
        self.step = step
        self.pre_roll_s = pre_roll_s
        self.seed = seed
        self.signal_gradient = signal_gradient
        self.n_workers = n_workers
        self.timeout_s = timeout_s
        if not stored:
            self._require_pedalboard()
            allow_black_boxes(*self.effects)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound and the declared parameters."""
        return {_AUDIO: Signal("samples", width=None), **self.parameters}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    @cached_property
    def workers(self) -> WorkerPool:
        """The processes in which the effect runs; they start when it is played.

        Raises:
            ArgumentError: A stored model names an effect that is not allowed, or pedalboard is not
                installed.
        """
        require_allowed(self.name, self.effects)
        self._require_pedalboard()
        return WorkerPool(
            self.effects,
            sample_rate=self.sample_rate,
            n_workers=self.n_workers,
            timeout_s=self.timeout_s,
        )

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays a whole sound; there is no state.

        Raises:
            ArgumentError: A parameter is out of its range, or the effect is not allowed.
            BlackBoxError: The effect failed twice. In a graph, this is what TensorFlow's error
                says; `Trainer` and `match` raise it as it is.
        """
        del n_frames
        audio = tf.cast(controls[_AUDIO], tf.float32)
        each = [
            tf.broadcast_to(
                tf.reshape(share_of(tf.cast(controls[key], tf.float32), signal), [-1, 1]),
                [tf.shape(audio)[0], 1],
            )
            for key, signal in self.parameters.items()
        ]
        played = dsp.perturbed(
            self._play,
            audio,
            tf.concat(each, axis=1),
            n_pairs=self.n_pairs,
            step=self.step,
            seed=self.seed,
            signal_gradient=self.signal_gradient,
        )
        return played, state

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        effects = list(self.effects)
        return {
            **super().get_config(),
            "effect": effects[0] if len(effects) == 1 else effects,
            "parameters": {
                key: {"low": x.low, "high": x.high, "default": x.default, "unit": x.unit}
                for key, x in self.parameters.items()
            },
            "n_pairs": self.n_pairs,
            "step": self.step,
            "pre_roll_s": self.pre_roll_s,
            "seed": self.seed,
            "signal_gradient": self.signal_gradient,
            "n_workers": self.n_workers,
            "timeout_s": self.timeout_s,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "BlackBox":
        """Makes it from `get_config`, which allows nothing to run that was not allowed before."""
        return cls(**config, _stored=True)

    def _require_pedalboard(self) -> None:
        wanted = [effect for effect in self.effects if needs_pedalboard(effect)]
        if wanted and importlib.util.find_spec("pedalboard") is None:
            raise ArgumentError(
                f"`{self.name}` plays `{wanted[0]}`, which needs the package pedalboard. It is not "
                'installed: pip install "ddsp-tf[pedalboard]"'
            )

    def _play(self, audio: np.ndarray, points: np.ndarray, sides: Sequence[str]) -> np.ndarray:
        """Plays every sound with its parameters, for each point."""
        values = self._values(points)
        sounds = audio[..., np.newaxis] if audio.ndim == 2 else audio
        n_before = min(round(self.pre_roll_s * self.sample_rate), max(0, audio.shape[1] - 1))
        # The points of a side after each other, so that no worker waits for another's pair.
        jobs = [
            Job(
                np.concatenate([sound[n_before:0:-1], sound]) if n_before else sound,
                [(side, values[index + k][row]) for k, side in enumerate(sides[index : index + 2])],
            )
            for index in range(0, len(sides), 2)
            for row, sound in enumerate(sounds)
        ]
        if not jobs or not audio.shape[1]:
            return np.zeros([len(sides), *audio.shape], audio.dtype)
        played = iter(self.workers.play(jobs))
        outputs = np.empty([len(sides), *sounds.shape], audio.dtype)
        for index in range(0, len(sides), 2):
            for row in range(len(sounds)):
                for k, sound in enumerate(next(played)):
                    outputs[index + k, row] = sound[n_before:]
        return outputs.reshape([len(sides), *audio.shape])

    def _values(self, points: np.ndarray) -> list[list[dict[str, float]]]:
        """Parameters in their units, for each point and each sound of the batch."""
        columns = []
        for column, (key, signal) in enumerate(self.parameters.items()):
            shares = points[..., column].astype(np.float64)
            outside = shares[~((shares >= -_ROUNDING) & (shares <= 1.0 + _ROUNDING))]
            if outside.size:
                low, high = ends(signal)
                unit = f" {signal.unit}" if signal.unit else ""
                raise ArgumentError(
                    f"`{self.name}`: `{key}` should be within {low:g} to {high:g}{unit}. Received "
                    f"{value_at(outside[0], signal):.6g}."
                )
            columns.append(value_at(shares.clip(0.0, 1.0), signal))
        return [
            [dict(zip(self.parameters, row, strict=True)) for row in point]
            for point in np.stack(columns, axis=-1).tolist()
        ]
