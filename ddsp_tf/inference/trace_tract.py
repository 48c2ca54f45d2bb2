"""The vocal tract's shape at every moment of a voice, by gradient."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.audio import check_usable
from ddsp_tf.dsp.inverse_filtering import inverse_filters
from ddsp_tf.errors import ArgumentError, AudioFileError
from ddsp_tf.features import get_tracker
from ddsp_tf.models import Parametric
from ddsp_tf.processors.filters.vocal_tract import VocalTract
from ddsp_tf.processors.synthesizers.glottal_source import GlottalSource
from ddsp_tf.types import BoolArray, FloatArray, PathLike, Progress, no_progress, scaled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LONGEST_S = 20.0
_WINDOW_S = 0.05
_HIGHEST_HZ = 5000.0
_DYNAMICS_DB = 50.0
"""Partials so much below the loudest don't count as loud ones."""
_SLOPE_DB, _PEAK_DB, _FLOOR_DB = 25.0, 20.0, 60.0
"""A formant is heard beside its neighbourhood: partials count that are near an envelope, which
falls from each of them by the slope in a kHz, down to the floor below the loudest. Those more than
a peak below it are a valley, and valleys may be deeper than a tube's: it should be a peak below
the envelope there, or at the floor, and may be below."""
_VALLEYS = 0.5
"""Weight of what is louder there."""
_SURE = 0.5
_QUIET_DB = 40.0
_TRACKING = 0.3
"""Share of the time in which the pitch is found."""
_R_D_LOW, _R_D_HIGH = dsp.R_D_RANGE
_LENGTHS_CM = (12.0, 20.0)
_TRANSPORT, _UNTIL = 0.5, 0.6
"""Weight of a Hz by which the spectrum has to be moved along the frequency, at the start; it falls
to none after this share of the steps. Levels alone give a formant that is far off to its
neighbour."""
_EVEN, _STILL, _NEAR = 0.5, 2.0, 0.02
"""Weights of what shapes are kept by: even along the tube, still in time, near the neutral one."""


@dataclass(frozen=True)
class TracedTract:
    """A vocal tract in motion.

    Attributes:
        diameters: From glottis to lips, in cm, `[n_frames, n_sections]`.
        r_d: The glottis from pressed to breathy, `[n_frames]`.
        f0_hz: `[n_frames]`, 0 where there is no voice.
        amplitudes: Of the source, `[n_frames]`.
        formants_hz: Of the tube, the first three, `[n_frames, 3]`, NaN where there is no voice.
        length_cm: Of the tube.
        frame_rate: In Hz.
        loss: Before the first and after the last step, in dB of the partials and of what fills the
            valleys between them.
        target: The sound, `[n_samples]`.
        audio: What the tube plays, `[n_samples]`.
        sample_rate: In Hz.
        n_steps: Steps taken.
        seconds: They took so long.
        interrupted: Whether it was stopped before its end.
    """

    diameters: FloatArray = field(repr=False)
    r_d: FloatArray = field(repr=False)
    f0_hz: FloatArray = field(repr=False)
    amplitudes: FloatArray = field(repr=False)
    formants_hz: FloatArray = field(repr=False)
    length_cm: float
    frame_rate: float
    loss: tuple[float, float]
    target: FloatArray = field(repr=False)
    audio: FloatArray = field(repr=False)
    sample_rate: int
    n_steps: int
    seconds: float
    interrupted: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Gives what was found, ready for JSON; areas in square centimetres, None in pauses."""
        voiced = self.f0_hz > 0
        areas = np.pi / 4.0 * self.diameters**2
        return {
            "format_version": 1,
            "frame_rate": self.frame_rate,
            "length_cm": self.length_cm,
            "areas_cm2": [_numbers(x) if on else None for x, on in zip(areas, voiced, strict=True)],
            "r_d": [_numbers(x) if on else None for x, on in zip(self.r_d, voiced, strict=True)],
            "f0_hz": _numbers(self.f0_hz),
            "formants_hz": [
                _numbers(x) if on else None for x, on in zip(self.formants_hz, voiced, strict=True)
            ],
            "loss_db": list(self.loss),
            "n_steps": self.n_steps,
            "seconds": self.seconds,
            "interrupted": self.interrupted,
        }

    def figure(self, title: str | None = None) -> "Figure":
        """Draws the tract's areas moving below the spectrogram, which has the formants on it."""
        from ddsp_tf.plotting import tract_figure

        return tract_figure(
            self.target,
            self.sample_rate,
            diameters=np.where(self.f0_hz[:, np.newaxis] > 0, self.diameters, np.nan),
            formants_hz=self.formants_hz,
            r_d=np.where(self.f0_hz > 0, self.r_d, np.nan),
            length_cm=self.length_cm,
            frame_rate=self.frame_rate,
            title=title,
        )


