"""Makes tests/dsp/golden/modular.json: a modular voice and its parts, by torchsynth.

Computed in float64. The envelopes of the whole voice go from control rate to audio rate as in
ddsp_tf, frame i at sample i * hop_length; torchsynth stretches them by one frame in all of them.
Runs in an environment of its own, which requirements-modular.txt beside it describes; ddsp_tf
isn't needed.

Example:
    python -m venv oracle
    oracle/bin/pip install --no-deps -r scripts/oracles/requirements-modular.txt
    oracle/bin/python scripts/oracles/modular.py tests/dsp/golden/modular.json
"""

import importlib.metadata
import json
import sys
import types
from pathlib import Path

import numpy as np
import torch

# What torchsynth imports, and its voice doesn't need.
lightning = types.ModuleType("pytorch_lightning.core.lightning")
lightning.LightningModule = type(  # type: ignore[attr-defined]
    "LightningModule", (torch.nn.Module,), {"device": torch.device("cpu")}
)
for name in ("pytorch_lightning", "pytorch_lightning.core"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["pytorch_lightning.core.lightning"] = lightning
if "pkg_resources" not in sys.modules:
    resources = types.ModuleType("pkg_resources")

    def _resource(package: str, path: str) -> bytes:
        root = Path(sys.modules[package.partition(".")[0]].__file__).parent  # type: ignore[arg-type]
        return (root / path).read_bytes()

    resources.resource_string = _resource  # type: ignore[attr-defined]
    sys.modules["pkg_resources"] = resources
torch.set_default_dtype(torch.float64)

from torchsynth.config import SynthConfig  # noqa: E402
from torchsynth.signal import Signal  # noqa: E402
from torchsynth.synth import Voice  # noqa: E402

SAMPLE_RATE, HOP_LENGTH, SECONDS, N_VOICES = 44000, 100, 0.5, 4
NAMES = {
    "keyboard.midi_f0": "midi",
    "keyboard.duration": "note_s",
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


def our_name(module: str, parameter: str) -> str:
    """The name of a parameter in ddsp_tf."""
    if module == "keyboard":
        return NAMES[f"keyboard.{parameter}"]
    if module == "mixer":
        return f"{parameter}_level"
    if module == "mod_matrix":
        return parameter.replace("->", "_to_").replace("_amp", "_amplitude")
    module = module.replace("_amp_", "_amplitude_")
    if parameter == "mod_depth":
        return f"{module}_depth_hz" if "lfo" in module else f"{module}_depth"
    return f"{module}_{NAMES.get(parameter, parameter)}"


def main(target: Path) -> None:
    """Writes places, values and sounds of some voices drawn at random."""
    torch.manual_seed(0)
    config = SynthConfig(N_VOICES, SAMPLE_RATE, SECONDS, SAMPLE_RATE // HOP_LENGTH, False)
    config.to(torch.device("cpu"))
    voice = Voice(config)

    def glide(frames: torch.Tensor) -> torch.Tensor:
        at = np.arange(int(SECONDS * SAMPLE_RATE)) / HOP_LENGTH
        known = np.arange(frames.shape[1])
        glided = np.stack([np.interp(at, known, row) for row in frames.numpy()])
        return torch.tensor(glided).as_subclass(Signal)

    voice.control_upsample.forward = glide
    rng = np.random.default_rng(0)
    places, values, ranges = {}, {}, {}
    for (module, parameter), value in sorted(voice.get_parameters().items()):
        key = our_name(module, parameter)
        # Voices that sound: pitches within hearing, keys that are let go in time.
        low, high = {"midi": (0.3, 0.7), "note_s": (0.1, 0.4), "noise_level": (0.9, 1.0)}.get(
            key, (0.02, 0.98)
        )
        places[key] = rng.uniform(low, high, N_VOICES)
        value.data = torch.tensor(places[key])
        values[key] = value.from_0to1().detach().numpy()
        about = value.parameter_range
        ranges[key] = [about.minimum, about.maximum, about.curve, about.symmetric]
    keep: dict[str, list[torch.Tensor]] = {}
    for module in ("adsr_1", "lfo_1", "vco_1", "vco_2"):
        kept = keep.setdefault(module, [])
        getattr(voice, module).register_forward_hook(lambda _, __, x, kept=kept: kept.append(x))
    noise = torch.zeros(N_VOICES, int(SECONDS * SAMPLE_RATE)).as_subclass(Signal)
    voice.noise.forward = lambda: noise
    with torch.no_grad():
        audio = voice.output().numpy()
    parts = {key: np.asarray(x[0].detach()) for key, x in keep.items()}
    shown = slice(None, None, 97)
    results = {
        "sample_rate": SAMPLE_RATE,
        "hop_length": HOP_LENGTH,
        "seconds": SECONDS,
        "ranges": ranges,
        "places": {key: np.round(x, 12).tolist() for key, x in places.items()},
        "values": {key: x.tolist() for key, x in values.items()},
        "every": 97,
        "audio_without_noise": np.round(audio[:, shown], 7).tolist(),
        "parts": {
            key: np.round(x if x.shape[1] < 1000 else x[:, shown], 7).tolist()
            for key, x in parts.items()
        },
        "versions": {key: importlib.metadata.version(key) for key in ("torchsynth", "torch")},
    }
    target.write_text(json.dumps(results) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
