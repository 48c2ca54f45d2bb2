"""How the strings of a piano are tuned, and how stiff they are."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.errors import ArgumentError

N_KEYS = 128
_A4, _A4_HZ = 69.0, 440.0
_TREBLE, _BASS = (0.0926, -13.64), (-0.0847, -5.82)
"""Slope a key and intercept of log B on either bridge."""
_STRETCH_KEY, _STRETCH_WIDTH, _STRETCH = 64.0, 24.0, 3.51


@keras.saving.register_keras_serializable("ddsp_tf")
class RigaudTuning(keras.layers.Layer):
    """Gives each key the pitch of its strings and their stiffness, and learns how a piano differs.

    Stiffness is that of two bridges, B(m) = exp(-0.0847 m - 5.82) + exp(0.0926 m - 13.64), and the
    tuning that which follows from it: octaves are stretched, as whoever tunes a piano makes
    partials agree. Each key may depart from both, in decades of B and in semitones, and learns
    to do so. Its strings are detuned from one another, by up to a semitone; they begin
    antisymmetrically, 2 cents away on either side for two, since strings that begin together would
    have the same gradients for ever.

    Args:
        n_strings: Strings of each key, >= 1.
        initial_detuning: In semitones, how far the outermost strings begin from the key's pitch.
        measured: What is known of a piano's keys before it is trained: rows of a key, its B and its
            pitch in cents above equal temperament at 440 Hz, as `measure_inharmonicity` finds them.
            Keys begin there, those between on straight lines, those beyond as far from Rigaud's
            curves as the outermost.
        name: The layer's name.

    Raises:
        ArgumentError: No string, or a detuning of a semitone or more, or of none for several; or
            a measured key outside 0 to 127, or with a B that isn't above 0.

    Example:
        >>> tuning = RigaudTuning(n_strings=2)
        >>> f0_hz, inharmonicity = tuning(tf.constant([[[69.0]]]))
        >>> [round(hz, 2) for hz in f0_hz[0, 0].numpy().tolist()]
        [439.49, 440.51]
        >>> f"{float(inharmonicity[0, 0, 0]):.2e}"
        '7.18e-04'

    Reference:
        Rigaud, David and Daudet 2013, "A parametric model and estimation techniques for the
        inharmonicity and tuning of the piano"; Renault, Mignot and Roebel 2022, section 2.3.
    """

    def __init__(
        self,
        n_strings: int = 2,
        *,
        initial_detuning: float = 0.02,
        measured: Sequence[Sequence[float]] = (),
        name: str = "tuning",
        **kwargs: Any,
    ) -> None:
        # Pitches need the precision of float32 whatever the network computes in.
        kwargs.pop("dtype", None)
        super().__init__(name=name, dtype="float32", **kwargs)
        alike = n_strings > 1 and initial_detuning == 0
        if n_strings < 1 or not 0 <= initial_detuning < 1 or alike:
            raise ArgumentError(
                "`n_strings` should be at least 1, and `initial_detuning` from 0 to 1 semitones, "
                f"above 0 for several strings. Received {n_strings} and {initial_detuning}."
            )
        if any(len(row) != 3 or not 0 <= row[0] < N_KEYS or row[1] <= 0 for row in measured):
            raise ArgumentError(
                "`measured` should be rows of a key from 0 to 127, its B above 0, and its cents. "
                f"Received {measured}."
            )
        self.n_strings = n_strings
        self.initial_detuning = initial_detuning
        self.measured = sorted([float(number) for number in row] for row in measured)
        self.key_inharmonicity = self.add_weight(
            name="key_inharmonicity", shape=[N_KEYS], initializer=self._measured_decades
        )
        self.key_tuning = self.add_weight(
            name="key_tuning", shape=[N_KEYS], initializer=self._measured_semitones
        )
        self.key_detuning = self.add_weight(
            name="key_detuning", shape=[N_KEYS, n_strings], initializer=self._antisymmetric
        )
        self.built = True

    def call(self, midi: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Gives pitches and stiffness.

        Args:
            midi: Keys, `[batch, n_frames, n_voices]`, 0 to 127; A4 is 69.

        Returns:
            The fundamentals of all strings in Hz, `[batch, n_frames, n_voices * n_strings]`, those
            of a voice side by side, and B, `[batch, n_frames, n_voices]`, above 0.
        """
        midi = tf.cast(midi, tf.float32)
        chosen = tf.one_hot(tf.cast(tf.round(midi), tf.int32), N_KEYS)
        stiffer = tf.tensordot(chosen, self.key_inharmonicity, 1)
        inharmonicity = rigaud_inharmonicity(midi) * tf.exp(math.log(10.0) * stiffer)
        semitones = tf.tensordot(chosen, self.key_tuning, 1)[..., tf.newaxis]
        semitones += tf.tanh(tf.tensordot(chosen, self.key_detuning, 1))
        f0_hz = stretched_hz(midi)[..., tf.newaxis] * tf.exp(semitones * (math.log(2.0) / 12.0))
        shape = tf.shape(midi)
        width = None if midi.shape[-1] is None else midi.shape[-1] * self.n_strings
        strings = tf.reshape(f0_hz, [shape[0], shape[1], shape[2] * self.n_strings])
        return tf.ensure_shape(strings, [*midi.shape[:2], width]), inharmonicity

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        config = super().get_config()
        config.pop("dtype", None)
        return {
            **config,
            "n_strings": self.n_strings,
            "initial_detuning": self.initial_detuning,
            "measured": self.measured,
        }

    def _measured_decades(self, shape: Any, dtype: Any = None) -> tf.Tensor:
        """How far B is from Rigaud's, for every key."""

        def departure(keys: np.ndarray, measured: np.ndarray) -> np.ndarray:
            return np.log10(measured[:, 1] / rigaud_inharmonicity(keys).numpy())

        return tf.constant(self._between(departure).reshape(shape), dtype or tf.float32)

    def _measured_semitones(self, shape: Any, dtype: Any = None) -> tf.Tensor:
        """How far the pitch is from Rigaud's, for every key."""

        def departure(keys: np.ndarray, measured: np.ndarray) -> np.ndarray:
            stretched = 12.0 * np.log2(stretched_hz(keys).numpy() / _A4_HZ) + _A4 - keys
            return measured[:, 2] / 100.0 - stretched

        return tf.constant(self._between(departure).reshape(shape), dtype or tf.float32)

    def _between(self, departure: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        if not self.measured:
            return np.zeros(N_KEYS)
        measured = np.array(self.measured)
        known = measured[:, 0]
        return np.interp(np.arange(N_KEYS), known, departure(known, measured))

    def _antisymmetric(self, shape: Any, dtype: Any = None) -> tf.Tensor:
        side = np.linspace(-1.0, 1.0, self.n_strings) if self.n_strings > 1 else np.zeros(1)
        raw = np.arctanh(self.initial_detuning * side)
        return tf.constant(np.broadcast_to(raw, shape), dtype or tf.float32)


def rigaud_inharmonicity(midi: Any) -> tf.Tensor:
    """Gives B of a key, by the lines of its two bridges.

    Example:
        >>> [f"{float(rigaud_inharmonicity(float(key))):.2e}" for key in (21, 40, 69, 108)]
        ['5.09e-04', '1.49e-04', '7.18e-04', '2.63e-02']
    """
    midi = tf.convert_to_tensor(midi)
    lines = [tf.exp(slope * midi + intercept) for slope, intercept in (_BASS, _TREBLE)]
    return tf.add_n(lines)


def stretched_hz(midi: Any) -> tf.Tensor:
    """Gives the pitch that a key is tuned to: A4 is 440 Hz, and octaves are stretched.

    Partial rho of a key is made to agree with partial r rho of A4, r being their tempered ratio;
    rho falls from 4.5 in the bass to 1 in the treble.

    Example:
        >>> [round(float(stretched_hz(float(key))), 2) for key in (33, 69, 93)]
        [54.9, 440.0, 1767.12]
    """
    midi = tf.convert_to_tensor(midi)
    ratio = tf.exp((midi - _A4) * (math.log(2.0) / 12.0))
    rho = 1.0 + 0.5 * _STRETCH * (1.0 - tf.tanh((midi - _STRETCH_KEY) / _STRETCH_WIDTH))
    own = rigaud_inharmonicity(midi)
    of_a4 = rigaud_inharmonicity(tf.fill(tf.shape(midi), tf.constant(_A4, midi.dtype)))
    shift = tf.sqrt((1.0 + of_a4 * tf.square(ratio * rho)) / (1.0 + own * tf.square(rho)))
    return _A4_HZ * ratio * shift
