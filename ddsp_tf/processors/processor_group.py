"""A graph of processors, described by names and checked when it is composed."""

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, Processor, State
from ddsp_tf.processors.signal_checks import (
    check_inputs,
    default_value,
    fold_channels,
    hold_frames,
    kind_of,
    unfold_channels,
)
from ddsp_tf.types import Signal

Node = tuple[Processor, Sequence[str]]


@keras.saving.register_keras_serializable("ddsp_tf")
class ProcessorGroup(Processor):
    """Runs processors one after the other; each takes its inputs by name.

    A node is a processor and a list of keys, one for each of its `input_names`. A key is the name
    of an input of the group ("amplitudes"), or what an earlier node made: "harmonic/signal",
    another of its outputs, or "harmonic/controls/f0_hz". The last node's signal is the group's.

    Args:
        dag: Nodes in the order in which they run.
        name: The group's name.

    Raises:
        ArgumentError: The graph is empty, a name occurs twice, a node has too few or too many keys,
            a key names nothing that exists at that point, or what it names is of another kind or
            width than the node takes.

    Example:
        >>> from ddsp_tf.processors import FilteredNoise, Harmonic, Sum
        >>> group = ProcessorGroup(dag=[
        ...     (Harmonic(n_harmonics=20), ["amplitudes", "harmonic_distribution", "f0_hz"]),
        ...     (FilteredNoise(), ["noise_magnitudes"]),
        ...     (Sum(), ["harmonic/signal", "filtered_noise/signal"]),
        ... ])
        >>> group.input_names
        ('amplitudes', 'harmonic_distribution', 'f0_hz', 'noise_magnitudes')
        >>> group.control_sizes(given=["f0_hz"])
        {'amplitudes': 1, 'harmonic_distribution': 20, 'noise_magnitudes': 65}
    """

    def __init__(
        self, *, dag: Sequence[Node], name: str = "processor_group", **kwargs: Any
    ) -> None:
        nodes = [(processor, tuple(keys)) for processor, keys in dag]
        for processor, keys in nodes:
            processor.wire(len(keys))
        _validate(nodes)
        rates = _common_rates([processor for processor, _ in nodes])
        super().__init__(name=name, **rates, **kwargs)
        self.processors = [processor for processor, _ in nodes]
        self.node_inputs = [keys for _, keys in nodes]
        optional = [key for p in self.processors for key in p.optional_input_names]
        signals = _input_signals(nodes)
        self.optional_input_names = tuple(dict.fromkeys(optional))
        # Keras would copy a plain dict.
        self._input_signals = MappingProxyType(signals)
        self._n_channels = MappingProxyType(_channels(nodes, signals))
        self.streamable = all(processor.streamable for processor in self.processors)
        self.keeps_time = any(processor.keeps_time for processor in self.processors)
        self.black_box = any(processor.black_box for processor in self.processors)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The group's inputs, as the nodes that take them declare them."""
        return self._input_signals

    @property
    def input_names(self) -> tuple[str, ...]:
        """What the nodes' keys name that no node makes, in their order."""
        bare = [key for keys in self.node_inputs for key in keys if "/" not in key]
        return tuple(dict.fromkeys(bare))

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The inputs: each node makes its own controls when it plays."""
        return self._input_signals

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """What the last node plays as "signal"."""
        n_channels = self._n_channels[self.processors[-1].name][1]
        return {"signal": Signal("samples", width=n_channels)}

    @property
    def lookahead_frames(self) -> int:
        """The farthest that any processor looks ahead."""
        return max(processor.lookahead_frames for processor in self.processors)

    @property
    def last_room(self) -> Processor | None:
        """The room through which the whole sound goes at the end, and nothing else.

        None if there is none, more than one, or if it takes more than audio: then the group can't
        be played as `without_rooms`, and its room after it.
        """
        rooms = [processor for processor in self.processors if processor.is_room]
        last, keys = self.processors[-1], self.node_inputs[-1]
        alone = len(last.input_names) == len(keys) == 1 and "/" in keys[0]
        return last if alone and len(rooms) == 1 and rooms[0] is last else None

    def control_sizes(self, given: Collection[str] = ()) -> dict[str, int]:
        """Gives the sizes of what a network has to make for the group.

        Args:
            given: Inputs that come from elsewhere.

        Returns:
            The width of each other input of frames, in the order of the group's inputs.

        Raises:
            ArgumentError: An input has no frames, or may have any width.
        """
        sizes = {}
        for key in self.input_names:
            if key in given:
                continue
            signal = self._input_signals.get(key)
            if signal is None or signal.kind != "frames":
                raise ArgumentError(
                    f"`{self.name}` needs `{key}`, which a network can't make: it is no frames but "
                    f"{'undeclared' if signal is None else signal.kind}. Give it with the batch."
                )
            if signal.width is None:
                taker = next(
                    processor
                    for processor, keys in zip(self.processors, self.node_inputs, strict=True)
                    if key in keys
                )
                raise ArgumentError(
                    f"`{taker.name}` ({type(taker).__name__}) takes `{key}` of any width, so a "
                    "network can't know how many to make. Say how many in the processor, such as "
                    "`Harmonic(n_harmonics=60)`."
                )
            sizes[key] = signal.width
        return sizes

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Passes the group's inputs on; each processor makes its own controls when it plays."""
        names = (*self.input_names, *self.optional_input_names)
        return {key: inputs[key] for key in names if key in inputs}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Gives each processor's state by its name."""
        return {
            p.name: p.initial_state(batch_size * max(1, self._n_channels[p.name][0]))
            for p in self.processors
        }

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

        Raises:
            ArgumentError: Shapes don't fit what is declared, or each other.
        """
        check_inputs(self.name, inputs, self._input_signals)
        outputs: dict[str, Any] = {}
        following: State = {}
        for processor, keys in zip(self.processors, self.node_inputs, strict=True):
            n_rows = self._n_channels[processor.name][0]
            node_inputs = self._node_inputs(processor, keys, inputs, outputs, n_frames)
            if n_rows:
                node_inputs = fold_channels(node_inputs, processor.input_signals, n_rows)
            controls = processor.controls(node_inputs)
            played, following[processor.name] = processor.stream(
                controls, state[processor.name], n_frames
            )
            signals = played if isinstance(played, Mapping) else {"signal": played}
            if n_rows:
                signals = {key: unfold_channels(x, n_rows) for key, x in signals.items()}
            outputs[processor.name] = {"controls": controls, **signals}
        # What was only looked ahead at belongs to the next block.
        for processor in self.processors:
            made, signals = outputs[processor.name], processor.control_signals
            made["controls"] = {
                key: x[:, :n_frames] if kind_of(x, signals.get(key)) == "frames" else x
                for key, x in made["controls"].items()
            }
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
            inputs: A dict of the group's `input_names`, frames `[batch, n_frames, n_channels]`,
                audio `[batch, n_frames * hop_length]`, perhaps with a third axis of channels.
            return_controls: Whether to return the nested dict of `play` instead of the audio. If
                the audio that came has channels, they are rows in all but its "signal".

        Raises:
            ArgumentError: An input is missing, or shapes don't fit what is declared or each other.
        """
        inputs, n_channels = self._prepared(inputs)
        inputs = self.controls(inputs)
        batch_size, n_frames = self._extent(inputs)
        held = {
            key: hold_frames(x, self.lookahead_frames, self._input_signals.get(key))
            for key, x in inputs.items()
        }
        outputs, _ = self.play(held, self.initial_state(batch_size), n_frames)
        outputs["signal"] = self._unfolded(outputs["signal"], n_channels)
        return outputs if return_controls else outputs["signal"]

    def signal(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Plays the group's inputs at once."""
        return self.call(controls)

    def without_rooms(self) -> "ProcessorGroup":
        """Gives a group without the rooms around the sounds that it makes, as `bypass` does."""
        return self._without(lambda processor: processor.is_room)

    def in_room(self, name: str) -> "ProcessorGroup":
        """Gives the same graph in one of the rooms that its `Rooms` know.

        Raises:
            ArgumentError: They don't know the room.
        """
        from ddsp_tf.processors.effects.rooms import Rooms

        nodes = [
            (processor.in_room(name) if isinstance(processor, Rooms) else processor, keys)
            for processor, keys in zip(self.processors, self.node_inputs, strict=True)
        ]
        return ProcessorGroup(dag=nodes, name=self.name)

    def bypass(self, processor_type: type[Processor]) -> "ProcessorGroup":
        """Gives a group without the processors of one type, effects on one sound that it makes.

        Args:
            processor_type: For example `Reverb`. Nodes that read its signal read its audio instead.

        Returns:
            A group that shares the other processors, weights included. If the type does not occur,
            or nothing else would be left, it plays what this one plays.
        """
        return self._without(lambda processor: isinstance(processor, processor_type))

    def _without(self, left_out: Callable[[Processor], bool]) -> "ProcessorGroup":
        replaced: dict[str, str] = {}
        nodes: list[Node] = []
        for processor, keys in zip(self.processors, self.node_inputs, strict=True):
            keys = tuple(replaced.get(key, key) for key in keys)
            audio = _only_audio(processor, keys)
            if left_out(processor) and audio is not None and "/" in audio:
                replaced[f"{processor.name}/signal"] = audio
            else:
                nodes.append((processor, keys))
        last = f"{self.processors[-1].name}/signal"
        if last in replaced and replaced[last] != f"{nodes[-1][0].name}/signal":
            from ddsp_tf.processors.mixing.sum import Sum

            nodes.append((Sum(name="without_rooms"), (replaced[last],)))
        return ProcessorGroup(dag=nodes, name=self.name)

    def for_live(self, hop_length: int) -> "ProcessorGroup":
        """Gives the same graph of what its processors give, see `Processor.for_live`."""
        live = [processor.for_live(hop_length) for processor in self.processors]
        return ProcessorGroup(dag=list(zip(live, self.node_inputs, strict=True)), name=self.name)

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

    def _node_inputs(
        self,
        processor: Processor,
        keys: Sequence[str],
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
        n_frames: int | tf.Tensor,
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, key in zip(processor.input_names, keys, strict=False):
            if "/" in key:
                found[name] = lookup(outputs, key)
            elif key in inputs:
                found[name] = inputs[key]
        for name in processor.optional_input_names:
            if name in inputs:
                found.setdefault(name, inputs[name])
        absent = [name for name in processor.input_names if name not in found]
        if absent:
            first = next(x for x in (*found.values(), *inputs.values()) if len(x.shape) >= 2)
            for name in absent:
                signal = processor.input_signals[name]
                ahead = self.lookahead_frames if signal.kind == "frames" else 0
                found[name] = default_value(
                    signal,
                    batch_size=tf.shape(first)[0],
                    n_frames=n_frames + ahead,
                    hop_length=self.hop_length,
                )
        return found


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


def _validate(nodes: Sequence[tuple[Processor, tuple[str, ...]]]) -> dict[str, Signal | None]:
    """Checks a graph, and gives all that its nodes make."""
    if not nodes:
        raise ArgumentError("`dag` should list at least one processor with its inputs.")
    names: set[str] = set()
    for processor, _ in nodes:
        if processor.name in names:
            raise ArgumentError(
                f"Two processors are called `{processor.name}`. Give one another `name`."
            )
        names.add(processor.name)
    made: dict[str, Signal | None] = {}
    for processor, keys in nodes:
        _check_number_of_keys(processor, keys)
        for key in keys:
            if ("/" in key and key not in made) or key in names:
                raise ArgumentError(
                    f"`{processor.name}` asks for `{key}`, which no node before it makes. "
                    f"There are: {', '.join(made) or 'none yet'}.{_nearest(key, list(made))}"
                )
        for name, key in zip(processor.input_names, keys, strict=False):
            _check_edge(processor, name, key, made.get(key))
        made |= {f"{processor.name}/{key}": x for key, x in processor.output_signals.items()}
        controls = {key: processor.control_signals.get(key) for key in processor.control_names}
        made |= {f"{processor.name}/controls/{key}": x for key, x in controls.items()}
    last = nodes[-1][0]
    if "signal" not in last.output_signals:
        raise ArgumentError(
            f"The last node should make a `signal`, and `{last.name}` makes "
            f"{', '.join(last.output_signals)}. Add one that plays them, such as `Sum`."
        )
    return made


def _check_number_of_keys(processor: Processor, keys: Sequence[str]) -> None:
    expected = processor.input_names
    left_out = expected[len(keys) :]
    signals = processor.input_signals
    optional = all(key in signals and signals[key].default is not None for key in left_out)
    if len(keys) > len(expected) or not optional:
        raise ArgumentError(
            f"`{processor.name}` ({type(processor).__name__}) takes {len(expected)} inputs "
            f"({', '.join(expected)}). Received {len(keys)}: {', '.join(keys)}."
        )


def _check_edge(processor: Processor, name: str, key: str, given: Signal | None) -> None:
    wanted = processor.input_signals.get(name)
    if wanted is None or given is None:
        return
    # One channel at a time goes through what declares one.
    any_width = None in (wanted.width, given.width) or (wanted.kind, wanted.width) == ("samples", 1)
    if wanted.kind != given.kind or not (any_width or wanted.width == given.width):
        raise ArgumentError(
            f"`{processor.name}` takes {_described(wanted)} as `{name}`, and `{key}` is "
            f"{_described(given)}."
        )
    if given.kind == "frames" and "/controls/" not in key and processor.lookahead_frames:
        raise ArgumentError(
            f"`{processor.name}` looks {processor.lookahead_frames} frames ahead, and `{key}` is "
            "known up to the present alone. Take a control, or an input of the graph."
        )


def _described(signal: Signal) -> str:
    kind = {"samples": "audio", "value": "values"}.get(signal.kind, signal.kind)
    if signal.width is None:
        return kind
    return f"{kind} of {signal.width} channel{'' if signal.width == 1 else 's'}"


def _input_signals(nodes: Sequence[tuple[Processor, tuple[str, ...]]]) -> dict[str, Signal]:
    """What the group takes, in the order in which its nodes ask for it."""
    found: dict[str, tuple[str, Signal]] = {}
    for processor, keys in nodes:
        signals = processor.input_signals
        taken = [*zip(processor.input_names, keys, strict=False)]
        taken += [(key, key) for key in processor.optional_input_names]
        for name, key in taken:
            if "/" in key or name not in signals:
                continue
            signal = signals[name]
            if signal.kind == "samples" and signal.width is None:
                signal = replace(signal, width=1)
            owner, known = found.setdefault(key, (processor.name, signal))
            found[key] = (owner, _merged(key, owner, known, processor.name, signal))
    return {key: signal for key, (_, signal) in found.items()}


def _merged(key: str, owner: str, known: Signal, other_owner: str, other: Signal) -> Signal:
    if known.kind == other.kind == "samples":
        return known if (known.width or 1) >= (other.width or 1) else other
    if known.kind != other.kind or (
        known.width != other.width and None not in (known.width, other.width)
    ):
        raise ArgumentError(
            f"`{owner}` takes {_described(known)} as `{key}`, and `{other_owner}` takes "
            f"{_described(other)}. Give one of the two another name."
        )
    return other if known.width is None else known


def _channels(
    nodes: Sequence[tuple[Processor, tuple[str, ...]]], inputs: Mapping[str, Signal]
) -> dict[str, tuple[int, int]]:
    """By node: how many channels become rows, 0 for none; and the channels that it plays."""
    made: dict[str, int] = {key: signal.width or 1 for key, signal in inputs.items()}
    found = {}
    for processor, keys in nodes:
        signals = processor.input_signals
        audio = {
            name: made.get(key, 1)
            for name, key in zip(processor.input_names, keys, strict=False)
            if name in signals and signals[name].kind == "samples"
        }
        most = max(audio.values(), default=1)
        one_by_one = any(signals[name].width == 1 for name in audio)
        for key, signal in processor.output_signals.items():
            if signal.kind == "samples":
                own = signal.width or (1 if one_by_one else most)
                made[f"{processor.name}/{key}"] = own * most if one_by_one else own
        for key, signal in processor.control_signals.items():
            if signal.kind == "samples":
                made[f"{processor.name}/controls/{key}"] = most
        n_rows = most if one_by_one and most > 1 else 0
        found[processor.name] = (n_rows, made.get(f"{processor.name}/signal", 1))
    return found


def _only_audio(processor: Processor, keys: Sequence[str]) -> str | None:
    """The key of the one sound that a processor takes, whatever else it takes."""
    signals = processor.input_signals
    names = zip(processor.input_names, keys, strict=False)
    audio = [key for name, key in names if signals[name].kind == "samples"]
    return audio[0] if len(audio) == 1 else None


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