def can_trace_tracts(model: Any) -> bool:
    """Whether a model is a glottis and a tube, all of whose inputs are frames that may be found."""
    if not isinstance(model, Parametric) or model.constant_names:
        return False
    kinds = [type(processor) for processor in model.processor_group.processors]
    return kinds == [GlottalSource, VocalTract]


def neutral_diameters(n_sections: int) -> FloatArray:
    """Gives the tube of a neutral vowel in cm, `[n_sections]`: a narrow larynx, then an even tract.

    Reference:
        Thapen 2017, "Pink Trombone", as Sudholt et al. 2023, section 3.1 describe it.
    """
    place = np.arange(n_sections) * 44.0 / n_sections
    return np.where(place < 7, 0.6, np.where(place < 12, 1.1, 1.5))


def trace_tract(
    model: Parametric,
    audio: FloatArray,
    *,
    f0_hz: FloatArray | None = None,
    n_steps: int = 200,
    learning_rate: float = 0.03,
    name: PathLike = "the voice",
    progress: Progress | None = None,
) -> TracedTract:
    """Finds the shape of the vocal tract at every moment of a voice, and how the glottis moves.

    All frames begin as a neutral tube. Adam moves the diameters of all sections, one length of the
    whole, and R_d, until the partials of glottis and tube have the levels of the recording's, loud
    ones and those that stand out beside their neighbours, and no others.
    Neighbouring sections and neighbouring frames are kept near each other.

    Args:
        model: A glottis and a tube, as `papers/sudholt2023/tract.gin` has them.
        audio: The voice, mono, `[n_samples]`, at the model's rate; 20 s at most.
        f0_hz: Its pitch at the model's frames, `[n_frames]`, 0 where there is none; None: tracked.
        n_steps: Of Adam, >= 0.
        learning_rate: Of Adam, > 0.
        name: What errors call the voice, such as its file.
        progress: Is called with the share that is done, 0 to 1.

    Returns:
        What was found. Ctrl-C ends it with what was found until then.

    Raises:
        ArgumentError: Another model, or a number or shape that can't be.
        AudioFileError: The sound is silent, too short, too long, not finite, or has no voice.
    """
    if not can_trace_tracts(model):
        raise ArgumentError(
            f"`{type(model).__name__}` is no glottis with a tube whose frames can be found. Choose "
            "a model that is, such as `papers/sudholt2023/tract.gin`."
        )
    if n_steps < 0 or not learning_rate > 0:
        raise ArgumentError(
            "`n_steps` should be at least 0 and `learning_rate` above 0. "
            f"Received {n_steps} and {learning_rate}."
        )
    start = time.monotonic()
    audio = np.asarray(audio, np.float32)
    rate, hop = int(model.sample_rate), int(model.hop_length)
    check_usable(audio, n_samples=round(2 * _WINDOW_S * rate), name=name)
    if not np.isfinite(audio).all() or len(audio) > _LONGEST_S * rate:
        raise AudioFileError(
            f"`{name}` should be finite, and {_LONGEST_S:g} s at most. Received "
            f"{len(audio) / rate:.1f} s. Cut out a passage."
        )
    progress = progress or no_progress
    if f0_hz is None:
        f0_hz = _tracked(audio, rate, hop, scaled(progress, 0.0, _TRACKING))
    f0_hz = np.asarray(f0_hz, np.float64)
    n_frames = dsp.n_frames(len(audio), hop)
    if f0_hz.shape != (n_frames,):
        raise ArgumentError(
            f"`f0_hz` should be [{n_frames}], a number every {hop} samples. "
            f"Received the shape {f0_hz.shape}."
        )
    voiced = f0_hz > 0
    if not voiced.any():
        raise AudioFileError(
            f"No voice was found in `{name}`: unvoiced throughout. The tract is traced where there "
            "is a pitch."
        )
    search = _Search(model, audio, f0_hz, voiced)
    interrupted = search.run(n_steps, learning_rate, scaled(progress, _TRACKING, 1.0))
    return search.found(audio, f0_hz, time.monotonic() - start, interrupted)


