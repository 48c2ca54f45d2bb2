"""How breathy a voice is, from its first two partials."""

from collections.abc import Mapping

import numpy as np

from ddsp_tf import dsp
from ddsp_tf.features.column import Column
from ddsp_tf.features.extractors.pitch import BesidePitch
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array, FloatArray, Progress, Signal

MODAL = 1.0
_LOW, _HIGH = dsp.R_D_RANGE
_WINDOW_S, _SMOOTH_S = 0.05, 0.4
_SURE = 0.5
_TOLD_HZ, _UNTOLD_HZ = 220.0, 330.0
"""Up to the first pitch the shape is what is measured; from the second on it is modal."""
_PRE_EMPHASIS = 0.97
_N_FORMANTS, _LOWEST_HZ, _WIDEST_HZ = 3, 90.0, 500.0
_N_BLOCK_FRAMES = 512


class GlottalShape(BesidePitch):
    """`r_d`: the glottis from pressed, 0.3, to breathy, 2.7, where a voice is low enough to tell.

    The levels of the first two partials, without what three formants do to them, are H1* and H2*,
    and H1* - H2* = -7.6 + 11.1 R_d in dB. Formants are the sharp poles of linear prediction of
    50 ms of pre-emphasised sound; each is taken for a resonance of 80 Hz + 1/30 of its frequency,
    as widths that are predicted are too wide to correct by. Logarithms of R_d are averaged over
    0.4 s of confident frames. From 220 Hz on formants are less and less told from partials: by
    330 Hz the column has gone to 1, which is modal, as where there is no voice.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> pitch = {"f0_hz": np.full(100, 110.0), "f0_confidence": np.zeros(100)}
        >>> unsure = GlottalShape().extract_beside(
        ...     np.zeros(6400, np.float32), FeatureSettings(), pitch)
        >>> float(unsure["r_d"][50])
        1.0

    Reference:
        Fant 1997, "The voice source in connected speech", for R_d; Iseli and Alwan 2004, "An
        improved correction formula for the estimation of harmonic magnitudes and its application to
        open quotient estimation", for the correction.
    """

    columns = ("r_d",)

    def describe(self, settings: FeatureSettings) -> dict[str, Column]:
        """One number a frame, 1 in silence."""
        signal = Signal("frames", low=_LOW, high=_HIGH)
        return {"r_d": Column("r_d", signal, settings.hop_length, silence=MODAL)}

    def extract_beside(
        self,
        audio: Float32Array,
        settings: FeatureSettings,
        made: Mapping[str, Float32Array],
        *,
        progress: Progress | None = None,
    ) -> dict[str, Float32Array]:
        """Measures it at the pitch that was tracked."""
        del progress
        f0_hz = np.asarray(made["f0_hz"], np.float64)
        told = _told(f0_hz)
        sure = (np.asarray(made["f0_confidence"]) > _SURE) & (told > 0)
        log_r_d = np.full(len(f0_hz), np.log(MODAL))
        frames = np.flatnonzero(sure)
        half = round(0.5 * _WINDOW_S * settings.sample_rate)
        padded = np.pad(audio.astype(np.float64), half)
        for first in range(0, len(frames), _N_BLOCK_FRAMES):
            part = frames[first : first + _N_BLOCK_FRAMES]
            places = part[:, np.newaxis] * settings.hop_length + np.arange(2 * half)
            shape = _r_d(padded[places], f0_hz[part], settings.sample_rate)
            log_r_d[part] = np.log(np.clip(shape, _LOW, _HIGH))
        near = np.hanning(2 * round(0.5 * _SMOOTH_S * settings.frame_rate) + 3)
        half = len(near) // 2
        total, count = (
            np.convolve(x, near)[half : half + len(f0_hz)] for x in (sure * log_r_d, sure * 1.0)
        )
        smooth = np.where(sure, told * total / np.maximum(count, 1e-9), np.log(MODAL))
        return {"r_d": np.exp(smooth).astype(np.float32)}


def _told(f0_hz: FloatArray) -> FloatArray:
    """How much a measurement counts at a pitch, 0 to 1."""
    octaves = np.log(_UNTOLD_HZ / np.maximum(f0_hz, 1.0)) / np.log(_UNTOLD_HZ / _TOLD_HZ)
    return np.where(f0_hz > 0, np.clip(octaves, 0.0, 1.0), 0.0)


def _r_d(frames: FloatArray, f0_hz: FloatArray, sample_rate: int) -> FloatArray:
    """R_d of frames `[n, n_samples]`, as Fant's formula says, whatever it comes to, `[n]`."""
    partials_hz = f0_hz[:, np.newaxis] * np.array([1.0, 2.0])
    window = np.hanning(frames.shape[1])
    times_s = np.arange(frames.shape[1]) / sample_rate
    turns = np.exp(-2j * np.pi * f0_hz[:, np.newaxis] * times_s)
    windowed = frames * window
    waves = np.stack([turns, np.square(turns)], axis=1)
    level_db = 20.0 * np.log10(np.abs(np.einsum("nks,ns->nk", waves, windowed)) + 1e-9)
    formants = _formants(frames, sample_rate)
    width = 80.0 + formants / 30.0
    for hz, bandwidth in zip(formants.T, width.T, strict=True):
        level_db -= _resonance_db(partials_hz, hz[:, np.newaxis], bandwidth[:, np.newaxis])
    difference_db: FloatArray = level_db[:, 0] - level_db[:, 1]
    return (difference_db + 7.6) / 11.1


def _formants(frames: FloatArray, sample_rate: int) -> FloatArray:
    """The lowest three of each frame in Hz, beyond Nyquist if it has fewer, `[n, 3]`."""
    order = round(sample_rate / 1000) + 2
    flat = frames[:, 1:] - _PRE_EMPHASIS * frames[:, :-1]
    correlation = dsp.autocorrelation(flat * np.hanning(flat.shape[1]), order=order)
    predictor = dsp.levinson(correlation)[0].numpy()
    found = dsp.formants_of_lpc(
        predictor,
        sample_rate=sample_rate,
        widest_hz=_WIDEST_HZ,
        lowest_hz=_LOWEST_HZ,
        n_formants=_N_FORMANTS,
    )
    return np.nan_to_num(found, nan=100.0 * sample_rate)


def _resonance_db(hz: FloatArray, formant_hz: FloatArray, width_hz: FloatArray) -> FloatArray:
    """A resonance's gain at frequencies, 0 dB at 0 Hz."""
    place = np.square(hz / formant_hz)
    bend = 1.0 - place
    level: FloatArray = -10.0 * np.log10(np.square(bend) + place * np.square(width_hz / formant_hz))
    return level
