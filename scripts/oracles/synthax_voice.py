"""Makes tests/dsp/golden/synthax.json: the voices of modular.json, by synthax (in JAX).

The same places of the same 78 settings as scripts/oracles/modular.py drew for torchsynth, which
synthax is written after, in float64. Voices are played one by one: synthax 0.2.2 scales all of a
batch by the peak of the first. As there, envelopes go from control rate to audio rate with frame i
at sample i * hop_length. Runs in an environment of its own, which requirements-synthax.txt beside
it describes; ddsp_tf isn't needed.

Example:
    python -m venv oracle
    oracle/bin/pip install -r scripts/oracles/requirements-synthax.txt
    oracle/bin/python scripts/oracles/synthax_voice.py tests/dsp/golden/modular.json \
        tests/dsp/golden/synthax.json
"""

import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

from synthax.config import SynthConfig  # noqa: E402
from synthax.modules.control import ControlRateUpsample  # noqa: E402
from synthax.synth import Voice  # noqa: E402

NAMES = {
    "midi_f0": "midi",
    "duration": "note_s",
    "attack": "attack_s",
    "decay": "decay_s",
    "release": "release_s",
    "alpha": "power",
    "frequency": "rate_hz",
    "initial_phase": "phase",
    "sin": "sine",
    "tri": "triangle",
    "rsaw": "reverse_saw",
    "sqr": "square",
}
SOURCES = ("adsr_1", "adsr_2", "lfo_1", "lfo_2")
TARGETS = ("vco_1_pitch", "vco_1_amplitude", "vco_2_pitch", "vco_2_amplitude", "noise_amplitude")
PARTS = ("adsr_1", "lfo_1", "vco_1", "vco_2")


def our_name(module: str, parameter: str) -> str:
    """The name of a parameter in ddsp_tf."""
    if module == "keyboard":
        return NAMES[parameter]
    module = module.replace("_amp_", "_amplitude_")
    if parameter == "mod_depth":
        return f"{module}_depth_hz" if "lfo" in module else f"{module}_depth"
    return f"{module}_{NAMES.get(parameter, parameter)}"


def placed(module: str, parameter: str, places: dict[str, float]) -> jnp.ndarray:
    """The places of a parameter of one voice, in synthax's shape."""
    if module == "mod_matrix":
        return jnp.array([[[places[f"{s}_to_{t}"] for s in SOURCES] for t in TARGETS]])
    if module == "mixer":  # No noise: every program draws another.
        return jnp.array([[places["vco_1_level"], places["vco_2_level"], 0.0]])
    return jnp.array([places[our_name(module, parameter)]])


def main(source: Path, target: Path) -> None:
    """Plays the voices of one file, and writes their sounds to the other."""
    drawn = json.loads(source.read_text(encoding="utf-8"))
    rate, hop_length = drawn["sample_rate"], drawn["hop_length"]

    def glide(_: Any, frames: jnp.ndarray) -> jnp.ndarray:
        at = np.arange(int(drawn["seconds"] * rate)) / hop_length
        return jnp.stack([jnp.interp(at, np.arange(frames.shape[1]), row) for row in frames])

    ControlRateUpsample.__call__ = glide
    config = SynthConfig(1, rate, drawn["seconds"], rate // hop_length)
    voice = Voice(config=config)
    shapes = voice.init(jax.random.PRNGKey(0))["params"]
    shown = slice(None, None, drawn["every"])
    audio: list[Any] = []
    parts: dict[str, list[Any]] = {key: [] for key in PARTS}
    for number in range(len(drawn["places"]["midi"])):
        places = {key: values[number] for key, values in drawn["places"].items()}
        settings = {
            module: {key: placed(module.removeprefix("modules_"), key, places) for key in values}
            for module, values in shapes.items()
        }
        sound, kept = voice.apply({"params": settings}, capture_intermediates=True)
        audio.append(np.asarray(sound)[0])
        for key in PARTS:
            parts[key].append(np.asarray(kept["intermediates"][f"modules_{key}"]["__call__"][0])[0])
    results = {
        "audio_without_noise": np.round(np.array(audio)[:, shown], 7).tolist(),
        "parts": {
            key: np.round(x if x.shape[1] < 1000 else x[:, shown], 7).tolist()
            for key, x in ((key, np.array(x)) for key, x in parts.items())
        },
        "versions": {key: importlib.metadata.version(key) for key in ("synthax", "jax", "flax")},
    }
    target.write_text(json.dumps(results) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