class _Search:
    """Shapes of all voiced frames at once."""

    def __init__(
        self, model: Parametric, audio: FloatArray, f0_hz: FloatArray, voiced: BoolArray
    ) -> None:
        self._model = model
        self._source, self._tract = model.processor_group.processors
        self._rate, self._hop = int(model.sample_rate), int(model.hop_length)
        self._frames = np.flatnonzero(voiced)
        pitch = f0_hz[self._frames]
        highest = min(_HIGHEST_HZ, 0.45 * self._rate)
        n_partials = max(1, int(highest / pitch.min()))
        self._numbers = np.arange(1, n_partials + 1)
        self._hz = np.minimum(pitch[:, np.newaxis] * self._numbers, highest).astype(np.float32)
        levels, r_d = _measured(audio, self._frames, pitch, self._numbers, self._rate, self._hop)
        counted = pitch[:, np.newaxis] * self._numbers < highest
        weight, ceiling, audible = _heard(levels, self._hz, counted)
        self._counted = tf.constant(counted, tf.float32)
        self._levels = tf.constant(levels, tf.float32)
        self._weight = tf.constant(weight, tf.float32)
        self._ceiling = tf.constant(ceiling, tf.float32)
        self._audible = tf.constant(audible, tf.float32)
        # Frames that follow each other are neighbours; a pause parts them.
        follows = np.diff(self._frames, prepend=-2)[1:] == 1
        self._follows = tf.constant(follows[:, np.newaxis], tf.float32)
        self._neutral = neutral_diameters(self._tract.n_sections).astype(np.float32)
        share = np.clip(np.log(r_d / _R_D_LOW) / np.log(_R_D_HIGH / _R_D_LOW), 0.02, 0.98)
        self._change = tf.Variable(tf.zeros([len(pitch), self._tract.n_sections]))
        self._raw_r_d = tf.Variable((np.log(share) - np.log1p(-share)).astype(np.float32))
        low, high = _LENGTHS_CM
        begun = (self._tract.length_cm - low) / (high - low)
        self._raw_length = tf.Variable(np.float32(np.log(begun / (1.0 - begun))))
        self._gain = tf.zeros([])
        self.losses = (float("nan"), float("nan"))
        self.n_steps = 0

    @property
    def _variables(self) -> list[tf.Variable]:
        return [self._change, self._raw_r_d, self._raw_length]

    def _shapes(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        low, high = _LENGTHS_CM
        r_d = _R_D_LOW * (_R_D_HIGH / _R_D_LOW) ** tf.sigmoid(self._raw_r_d)
        length = low + (high - low) * tf.sigmoid(self._raw_length)
        return self._neutral * tf.exp(self._change), r_d, length

    def _errors(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Of each frame: the mean squared error of its partials and of what fills its valleys, in
        dB; the gain that makes the first least; and by how many Hz the spectrum has to be moved.
        """
        diameters, r_d, length = self._shapes()
        # Partials of each frame stand at other frequencies: sections are rows of their own.
        response = _response_at(tf.square(diameters), tf.constant(self._hz), length)
        glottis = tf.abs(dsp.lf_harmonics(r_d, n_harmonics=len(self._numbers)))
        model_db = dsp.amplitude_to_db(response) + dsp.amplitude_to_db(glottis)
        difference = self._levels - model_db
        gain = tf.reduce_sum(self._weight * difference, axis=1, keepdims=True)
        error = tf.reduce_sum(self._weight * tf.square(difference - gain), axis=1)
        louder = tf.square(tf.nn.relu(model_db + gain - self._ceiling)) * self._counted
        error += _VALLEYS * tf.reduce_sum(louder, axis=1) / tf.reduce_sum(self._counted, axis=1)
        moved = tf.abs(self._places(self._levels) - self._places(model_db))
        return error, gain[:, 0], tf.reduce_sum(moved, axis=1) * self._hz[:, 0]

    def _places(self, level_db: tf.Tensor) -> tf.Tensor:
        """The share of a spectrum that is below each partial, of the root of its magnitude."""
        top = tf.reduce_max(level_db, axis=1, keepdims=True)
        mass = dsp.db_to_amplitude(0.5 * (level_db - top)) * self._audible
        return tf.cumsum(mass / tf.reduce_sum(mass, axis=1, keepdims=True), axis=1)

    def _loss(self, transport: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        error, _, moved = self._errors()
        change = self._change
        bend = change[:, 2:] - 2.0 * change[:, 1:-1] + change[:, :-2]
        motion = self._follows * (change[1:] - change[:-1])
        glottal = self._follows[:, 0] * (self._raw_r_d[1:] - self._raw_r_d[:-1])
        kept = _EVEN * tf.reduce_sum(tf.square(bend)) + _NEAR * tf.reduce_sum(tf.square(change))
        kept += _STILL * tf.reduce_sum(tf.square(motion))
        kept += _STILL * tf.reduce_sum(tf.square(glottal))
        wrong = tf.reduce_sum(error + transport * moved)
        return wrong + 10.0 * kept, tf.reduce_mean(tf.sqrt(error))

    def run(self, n_steps: int, learning_rate: float, progress: Progress | None) -> bool:
        """Takes steps, and says whether they were interrupted."""
        optimizer = keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(learning_rate, max(1, n_steps), alpha=0.1)
        )
        variables = [keras.Variable(x.numpy()) for x in self._variables]
        self._change, self._raw_r_d, self._raw_length = (x.value for x in variables)
        optimizer.build(variables)

        @tf.function(autograph=False)
        def step(transport: tf.Tensor) -> None:
            with tf.GradientTape() as tape:
                tape.watch([x.value for x in variables])
                loss, _ = self._loss(transport)
            gradients = tape.gradient(loss, [x.value for x in variables])
            optimizer.apply(gradients, variables)

        nothing = tf.zeros([])
        first = float(self._loss(nothing)[1])
        interrupted = False
        try:
            for index in range(n_steps):
                left = max(0.0, 1.0 - index / (_UNTIL * n_steps))
                step(tf.constant(_TRANSPORT * left, tf.float32))
                self.n_steps += 1
                if progress is not None:
                    progress((index + 1) / n_steps)
        except KeyboardInterrupt:
            interrupted = True
        self.losses = (first, float(self._loss(nothing)[1]))
        return interrupted

    def found(
        self, audio: FloatArray, f0_hz: FloatArray, seconds: float, interrupted: bool
    ) -> TracedTract:
        """What the variables say, and how it sounds."""
        diameters, r_d, length = (x.numpy() for x in self._shapes())
        gain = self._errors()[1].numpy()
        n_frames = len(f0_hz)
        # A pause keeps the frame before it.
        index = np.clip(
            np.searchsorted(self._frames, np.arange(n_frames), side="right") - 1, 0, None
        )
        tubes = dsp.tube_lpc(diameters**2).numpy()
        tube_rate = diameters.shape[1] * dsp.SPEED_OF_SOUND_CM_S / (2.0 * float(length))
        formants = np.full([n_frames, 3], np.nan)
        for frame, tube in zip(self._frames, tubes, strict=True):
            peaks = dsp.formants_of_lpc(tube, sample_rate=tube_rate)[:3]
            formants[frame, : len(peaks)] = peaks
        # The pulses are played with the mean square 1, and their partials have the pulse's own.
        pulse = np.abs(dsp.lf_harmonics(r_d.astype(np.float64), n_harmonics=512).numpy())
        level = dsp.db_to_amplitude(gain).numpy() * np.sqrt(2.0 * np.sum(pulse**2, axis=-1))
        amplitudes = np.where(f0_hz > 0, level[index], 0.0)
        held = np.where(f0_hz > 0, f0_hz, f0_hz[self._frames][index])
        inputs = {"f0_hz": held, "r_d": r_d[index], "amplitudes": amplitudes}
        inputs["diameters"] = diameters[index]
        batch = {
            key: tf.constant(np.reshape(x, [1, n_frames, -1]), tf.float32)
            for key, x in inputs.items()
        }
        ratio = tf.constant([[length / self._tract.length_cm]], tf.float32)
        played = self._model({**batch, "tract_length_ratio": ratio})["audio"].numpy()[0]
        return TracedTract(
            diameters=diameters[index],
            r_d=r_d[index],
            f0_hz=f0_hz,
            amplitudes=amplitudes,
            formants_hz=formants,
            length_cm=float(length),
            frame_rate=self._rate / self._hop,
            loss=self.losses,
            target=audio,
            audio=played[: len(audio)],
            sample_rate=self._rate,
            n_steps=self.n_steps,
            seconds=seconds,
            interrupted=interrupted,
        )


def _response_at(areas: tf.Tensor, hz: tf.Tensor, length_cm: tf.Tensor) -> tf.Tensor:
    """Magnitudes of each frame's tube at frequencies of its own, `[n_frames, n_frequencies]`."""
    return tf.abs(dsp.tube_response(areas, hz, length_cm=length_cm))


def _tracked(audio: FloatArray, rate: int, hop: int, progress: Progress | None) -> FloatArray:
    tracker = get_tracker("crepe-tiny")
    hz, sure = tracker.track(audio, rate, progress=progress)
    frames = np.arange(dsp.n_frames(len(audio), hop)) * hop
    index = np.clip(np.round(frames * tracker.frame_rate / rate).astype(int), 0, len(hz) - 1)
    half = hop + 1
    padded = np.pad(audio, half)
    level = np.array([np.mean(padded[i : i + 2 * half] ** 2) for i in frames])
    loud = 10 * np.log10(level + 1e-20) > 10 * np.log10(level.max() + 1e-20) - _QUIET_DB
    found: FloatArray = np.where((sure[index] > _SURE) & loud, hz[index], 0.0)
    return found


def _heard(
    levels: FloatArray, hz: FloatArray, counted: BoolArray
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """How much the level of each partial counts, 1 in all of a frame; how loud it may be; and
    whether anything is heard about it.
    """
    loudest = levels.max(axis=1, keepdims=True)
    apart = np.abs(hz[:, :, np.newaxis] - hz[:, np.newaxis]) / 1000.0
    known = np.where(counted, levels, -np.inf)[:, np.newaxis]
    envelope = np.max(known - _SLOPE_DB * apart, axis=2)
    audible = counted & (envelope > loudest - _FLOOR_DB)
    loud = np.clip(1.0 + (levels - loudest) / _DYNAMICS_DB, 0, 1) * counted
    peaks = np.clip(1.0 + (levels - envelope) / _PEAK_DB, 0, 1) * audible
    loud, peaks = (x / np.maximum(x.sum(axis=1, keepdims=True), 1e-9) for x in (loud, peaks))
    ceiling = np.maximum(levels, np.maximum(envelope - _PEAK_DB, loudest - _FLOOR_DB))
    return 0.5 * (loud + peaks), ceiling, audible


def _measured(
    audio: FloatArray,
    frames: np.ndarray,
    pitch: FloatArray,
    numbers: np.ndarray,
    rate: int,
    hop: int,
) -> tuple[FloatArray, FloatArray]:
    """Levels of partials in dB, and R_d by the first two of the inverse-filtered source."""
    length = 2 * round(0.5 * _WINDOW_S * rate)
    window = np.hanning(length)
    padded = np.pad(audio.astype(np.float64), length // 2)
    order = 2 * round(rate / 2000.0) + 2
    times = np.arange(length) / rate
    levels, r_d = [], []
    for frame, hz in zip(frames, pitch, strict=True):
        piece = padded[frame * hop : frame * hop + length]
        waves = np.exp(-2j * np.pi * hz * np.outer(numbers, times))
        partials = np.abs(waves @ (window * piece)) * 2.0 / window.sum()
        levels.append(20 * np.log10(partials + 1e-7))
        tract = inverse_filters(piece, tract_order=order).tract
        poles = np.exp(-2j * np.pi * hz / rate * np.outer(numbers[:2], np.arange(1, order + 1)))
        glottal = levels[-1][:2] + 20 * np.log10(np.abs(1.0 + poles @ tract) + 1e-9)
        difference = glottal[0] - glottal[1] if len(glottal) > 1 else 3.5
        r_d.append(np.clip((difference + 7.6) / 11.1, _R_D_LOW, _R_D_HIGH))
    return np.array(levels), np.array(r_d)


def _numbers(values: Any) -> Any:
    rounded = np.round(np.asarray(values, np.float64), 4)
    return np.where(np.isfinite(rounded), rounded, 0.0).tolist()
