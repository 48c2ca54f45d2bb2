"""The piano whose keys are struck, and ring: the one that ships."""

from collections.abc import Mapping

import keras
import tensorflow as tf

from ddsp_tf.dsp.inharmonic import inharmonic_frequencies
from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.piano.piano import Piano

_SHARED = "noise_magnitudes"
_OF_STRINGS = ("prompt_amplitudes", "beating_amplitudes", "age_s", "f0_hz", "inharmonicity")


@keras.saving.register_keras_serializable("ddsp_tf")
class ModalPiano(Piano):
    """Plays as many keys at once as it has voices, each as partials that decay.

    As `Piano`, but for its `network`, a `StrikeNetwork`, and its `processor_group`: `Voices` of a
    `StruckStrings`, and, for the noise of the hammers, one `FilteredNoise` with `scale=False`. The
    noises of all voices don't depend on each other, so that their sum is one noise whose power is
    the sum of theirs.

    Example:
        >>> from ddsp_tf.models import RigaudTuning, StrikeNetwork
        >>> from ddsp_tf.processors import ProcessorGroup, StruckStrings, Voices
        >>> strings = Voices(StruckStrings(n_harmonics=8), 2, name="strings")
        >>> piano = ModalPiano(
        ...     processor_group=ProcessorGroup(dag=[(strings, list(strings.input_names))]),
        ...     network=StrikeNetwork(channels=4), tuning=RigaudTuning(2))
        >>> chord = {"midi": tf.fill([1, 250, 2], 60.0), "velocity": tf.zeros([1, 250, 2]),
        ...          "gate": tf.ones([1, 250, 2])}
        >>> piano(chord)["audio"].shape
        TensorShape([1, 16000])
    """

    def _decode(
        self, inputs: Mapping[str, tf.Tensor], state: Mapping[str, tf.Tensor]
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """Controls of all voices, side by side, and the network's state."""
        f0_hz, inharmonicity = self.tuning(inputs["midi"])
        rows = {key: self._as_rows(x) for key, x in inputs.items()}
        both = tf.reshape(f0_hz, [-1, tf.shape(f0_hz)[1], self.n_voices, self.tuning.n_strings])
        mean = tf.ensure_shape(tf.reduce_mean(both, axis=-1), inputs["midi"].shape)
        partials_hz = inharmonic_frequencies(
            self._as_rows(mean),
            self._as_rows(inharmonicity),
            n_harmonics=self.network.n_harmonics,
        )
        played, following = self.network(
            {**rows, "partials_hz": partials_hz},
            state,
            frame_s=self.hop_length / self.sample_rate,
        )
        controls = {
            key: self._power_sum(x) if key == _SHARED else self._side_by_side(x)
            for key, x in played.items()
        }
        return {**controls, "f0_hz": f0_hz, "inharmonicity": inharmonicity}, following

    def _network_sizes(self, sizes: Mapping[str, int]) -> dict[str, int]:
        return {key: n if key == _SHARED else n // self.n_voices for key, n in sizes.items()}

    def _power_sum(self, rows: tf.Tensor) -> tf.Tensor:
        n_frames, size = rows.shape[1] or tf.shape(rows)[1], rows.shape[2]
        apart = tf.reshape(rows, [-1, self.n_voices, n_frames, size])
        # Not quite zero, where a root has no slope.
        return tf.sqrt(tf.reduce_sum(tf.square(apart), axis=1) + 1e-14)

    def _check(self, sizes: Mapping[str, int]) -> None:
        strings = {key: sizes.get(key, 0) for key in _OF_STRINGS}
        per_voice = {key: size / self.n_voices for key, size in strings.items()}
        n_harmonics = per_voice["prompt_amplitudes"]
        expected = [n_harmonics, n_harmonics, 1, self.tuning.n_strings, 1]
        unknown = sorted(set(sizes) - {*_OF_STRINGS, _SHARED})
        if n_harmonics < 1 or list(per_voice.values()) != expected or unknown:
            listed = ", ".join(f"{size} of `{key}`" for key, size in sizes.items()) or "nothing"
            raise ArgumentError(
                f"`processor_group` should take {', '.join(_OF_STRINGS)} of {self.n_voices} voices "
                f"of {self.tuning.n_strings} strings, as `Voices` of `StruckStrings` do, and "
                f"`{_SHARED}`, if there is a noise. It takes {listed}."
            )
