"""The decoder of a `.ddsp` file in NumPy: what a host makes of the file, without TensorFlow."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ddsp_tf.export.decoder_contents import state_sizes
from ddsp_tf.export.decoder_step import NEXT_STATE, STATE
from ddsp_tf.export.plugin.container import Container
from ddsp_tf.types import Float32Array

_EPSILON, _SLOPE = 1e-3, 0.2
_MARGIN = 3.0 / 127.0
_DB_RANGE, _DB_PER_UNIT = 80.0, 20.0


class FileDecoder:
    """Decodes a frame from the file alone, as the engine does, in float64.

    It is what an export compares with the model before the file is written.

    Args:
        container: The file.
    """

    def __init__(self, container: Container) -> None:
        self._facts = container.facts
        self._arrays = {key: x.astype(np.float64) for key, x in container.arrays.items()}
        self._network = self._facts["network"]

    @property
    def n_state(self) -> int:
        """Numbers of the state."""
        return sum(state_sizes(self._network))

    def __call__(self, inputs: Mapping[str, Float32Array]) -> dict[str, Float32Array]:
        """Decodes one frame; names and shapes are those of `DecoderStep.step`."""
        scaled = {key: float(inputs[key][0]) for key in ("f0_scaled", "loudness_scaled")}
        f0_hz = 440.0 * 2.0 ** ((127.0 * scaled["f0_scaled"] - 69.0) / 12.0)
        louder = self._read_in_range(scaled)
        joined = np.concatenate([self._read(key, scaled) for key in self._network["input_keys"]])
        sequences, state = self._recur(joined, inputs[STATE].astype(np.float64))
        hidden = self._stack("decoder/output", np.concatenate([joined, *sequences]))
        controls = self._finish(self._split(self._dense("decoder/controls", hidden)), louder, f0_hz)
        return {key: x.astype(np.float32) for key, x in {**controls, NEXT_STATE: state}.items()}

    def _read_in_range(self, scaled: dict[str, float]) -> float:
        """Brings pitch and level into what the network knows; gives what is to be added for it."""
        known = self._facts["read_range"]
        if known is None:
            return 0.0
        pitch = scaled["f0_scaled"]
        nearest = float(np.clip(pitch, *(midi / 127.0 for midi in known["f0_midi"])))
        beyond = (pitch - nearest) / _MARGIN
        bent = math.exp(min(beyond, 0.0)) - math.exp(min(-beyond, 0.0))
        scaled["f0_scaled"] = nearest + _MARGIN * bent
        if "loudness_scaled" not in self._network["input_keys"]:
            return 0.0
        level = scaled["loudness_scaled"]
        read = float(np.clip(level, *(db / _DB_RANGE + 1.0 for db in known["loudness_db"])))
        scaled["loudness_scaled"] = read
        return (level - read + 2.5 * min(level - 0.25, 0.0)) * _DB_RANGE / _DB_PER_UNIT

    def _read(self, key: str, scaled: Mapping[str, float]) -> Any:
        numbers = np.arange(1, self._network["input_cosines"] + 1)
        values = np.concatenate([[scaled[key]], np.cos(np.pi * numbers * scaled[key])])
        return self._stack(f"decoder/{key}", values)

    def _recur(self, joined: Any, state: Any) -> tuple[list[Any], Any]:
        kinds = {"gru": self._gru, "min_gru": self._min_gru, "convolutions": self._convolution}
        kind = self._network["kind"]
        sequences, states = [], []
        x = self._dense("decoder/entry", joined) if kind == "convolutions" else joined
        for i, before in enumerate(np.split(state, np.cumsum(state_sizes(self._network))[:-1])):
            x, after = kinds[kind](i, x, before)
            sequences.append(x)
            states.append(after)
        return sequences[-1:] if kind == "convolutions" else sequences, np.concatenate(states)

    def _gru(self, i: int, x: Any, before: Any) -> tuple[Any, Any]:
        name, units = f"decoder/recurrence/{i}", self._network["units"]
        gates, own = self._dense(name, x), self._dense(f"{name}/state", before)
        update, reset = np.split(_sigmoid(gates[: 2 * units] + own[: 2 * units]), 2)
        candidate = np.tanh(gates[2 * units :] + reset * own[2 * units :])
        after = candidate + update * (before - candidate)
        return after, after

    def _min_gru(self, i: int, x: Any, before: Any) -> tuple[Any, Any]:
        name = f"decoder/recurrence/{i}"
        update, candidate = np.split(self._dense(name, x), 2)
        after = before + _sigmoid(update) * (candidate - before)
        return self._normalized(name, after), after

    def _convolution(self, i: int, x: Any, before: Any) -> tuple[Any, Any]:
        name = f"decoder/recurrence/{i}"
        frames = np.concatenate([before.reshape([-1, len(x)]), [x]])
        taps = frames[:: self._network["dilations"][i]].reshape(-1)
        return x + self._normalized(name, self._dense(name, taps)), frames[1:].reshape(-1)

    def _split(self, raw: Any) -> dict[str, Any]:
        outputs = self._network["outputs"]
        places = np.cumsum([output["size"] for output in outputs])[:-1]
        names = [output["name"] for output in outputs]
        return dict(zip(names, np.split(raw, places), strict=True))

    def _finish(self, raw: dict[str, Any], louder: float, f0_hz: float) -> dict[str, Any]:
        synthesis = self._facts["synthesis"]
        scale = _exp_sigmoid if synthesis["scale_harmonics"] else np.asarray
        distribution = scale(raw["harmonic_distribution"])
        if synthesis["normalize_below_nyquist"]:
            hz = f0_hz * np.arange(1, len(distribution) + 1)
            distribution = np.where(hz < 0.5 * self._facts["sample_rate"], distribution, 0.0)
        total = distribution.sum()
        finished = {
            "amplitudes": scale(raw["amplitudes"] + louder),
            "harmonic_distribution": distribution / total if total else 0.0 * distribution,
        }
        noise = synthesis["noise"]
        if noise is not None:
            magnitudes = raw["noise_magnitudes"] + louder
            biased = _exp_sigmoid(magnitudes + noise["initial_bias"])
            finished["noise_magnitudes"] = biased if noise["scale"] else magnitudes
        return finished

    def _stack(self, name: str, x: Any) -> Any:
        for i in range(self._network["layers_per_stack"]):
            x = self._normalized(f"{name}/{i}", self._dense(f"{name}/{i}", x))
        return x

    def _dense(self, name: str, x: Any) -> Any:
        return x @ self._arrays[f"{name}/kernel"] + self._arrays[f"{name}/bias"]

    def _normalized(self, name: str, x: Any) -> Any:
        normal = (x - x.mean()) / np.sqrt(x.var() + _EPSILON)
        y = normal * self._arrays[f"{name}/gain"] + self._arrays[f"{name}/offset"]
        return np.where(y > 0.0, y, _SLOPE * y)


def _sigmoid(x: Any) -> Any:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def _exp_sigmoid(x: Any) -> Any:
    return 2.0 * np.exp(-np.log(10.0) * np.logaddexp(0.0, -x)) + 1e-7
