"""An instrument's decoder as C99 source."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from ddsp_tf.export.c.c_arrays import write_dense, write_norm
from ddsp_tf.export.decoder_contents import state_sizes
from ddsp_tf.types import Float32Array

_TEMPLATES = Path(__file__).parent / "templates"


def identifier(name: str) -> str:
    """Makes a name that C takes.

    Example:
        >>> identifier("48k-violin")
        'instrument_48k_violin'
    """
    plain = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"instrument_{plain}" if plain[:1].isdigit() else plain


def n_state_of(network: Mapping[str, Any]) -> int:
    """Gives how many numbers the state has in C, where the past of a convolution is a ring.

    Args:
        network: As a file describes it.
    """
    sizes = state_sizes(network)
    # A ring begins with the number of its oldest frame.
    return sum(sizes) + (len(sizes) if network["kind"] == "convolutions" else 0)


def write_sources(
    facts: Mapping[str, Any], arrays: Mapping[str, Float32Array], *, name: str, int8: bool
) -> dict[str, str]:
    """Writes a decoder and an example that plays it.

    Args:
        facts: What `describe_for_engine` says of the instrument.
        arrays: The decoder's, by the names of a `.ddsp` file.
        name: A C identifier, which begins the names of files and functions.
        int8: Whether kernels are stored in eight bits.

    Returns:
        Texts by file name.
    """
    words = _words(facts, name, int8=int8)
    network = _Network(facts, arrays, int8=int8)
    words |= {"arrays": network.declare(), "body": network.body()}
    for part in ("normalize", "exp_sigmoid", "spread", "recur", "read_inputs"):
        words[part] = "".join(_fill(file, words) for file in network.parts[part])
    files = {f"{name}_decoder.h": "decoder.h", f"{name}_decoder.c": "decoder.c", "main.c": "main.c"}
    return {file: _fill(template, words) for file, template in files.items()}


def _fill(template: str, words: Mapping[str, Any]) -> str:
    return Template((_TEMPLATES / template).read_text(encoding="utf-8")).substitute(words)


def _words(facts: Mapping[str, Any], name: str, *, int8: bool) -> dict[str, Any]:
    """What templates ask for, besides the network."""
    synthesis, noise = facts["synthesis"], facts["synthesis"]["noise"]
    words = {
        "name": name,
        "NAME": name.upper(),
        "indent": " " * len(f"void {name}_step("),
        "step_indent": " " * len(f"    {name}_step("),
        "version": facts["ddsp_tf_version"],
        "title": _comment(facts["title"]),
        "licence": _comment(facts["licence"]),
        "frame_rate": f"{facts['frame_rate']:g}",
        "sample_rate": facts["sample_rate"],
        "hop_length": facts["hop_length"],
        "n_state": n_state_of(facts["network"]),
        "n_harmonics": synthesis["n_harmonics"],
        "n_bands": noise["n_bands"] if noise else 0,
        "window_length": noise["window_length"] if noise else 0,
        "seed": noise["seed"] % 2**32 if noise else 0,
        "window_crossfade": int(synthesis["amplitude_crossfade"] == "window"),
        "ranges": _ranges(facts, name),
        "noise_meaning": " * noise_magnitudes: linear gains at evenly spaced frequencies from 0 to "
        "Nyquist."
        if noise
        else " * It has no noise.",
        "noise_argument": ", float *noise_magnitudes" if noise else "",
        "noise_pass": ", frame->magnitudes" if noise else "",
        "noise_member": "\n    float magnitudes[N_BANDS];" if noise else "",
        "and_noise": " and noise" if noise else "",
        "add_noise": "        add_noise(&after, i, sound);\n" if noise else "",
        "weight_type": "signed char" if int8 else "float",
        "scale_member": "    const float *scale; /* of each output's weights */\n" if int8 else "",
        "scaled_sum": "layer->scale[first + o] * sums[o]" if int8 else "sums[o]",
        "n_cosines": facts["network"]["input_cosines"],
    }
    words["noise_functions"] = _fill("noise.c", words) if noise else ""
    known = facts["read_range"]
    if known is not None:
        words["lowest_pitch"], words["highest_pitch"] = (
            _number(midi / 127.0) for midi in known["f0_midi"]
        )
        words["softest"], words["loudest"] = (
            _number(db / 80.0 + 1.0) for db in known["loudness_db"]
        )
    return words


def _ranges(facts: Mapping[str, Any], name: str) -> str:
    """What the instrument was trained on, where that is known."""
    lines = ""
    for key, title in (("f0_hz_range", "F0_HZ"), ("loudness_db_range", "LOUDNESS_DB")):
        if facts[key] is not None:
            for end, value in zip(("LOWEST", "HIGHEST"), facts[key], strict=True):
                # A macro is an expression of its own.
                lines += f"#define {name.upper()}_{end}_{title} ({_number(value)})\n"
    return lines


def _comment(text: Any) -> str:
    """Text that ends no comment and begins none."""
    said = json.dumps("unknown" if text is None else str(text), ensure_ascii=False)[1:-1]
    return said.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")


def _number(value: float) -> str:
    return f"{value:.9g}f" if any(sign in f"{value:.9g}" for sign in ".en") else f"{value:.9g}.0f"


class _Network:
    """The network as declarations and statements, which pass vectors from buffer to buffer."""

    def __init__(
        self, facts: Mapping[str, Any], arrays: Mapping[str, Float32Array], *, int8: bool
    ) -> None:
        self._facts = facts
        self._network = facts["network"]
        self._arrays = arrays
        self._int8 = int8
        self._kind = self._network["kind"]
        self._n_layers = self._network["layers_per_stack"]
        self._n_joined = sum(map(self._width, self._network["input_keys"]))
        n_read = 1 if self._kind == "convolutions" else self._network["recurrences"]
        self._n_recurrent = n_read * self._network["units"]

    @property
    def parts(self) -> dict[str, tuple[str, ...]]:
        """The templates that this network needs: what isn't called would be warned of."""
        synthesis, noise = self._facts["synthesis"], self._facts["synthesis"]["noise"]
        scales = synthesis["scale_harmonics"] or (noise is not None and noise["scale"])
        normalizes = self._n_layers or self._kind != "gru"
        return {
            "normalize": ("normalize.c",) if normalizes else (),
            "exp_sigmoid": ("exp_sigmoid.c",) if scales else (),
            "spread": ("spread.c",) if self._network["input_cosines"] else (),
            "recur": {
                "gru": ("sigmoid.c", "gru.c"),
                "min_gru": ("sigmoid.c", "min_gru.c"),
                "convolutions": ("convolutions.c",),
            }[self._kind],
            "read_inputs": ("read_inputs.c", "read_loudness.c")[: self._n_softened()],
        }

    def declare(self) -> str:
        """All weights, as constants."""
        text = f"#define UNITS {self._network['units']}\n"
        if self._kind == "convolutions":
            text += f"#define KERNEL_SIZE {self._network['kernel_size']}\n"
        text += "\n"
        for key in self._arrays:
            if not key.endswith("/kernel"):
                continue
            layer = key.removesuffix("/kernel")
            values, bias = self._arrays[key], self._arrays[f"{layer}/bias"]
            text += write_dense(_variable(layer), values, bias, int8=self._int8)
            if f"{layer}/gain" in self._arrays:
                gain, offset = self._arrays[f"{layer}/gain"], self._arrays[f"{layer}/offset"]
                text += write_norm(_variable(layer), gain, offset)
        return text

    def body(self) -> str:
        """The statements of one step."""
        widths = [1 + self._network["input_cosines"], self._network["channels"]]
        n_controls = sum(output["size"] for output in self._network["outputs"])
        lines = [f"float joined[{self._n_joined + self._n_recurrent}], raw[{n_controls}];"]
        buffers = ("first", "second")[: self._n_layers]
        lines += [f"float {name}[{max(widths)}];" for name in buffers]
        if self._facts["synthesis"]["normalize_below_nyquist"]:
            lines.append(
                "const float f0_hz = 440.0f * exp2f((127.0f * f0_scaled - 69.0f) / 12.0f);"
            )
        lines += ["float total = 0.0f, louder = 0.0f;", "int i;", *self._soften()]
        at = 0
        for key in self._network["input_keys"]:
            place = f"joined + {at}"
            target = "first" if self._n_layers else place
            if self._network["input_cosines"]:
                lines.append(f"spread({key}, {target});")
            else:
                lines.append(f"*({target}) = {key};")
            lines += self._stack(f"decoder/{key}", target, place)
            at += self._width(key)
        lines += self._recur()
        hidden = "joined"
        if self._n_layers:
            hidden = "first" if self._n_layers % 2 else "second"
            lines += self._stack("decoder/output", "joined", hidden)
        lines += [f"multiply(&controls, {hidden}, raw);", *self._finish()]
        unused = {"f0_scaled", "loudness_scaled"} - set(self._network["input_keys"])
        lines += [f"(void){key};" for key in sorted(unused)]
        return "".join(f"    {line}\n" for line in lines)

    def _width(self, key: str) -> int:
        del key
        return self._network["channels"] if self._n_layers else 1 + self._network["input_cosines"]

    def _n_softened(self) -> int:
        """How many inputs are brought into the range: none, pitch, or both."""
        if self._facts["read_range"] is None:
            return 0
        return 2 if "loudness_scaled" in self._network["input_keys"] else 1

    def _soften(self) -> list[str]:
        return [
            "f0_scaled = read_pitch(f0_scaled);",
            "louder = read_loudness(&loudness_scaled);",
        ][: self._n_softened()]

    def _stack(self, name: str, x: str, place: str) -> list[str]:
        lines = []
        for i in range(self._n_layers):
            is_last = i + 1 == self._n_layers
            y = place if is_last else ("second" if x == "first" else "first")
            layer = _variable(f"{name}/{i}")
            lines.append(f"multiply(&{layer}, {x}, {y});")
            lines.append(f"normalize(&{layer}_norm, {self._network['channels']}, {y});")
            x = y
        return lines

    def _recur(self) -> list[str]:
        place = f"joined + {self._n_joined}"
        if self._kind == "gru":
            return [
                "recur(&recurrence_0, &recurrence_0_state, joined, state);",
                f"for (i = 0; i < UNITS; ++i) ({place})[i] = state[i];",
            ]
        if self._kind == "convolutions":
            lines, at = [f"multiply(&entry, joined, {place});"], 0
            sizes = state_sizes(self._network)
            for i, (size, dilation) in enumerate(
                zip(sizes, self._network["dilations"], strict=True)
            ):
                layer = f"&recurrence_{i}, &recurrence_{i}_norm"
                lines.append(f"convolve({layer}, {dilation}, state + {at}, {place});")
                at += size + 1
            return lines
        lines, x = [], "joined"
        for i in range(self._network["recurrences"]):
            y = f"joined + {self._n_joined + i * self._network['units']}"
            layer = f"recurrence_{i}"
            own = f"state + {i * self._network['units']}"
            lines.append(f"recur(&{layer}, &{layer}_norm, {x}, {own}, {y});")
            x = y
        return lines

    def _finish(self) -> list[str]:
        synthesis, noise = self._facts["synthesis"], self._facts["synthesis"]["noise"]
        at, places = 0, {}
        for output in self._network["outputs"]:
            places[output["name"]] = at
            at += output["size"]
        scaled = "exp_sigmoid({})" if synthesis["scale_harmonics"] else "({})"
        share = scaled.format(f"raw[{places['harmonic_distribution']} + i]")
        if synthesis["normalize_below_nyquist"]:
            share = (
                f"f0_hz * (float)(i + 1) < {self._facts['sample_rate'] / 2:.1f}f ? {share} : 0.0f"
            )
        n_harmonics = synthesis["n_harmonics"]
        amplitude = scaled.format(f"raw[{places['amplitudes']}] + louder")
        lines = [
            f"*amplitudes = {amplitude};",
            f"for (i = 0; i < {n_harmonics}; ++i) {{",
            f"    harmonic_distribution[i] = {share};",
            "    total += harmonic_distribution[i];",
            "}",
            "total = total != 0.0f ? 1.0f / total : 0.0f;",
            f"for (i = 0; i < {n_harmonics}; ++i) harmonic_distribution[i] *= total;",
        ]
        if noise:
            x = f"raw[{places['noise_magnitudes']} + i] + louder"
            if noise["scale"]:
                x = f"exp_sigmoid({x} + ({_number(noise['initial_bias'])}))"
            lines.append(f"for (i = 0; i < {noise['n_bands']}; ++i) noise_magnitudes[i] = {x};")
        return lines


def _variable(layer: str) -> str:
    return layer.removeprefix("decoder/").replace("/", "_")
