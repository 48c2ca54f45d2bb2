"""What a strike sets in motion: how loud each partial of a key begins, and how it decays."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.recurrences import first_order
from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.piano.soundboard import Soundboard
from ddsp_tf.nn import FcStack

_N_COSINES = 24
_LONG_AGO_S = 1000.0
_SLOWEST, _FASTEST = 0.5, 600.0
_NOISE_SLOWEST = 40.0
"""Decays in dB a second. Noise that lasts is that of the recording, and not the piano's."""
_DB_TO_NEPERS = math.log(10.0) / 20.0


@keras.saving.register_keras_serializable("ddsp_tf")
class StrikeNetwork(keras.layers.Layer):
    """Turns a voice's keys and strikes into the amplitudes of its partials and of its noise.

    Each strike adds to what still rings: its partials begin at a level, rise, and decay in two
    parts, the prompt sound and a slower aftersound, whose strings beat. Levels and decays are the
    sum of what an MLP makes of key and velocity, for each partial, and of what a `Soundboard` gives
    at the partial's frequency, for all keys. So a note sounds on for as long as it is held, however
    short the notes were that it was trained on, and there is no state but what rings. A released
    key is damped; the highest ones have no damper.

    Args:
        channels: Units of each layer of the MLP.
        layers: Layers of it.
        lowest_known: The lowest key that it was trained on, for the MLP: lower keys get what this
            one has, at their own frequencies.
        highest_known: The highest.
        velocity_exponent: A strike's amplitude is its velocity (0 to 1) to this power, besides what
            the MLP makes of it. 2 is what synthesisers are asked for by the DLS standard.
        release_s: Seconds in which a released C4 falls by 20 dB, > 0; twice as many three octaves
            below.
        highest_damper: The highest key that has a damper.
        name: The layer's name.

    Raises:
        ArgumentError: A number is out of its range.

    Reference:
        Weinreich 1977, "Coupled piano strings"; Renault, Mignot and Roebel 2022, section 2.2, whose
        recurrent network is replaced by decays.
    """

    def __init__(
        self,
        *,
        channels: int = 64,
        layers: int = 2,
        lowest_known: float = 21.0,
        highest_known: float = 108.0,
        velocity_exponent: float = 2.0,
        release_s: float = 0.12,
        highest_damper: float = 88.0,
        name: str = "strike_network",
        **kwargs: Any,
    ) -> None:
        kwargs.pop("dtype", None)
        super().__init__(name=name, dtype="float32", **kwargs)
        if min(channels, layers) < 1 or not release_s > 0 or not lowest_known <= highest_known:
            raise ArgumentError(
                "`channels` and `layers` should be at least 1, `release_s` above 0, and "
                f"`lowest_known` at most `highest_known`. Received {channels}, {layers}, "
                f"{release_s}, {lowest_known} and {highest_known}."
            )
        self.channels = channels
        self.layers = layers
        self.lowest_known = lowest_known
        self.highest_known = highest_known
        self.velocity_exponent = velocity_exponent
        self.release_s = release_s
        self.highest_damper = highest_damper
        self.stack = FcStack(channels, layers, name="stack")
        self.soundboard = Soundboard()

    def build_for(self, sizes: Mapping[str, int]) -> None:
        """Makes the weights, given how many controls of each name a voice has."""
        self.n_harmonics = sizes["prompt_amplitudes"]
        self.n_bands = sizes.get("noise_magnitudes", 0)
        self.stack.build((None, None, _N_COSINES + 2))
        self._split = [*[self.n_harmonics] * 4, 1, self.n_bands, self.n_bands]
        self.to_strike = keras.layers.Dense(
            sum(self._split),
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.02, seed=0),
            name="to_strike",
        )
        self.to_strike.build((None, None, self.channels))
        self.built = True

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, tf.Tensor]:
        """Gives the state before the first frame: nothing rings."""
        return {
            "age_s": tf.fill([batch_size, 1], _LONG_AGO_S),
            "velocity": tf.zeros([batch_size, 1]),
            "midi": tf.zeros([batch_size, 1]),
            "ringing": tf.zeros([batch_size, 3 * self.n_harmonics + self.n_bands]),
        }

    def call(
        self, inputs: Mapping[str, tf.Tensor], state: Mapping[str, tf.Tensor], *, frame_s: float
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """Plays frames.

        Args:
            inputs: `midi`, `velocity` and `gate` of voices as rows, `[rows, n_frames, 1]`, and
                `partials_hz`, `[rows, n_frames, n_harmonics]`.
            state: As `initial_state` or the previous call gave.
            frame_s: Seconds of a frame.

        Returns:
            `prompt_amplitudes` and `beating_amplitudes`, `[rows, n_frames, n_harmonics]`, `age_s`,
            `[rows, n_frames, 1]`, `noise_magnitudes`, `[rows, n_frames, n_bands]`, if there are
            any; and the state after the last frame.
        """
        midi, velocity, gate = (
            tf.cast(inputs[key], tf.float32) for key in ("midi", "velocity", "gate")
        )
        struck = tf.cast(velocity > 0.0, tf.float32)
        age_s, last_age = first_order(frame_s * (1.0 - struck), 1.0 - struck, state["age_s"])
        held, last_held = first_order(velocity, 1.0 - struck, state["velocity"])
        terms, decays = self._strikes(midi, held, inputs["partials_hz"])
        # What rang before a voice takes another key ends there.
        before = tf.concat([state["midi"][:, tf.newaxis], midi[:, :-1]], axis=1)
        stays = tf.cast(tf.abs(midi - before) < 0.5, tf.float32)
        damping = self._damping(midi, gate)
        factors = stays * tf.exp(-_DB_TO_NEPERS * frame_s * (decays + damping))
        ringing, last_ringing = first_order(struck * terms, factors, state["ringing"])
        prompt, beating, rise, noise = tf.split(
            ringing, [self.n_harmonics] * 3 + [self.n_bands], axis=-1
        )
        played = {
            "prompt_amplitudes": prompt - rise,
            "beating_amplitudes": beating,
            "age_s": age_s,
        }
        if self.n_bands:
            played["noise_magnitudes"] = noise
        following = {
            # Whoever is so old is silent, and the count stays exact.
            "age_s": tf.minimum(last_age, _LONG_AGO_S),
            "velocity": last_held,
            "midi": midi[:, -1],
            "ringing": last_ringing,
        }
        return played, following

    def _strikes(
        self, midi: tf.Tensor, velocity: tf.Tensor, partials_hz: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """With what amplitudes a strike adds to what rings, and decays in dB a second."""
        known = tf.clip_by_value(midi, self.lowest_known, self.highest_known)
        numbers = tf.range(_N_COSINES, dtype=tf.float32) + 1.0
        key = tf.cos(np.float32(np.pi / 128.0) * known * numbers)
        features = tf.concat([key, velocity, tf.square(velocity)], axis=-1)
        own = tf.split(self.to_strike(self.stack(features)), self._split, axis=-1)
        level, decay, slower, share = (
            a + b for a, b in zip(own[:4], self.soundboard(partials_hz), strict=True)
        )
        gain = tf.pow(velocity, self.velocity_exponent)
        amplitude = gain * dsp.exp_sigmoid(level)
        late = tf.sigmoid(share)
        decay = tf.clip_by_value(tf.exp(decay), _SLOWEST, _FASTEST)
        # The rise: what the prompt sound lacks at first, and is soon gone.
        rise_s = tf.clip_by_value(0.003 * tf.exp(own[4]), 0.001, 0.05)
        rise = decay + 1.0 / (_DB_TO_NEPERS * rise_s)
        noise = gain * dsp.exp_sigmoid(own[5] - 3.0)
        noise_decay = _NOISE_SLOWEST + 200.0 * tf.exp(tf.clip_by_value(own[6], -4.0, 2.0))
        terms = [(1.0 - late) * amplitude, late * amplitude, amplitude, noise]
        decays = [decay, decay * tf.sigmoid(slower), rise, noise_decay]
        return tf.concat(terms, axis=-1), tf.concat(decays, axis=-1)

    def _damping(self, midi: tf.Tensor, gate: tf.Tensor) -> tf.Tensor:
        """By how much a released key decays faster, in dB a second."""
        seconds = self.release_s * tf.pow(2.0, (60.0 - midi) / 36.0)
        damped = tf.cast(midi < self.highest_damper + 0.5, tf.float32) * (1.0 - gate)
        return damped * 20.0 / seconds

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        config = super().get_config()
        config.pop("dtype", None)
        keys = (
            "channels",
            "layers",
            "lowest_known",
            "highest_known",
            "velocity_exponent",
            "release_s",
            "highest_damper",
        )
        return {**config, **{key: getattr(self, key) for key in keys}}
