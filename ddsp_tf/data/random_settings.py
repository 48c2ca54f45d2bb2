"""Settings of a synthesiser, drawn while a model trains."""

from collections.abc import Mapping

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.processors import ProcessorGroup
from ddsp_tf.types import FloatArray, Signal


class RandomSettings:
    """Draws `settings`, places in the ranges of a synthesiser's parameters, for `SoundMatcher`.

    A `Generator` for `Generated`. Every place from 0 to 1 is as likely as any other. `audio` is a
    little noise that the sound will be heard in.

    Args:
        synthesizer: What the settings are of.
        noise_db: The noise is drawn between these levels, in dB full scale.

    Raises:
        ArgumentError: The levels don't rise.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> from ddsp_tf.processors import Harmonic, ProcessorGroup
        >>> draw = RandomSettings(ProcessorGroup(
        ...     dag=[(Harmonic(n_harmonics=1), ["amplitudes", "harmonic_distribution", "f0_hz"])]))
        >>> made = draw(np.random.default_rng(0), 10, FeatureSettings(columns=()))
        >>> {key: x.shape for key, x in made.items()}
        {'audio': (640,), 'settings': (3,)}

    Reference:
        Masuda and Saito 2021, "Synthesizer sound matching with differentiable DSP", section 4.1.
    """

    def __init__(
        self, synthesizer: ProcessorGroup, *, noise_db: tuple[float, float] = (-100.0, -60.0)
    ) -> None:
        if not noise_db[0] <= noise_db[1]:
            raise ArgumentError(f"`noise_db` should be from and to a level. Received {noise_db}.")
        self._n_parameters = len(synthesizer.input_names)
        self._noise_db = noise_db
        self.signals = {"settings": Signal("value", width=self._n_parameters)}

    def __call__(
        self, random: np.random.Generator, n_frames: int, settings: FeatureSettings
    ) -> Mapping[str, FloatArray]:
        """Draws an example: `settings` `[n_parameters]` and `audio` `[n_samples]`."""
        level = 10.0 ** (random.uniform(*self._noise_db) / 20.0)
        noise = level * random.standard_normal(n_frames * settings.hop_length)
        return {
            "audio": noise.astype(np.float32),
            "settings": random.random(self._n_parameters).astype(np.float32),
        }
