"""The piano: keys to strings to sound."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.group_model import GroupModel
from ddsp_tf.models.piano.mono_network import MonoNetwork
from ddsp_tf.models.piano.rigaud_tuning import RigaudTuning
from ddsp_tf.processors import ProcessorGroup
from ddsp_tf.processors.signal_checks import hold_frames
from ddsp_tf.types import Signal

_TUNED = ("f0_hz", "inharmonicity")
_LEVELS = ("amplitudes", "noise_magnitudes")
_SILENCE = 1e-8


@keras.saving.register_keras_serializable("ddsp_tf")
class Piano(GroupModel):
    """Plays as many keys at once as it has voices.

    Every voice is the same network and the same strings: pitch and stiffness come from the tuning,
    levels, spectra and noise from the network. A sound made at once and the same sound made in
    blocks are the same.

    Args:
        processor_group: Plays the controls of all voices, side by side: `Voices` of an `InHarmonic`
            and, if there is one, of a `FilteredNoise`; what follows, such as a room, is free.
        network: Plays a voice.
        tuning: Tunes the keys; its strings are as many as the group's.
        n_voices: Keys that sound at once, as in the group.
        lowest_key: The lowest key, as a MIDI number.
        highest_key: The highest.
        name: The model's name.

    Raises:
        ArgumentError: The group's inputs aren't those of so many voices and strings.

    Example:
        >>> from ddsp_tf.models import MonoNetwork, RigaudTuning
        >>> from ddsp_tf.processors import InHarmonic, ProcessorGroup, Voices
        >>> strings = Voices(InHarmonic(n_harmonics=8, n_strings=2), 2, name="strings")
        >>> keys = ["amplitudes", "harmonic_distribution", "f0_hz", "inharmonicity"]
        >>> piano = Piano(processor_group=ProcessorGroup(dag=[(strings, keys)]),
        ...               network=MonoNetwork(rnn_channels=4, channels=4), tuning=RigaudTuning(2))
        >>> chord = {"midi": tf.fill([1, 250, 2], 60.0), "velocity": tf.zeros([1, 250, 2]),
        ...          "gate": tf.ones([1, 250, 2])}
        >>> piano(chord)["audio"].shape
        TensorShape([1, 16000])

    Reference:
        Renault, Mignot and Roebel 2022, "Differentiable piano model for MIDI-to-audio performance
        synthesis", figure 1.
    """

    def __init__(
        self,
        *,
        processor_group: ProcessorGroup,
        network: MonoNetwork,
        tuning: RigaudTuning,
        n_voices: int = 2,
        lowest_key: int = 21,
        highest_key: int = 108,
        name: str = "piano",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.processor_group = processor_group
        self.network = network
        self.tuning = tuning
        self.n_voices = n_voices
        self.lowest_key = lowest_key
        self.highest_key = highest_key
        sizes = processor_group.control_sizes()
        self._check(sizes)
        if not network.built:
            network.build_for(
                {key: n for key, n in self._network_sizes(sizes).items() if key not in _TUNED}
            )
        self.built = True

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """Key, onset velocity and gate of each voice, as `midi.allocate_voices` makes them."""
        share = Signal("frames", self.n_voices, low=0.0, high=1.0)
        key = Signal("frames", self.n_voices, low=self.lowest_key, high=self.highest_key)
        return {"midi": key, "velocity": share, "gate": share}

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Plays whole sounds.

        Args:
            batch: `midi`, `velocity` and `gate`, each `[batch, n_frames, n_voices]`.
            training: Without effect; Keras passes it.

        Returns:
            `audio` `[batch, n_frames * hop_length]`, and `controls`, what every processor was told.

        Raises:
            ArgumentError: An input is missing, or shapes don't fit.
        """
        del training
        inputs = self.encode(batch)
        midi = inputs["midi"]
        n_frames = midi.shape[1] or tf.shape(midi)[1]
        held = {
            # The last frame's onset isn't struck again in those that follow it.
            "midi": hold_frames(midi, self.lookahead_frames),
            "velocity": tf.pad(inputs["velocity"], [[0, 0], [0, self.lookahead_frames], [0, 0]]),
            "gate": hold_frames(inputs["gate"], self.lookahead_frames),
        }
        state = self.initial_state(tf.shape(midi)[0])
        raw_controls, _ = self._decode(held, state["network"])
        return self.play_group(raw_controls, state["processors"], n_frames)[0]

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, Any]:
        """Gives the state before the first frame: no key was struck."""
        return {
            "network": self.network.initial_state(batch_size * self.n_voices),
            "processors": self.processor_group.initial_state(batch_size),
        }

    def stream(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int | tf.Tensor
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Plays one block of a longer sound; see `Model.stream`.

        Raises:
            ArgumentError: A processor can't be played in blocks.
        """
        if not self.streamable:
            raise ArgumentError(f"The model can't be played in blocks: {self.why_not_streamable}.")
        keys = {key: inputs[key] for key in self.input_signals}
        raw_controls, network_state = self.decode_with_lookahead(
            self._decode, keys, state["network"], n_frames
        )
        outputs, processors = self.play_group(raw_controls, state["processors"], n_frames)
        return outputs, {"network": network_state, "processors": processors}

    def without_rooms(self) -> "Piano":
        """Gives a model that shares all weights and plays dry."""
        config = {**self._own_config, "processor_group": self.processor_group.without_rooms()}
        return type(self)(network=self.network, tuning=self.tuning, **config)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments, serialised."""
        serialize = keras.saving.serialize_keras_object
        parts = {key: serialize(getattr(self, key)) for key in _PARTS}
        return {**self._own_config, **parts}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Piano":
        """Makes a model from `get_config`."""
        parts = {
            key: keras.saving.deserialize_keras_object(config[key], custom_objects=custom_objects)
            for key in _PARTS
        }
        return cls(**{**config, **parts})

    @property
    def _own_config(self) -> dict[str, Any]:
        keys = ("n_voices", "lowest_key", "highest_key", "name")
        return {key: getattr(self, key) for key in keys}

    def _decode(
        self, inputs: Mapping[str, tf.Tensor], state: Mapping[str, tf.Tensor]
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """Raw controls of all voices, side by side, and the network's state."""
        rows = {key: self._as_rows(x) for key, x in inputs.items()}
        frame_s = self.hop_length / self.sample_rate
        played, following = self.network(rows, state, frame_s=frame_s)
        # `exp_sigmoid` makes of 1 less 20 dB less.
        fall = tf.math.log(tf.maximum(played.pop("level"), _SILENCE)) / math.log(10.0)
        controls = {
            key: self._side_by_side(x + fall if key in _LEVELS else x) for key, x in played.items()
        }
        f0_hz, inharmonicity = self.tuning(inputs["midi"])
        return {**controls, "f0_hz": f0_hz, "inharmonicity": inharmonicity}, following

    def _as_rows(self, frames: tf.Tensor) -> tf.Tensor:
        n_frames = frames.shape[1] or tf.shape(frames)[1]
        return tf.reshape(tf.transpose(frames, [0, 2, 1]), [-1, n_frames, 1])

    def _side_by_side(self, rows: tf.Tensor) -> tf.Tensor:
        n_frames, size = rows.shape[1] or tf.shape(rows)[1], rows.shape[2]
        apart = tf.reshape(rows, [-1, self.n_voices, n_frames, size])
        return tf.reshape(tf.transpose(apart, [0, 2, 1, 3]), [-1, n_frames, self.n_voices * size])

    def _network_sizes(self, sizes: Mapping[str, int]) -> dict[str, int]:
        return {key: size // self.n_voices for key, size in sizes.items()}

    def _check(self, sizes: Mapping[str, int]) -> None:
        expected = {
            "f0_hz": self.n_voices * self.tuning.n_strings,
            "inharmonicity": self.n_voices,
            "amplitudes": self.n_voices,
        }
        asked = {key: sizes.get(key, 0) for key in expected}
        uneven = [key for key, size in sizes.items() if size % self.n_voices]
        if asked != expected or uneven:
            raise ArgumentError(
                f"`processor_group` should take {_listed(expected)}, as {self.n_voices} voices of "
                f"{self.tuning.n_strings} strings do. It takes {_listed(sizes)}."
            )


_PARTS = ("processor_group", "network", "tuning")


def _listed(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{size} of `{key}`" for key, size in sizes.items()) or "nothing"
