"""Envelope and aperiodicity of a recording, as WORLD's vocoder reads them."""

from dataclasses import dataclass

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features.world.cheap_trick import cheap_trick
from ddsp_tf.features.world.d4c import d4c
from ddsp_tf.types import FloatArray, Progress, no_progress

_FRAMES_AT_ONCE = 128


@dataclass(frozen=True, eq=False)
class WorldAnalysis:
    """What a vocoder has to be told to say a recording again.

    Attributes:
        f0_hz: Fundamental, `[n_frames]`; 0 where there is no voice.
        envelope: Power without the pitch's traces, `[n_frames, n_bins]`, float32.
        aperiodicity: Share of noise in each frequency's amplitude, `[n_frames, n_bins]`, 0 to 1.
    """

    f0_hz: FloatArray
    envelope: FloatArray
    aperiodicity: FloatArray


def analyze_world(
    audio: FloatArray,
    f0_hz: FloatArray,
    *,
    sample_rate: int,
    hop_length: int,
    first_frame: int = 0,
    progress: Progress | None = None,
) -> WorldAnalysis:
    """Measures envelope and aperiodicity at frames, in bounded memory but for the result.

    Args:
        audio: Mono, `[n_samples]`.
        f0_hz: At the frames, `[n_frames]`; 0 is unvoiced. Frame i stands at sample
            `(first_frame + i) * hop_length`, within the sound.
        sample_rate: In Hz, 4000 at least.
        hop_length: Samples from frame to frame.
        first_frame: Where the pitches begin, so that a long sound may be read in parts.
        progress: Is called with the share that is done.

    Returns:
        The analysis. `f0_hz` is 0 where the pitch has no voice by `d4c`.

    Raises:
        ArgumentError: More frames than the sound has, no frame, or a pitch that isn't a number from
            0 to Nyquist.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> buzz = np.zeros(16000)
        >>> buzz[::100] = 1.0
        >>> found = analyze_world(buzz, np.full(200, 160.0), sample_rate=16000, hop_length=80)
        >>> found.envelope.shape, round(float(np.median(found.envelope)), 3)
        ((200, 513), 0.01)

    Reference:
        Morise, Yokomori and Ozawa 2016, "WORLD: a vocoder-based high-quality speech synthesis
        system for real-time applications".
    """
    f0_hz = np.asarray(f0_hz, np.float64)
    n_frames = -(-len(audio) // hop_length) - first_frame
    if f0_hz.ndim != 1 or not 0 < len(f0_hz) <= n_frames:
        raise ArgumentError(
            f"`f0_hz` should be [n_frames], and of at most {max(n_frames, 0)} frames of "
            f"{hop_length} samples, as the sound has. Received the shape {f0_hz.shape}."
        )
    if not np.all((f0_hz >= 0.0) & (f0_hz < 0.5 * sample_rate)):
        raise ArgumentError(f"`f0_hz` should be 0 to {0.5 * sample_rate:g} Hz everywhere.")
    audio = np.asarray(audio, np.float64)
    envelopes: list[FloatArray] = []
    aperiodicities: list[FloatArray] = []
    for start in range(0, len(f0_hz), _FRAMES_AT_ONCE):
        part = f0_hz[start : start + _FRAMES_AT_ONCE]
        times_s = (first_frame + start + np.arange(len(part))) * (hop_length / sample_rate)
        for found, measure in ((envelopes, cheap_trick), (aperiodicities, d4c)):
            found.append(measure(audio, part, times_s, sample_rate=sample_rate).astype(np.float32))
        (progress or no_progress)(min(1.0, (start + len(part)) / len(f0_hz)))
    aperiodicity = np.concatenate(aperiodicities)
    voiced = (f0_hz > 0.0) & (aperiodicity[:, 0] < 1.0)
    return WorldAnalysis(np.where(voiced, f0_hz, 0.0), np.concatenate(envelopes), aperiodicity)
