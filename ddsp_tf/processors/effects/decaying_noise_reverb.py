"""The room of noise that decays: in all frequencies alike, or in each octave in its own time."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.room_acoustics import energy_decay_db, octave_signals, reverberation_times_s
from ddsp_tf.dsp.room_noise import decaying_noise
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.response_reverb import ResponseReverb, known_times
from ddsp_tf.types import FloatArray, Signal

BANDS_HZ = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
_LONGEST_S, _SHORTEST_S = 20.0, 0.02


@keras.saving.register_keras_serializable("ddsp_tf")
class DecayingNoiseReverb(ResponseReverb):
    """Convolves audio with noise whose octaves decay exponentially.

    Inputs: `audio` `[batch, n_samples]`; `t60_s`, the times in which each band decays by 60 dB
    (0.02 to 20 s), and `gains_db`, what it begins at (-120 to 20 dB; 0 dB is noise of variance 1),
    each `[batch, n_bands]`.

    Args:
        bands_hz: Centres of the octaves, the outermost of which reach to 0 and to half the sample
            rate; None: one band of all frequencies.
        length_s: Of the response.
        add_dry: Whether the dry sound is added.
        sample_rate: In Hz.
        seed: Of the noise.
        name: The processor's name.

    Raises:
        ArgumentError: Bands that don't rise by octaves, or a length of nothing.

    Example:
        >>> room = DecayingNoiseReverb(bands_hz=None, length_s=0.5, sample_rate=16000)
        >>> room({"audio": tf.one_hot([0], 1000), "t60_s": tf.constant([[0.3]])}).shape
        TensorShape([1, 1000])

    Reference:
        Engel et al. 2020, section 3.5; Moorer 1979, "About this reverberation business".
    """

    def __init__(
        self,
        *,
        bands_hz: Sequence[float] | None = BANDS_HZ,
        length_s: float = 2.0,
        add_dry: bool = True,
        sample_rate: int = 44100,
        seed: int = 0,
        name: str = "decaying_noise_reverb",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            length_s=length_s, add_dry=add_dry, sample_rate=sample_rate, name=name, **kwargs
        )
        if bands_hz is not None and (not bands_hz or max(bands_hz) >= sample_rate / 2):
            raise ArgumentError(
                f"`bands_hz` should be below {sample_rate / 2:g} Hz, half the sample rate, one at "
                f"least. Received {list(bands_hz)}."
            )
        self.bands_hz = None if bands_hz is None else [float(hz) for hz in bands_hz]
        self.seed = seed

    @property
    def room_signals(self) -> Mapping[str, Signal]:
        """Times and levels of the bands."""
        n = len(self._bands)
        return {
            "t60_s": Signal("value", n, "s", low=_SHORTEST_S, high=_LONGEST_S, default=1.0),
            "gains_db": Signal("value", n, "dB", low=-120.0, high=20.0, default=-30.0),
        }

    def response(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Makes the noise."""
        return decaying_noise(
            controls["gains_db"],
            controls["t60_s"],
            self.n_taps,
            self._bands,
            sample_rate=self.sample_rate,
            seed=self.seed,
        )

    def estimate(self, response: FloatArray) -> dict[str, list[float]]:
        """Gives the measured times, and the levels that hold as much energy."""
        self.length_s = len(response) / self.sample_rate
        n = len(self._bands)
        if n == 1:
            bands: FloatArray = np.asarray(response, np.float64)[np.newaxis]
            level = energy_decay_db(response)
            first, last = np.argmax(level < -5.0), np.argmax(level < -25.0)
            measured: FloatArray = np.array([3.0 * (last - first) / self.sample_rate])
        else:
            bands = octave_signals(response, self._bands, sample_rate=self.sample_rate)
            measured = reverberation_times_s(response, self._bands, sample_rate=self.sample_rate)
        times: FloatArray = np.clip(known_times(measured), _SHORTEST_S, _LONGEST_S)
        plain = {
            "t60_s": tf.constant(times[np.newaxis], tf.float32),
            "gains_db": tf.zeros([1, n]),
        }
        made = self.response(plain).numpy()[0]
        ours = octave_signals(made, self._bands, sample_rate=self.sample_rate) if n > 1 else [made]
        energies = (np.sum(np.square(x), axis=-1) for x in (bands, np.asarray(ours)))
        wanted, given = energies
        gains = 10 * np.log10(np.maximum(wanted, 1e-15) / np.maximum(given, 1e-15))
        return {"t60_s": times.tolist(), "gains_db": np.clip(gains, -120.0, 20.0).tolist()}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "bands_hz": self.bands_hz, "seed": self.seed}

    @property
    def _bands(self) -> list[float]:
        return [1000.0] if self.bands_hz is None else self.bands_hz
