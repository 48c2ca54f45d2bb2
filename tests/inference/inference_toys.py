"""Instruments small enough for tests, and melodies to play with them."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.features import Features, FeatureSettings, Statistics
from ddsp_tf.models import Autoencoder, Decoder, Instrument, RnnFcDecoder
from ddsp_tf.processors import Add, FilteredNoise, Harmonic, ProcessorGroup, Reverb

RATE = 16000
HOP = 64
FRAME_RATE = RATE / HOP


class FollowingDecoder(Decoder):
    """Plays exactly as loud as it is told, with a fixed, violin-like spectrum."""

    causal = True

    def __init__(self, n_harmonics: int = 8, **kwargs: Any) -> None:
        super().__init__(name="following", **kwargs)
        self.input_keys = ("f0_scaled", "loudness_scaled")
        self.output_sizes = {"amplitudes": 1, "harmonic_distribution": n_harmonics}

    def build_for(self, input_channels: Mapping[str, int]) -> None:
        self.built = True

    def initial_state(self, batch_size: int | tf.Tensor) -> tf.Tensor:
        return tf.zeros([batch_size, 1])

    def call(self, inputs: Mapping[str, tf.Tensor], state: tf.Tensor) -> Any:
        loudness_db = (inputs["loudness_scaled"] - 1.0) * 80.0
        amplitudes = 10.0 ** (loudness_db / 20.0)
        partials = 1.0 / tf.range(1.0, self.output_sizes["harmonic_distribution"] + 1.0)
        distribution = tf.zeros_like(amplitudes) + partials
        return {"amplitudes": amplitudes, "harmonic_distribution": distribution}, state


def following_instrument(statistics: Statistics | None = None) -> Instrument:
    """An instrument without memory: what goes in as loudness comes out as level."""
    group = ProcessorGroup(
        dag=[
            (
                Harmonic(sample_rate=RATE, hop_length=HOP, scale=False),
                ["amplitudes", "harmonic_distribution", "f0_hz"],
            )
        ]
    )
    model = Autoencoder(decoder=FollowingDecoder(), processor_group=group)
    return Instrument(model, FeatureSettings(RATE, HOP), statistics)


def recurrent_instrument(statistics: Statistics | None = None) -> Instrument:
    """An untrained instrument with everything that has a memory: GRU, phase, noise and room."""
    keras.utils.set_random_seed(3)
    group = ProcessorGroup(
        dag=[
            (
                Harmonic(n_harmonics=20, sample_rate=RATE, hop_length=HOP),
                ["amplitudes", "harmonic_distribution", "f0_hz"],
            ),
            (FilteredNoise(n_bands=33, sample_rate=RATE, hop_length=HOP), ["noise_magnitudes"]),
            (Add(), ["harmonic/signal", "filtered_noise/signal"]),
            (Reverb(impulse_response_length=4000, initial_scale=0.02), ["add/signal"]),
        ]
    )
    decoder = RnnFcDecoder(rnn_channels=16, channels=16, layers_per_stack=1)
    model = Autoencoder(decoder=decoder, processor_group=group)
    return Instrument(model, FeatureSettings(RATE, HOP), statistics)


def range_statistics(
    lowest_midi: float = 55.0,
    highest_midi: float = 91.0,
    *,
    softest_db: float = -45.0,
    loudest_db: float = -15.0,
) -> Statistics:
    """Statistics of an instrument that played all pitches and levels of a range equally often."""
    midi = np.linspace(lowest_midi, highest_midi, 5000)
    order = np.random.default_rng(0).permutation(5000)
    return Statistics.from_features(
        [
            Features(
                (440.0 * 2 ** ((midi - 69) / 12)).astype(np.float32),
                np.full(5000, 0.95, np.float32),
                np.linspace(softest_db, loudest_db, 5000)[order].astype(np.float32),
            )
        ],
        frame_rate=FRAME_RATE,
    )


def tone(hz: float, seconds: float, amplitude: float = 0.3) -> np.ndarray:
    """A steady tone of six partials with 20 ms of fade at both ends."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    partials = sum(np.sin(2 * np.pi * k * hz * time_s) / k**1.5 for k in range(1, 7))
    fade = np.minimum(1.0, np.minimum(time_s, time_s[::-1]) / 0.02)
    return (amplitude * fade * partials).astype(np.float32)


def melody(notes_hz: Sequence[float], seconds: float = 0.5, pause_s: float = 0.0) -> np.ndarray:
    """Tones one after the other, with pauses."""
    pause = np.zeros(round(pause_s * RATE), np.float32)
    return np.concatenate([np.concatenate([tone(hz, seconds), pause]) for hz in notes_hz])


def fundamental_hz(audio: np.ndarray, expected_hz: float) -> float:
    """The frequency whose first eight harmonics hold most power, from two octaves around."""
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), 8 * len(audio)))
    bins = np.fft.rfftfreq(8 * len(audio), 1 / RATE)
    cents = np.arange(-2400, 2401, 2)
    candidates = expected_hz * 2 ** (cents / 1200)
    harmonics = candidates[:, None] * np.arange(1, 9)
    levels = np.interp(harmonics, bins, spectrum, right=0.0)
    # The fundamental itself must be there, or an octave below would explain as much.
    score = levels.sum(axis=1) * (levels[:, 0] > 0.05 * spectrum.max())
    best = candidates[score.argmax()]
    near = (bins > best * 0.98) & (bins < best * 1.02)
    return float(bins[near][spectrum[near].argmax()])


def cents_between(hz: float, reference_hz: float) -> float:
    return float(1200 * np.log2(hz / reference_hz))


def level_db(audio: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(audio, dtype=np.float64)) + 1e-20))


def features_of(
    midi: np.ndarray, loudness_db: np.ndarray | float = -25.0, confidence: np.ndarray | float = 0.95
) -> Features:
    """Features from arrays or constants."""
    midi = np.asarray(midi, np.float64)
    return Features(
        (440.0 * 2 ** ((midi - 69) / 12)).astype(np.float32),
        np.broadcast_to(np.float32(confidence), midi.shape).copy(),
        np.broadcast_to(np.float32(loudness_db), midi.shape).copy(),
    )
