"""A graph of processors, described by names and checked when it is composed."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, Processor, State, has_frames, hold_frames

Node = tuple[Processor, Sequence[str]]


@keras.saving.register_keras_serializable("ddsp_tf")
class ProcessorGroup(Processor):
    """Runs processors one after the other; each takes its inputs by name.

    A node is a processor and a list of keys, one for each of its `input_names`. A key is the name
    of an input of the group ("amplitudes"), or what an earlier node made: "harmonic/signal" or
    "harmonic/controls/f0_hz". The last node's signal is the group's.

    Args:
        dag: Nodes in the order in which they run.
        name: The group's name.

    Raises:
        ArgumentError: The graph is empty, a name occurs twice, a node has too few or too many keys,
            or a key names nothing that exists at that point.

    Example:
        >>> from ddsp_tf.processors import Add, FilteredNoise, Harmonic
        >>> group = ProcessorGroup(dag=[
        ...     (Harmonic(), ["amplitudes", "harmonic_distribution", "f0_hz"]),
        ...     (FilteredNoise(), ["noise_magnitudes"]),
        ...     (Add(), ["harmonic/signal", "filtered_noise/signal"]),
        ... ])
        >>> group.input_names
        ('amplitudes', 'harmonic_distribution', 'f0_hz', 'noise_magnitudes')
    """

    def __init__(
        self, *, dag: Sequence[Node], name: str = "processor_group", **kwargs: Any
    ) -> None:
        nodes = [(processor, tuple(keys)) for processor, keys in dag]
        _validate(nodes)
        rates = _common_rates([processor for processor, _ in nodes])
        super().__init__(name=name, **rates, **kwargs)
        self.processors = [processor for processor, _ in nodes]
        self.node_inputs = [keys for _, keys in nodes]
        bare = [key for keys in self.node_inputs for key in keys if "/" not in key]
        self.input_names = tuple(dict.fromkeys(bare))
        optional = [key for p in self.processors for key in p.optional_input_names]
        self.optional_input_names = tuple(dict.fromkeys(optional))
        self.streamable = all(processor.streamable for processor in self.processors)

    @property
    def lookahead_frames(self) -> int:
        """The farthest that any processor looks ahead."""
        return max(processor.lookahead_frames for processor in self.processors)

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Passes the group's inputs on; each processor makes its own controls when it plays."""
        names = (*self.input_names, *self.optional_input_names)
        return {key: inputs[key] for key in names if key in inputs}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Gives each processor's state by its name."""
        return {p.name: p.initial_state(batch_size) for p in self.processors}

    def play(
        self, inputs: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[dict[str, Any], State]:
        """Plays one block and keeps what every processor made.

        Args:
            inputs: The group's inputs, with `n_frames + lookahead_frames` frames.
            state: As `initial_state` or the previous block gave.
            n_frames: Frames to play.

        Returns:
            A nested dict `{name: {"controls": ..., "signal": ...}}` with the last node's signal as
            "signal" too, and the state for the next block. `lookup` reads it by keys.
        """
        outputs: dict[str, Any] = {}
        following: State = {}
        for processor, keys in zip(self.processors, self.node_inputs, strict=True):
            values = [inputs[key] if "/" not in key else lookup(outputs, key) for key in keys]
            node_inputs = dict(zip(processor.input_names, values, strict=True))
            for key in processor.optional_input_names:
                if key in inputs:
                    node_inputs.setdefault(key, inputs[key])
            controls = processor.controls(node_inputs)
            signal, following[processor.name] = processor.stream(
                controls, state[processor.name], n_frames
            )
            outputs[processor.name] = {"controls": controls, "signal": signal}
        # What was only looked ahead at belongs to the next block.
        outputs = tf.nest.map_structure(lambda x: x[:, :n_frames] if has_frames(x) else x, outputs)
        outputs["signal"] = outputs[self.processors[-1].name]["signal"]
        return outputs, following

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block of the group's inputs and returns the last node's signal."""
        outputs, following = self.play(controls, state, n_frames)
        return outputs["signal"], following

    def call(self, inputs: Mapping[str, Any], return_controls: bool = False) -> Any:
        """Plays a whole sound.

        Args:
            inputs: A dict of the group's `input_names`, frames `[batch, n_frames, n_channels]`.
            return_controls: Whether to return the nested dict of `play` instead of the audio.

        Raises:
            ArgumentError: An input is missing.
        """
        missing = [key for key in self.input_names if key not in inputs]
        if missing:
            raise ArgumentError(
                f"`{self.name}` needs the inputs {', '.join(self.input_names)}. "
                f"Missing: {', '.join(missing)}; received: {', '.join(inputs) or 'nothing'}."
            )
        inputs = self.controls(inputs)
        first = inputs[self.input_names[0]]
        n_frames = first.shape[1] or tf.shape(first)[1]
        held = {key: hold_frames(x, self.lookahead_frames) for key, x in inputs.items()}
        outputs, _ = self.play(held, self.initial_state(tf.shape(first)[0]), n_frames)
        return outputs if return_controls else outputs["signal"]

    def signal(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Plays the group's inputs at once."""
        return self.call(controls)

    def bypass(self, processor_type: type[Processor]) -> "ProcessorGroup":
        """Gives a group without the processors of one type, an effect on one signal.

        Args:
            processor_type: For example `Reverb`. Nodes that read its signal read its input instead.

        Returns:
            A group that shares the other processors, weights included. If the type does not occur,
            or nothing else would be left, it plays what this one plays.
        """
        replaced: dict[str, str] = {}
        nodes: list[Node] = []
        for processor, keys in zip(self.processors, self.node_inputs, strict=True):
            keys = tuple(replaced.get(key, key) for key in keys)
            if isinstance(processor, processor_type) and len(keys) == 1 and "/" in keys[0]:
                replaced[f"{processor.name}/signal"] = keys[0]
            else:
                nodes.append((processor, keys))
        return ProcessorGroup(dag=nodes, name=self.name)

    def get_config(self) -> dict[str, Any]:
        """Gives the graph, from which Keras makes an equal group."""
        config = super().get_config()
        config = {k: v for k, v in config.items() if k not in ("sample_rate", "hop_length")}
        serialize = keras.saving.serialize_keras_object
        dag = [
            {"processor": serialize(processor), "inputs": list(keys)}
            for processor, keys in zip(self.processors, self.node_inputs, strict=True)
        ]
        return {**config, "dag": dag}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ProcessorGroup":
        """Makes a group from `get_config`."""
        deserialize = keras.saving.deserialize_keras_object
        dag = [(deserialize(node["processor"]), node["inputs"]) for node in config["dag"]]
        return cls(**{**config, "dag": dag})


def lookup(nested: Mapping[str, Any], key: str) -> Any:
    """Reads a nested dict by a key such as "harmonic/controls/f0_hz".

    Raises:
        ArgumentError: The key does not exist; the message names the nearest that does.
    """
    found: Any = nested
    for part in key.split("/"):
        if not isinstance(found, Mapping) or part not in found:
            raise ArgumentError(f"There is no `{key}`.{_nearest(key, _leaves(nested))}")
        found = found[part]
    return found


def _validate(nodes: Sequence[Node]) -> None:
    if not nodes:
        raise ArgumentError("`dag` should list at least one processor with its inputs.")
    names: set[str] = set()
    for processor, _ in nodes:
        if processor.name in names:
            raise ArgumentError(
                f"Two processors are called `{processor.name}`. Give one another `name`."
            )
        names.add(processor.name)
    made: list[str] = []
    for processor, keys in nodes:
        expected = processor.input_names
        if len(keys) != len(expected):
            raise ArgumentError(
                f"`{processor.name}` ({type(processor).__name__}) takes {len(expected)} inputs "
                f"({', '.join(expected)}). Received {len(keys)}: {', '.join(keys)}."
            )
        for key in keys:
            if ("/" in key and key not in made) or key in names:
                raise ArgumentError(
                    f"`{processor.name}` asks for `{key}`, which no node before it makes. "
                    f"There are: {', '.join(made) or 'none yet'}.{_nearest(key, made)}"
                )
        made += [f"{processor.name}/signal"]
        made += [f"{processor.name}/controls/{control}" for control in processor.control_names]


def _common_rates(processors: Sequence[Processor]) -> dict[str, Any]:
    rates: dict[str, Any] = {}
    for attribute in ("sample_rate", "hop_length"):
        found = {p.name: getattr(p, attribute) for p in processors}
        found = {name: value for name, value in found.items() if value is not None}
        if len(set(found.values())) > 1:
            listed = ", ".join(f"{name}: {value}" for name, value in found.items())
            raise ArgumentError(f"All processors should have the same `{attribute}`. Got {listed}.")
        rates[attribute] = next(iter(found.values()), None)
    return rates


def _leaves(nested: Mapping[str, Any], prefix: str = "") -> list[str]:
    keys = []
    for key, value in nested.items():
        keys += _leaves(value, f"{prefix}{key}/") if isinstance(value, Mapping) else [prefix + key]
    return keys


def _nearest(key: str, known: Sequence[str]) -> str:
    matches = difflib.get_close_matches(key, known, n=1)
    return f" Did you mean `{matches[0]}`?" if matches else ""
